"""The data sets' configs, end to end through the data loader."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from PIL import Image

import cosa_mmseg.datasets  # noqa: F401
from cosa_mmseg.models import TwoViewDataPreprocessor
from cosa_mmseg.structures import stack_img_labels, stack_valid_mask
from tests.datasets.voc_tree import write_mask, write_voc

ROOT = Path(__file__).resolve().parents[2]
MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)


@pytest.fixture
def voc(tmp_path):
    """VOC config, with its trees."""
    init_default_scope('mmseg')
    write_voc(
        tmp_path,
        {'a': ['cat'], 'b': ['dog', 'person'], 'c': ['sofa'], 'd': ['car']},
        split='train_aug',
    )
    write_voc(
        tmp_path, {'v': ['cat'], 'w': ['bottle']}, masks=True, split='val'
    )
    return load('voc_wsss.py', tmp_path)


def load(name, root):
    """A config for a tree, with two workers that do not stay."""
    cfg = Config.fromfile(ROOT / 'configs' / '_base_' / 'datasets' / name)
    for key in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        cfg[key].dataset.data_root = str(root)
        cfg[key].num_workers = 2
        cfg[key].persistent_workers = False
    return cfg


def test_voc_training_batch(voc):
    loader = Runner.build_dataloader(voc.train_dataloader, seed=0)
    batch = next(iter(loader))

    assert set(batch['inputs']) == {'weak', 'strong'}
    for imgs in batch['inputs'].values():
        assert [img.shape for img in imgs] == [(3, 448, 448)] * 2
        assert {img.dtype for img in imgs} == {torch.uint8}
    preprocessor = TwoViewDataPreprocessor(MEAN, STD)
    out = preprocessor(batch, training=True)
    samples = out['data_samples']
    assert out['inputs']['weak'].shape == (2, 3, 448, 448)
    assert stack_img_labels(samples, 20, 'cpu').sum() >= 2
    # outside the box there is black; the blur carries a few pixels over
    valid = stack_valid_mask(samples, (448, 448), 'cpu')
    grown = torch.nn.functional.max_pool2d(valid[:, None].float(), 21, 1, 10)
    weak = torch.stack(batch['inputs']['weak'])
    assert 0 < valid.float().mean() < 0.2
    assert not (weak * (grown == 0)).any()
    assert (weak * valid[:, None]).float().mean() > 0


def test_voc_training_views_share_their_geometry(voc):
    voc.train_dataloader.dataset.pipeline[-2].ops = ['identity']
    dataset = Runner.build_dataloader(voc.train_dataloader, seed=0).dataset

    views = dataset[0]['inputs']

    assert views['weak'].equal(views['strong'])


def test_voc_blur_is_drawn_as_stated(voc):
    dataset = Runner.build_dataloader(voc.train_dataloader, seed=0).dataset
    blur = dataset.pipeline.transforms[4]
    np.random.seed(0)
    radii = np.array([blur.random_magnitude() for _ in range(4000)])
    off = np.mean([blur.random_disable() for _ in range(4000)])

    assert abs(off - 0.5) < 0.04
    assert 0.1 <= radii.min() < 0.11
    assert 1.99 < radii.max() <= 2
    counts = np.histogram(radii, 5, (0.1, 2))[0]
    assert abs(counts - 800).max() < 100


def test_voc_sequence_depends_on_the_seed(voc):
    batches = []
    for seed in (1, 1, 2):
        loader = Runner.build_dataloader(voc.train_dataloader, seed=seed)
        batches.append(torch.stack(next(iter(loader))['inputs']['strong']))

    assert batches[0].equal(batches[1])
    assert not batches[0].equal(batches[2])


def test_voc_evaluation_keeps_the_size_of_masks(voc):
    loader = Runner.build_dataloader(voc.val_dataloader, seed=0)
    batches = list(loader)
    root = Path(voc.val_dataloader.dataset.data_root)

    assert len(batches) == 2
    out = TwoViewDataPreprocessor(MEAN, STD)(batches[1], training=False)
    assert out['inputs'].shape == (1, 3, 448, 448)
    (sample,) = out['data_samples']
    assert sample.metainfo['img_id'] == 'w'
    assert sample.metainfo['ori_shape'] == (40, 56)
    assert sample.gt_label.label.tolist() == [4]
    mask = np.array(Image.open(root / 'SegmentationClass' / 'w.png'))
    np.testing.assert_array_equal(sample.gt_sem_seg.data[0], mask)


def test_voc_test_set_without_masks_and_labels(voc, tmp_path):
    write_voc(tmp_path, {'t': None}, split='test')
    dataset = voc.test_dataloader.dataset
    dataset.ann_file = 'ImageSets/Segmentation/test.txt'
    dataset.data_prefix.seg_map_path = None
    dataset.pipeline = [
        step for step in dataset.pipeline if step.type != 'LoadAnnotations'
    ]

    (batch,) = Runner.build_dataloader(voc.test_dataloader, seed=0)

    (sample,) = batch['data_samples']
    assert batch['inputs'][0].shape == (3, 448, 448)
    assert not {'gt_label', 'gt_sem_seg'} & set(sample.keys())


def test_coco(tmp_path):
    init_default_scope('mmseg')
    for folder in ('splits', 'image_labels', 'masks'):
        (tmp_path / folder).mkdir()
    labels = {'train2014': ['tv', 'person'], 'val2014': ['toothbrush']}
    for split, names in labels.items():
        (tmp_path / split).mkdir()
        img_id = f'COCO_{split}_000000000009'
        img = np.full((30, 20, 3), 200, np.uint8)
        Image.fromarray(img).save(tmp_path / split / f'{img_id}.jpg')
        (tmp_path / 'splits' / f'{split}.txt').write_text(img_id)
        (tmp_path / 'image_labels' / f'{split}.json').write_text(
            json.dumps({img_id: names})
        )
    write_mask(
        tmp_path / 'masks' / 'val2014' / f'{img_id}.png',
        np.full((30, 20), 80),
    )
    cfg = load('coco_wsss.py', tmp_path)

    train = next(iter(Runner.build_dataloader(cfg.train_dataloader, seed=0)))
    (val,) = Runner.build_dataloader(cfg.val_dataloader, seed=0)

    assert len(train['data_samples']) == 4
    assert train['data_samples'][0].gt_label.label.tolist() == [0, 62]
    assert val['data_samples'][0].gt_label.label.tolist() == [79]
    assert val['data_samples'][0].gt_sem_seg.data.unique().tolist() == [80]


@pytest.mark.parametrize(
    ('name', 'batch_size'), [('voc_wsss.py', 2), ('coco_wsss.py', 4)]
)
def test_numbers(name, batch_size):
    cfg = Config.fromfile(ROOT / 'configs' / '_base_' / 'datasets' / name)

    steps = {step['type']: step for step in cfg.train_pipeline}
    assert cfg.crop_size == (448, 448)
    assert cfg.train_dataloader.batch_size == batch_size
    assert steps['RandomScale']['ratio_range'] == (0.5, 2.0)
    assert steps['RandomFlip']['prob'] == 0.5
    assert steps['RandomPlaceCrop']['crop_size'] == (448, 448)
    assert steps['mmpretrain.GaussianBlur']['prob'] == 0.5
    assert steps['TwoViews']['magnitude_range'] == (1, 10)
    assert list(steps).index('RandomFlip') < list(steps).index(
        'RandomPlaceCrop'
    )
    assert cfg.test_pipeline[1] == dict(
        type='Resize', scale=(448, 448), keep_ratio=False
    )
    assert cfg.test_pipeline[2] == dict(type='LoadAnnotations')
    assert 'seg_map_path' not in cfg.train_dataloader.dataset.data_prefix
    assert not cfg.train_dataloader.dataset.get('test_mode', False)
    assert cfg.val_dataloader.dataset.test_mode
