import json
import math
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn import mixture as sklearn_mixture

from cosa_mmseg.models.ops import gaussian_mixture
from cosa_mmseg.models.ops.gaussian_mixture import (
    GaussianMixture,
    cluster_bounds,
    fit_gaussian_mixture,
    mixture_threshold,
    separate_two_modes,
    split_start,
    wide_start,
)
from tests.golden import load_tensors
from tests.oracles import gaussian_mixture as oracle
from tests.waits import NoWaits


def mixture(weights, means, variances):
    return GaussianMixture(
        *(
            torch.tensor(x, dtype=torch.float64)
            for x in (weights, means, variances)
        )
    )


def draw(*modes) -> torch.Tensor:
    """Values of modes (number, mean, deviation), in float64."""
    return torch.cat(
        [
            mean + deviation * torch.randn(num, dtype=torch.float64)
            for num, mean, deviation in modes
        ]
    )


def test_golden_fits_and_bounds():
    data = load_tensors('adaptive_threshold')
    count = 0
    for name, bounds in data.items():
        found = re.fullmatch(
            r'(q\d+)_modal(\d+)_filter([\d.]+)_out_thresholds', name
        )
        if not found:
            continue
        queue, num_modes, min_value = found.groups()
        values = data[f'{queue}_in_queue'].flatten()
        values = values[values > float(min_value)]
        got, num_rounds = fit_gaussian_mixture(
            values, wide_start(values, int(num_modes))
        )
        prefix = name.removesuffix('thresholds')
        assert num_rounds == data[f'{prefix}n_em_iterations'], name
        for part in ('weights', 'means', 'variances'):
            np.testing.assert_allclose(
                getattr(got, part), data[prefix + part], atol=1e-7, rtol=0
            )
        # with two modes the released code gives the lower bound alone
        ours = cluster_bounds(values, got)[: len(bounds)]
        np.testing.assert_allclose(ours, bounds, atol=1e-7, rtol=0)
        count += 1
    assert count > 0


def test_one_round_by_hand():
    # two values, one mode at each: variances of 1 let both modes see both
    values = torch.tensor([0.0, 1.0], dtype=torch.float64)
    got, num_rounds = fit_gaussian_mixture(
        values, wide_start(values, 2), max_rounds=1
    )
    near = 1 / (1 + math.exp(-0.5))
    assert num_rounds == 1
    assert got.weights.tolist() == pytest.approx([0.5, 0.5])
    assert got.means.tolist() == pytest.approx([1 - near, near])
    assert got.variances.tolist() == pytest.approx(
        [near * (1 - near) + 1e-6] * 2
    )


def test_counts_stand_for_repeated_values():
    values = draw((40, 0.3, 0.1), (20, 0.7, 0.1))
    counts = torch.randint(1, 4, (60,))
    start = wide_start(values, 3)
    got, rounds = fit_gaussian_mixture(values, start, counts)
    expected, expected_rounds = fit_gaussian_mixture(
        values.repeat_interleave(counts), start
    )
    assert rounds == expected_rounds
    for part in ('weights', 'means', 'variances'):
        assert torch.allclose(getattr(got, part), getattr(expected, part))


def test_a_count_of_0_leaves_a_value_out():
    kept = draw((40, 0.3, 0.1), (20, 0.7, 0.1)).sort().values
    values = torch.cat([kept.new_tensor([-9.0]), kept, kept.new_tensor([9.0])])
    values = torch.cat([values, values]).sort().values
    counts = torch.zeros_like(values)
    counts[2:-2:2] = 1
    for start, expected in (
        (wide_start(values, 3, counts), wide_start(kept, 3)),
        (split_start(values, counts), split_start(kept, kept.new_ones(60))),
    ):
        got, rounds = fit_gaussian_mixture(values, start, counts)
        fit, fit_rounds = fit_gaussian_mixture(kept, expected)
        assert rounds == fit_rounds
        for part in ('weights', 'means', 'variances'):
            assert torch.allclose(
                getattr(start, part), getattr(expected, part)
            )
            assert torch.allclose(getattr(got, part), getattr(fit, part))
        bounds = cluster_bounds(values, got, counts)
        assert torch.equal(bounds, cluster_bounds(kept, fit))
    ones = torch.ones_like(kept)
    got = separate_two_modes(values[::2], counts[::2])
    assert torch.allclose(got, separate_two_modes(kept, ones))


def test_wide_start_has_the_quantiles_of_repeated_values():
    values = draw((31, 0.3, 0.1))
    counts = torch.randint(0, 4, (31,)).double()
    repeated = values.repeat_interleave(counts.long())
    expected = repeated.quantile(torch.linspace(0, 1, 5).double())
    assert torch.allclose(wide_start(values, 5, counts).means, expected)


def test_without_a_look_at_the_data_it_is_the_same(monkeypatch):
    values = draw((200, 0.3, 0.1), (100, 0.7, 0.1)).sort().values
    ones = torch.ones_like(values)
    expected = fit_gaussian_mixture(values, wide_start(values, 3))
    threshold = separate_two_modes(values, ones)
    monkeypatch.setattr(gaussian_mixture, 'on_host', lambda x: False)
    with NoWaits():
        got = fit_gaussian_mixture(values, wide_start(values, 3))
        again = separate_two_modes(values, ones)
    assert 1 < got[1] == expected[1] < 100
    for part in ('weights', 'means', 'variances'):
        torch.testing.assert_close(
            getattr(got[0], part), getattr(expected[0], part)
        )
    torch.testing.assert_close(again, threshold)


def test_likelihood_never_falls():
    values = draw((400, 0.3, 0.1), (300, 0.6, 0.15))
    ones = torch.ones_like(values)
    fits = [
        fit_gaussian_mixture(values, wide_start(values, 2), None, rounds)[0]
        for rounds in (1, 2, 4, 8, 16)
    ]
    bics = [fit.bic(values, ones).item() for fit in fits]
    assert bics == sorted(bics, reverse=True)


@pytest.mark.parametrize('num_modes', [1, 2, 3])
def test_information_criterion_is_that_of_scikit_learn(num_modes):
    values = draw((40, 0.3, 0.1), (20, 0.7, 0.1))
    counts = torch.randint(1, 4, (60,)).double()
    repeated = values.repeat_interleave(counts.long())
    fit = sklearn_mixture.GaussianMixture(num_modes, random_state=0)
    fit.fit(repeated[:, None].numpy())
    means, variances = fit.means_[:, 0], fit.covariances_[:, 0, 0]
    got = mixture(fit.weights_, means, variances).bic(values, counts)
    assert got.item() == pytest.approx(fit.bic(repeated[:, None].numpy()))


def test_split_start_is_the_best_split():
    values = draw((30, 0.3, 0.1), (20, 0.6, 0.15)).sort().values
    counts = torch.randint(1, 4, (50,)).double()
    repeated = values.repeat_interleave(counts.long())
    spreads = [
        sum(
            ((side - side.mean()) ** 2).sum()
            for side in (repeated[:cut], repeated[cut:])
        )
        for cut in range(1, len(repeated))
    ]
    cut = torch.stack(spreads).argmin() + 1
    means = split_start(values, counts).means
    assert torch.allclose(means[0], repeated[:cut].mean())
    assert torch.allclose(means[1], repeated[cut:].mean())


unit = st.floats(0.01, 0.99)
variance = st.floats(1e-6, 0.1)


@settings(max_examples=200, deadline=None)
@given(unit, unit, unit, variance, variance)
def test_threshold_equals_bisection(weight, m1, m2, v1, v2):
    assume(m1 != m2)
    weights, means, variances = (weight, 1 - weight), (m1, m2), (v1, v2)
    expected = oracle.mixture_threshold(weights, means, variances)
    got = mixture_threshold(mixture(weights, means, variances)).item()
    if expected is None:
        assert math.isnan(got)
    else:
        assert got == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize('relative', [0, 1e-15, 1e-9, -1e-9, 1e-4])
def test_threshold_of_near_equal_variances(relative):
    # equal weights and variances: half-way, whatever rounding does
    got = mixture_threshold(
        mixture([0.5, 0.5], [0.7, 0.3], [0.01, 0.01 * (1 + relative)])
    )
    assert got.item() == pytest.approx(0.5, abs=0.1 * abs(relative) + 1e-12)


def test_no_threshold_where_one_mode_covers_the_other():
    assert (
        mixture_threshold(mixture([0.99, 0.01], [0.4, 0.5], [0.1, 0.1])) != 0
    )
    got = mixture_threshold(mixture([0.99, 0.01], [0.4, 0.5], [0.1, 0.1]))
    assert got.isnan()


@pytest.mark.parametrize('deviation', [0.2, 0.05, 0.002])
def test_a_single_mode_has_no_threshold(deviation):
    values = draw((3000, 0.5, deviation)).sort().values
    assert separate_two_modes(values, torch.ones_like(values)).isnan()


@pytest.mark.parametrize('num', [1])
def test_too_few_values_have_no_threshold(num):
    values = torch.rand(num, dtype=torch.float64)
    assert separate_two_modes(values, torch.full((num,), 50.0)).isnan()


def test_empty_modes_have_infinite_bounds():
    values = torch.tensor([0.4, 0.5], dtype=torch.float64)
    modes = mixture([0.1, 0.8, 0.1], [-5, 0.45, 5], [0.01, 0.01, 0.01])
    assert cluster_bounds(values, modes).tolist() == [-math.inf, math.inf]


@pytest.mark.parametrize(
    ('panel', 'min_value', 'expected'),
    [('e', 0, 0.441), ('e', 0.05, 0.474), ('f', 0.05, 0.466)],
)
def test_the_threshold_of_the_authors_confidences(panel, min_value, expected):
    # counts in 80 bins of [0, 1], measured off the authors' two histograms,
    # which draw the dynamic threshold at .443 (e) and .480 (f)
    file = Path(__file__).parents[2] / 'data/confidence_histograms.json'
    counts = torch.tensor(json.loads(file.read_text())[panel])
    middles = (torch.arange(80, dtype=torch.float64) + 0.5) / 80
    counts = counts * (middles > min_value)
    threshold = separate_two_modes(middles, counts)
    assert threshold.item() == pytest.approx(expected, abs=0.002)
