"""``cosa prepare coco``, up to the samples that the config makes of it."""

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DATASETS, init_default_scope

import cosa_mmseg  # noqa: F401
from tests.datasets.coco_tree import (
    LABELS,
    MASKS,
    SIZE,
    annotation_file,
    write_coco,
)
from tests.golden import ROOT

from .calls import cosa

pytestmark = pytest.mark.filterwarnings(
    'ignore:__array__ implementation:DeprecationWarning'
)


@pytest.fixture
def cfg(tmp_path, capsys):
    """The config of COCO with a converted tree."""
    init_default_scope('mmseg')
    root = write_coco(tmp_path / 'coco', imgs=True)
    cosa('prepare', 'coco', '--root', root, '--masks')
    assert '3 masks written' in capsys.readouterr().out
    cfg = Config.fromfile(ROOT / 'configs' / 'cosa' / 'cosa_vit-b_coco.py')
    for split in ('train', 'val', 'test'):
        cfg[f'{split}_dataloader'].dataset.data_root = str(root)
    return cfg


def test_training_samples_of_the_config(cfg):
    dataset = DATASETS.build(cfg.train_dataloader.dataset)

    infos = [dataset.get_data_info(i) for i in range(len(dataset))]
    assert [info['gt_label'] for info in infos] == [[0, 62], [78]]
    assert not any('seg_map_path' in info for info in infos)
    sample = dataset[0]
    assert sample['inputs']['weak'].shape == (3, 448, 448)
    assert sample['data_samples'].gt_label.label.tolist() == [0, 62]


@pytest.mark.parametrize('split', ['val', 'test'])
def test_what_shows_no_class_is_not_scored(cfg, split):
    dataset = DATASETS.build(cfg[f'{split}_dataloader'].dataset)

    infos = [dataset.get_data_info(i) for i in range(len(dataset))]
    assert [info['gt_label'] for info in infos] == [[0, 15, 79], [16]]


def test_evaluation_samples_of_all_images(cfg):
    cfg.test_dataloader.dataset.ann_file = 'splits/val2014_all.txt'
    dataset = DATASETS.build(cfg.test_dataloader.dataset)

    samples = {
        sample['data_samples'].img_id: sample['data_samples']
        for sample in (dataset[i] for i in range(len(dataset)))
    }

    assert list(samples) == list(MASKS) == list(LABELS['val2014'])
    labels = [sample.gt_label.label.tolist() for sample in samples.values()]
    assert labels == [[0, 15, 79], [16], []]
    for name, sample in samples.items():
        assert sample.ori_shape == SIZE
        mask = sample.gt_sem_seg.data
        assert mask.dtype == torch.int64
        np.testing.assert_array_equal(mask[0], MASKS[name])


def test_masks_are_not_written_unless_asked_for(tmp_path):
    root = write_coco(tmp_path / 'coco')

    cosa('prepare', 'coco', '--root', root)

    assert sorted(path.name for path in root.iterdir()) == [
        'annotations',
        'image_labels',
        'splits',
    ]


def test_help_says_what_masks_hold(capsys):
    with pytest.raises(SystemExit) as end:
        cosa('prepare', 'coco', '--help')

    assert end.value.code == 0
    text = ' '.join(capsys.readouterr().out.split())
    assert 'the one that comes later in the file is seen' in text
    assert 'objects are seen over crowds' in text


def test_errors_are_one_sentence(tmp_path):
    root = write_coco(tmp_path / 'coco')
    annotation_file(root, 'train2014').write_text('{"images": [')

    with pytest.raises(SystemExit) as end:
        cosa('prepare', 'coco', '--root', root)

    assert end.value.code == (
        f'error: {annotation_file(root, "train2014")} cannot be read: '
        'character 12: broken or cut-off JSON (Expecting value)'
    )
    assert not (root / 'splits').exists()


def test_a_root_without_annotations(tmp_path):
    with pytest.raises(SystemExit, match='error: there is no .* unpack'):
        cosa('prepare', 'coco', '--root', tmp_path)

    assert not list(tmp_path.iterdir())
