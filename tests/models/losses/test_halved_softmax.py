import pytest
import torch
import torch.nn.functional as F

from cosa_mmseg.models.losses import halved_softmax as module
from cosa_mmseg.models.losses.halved_softmax import halved_softmax


def whole(logits):
    """Softmax at full size, then resized: an independent form."""
    prob = logits.softmax(1)
    return F.interpolate(prob, scale_factor=0.5, mode='bilinear')


@pytest.mark.parametrize('cache_bytes', [1, 1000, 2**21])
@pytest.mark.parametrize('size', [(12, 16), (11, 15), (2, 3), (16, 8)])
def test_equals_softmax_then_resize(size, cache_bytes, monkeypatch):
    monkeypatch.setattr(module, 'CACHE_BYTES', cache_bytes)
    logits = 3 * torch.randn(2, 5, *size)
    once = logits.clone().requires_grad_()
    again = logits.clone().requires_grad_()
    result, expected = halved_softmax(once), whole(again)
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
    assert result.flatten().tolist() == pytest.approx([0.625, 0.375])


def test_gradient():
    logits = torch.randn(2, 3, 5, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(halved_softmax, logits)


def test_any_memory_layout():
    logits = torch.randn(2, 5, 8, 6)
    other = logits.contiguous(memory_format=torch.channels_last)
    other.requires_grad_()
    result = halved_softmax(other)
    assert torch.equal(result, halved_softmax(logits))
    result.square().sum().backward()
    logits.requires_grad_()
    halved_softmax(logits).square().sum().backward()
    torch.testing.assert_close(other.grad, logits.grad)


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_half_precision(dtype):
    half = torch.randn(1, 4, 6, 6).to(dtype).requires_grad_()
    full = half.detach().float().requires_grad_()
    result, expected = halved_softmax(half), halved_softmax(full)
    assert result.dtype == torch.float32 and torch.equal(result, expected)
    result.square().sum().backward()
    expected.square().sum().backward()
    assert torch.equal(half.grad, full.grad.to(dtype))


def test_too_small_to_halve():
    assert halved_softmax(torch.randn(1, 2, 1, 4)).shape == (1, 2, 0, 2)
