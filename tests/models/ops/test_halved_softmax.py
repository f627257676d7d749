import pytest
import torch
import torch.nn.functional as F

from cosa_mmseg.models.ops import halved_softmax as module
from cosa_mmseg.models.ops import upsampled_logits


def halved_softmax(logits, size=None):
    """By default at the size of the logits."""
    return module.halved_softmax(logits, size or logits.shape[-2:])


def whole(logits, size):
    """Softmax at full size, then resized: an independent form."""
    prob = F.interpolate(logits, size, mode='bilinear').softmax(1)
    return F.interpolate(prob, scale_factor=0.5, mode='bilinear')


@pytest.mark.parametrize('cache_bytes', [1, 1000, 2**21])
@pytest.mark.parametrize('size', [(12, 16), (11, 15), (2, 3), (16, 8)])
@pytest.mark.parametrize('coarse', [None, (3, 4), (16, 5), (20, 30)])
def test_equals_softmax_then_resize(size, coarse, cache_bytes, monkeypatch):
    monkeypatch.setattr(upsampled_logits, 'CACHE_BYTES', cache_bytes)
    logits = 3 * torch.randn(2, 5, *(coarse or size))
    once = logits.clone().requires_grad_()
    again = logits.clone().requires_grad_()
    result, expected = halved_softmax(once, size), whole(again, size)
    torch.testing.assert_close(result, expected)
    assert result.is_contiguous(memory_format=torch.channels_last)
    weight = torch.randn_like(expected)
    (result * weight).sum().backward()
    (expected * weight).sum().backward()
    torch.testing.assert_close(once.grad, again.grad)


def test_one_value_by_hand():
    # p of the first channel: 1/2, 1/2, 3/4, 3/4
    logits = torch.zeros(1, 2, 2, 2)
    logits[0, 0, 1] = torch.tensor(3.0).log()
    result = halved_softmax(logits)
    assert result.flatten().tolist() == pytest.approx([0.625, 0.375], rel=1e-5)


def test_gradient():
    logits = torch.randn(2, 3, 5, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(halved_softmax, logits)


def test_a_second_derivative_is_refused():
    logits = torch.randn(1, 3, 4, 4, requires_grad=True)
    value = halved_softmax(logits).square().sum()
    (grad,) = torch.autograd.grad(value, logits, create_graph=True)
    with pytest.raises(RuntimeError, match='once_differentiable'):
        grad.sum().backward()


def test_any_memory_layout():
    logits = torch.randn(2, 5, 8, 6)
    other = logits.contiguous(memory_format=torch.channels_last)
    other.requires_grad_()
    result = halved_softmax(other)
    torch.testing.assert_close(result, halved_softmax(logits))
    result.square().sum().backward()
    logits.requires_grad_()
    halved_softmax(logits).square().sum().backward()
    torch.testing.assert_close(other.grad, logits.grad)


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_half_precision(dtype):
    half = torch.randn(1, 4, 6, 6).to(dtype).requires_grad_()
    full = half.detach().float().requires_grad_()
    result, expected = halved_softmax(half), halved_softmax(full)
    assert result.dtype == torch.float32
    torch.testing.assert_close(result, expected)
    result.square().sum().backward()
    expected.square().sum().backward()
    torch.testing.assert_close(half.grad, full.grad.to(dtype))


def test_too_small_to_halve():
    assert halved_softmax(torch.randn(1, 2, 1, 4)).shape == (1, 2, 0, 2)
