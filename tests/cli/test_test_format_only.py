"""`cosa test --format-only`: options, and packages of real runs."""

import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS
from mmseg.visualization import SegLocalVisualizer
from PIL import Image

from cosa_mmseg.cli import testing
from cosa_mmseg.config.config_path import find_config
from cosa_mmseg.datasets import BadFileError
from cosa_mmseg.evaluation.submission_files import SubmissionError
from tests.datasets.voc_tree import write_voc

from .calls import cosa, parse

VOC = 'cosa/cosa_vit-b_voc.py'
COCO = 'cosa/cosa_vit-b_coco.py'
SHAPES = 'cosa/cosa_shapes.py'
MAPS = Path('results/VOC2012/Segmentation/comp6_test_cls')


def build(*args):
    return testing.build_config(parse('test', *args))


@pytest.mark.parametrize(
    ('config', 'options', 'file_format'),
    [
        (VOC, (), 'voc'),
        (COCO, (), 'coco-json'),
        (VOC, ('--format', 'png'), 'png'),
    ],
)
def test_packing_takes_the_place_of_scores(config, options, file_format):
    cfg = build(config, 'a.pth', '--format-only', '--out', 'out', *options)
    assert cfg.test_evaluator == dict(
        type='SubmissionFormatter', out_dir='out', file_format=file_format
    )


@pytest.mark.parametrize('config', [VOC, COCO, SHAPES])
def test_packing_loads_no_masks(config):
    scored = build(config, 'a.pth').test_dataloader.dataset.pipeline
    packed = build(config, 'a.pth', '--format-only', '--out', 'out')
    assert 'LoadAnnotations' in [step.type for step in scored]
    assert packed.test_dataloader.dataset.pipeline == [
        step for step in scored if step.type != 'LoadAnnotations'
    ]


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (['--format-only'], 'error: --format-only needs --out'),
        (['--out', 'out', '--format', 'png'], 'error: --format is for --form'),
    ],
)
def test_options_that_do_not_go_together(options, message):
    with pytest.raises(SystemExit, match=message):
        cosa('test', VOC, 'a.pth', *options)


@pytest.fixture
def trained(tmp_path, monkeypatch):
    """Arguments for an untrained CoSA of VOC's classes; a tree with truth."""
    monkeypatch.chdir(tmp_path)
    SegLocalVisualizer._instance_dict.clear()
    labels = {'2008_000001': ['cat'], '2008_000003': ['dog', 'cow']}
    write_voc(Path('voc'), labels, masks=True, split='val')
    cfg = Config.fromfile(find_config(SHAPES))
    cfg.model.network.num_classes = 21
    torch.manual_seed(0)
    model = MODELS.build(cfg.model)
    for weight in model.assignment.decode_head.parameters():
        weight.normal_()  # so that more than one class is predicted
    torch.save(dict(state_dict=model.state_dict()), 'model.pth')
    options = {
        'model.network.num_classes': 21,
        'test_dataloader.dataset.data_root': 'voc',
        'test_dataloader.dataset.metainfo': None,
        'test_dataloader.batch_size': 1,
        'test_dataloader.num_workers': 0,
    }
    options = [f'{key}={value}' for key, value in options.items()]
    return [SHAPES, 'model.pth', '--cfg-options', *options]


def label_maps(folder):
    return {
        path.name: np.asarray(Image.open(path))
        for path in Path(folder).glob('*.png')
    }


def test_package_holds_the_label_maps_that_are_scored(trained):
    cosa('test', *trained, '--tta', '--out', 'maps')
    scored = label_maps('maps/results')
    for folder in ('SegmentationClass', 'Annotations'):
        shutil.rmtree(Path('voc', folder))  # the test set has none
    cosa('test', *trained, '--tta', '--format-only', '--out', 'out')
    packed = label_maps('out' / MAPS)
    assert sorted(packed) == ['2008_000001.png', '2008_000003.png']
    for name, label_map in packed.items():
        assert label_map.shape == (40, 56)
        assert len(np.unique(label_map)) > 1
        assert np.array_equal(label_map, scored[name])
    with tarfile.open('out/results.tar.gz') as tar:
        assert tar.getnames() == [str(MAPS / name) for name in sorted(packed)]


def test_folder_with_other_files_is_refused(trained):
    Path('out').mkdir()
    Path('out/mine.txt').touch()
    with pytest.raises(SystemExit, match='error: .*mine.txt is no file of'):
        cosa('test', *trained, '--format-only', '--out', 'out')


@pytest.mark.parametrize(
    ('error', 'sentence'),
    [
        (SubmissionError('it is so'), 'error: it is so'),
        (FileNotFoundError('a.pth is not there'), 'error: a.pth is not there'),
        (
            BadFileError('in a worker:\nBadFileError: a.jpg is empty'),
            'error: a.jpg is empty',
        ),
    ],
)
def test_user_errors_are_one_sentence(error, sentence, monkeypatch):
    class Failing:
        def test(self):
            raise error

    monkeypatch.setattr(
        testing.EvaluationRunner, 'from_cfg', lambda cfg: Failing()
    )
    monkeypatch.setattr(testing, 'check_test', lambda *args: None)
    with pytest.raises(SystemExit, match=f'^{sentence}$'):
        cosa('test', VOC, 'a.pth', '--format-only', '--out', 'out')
