import math

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cosa_mmseg.models.pseudo_labels.perplexity import (
    PerplexityWeight,
    perplexity,
    reliability_weight,
)
from tests.oracles import reliability

# hypothesis counts the first call's warm-up, too
relaxed = settings(max_examples=60, deadline=None)
confidences = st.floats(0, 1, width=32)
thresholds = st.floats(0, 1, exclude_min=True, exclude_max=True)


def weigh(module, cam, xi, valid):
    """Weights of the labels of maps."""
    weight, _ = module(cam.amax(dim=1), xi, cam, valid)
    return weight


@pytest.fixture
def batch():
    cam = torch.rand(2, 3, 5, 6)
    valid = torch.rand(2, 5, 6) > 0.3
    return cam, valid


@pytest.mark.parametrize('xi', [0.2, 0.5, 0.83])
@pytest.mark.parametrize('lambdas', [(0.8, 1.0), (0.4, 2.5)])
def test_equals_the_loop_form(batch, xi, lambdas):
    cam, valid = batch
    got = weigh(PerplexityWeight(*lambdas), cam, xi, valid)
    expected = reliability.reliability_weight(
        cam.amax(dim=1), xi, valid, *lambdas
    )
    assert got.flatten().tolist() == pytest.approx(expected, rel=1e-4)


def test_by_hand():
    # d = 1, 1 and .5: at the ends, and half-way between xi and 1
    value = perplexity(torch.tensor([0.0, 1.0, 0.7]), 0.4)
    expected = [-math.log(0.8), -math.log(0.8), -math.log(0.4)]
    assert value.tolist() == pytest.approx(expected, rel=1e-5)
    weight = reliability_weight(
        torch.tensor([[[1.0, 2.0, 4.0]]]), torch.tensor([[[1, 1, 0]]]).bool()
    )
    assert weight.flatten().tolist() == pytest.approx(
        [4 / 3, 2 / 3, 0], rel=1e-5
    )


def test_a_pixel_at_the_threshold_weighs_nothing():
    cam = torch.tensor([0.5, 0.9]).view(1, 1, 1, 2)
    weight = weigh(PerplexityWeight(), cam, 0.5, torch.ones(1, 1, 2).bool())
    assert weight.flatten().tolist() == pytest.approx([0, 2], rel=1e-5)


def test_falls_with_the_distance():
    value = perplexity(torch.linspace(0, 1, 101), 0.35)
    assert (value[:35].diff() > 0).all()
    assert (value[36:].diff() < 0).all()
    assert perplexity(torch.tensor(0.35), 0.35) == value[35] > 1e38


@relaxed
@given(st.lists(confidences, min_size=1, max_size=6), thresholds)
@example([0.0, 1.0], 5e-324)
@example([0.0, 1.0, 0.5], 1 - 1e-16)
@example([0.3, 0.3], float(torch.tensor(0.3)))
@example([1.0, 1e-45], 1e-40)
def test_always_finite_and_of_mean_one(values, xi):
    cam = torch.tensor(values).view(1, 1, 1, -1)
    valid = torch.ones(1, 1, len(values)).bool()
    for threshold in (xi, torch.tensor(xi), torch.tensor(xi).double()):
        value = perplexity(cam[:, 0], threshold)
        assert value.isfinite().all() and (value > 0).all()
        weight = weigh(PerplexityWeight(), cam, threshold, valid)
        assert weight.isfinite().all() and (weight >= 0).all()
        assert weight.mean().item() == pytest.approx(1, rel=1e-5)


@pytest.mark.parametrize('lambda_b', [0.01, 100.0])
def test_finite_for_extreme_exponents(lambda_b):
    cam = torch.linspace(0, 1, 1001).view(1, 1, 1, -1)
    valid = torch.ones(1, 1, 1001).bool()
    weight = weigh(PerplexityWeight(lambda_b=lambda_b), cam, 0.5, valid)
    assert weight.isfinite().all()
    assert weight.mean().item() == pytest.approx(1, rel=1e-4)


@relaxed
@given(st.lists(confidences, min_size=2, max_size=6), thresholds, st.data())
def test_only_valid_pixels_count(values, xi, data):
    mask = data.draw(
        st.lists(
            st.booleans(), min_size=len(values), max_size=len(values)
        ).filter(any)
    )
    cam = torch.tensor(values).view(1, 1, 1, -1)
    valid = torch.tensor(mask).view(1, 1, -1)
    weight = weigh(PerplexityWeight(), cam, xi, valid)
    inside = weigh(
        PerplexityWeight(),
        cam[..., valid.flatten()],
        xi,
        valid[..., valid.flatten()],
    )
    assert weight[valid].tolist() == pytest.approx(
        inside.flatten().tolist(), rel=1e-5
    )
    assert (weight[~valid] == 0).all()


def test_empty_valid_region_is_zero(batch):
    weight = weigh(
        PerplexityWeight(), batch[0], 0.5, torch.zeros(2, 5, 6).bool()
    )
    assert torch.equal(weight, torch.zeros(2, 5, 6))


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_half_precision(batch, dtype):
    cam, valid = batch[0].to(dtype), batch[1]
    expected = weigh(PerplexityWeight(), cam.float(), 0.4, valid)
    with torch.autocast('cpu', dtype):
        got = weigh(PerplexityWeight(), cam, torch.tensor(0.4), valid)
    assert got.dtype == torch.float32
    torch.testing.assert_close(got, expected)
    # 300 x 300 pixels are more than float16 can count
    full = torch.full((1, 1, 300, 300), 0.9, dtype=dtype)
    weight = weigh(
        PerplexityWeight(), full, 0.4, torch.ones(1, 300, 300).bool()
    )
    assert torch.allclose(weight, torch.ones(1, 300, 300))


def test_float64_stays(batch):
    got = weigh(PerplexityWeight(), batch[0].double(), 0.4, batch[1])
    assert got.dtype == torch.float64


def test_inputs_are_not_changed(batch):
    before = [tensor.clone() for tensor in batch]
    weigh(PerplexityWeight(), batch[0], torch.tensor(0.5), batch[1])
    assert all(torch.equal(a, b) for a, b in zip(batch, before, strict=True))


def test_wrong_shape_is_named(batch):
    with pytest.raises(ValueError, match=r'\(2, 5, 5\), got .*\(2, 5, 6\)'):
        weigh(PerplexityWeight(), batch[0], 0.5, batch[1][..., :5])


@pytest.mark.parametrize(
    'name, value', [('lambda_a', 0), ('lambda_a', 1), ('lambda_b', 0)]
)
def test_arguments_are_in_range(name, value):
    with pytest.raises(ValueError, match=f'{name} must be .* got {value}'):
        PerplexityWeight(**{name: value})


def test_the_mean_may_be_of_each_side_of_the_threshold(batch):
    cam, valid = batch
    weight = weigh(PerplexityWeight(mean_of='sides'), cam, 0.7, valid)
    above = cam.amax(dim=1) >= 0.7
    for side in (valid & above, valid & ~above):
        assert side.any()
        assert weight[side].mean().item() == pytest.approx(1, rel=1e-5)
    assert not weight[~valid].any()
    # within a side the ratios are those of the paper's weights
    paper = weigh(PerplexityWeight(), cam, 0.7, valid)
    ratio = (weight / paper)[valid & above]
    assert ratio.max().item() == pytest.approx(ratio.min().item(), rel=1e-4)


def test_one_side_may_be_empty():
    cam = torch.full((1, 2, 3, 3), 0.1)
    weight = weigh(
        PerplexityWeight(mean_of='sides'), cam, 0.5, torch.ones(1, 3, 3).bool()
    )
    torch.testing.assert_close(weight, torch.ones(1, 3, 3))


def test_an_unknown_mean_is_refused():
    with pytest.raises(ValueError, match="'all', 'sides', got 'both'"):
        PerplexityWeight(mean_of='both')
