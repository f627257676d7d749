"""Softmax over the channels at half the size, without one at full size."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from cosa_mmseg.utils.host import on_host

CACHE_BYTES = 2**21  # of a block, for each CPU thread: what a core keeps near
DEVICE_BYTES = 2**28  # of a block on a GPU: bounds what is in memory at once


class _HalvedSoftmax(torch.autograd.Function):
    """A block of rows at a time, from the logits alone, in both directions."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor) -> Tensor:
        ctx.save_for_backward(logits)
        num_images, num_channels, height, width = logits.shape
        out = torch.empty(
            (num_images, num_channels, height // 2, width // 2),
            dtype=_softmax_dtype(logits),
            device=logits.device,
            memory_format=torch.channels_last,
        )
        for rows in _blocks(logits):
            prob = _softmax(logits, rows)  # (N, K, r, 2, 2w)
            prob = prob[:, :, :, 0] + prob[:, :, :, 1]
            prob = prob[..., ::2] + prob[..., 1::2]
            out[:, :, rows] = prob.mul_(0.25)
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_out: Tensor) -> Tensor:
        (logits,) = ctx.saved_tensors
        height, width = (side // 2 * 2 for side in logits.shape[-2:])
        grad = torch.empty_like(logits, memory_format=torch.contiguous_format)
        grad[:, :, height:] = 0  # an odd last row or column has no partner
        grad[..., width:] = 0
        pairs = grad[:, :, :height, :width].unflatten(2, (-1, 2))
        for rows in _blocks(logits):
            prob = _softmax(logits, rows)  # (N, K, r, 2, 2w)
            pull = 0.25 * grad_out[:, :, rows].contiguous()  # (N, K, r, w)
            pull = prob * _repeat_columns(pull).unsqueeze(3)
            mean = pull.sum(1, keepdim=True)
            pairs[:, :, rows] = pull.addcmul_(prob, mean, value=-1)
        return grad


def halved_softmax(logits: Tensor) -> Tensor:
    """Mean of the softmax over each 2 x 2 pixels.

    This is ``softmax(S, dim=1)``, resized bilinearly to half the size.  An odd
    last row or column is left out.  Neither direction holds probabilities at
    full size: both compute them, some rows at a time.

    Args:
        logits: S, (N, K, H, W), of any floating type.

    Returns:
        (N, K, H // 2, W // 2) in channels-last memory, at least float32.
    """
    return _HalvedSoftmax.apply(logits)


def _softmax_dtype(logits: Tensor) -> torch.dtype:
    return torch.promote_types(logits.dtype, torch.float32)


def _softmax(logits: Tensor, rows: slice) -> Tensor:
    """Of pairs of rows and an even number of columns: (N, K, r, 2, 2w)."""
    width = logits.shape[-1] // 2 * 2
    block = logits[:, :, 2 * rows.start : 2 * rows.stop, :width]
    prob = block.softmax(1, dtype=_softmax_dtype(logits))
    return prob.unflatten(2, (-1, 2))


def _repeat_columns(maps: Tensor) -> Tensor:
    """Each column twice: (..., w) -> (..., 2w)."""
    out = maps.new_empty(*maps.shape, 2)
    out[..., 0] = maps
    out[..., 1] = maps
    return out.flatten(-2)


def _blocks(logits: Tensor) -> Iterator[slice]:
    """Rows of the half-size map, as many at a time as a block may hold."""
    num_images, num_channels, height, width = logits.shape
    budget = DEVICE_BYTES
    if on_host(logits):
        budget = CACHE_BYTES * torch.get_num_threads()
    pair = 2 * width * num_channels * num_images * 4  # bytes in float32
    step = max(budget // max(pair, 1), 1)
    for start in range(0, height // 2, step):
        yield slice(start, min(start + step, height // 2))
