"""Narrow images that are scaled down."""

import numpy as np
import pytest
from mmcv.transforms import Resize

from cosa_mmseg.datasets.transforms import RandomNonEmptyResize
from cosa_mmseg.datasets.transforms.random_non_empty_resize import (
    NonEmptyResize,
)


@pytest.mark.parametrize(
    ('size', 'expected'),
    [((1200, 3), (200, 1)), ((1, 65_535), (1, 200)), ((1, 1), (200, 200))],
)
def test_each_side_keeps_a_pixel(size, expected):
    results = dict(
        img=np.zeros((*size, 3), np.uint8), gt_seg_map=np.zeros(size, np.uint8)
    )
    NonEmptyResize(scale=(200, 200), keep_ratio=True)(results)
    assert results['img'].shape == (*expected, 3)
    assert results['gt_seg_map'].shape == results['img_shape'] == expected


@pytest.mark.parametrize('keep_ratio', [True, False])
def test_other_images_are_as_mmcv_resizes_them(keep_ratio):
    img = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    settings = dict(scale=(30, 31), keep_ratio=keep_ratio)
    ours, theirs = (
        kind(**settings)(dict(img=img)) for kind in (NonEmptyResize, Resize)
    )
    assert (ours['img'] == theirs['img']).all()
    assert ours['scale_factor'] == theirs['scale_factor']


@pytest.mark.parametrize('kind', [tuple, list])
def test_random_scales(kind):
    step = RandomNonEmptyResize(
        scale=kind((60, 60)), ratio_range=(0.5, 2.0), keep_ratio=True
    )
    for _ in range(4):
        img = step(dict(img=np.zeros((3, 1200, 3), np.uint8)))['img']
        assert img.shape[0] == 1
        assert 30 <= img.shape[1] <= 120
