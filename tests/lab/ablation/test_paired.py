import math

import numpy as np
import pytest
from scipy.stats import ttest_rel

from tools.lab.ablation import paired_difference


def test_worked_by_hand():
    found = paired_difference([3.0, 5.0, 7.0], [2.0, 3.0, 4.0])
    # differences 1, 2, 3: s = 1; t(.975, 2) = 4.302653 from a table
    half = 4.302653 / math.sqrt(3)
    assert found.mean == 2.0
    assert found.low == pytest.approx(2 - half, abs=1e-6)
    assert found.high == pytest.approx(2 + half, abs=1e-6)
    assert found.num_seeds == 3


@pytest.mark.parametrize('confidence', [0.8, 0.95])
@pytest.mark.parametrize('num', [2, 3, 10])
def test_against_scipy(num, confidence):
    rng = np.random.default_rng(num)
    scores, baseline = rng.normal(60, 2, (2, num)).tolist()
    expected = ttest_rel(scores, baseline).confidence_interval(confidence)
    found = paired_difference(scores, baseline, confidence)
    assert found.low == pytest.approx(expected.low)
    assert found.high == pytest.approx(expected.high)


def test_what_the_seeds_share_cancels():
    seeds = np.array([0.0, 10.0, -20.0])
    found = paired_difference(60 + seeds, 58.5 + seeds)
    assert (found.mean, found.low, found.high) == (1.5, 1.5, 1.5)


def test_one_seed_has_no_interval():
    found = paired_difference([3.0], [2.5])
    assert found.mean == 0.5
    assert math.isnan(found.low) and math.isnan(found.high)


@pytest.mark.parametrize('scores', [[], [1.0]])
def test_refuses_what_is_no_pair(scores):
    with pytest.raises(ValueError, match='can not be paired'):
        paired_difference(scores, [1.0, 2.0][: 2 * len(scores)])
