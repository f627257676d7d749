"""Crops, and the box of real pixels in them."""

import numpy as np
import pytest
from mmengine.registry import TRANSFORMS, init_default_scope

from cosa_mmseg.datasets.transforms import RandomPlaceCrop


def numbered(h, w):
    """An image without a black pixel, all of whose pixels differ."""
    ids = 1 + np.arange(h * w).reshape(h, w)
    return np.stack([ids % 256, ids // 256, np.full_like(ids, 7)], -1).astype(
        np.uint8
    )


def crop_at(offset, img, size, monkeypatch):
    transform = RandomPlaceCrop(size)
    monkeypatch.setattr(transform, 'random_offset', lambda shape: offset)
    return transform(dict(img=img))


def test_larger_image_is_cut(monkeypatch):
    img = numbered(6, 9)

    results = crop_at((-2, -4), img, (3, 5), monkeypatch)

    np.testing.assert_array_equal(results['img'], img[2:5, 4:9])
    assert results['valid_box'] == (0, 3, 0, 5)
    assert results['img_shape'] == (3, 5)


def test_smaller_image_is_placed_in_black(monkeypatch):
    img = numbered(2, 3)

    results = crop_at((1, 2), img, (5, 5), monkeypatch)

    expected = np.zeros((5, 5, 3), np.uint8)
    expected[1:3, 2:5] = img
    np.testing.assert_array_equal(results['img'], expected)
    assert results['valid_box'] == (1, 3, 2, 5)


def test_cut_along_one_axis_placed_along_the_other(monkeypatch):
    img = numbered(2, 9)

    results = crop_at((3, -1), img, (5, 4), monkeypatch)

    expected = np.zeros((5, 4, 3), np.uint8)
    expected[3:5] = img[:, 1:5]
    np.testing.assert_array_equal(results['img'], expected)
    assert results['valid_box'] == (3, 5, 0, 4)


@pytest.mark.parametrize(
    ('size', 'offsets'),
    [
        (3, range(2, -1, -1)),  # crop of 5: placed at 0, 1 or 2
        (5, [0]),
        (8, range(-3, 1)),  # cut at 0, 1, 2 or 3
    ],
)
def test_all_offsets_are_equally_likely(size, offsets):
    np.random.seed(0)
    transform = RandomPlaceCrop(5)
    draws = np.array(
        [transform.random_offset((size, size)) for _ in range(1200)]
    )

    for axis in range(2):
        values, counts = np.unique(draws[:, axis], return_counts=True)
        assert values.tolist() == sorted(offsets)
        assert abs(counts - 1200 / len(offsets)).max() < 70  # 4 sigma
    if len(offsets) > 1:  # each axis on its own
        assert len(np.unique(draws, axis=0)) == len(offsets) ** 2


@pytest.mark.parametrize('flip', [False, True])
@pytest.mark.parametrize('seed', range(6))
def test_box_holds_just_the_real_pixels_after_a_flip(flip, seed):
    init_default_scope('mmseg')
    np.random.seed(seed)
    h, w = np.random.randint(4, 30, 2)
    img = numbered(h, w)
    results = dict(img=img)
    for cfg in (
        dict(type='RandomFlip', prob=float(flip)),
        dict(type='RandomPlaceCrop', crop_size=(16, 12)),
    ):
        results = TRANSFORMS.build(cfg)(results)

    top, bottom, left, right = results['valid_box']
    inside = results['img'][top:bottom, left:right]
    real = (results['img'] != 0).any(-1)
    assert real[top:bottom, left:right].all()
    assert real.sum() == inside.shape[0] * inside.shape[1]
    assert inside.shape[:2] == (min(h, 16), min(w, 12))
    # what is inside is a part of the (flipped) image, in its order
    step = -1 if flip else 1
    ids = inside[..., :2].astype(int) @ [1, 256]
    assert (np.diff(ids, axis=1) == step).all()
    assert (np.diff(ids, axis=0) == w).all()
    assert results['img'].flags.c_contiguous


def test_input_is_not_changed():
    img = numbered(4, 4)
    before = img.copy()

    out = RandomPlaceCrop(4)(dict(img=img))['img']
    out[:] = 0

    np.testing.assert_array_equal(img, before)


def test_integer_is_a_square():
    assert RandomPlaceCrop(7).crop_size == (7, 7)
    with pytest.raises(ValueError, match='must be positive'):
        RandomPlaceCrop((0, 4))


def test_masks_are_cut_as_their_images():
    image = np.arange(1, 1 + 6 * 9, dtype=np.uint8).reshape(6, 9)
    results = dict(img=image[..., None], gt_seg_map=image)
    results['seg_fields'] = ['gt_seg_map']
    cropped = RandomPlaceCrop((8, 4))(results)
    top, bottom, left, right = cropped['valid_box']
    mask = cropped['gt_seg_map']
    assert mask.shape == (8, 4)
    inside = mask[top:bottom, left:right]
    assert np.array_equal(inside, cropped['img'][top:bottom, left:right, 0])
    assert (np.delete(mask, slice(top, bottom), 0) == 255).all()
