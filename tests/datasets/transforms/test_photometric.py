"""The nine operations of the strong view."""

import re

import numpy as np
import pytest

from cosa_mmseg.datasets.transforms import PHOTOMETRIC_OPS, photometric_op
from tests.golden import load

NINE = [
    'identity',
    'autocontrast',
    'equalize',
    'solarize',
    'color',
    'contrast',
    'brightness',
    'sharpness',
    'posterize',
]


@pytest.fixture
def img():
    return np.random.default_rng(0).integers(0, 256, (8, 9, 3), np.uint8)


def test_golden_image_ops():
    golden = load('image_ops')
    bgr = golden['in_image_u8'][..., ::-1]
    checked = set()
    for key, expected in golden.items():
        if not key.startswith('out_'):
            continue
        op, low, high = re.fullmatch(
            r'out_(\w+?)(?:_mag(\d+)to(\d+))?', key
        ).groups()
        if low is None:  # no magnitude: the same at each
            low = high = 1
            expected = expected[None]
        magnitudes = range(int(low), int(high) + 1)
        for m, image in zip(magnitudes, expected, strict=True):
            out = photometric_op(bgr, op, m)
            np.testing.assert_array_equal(out[..., ::-1], image, f'{op} {m}')
        checked.add(op)
    assert checked == set(PHOTOMETRIC_OPS) - {'identity'}


def test_there_are_nine():
    assert list(PHOTOMETRIC_OPS) == NINE


@pytest.mark.parametrize('op', NINE)
@pytest.mark.parametrize('magnitude', [0, 1, 9])
def test_result_is_a_new_contiguous_image(img, op, magnitude):
    before = img.copy()

    out = photometric_op(img, op, magnitude)

    assert out.shape == img.shape
    assert out.dtype == np.uint8
    assert out.flags.c_contiguous
    assert not np.shares_memory(out, img)
    np.testing.assert_array_equal(img, before)


@pytest.mark.parametrize(
    ('op', 'magnitude', 'expected'),
    [
        ('identity', 7, [10, 100, 200]),
        ('solarize', 1, [10, 155, 55]),  # from 25 upwards
        ('solarize', 5, [10, 100, 55]),  # from 128 upwards
        ('brightness', 5, [10, 100, 200]),  # factor 1
        ('brightness', 1, [2, 28, 56]),  # factor .28
        ('posterize', 2, [0, 96, 192]),  # 4 bits
        ('posterize', 3, [0, 96, 192]),  # 3 bits
        ('posterize', 9, [0, 0, 128]),  # 1 bit
    ],
)
def test_values_by_hand(op, magnitude, expected):
    pixel = np.array([[[10, 100, 200]]], np.uint8)

    assert photometric_op(pixel, op, magnitude).tolist() == [[expected]]


def test_images_are_bgr():
    blue = np.array([[[255, 0, 0]]], np.uint8)

    # 28 % of the colour, 72 % of its luma: .114 * 255 for blue
    assert photometric_op(blue, 'color', 1).tolist() == [[[92, 20, 20]]]
