import math

import pytest
import torch
import torch.nn.functional as F
from torch.profiler import ProfilerActivity, profile

from cosa_mmseg.models.losses import fg_bg_cross_entropy
from tests.models.losses.calls import C2SLoss
from tests.oracles import seg_losses


def balanced(logits, label, weight=None, fg_share=0.5):
    """The loss of one target."""
    return fg_bg_cross_entropy(logits, [(1.0, label, weight)], fg_share)


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 4, 5, 6, generator=generator)
    label = torch.randint(0, 4, (2, 5, 6), generator=generator)
    label[0, :2] = 255
    weight = torch.rand(2, 5, 6, generator=generator)
    return logits, label, weight


@pytest.mark.parametrize('weighted', [False, True])
@pytest.mark.parametrize('fg_share', [0.0, 0.3, 1.0])
def test_equals_the_loop_form(batch, weighted, fg_share):
    logits, label, weight = batch
    weight = weight if weighted else None
    got = balanced(logits, label, weight, fg_share)
    expected = seg_losses.fg_bg_cross_entropy(logits, label, weight, fg_share)
    assert got.item() == pytest.approx(expected, rel=1e-5)


def test_by_hand():
    # two pixels, equal logits: each term is log 2
    logits = torch.zeros(1, 2, 1, 2)
    label = torch.tensor([[[0, 1]]])
    got = balanced(logits, label, fg_share=0.25)
    assert got.item() == pytest.approx(math.log(2), rel=1e-5)


def test_all_ignored_is_zero_with_a_gradient(batch):
    logits = batch[0].requires_grad_()
    label = torch.full((2, 5, 6), 255)
    loss = C2SLoss()(logits, label, label)
    loss.backward()
    assert loss.item() == 0
    assert torch.equal(logits.grad, torch.zeros_like(logits))


def test_two_targets_share(batch):
    logits, label, _ = batch
    other = label.flip(0)
    got = C2SLoss(aux_share=0.25, loss_weight=2.0)(logits, label, other)
    expected = 2 * (
        0.75 * balanced(logits, label) + 0.25 * balanced(logits, other)
    )
    assert torch.allclose(got, expected)


@pytest.mark.parametrize('size', [(5, 6), (3, 4)])
def test_gradcheck(batch, size):
    logits, label, weight = batch
    assert torch.autograd.gradcheck(
        lambda x: balanced(x, label, weight.double()),
        logits[..., : size[0], : size[1]].double().requires_grad_(),
    )


def test_a_second_derivative_is_refused(batch):
    logits = batch[0].requires_grad_()
    value = balanced(logits, batch[1]).square()
    (grad,) = torch.autograd.grad(value, logits, create_graph=True)
    with pytest.raises(RuntimeError, match='once_differentiable'):
        grad.sum().backward()


def test_nothing_of_full_size_has_the_channels():
    logits = torch.randn(1, 64, 4, 4, requires_grad=True)
    label = torch.randint(0, 64, (1, 512, 512))
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as p:
        C2SLoss(aux_share=0)(logits, label).backward()
    # the whole would be 64 MiB
    most = max(event.self_cpu_memory_usage for event in p.events())
    assert most < 20 * 2**20


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_gradient_of_half_precision_is_scaled_before_it_is_rounded(dtype):
    # float16 holds nothing as small as the gradient of one of many pixels
    logits = torch.zeros(1, 2, 4, 4, dtype=dtype, requires_grad=True)
    label = torch.zeros(1, 512, 512, dtype=torch.long)
    label[:, :, 256:] = 1
    scale = 2.0**16
    (scale * C2SLoss(aux_share=0, loss_weight=1e-6)(logits, label)).backward()
    again = logits.detach().float().requires_grad_()
    (scale * C2SLoss(aux_share=0, loss_weight=1e-6)(again, label)).backward()
    assert logits.grad.dtype == dtype and logits.grad.any()
    torch.testing.assert_close(logits.grad, again.grad.to(dtype))


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_precision_counts_all_pixels(dtype):
    # 300 x 300 pixels are more than float16 can count
    logits = torch.zeros(1, 2, 300, 300, dtype=dtype)
    label = torch.zeros(1, 300, 300, dtype=torch.long)
    got = balanced(logits, label, fg_share=0.0)
    assert got.item() == pytest.approx(math.log(2), rel=1e-5)


def test_inputs_are_not_changed(batch):
    before = [tensor.clone() for tensor in batch]
    C2SLoss()(batch[0], batch[1], batch[1], batch[2])
    assert all(torch.equal(a, b) for a, b in zip(batch, before, strict=True))


def test_logits_are_resized_to_the_labels(batch):
    logits, label, weight = batch
    small = logits[..., :3, :4].clone().requires_grad_()
    again = small.detach().clone().requires_grad_()
    whole = F.interpolate(again, (5, 6), mode='bilinear')
    got = C2SLoss()(small, label, label.flip(0), weight)
    expected = C2SLoss()(whole, label, label.flip(0), weight)
    got.backward()
    expected.backward()
    torch.testing.assert_close(got, expected)
    torch.testing.assert_close(small.grad, again.grad)


def test_wrong_shapes_are_named(batch):
    logits, label, weight = batch
    with pytest.raises(ValueError, match=r'^label .*\(2, 5, 6\), .*\(3, 5, 6'):
        C2SLoss()(logits, label[[0, 1, 0]], label)
    with pytest.raises(ValueError, match=r'^label .*\(2, 5, 6\), .*\(2, 5, 5'):
        C2SLoss()(logits, label, label[..., :5])
    with pytest.raises(ValueError, match=r'^weight .* got shape \(2, 5, 5\)'):
        C2SLoss()(logits, label, label, weight[..., :5])
