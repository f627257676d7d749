import mmap
import os

import pytest
from torch import nn

from cosa_mmseg.models.pseudo_labels import DynamicThreshold
from tools.lab.soak import (
    read,
    trends,
)
from tools.lab.soak.readings import LIMITS

ITERATIONS = list(range(100, 3001, 100))


def growing(**per_thousand):
    """Readings that jump in the first third and then grow like this."""
    return [
        {
            key: (i > 500) * 70 + per_thousand.get(key, 0) * i / 1000
            for key in LIMITS
        }
        for i in ITERATIONS
    ]


def test_flat_is_flat_whatever_the_start_does():
    found = trends(ITERATIONS, growing())
    assert [trend.growth for trend in found] == pytest.approx(
        [0] * 4, abs=1e-6
    )
    assert all(trend.is_flat for trend in found)
    assert (found[0].first, found[0].last) == (70, 70)


@pytest.mark.parametrize(
    ('key', 'growth'), [('memory', 6), ('files', 1), ('queue', 0.1)]
)
def test_a_leak_is_seen(key, growth):
    found = dict(
        zip(LIMITS, trends(ITERATIONS, growing(**{key: growth})), strict=True)
    )
    assert found.pop(key).growth == pytest.approx(growth)
    assert all(trend.is_flat for trend in found.values())
    found = trends(ITERATIONS, growing(**{key: growth}))
    assert sum(trend.is_flat for trend in found) == 3


def test_two_readings_are_needed():
    with pytest.raises(ValueError, match='got 1: train longer'):
        trends([100, 1000], growing()[:2])


def test_this_process_is_read(tmp_path):
    (tmp_path / 'a' / 'b').mkdir(parents=True)
    (tmp_path / 'a' / 'b' / 'c.log').write_bytes(b'x' * 2048)
    model = nn.ModuleList([DynamicThreshold(num_images=7, grid=(2, 2))] * 1)
    before = read(model, tmp_path)
    assert (before['queue'], before['log']) == (7, 2)
    block = mmap.mmap(-1, 2**26)  # 64 MiB that nothing had before
    block[::4096] = b'x' * 2**14  # each page
    with open(os.devnull):
        after = read(model, tmp_path)
    assert after['files'] == before['files'] + 1
    assert 60 < after['memory'] - before['memory'] < 70
    block.close()
