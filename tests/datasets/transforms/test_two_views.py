"""The choice of the strong view."""

from collections import Counter

import numpy as np
import pytest
from mmengine.registry import TRANSFORMS

from cosa_mmseg.datasets.transforms import (
    PHOTOMETRIC_OPS,
    TwoViews,
    photometric_op,
)


@pytest.fixture
def img():
    return np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)


def test_strong_is_weak_plus_the_drawn_operation(img, monkeypatch):
    transform = TwoViews()
    monkeypatch.setattr(transform, 'random_op', lambda: ('color', 9))

    results = transform(dict(img=img.copy()))

    np.testing.assert_array_equal(results['img'], img)
    np.testing.assert_array_equal(
        results['img_strong'], photometric_op(img, 'color', 9)
    )


def test_all_operations_and_magnitudes_are_equally_likely():
    np.random.seed(0)
    transform = TwoViews()
    draws = [transform.random_op() for _ in range(8100)]

    ops = Counter(op for op, _ in draws)
    assert set(ops) == set(PHOTOMETRIC_OPS)
    assert all(abs(count - 900) < 120 for count in ops.values())  # 4 sigma
    pairs = Counter(draws)
    assert {m for _, m in pairs} == set(range(1, 10))
    assert len(pairs) == 81
    assert all(abs(count - 100) < 50 for count in pairs.values())  # 5 sigma


def test_chance_is_numpys(img):
    outs = []
    for seed in (3, 3, 4):
        np.random.seed(seed)
        transform = TwoViews()
        outs.append([transform.random_op() for _ in range(9)])

    assert outs[0] == outs[1] != outs[2]


def test_from_a_config(img):
    cfg = dict(type='TwoViews', ops=['equalize'], magnitude_range=[1, 2])
    transform = TRANSFORMS.build(cfg)

    out = transform(dict(img=img))['img_strong']

    np.testing.assert_array_equal(out, photometric_op(img, 'equalize', 1))


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [
        (dict(ops=['sharpen', 'color']), ['has sharpen', 'sharpness']),
        (dict(ops=[]), ['is empty']),
        (dict(magnitude_range=(1, 11)), ['magnitude_range', '(1, 11)']),
        (dict(magnitude_range=(5, 5)), ['magnitude_range', '(5, 5)']),
    ],
)
def test_errors(arguments, words):
    with pytest.raises(ValueError) as err:
        TwoViews(**arguments)
    for word in words:
        assert word in str(err.value)
