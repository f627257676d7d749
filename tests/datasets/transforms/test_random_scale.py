"""Scaling relative to the image."""

import numpy as np
import pytest

from cosa_mmseg.datasets.transforms import RandomScale


def test_fixed_factor():
    img = np.zeros((20, 31, 3), np.uint8)

    results = RandomScale((0.5, 0.5))(dict(img=img))

    assert results['img'].shape == (10, 16, 3)
    assert results['img_shape'] == (10, 16)
    assert results['scale_factor'] == (16 / 31, 0.5)


def test_bilinear():
    img = np.tile(np.array([0, 100], np.uint8)[None, :, None], (2, 1, 3))

    out = RandomScale((2.0, 2.0))(dict(img=img))['img']

    assert out[0, :, 0].tolist() == [0, 25, 75, 100]


def test_factor_is_uniform_in_the_range():
    np.random.seed(0)
    transform = RandomScale((0.5, 2.0))
    ratios = np.array([transform.random_ratio() for _ in range(4000)])

    assert 0.5 <= ratios.min() < 0.51
    assert 1.99 < ratios.max() < 2
    counts = np.histogram(ratios, 5, (0.5, 2))[0]
    assert abs(counts - 800).max() < 100  # 4 sigma


def test_no_image_vanishes():
    img = np.zeros((1, 3, 3), np.uint8)

    assert RandomScale((0.1, 0.1))(dict(img=img))['img'].shape == (1, 1, 3)


@pytest.mark.parametrize('ratio_range', [(0, 1), (2, 1), (-1, 1)])
def test_errors(ratio_range):
    with pytest.raises(ValueError, match='0 < low <= high'):
        RandomScale(ratio_range)


def test_masks_are_resized_by_the_nearest_pixel():
    img = np.zeros((4, 6, 3), np.uint8)
    mask = np.arange(24, dtype=np.uint8).reshape(4, 6)
    results = dict(img=img, gt_seg_map=mask, seg_fields=['gt_seg_map'])
    scaled = RandomScale((2, 2))(results)
    assert np.array_equal(scaled['gt_seg_map'], mask.repeat(2, 0).repeat(2, 1))
    assert scaled['img'].shape[:2] == (8, 12)
