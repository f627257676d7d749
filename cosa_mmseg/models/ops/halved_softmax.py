"""Softmax over the channels at half the size, without one at full size."""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor
from torch.autograd.function import once_differentiable

from .upsampled_logits import UpsampledLogits


class _HalvedSoftmax(torch.autograd.Function):
    """A block of rows at a time, from the logits alone, in both directions."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor, size: Sequence[int]) -> Tensor:
        ctx.save_for_backward(logits)
        ctx.size = size
        whole = UpsampledLogits(logits, size)
        out = torch.empty(
            (*logits.shape[:2], size[0] // 2, size[1] // 2),
            dtype=whole.wide.dtype,
            device=logits.device,
            memory_format=torch.channels_last,
        )
        for rows in whole.blocks(multiple=2):
            prob = _softmax(whole, rows)  # (N, K, r, 2, 2w)
            prob = prob[:, :, :, 0] + prob[:, :, :, 1]
            prob = prob[..., ::2] + prob[..., 1::2]
            out[:, :, rows.start // 2 : rows.stop // 2] = prob.mul_(0.25)
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_out: Tensor) -> tuple[Tensor, None]:
        (logits,) = ctx.saved_tensors
        whole = UpsampledLogits(logits, ctx.size)
        for rows in whole.blocks(multiple=2):
            prob = _softmax(whole, rows)  # (N, K, r, 2, 2w)
            grad = 0.25 * grad_out[:, :, rows.start // 2 : rows.stop // 2]
            grad = grad.contiguous()[..., None].expand(-1, -1, -1, -1, 2)
            grad = prob * grad.flatten(-2).unsqueeze(3)  # each column twice
            mean = grad.sum(1, keepdim=True)
            grad = grad.addcmul_(prob, mean, value=-1).flatten(2, 3)
            # an odd last column has no partner
            grad = F.pad(grad, (0, ctx.size[1] % 2))
            whole.add_gradient(rows, grad)
        return whole.gradient().to(logits.dtype), None


def halved_softmax(logits: Tensor, size: Sequence[int]) -> Tensor:
    """Return the softmax of upsampled logits, averaged over each 2 x 2 pixels.

    This is ``softmax(S, dim=1)`` of the logits, resized bilinearly to
    ``size``, resized bilinearly to half of that.  An odd last row or column
    is left out.  Neither direction holds anything at full size: both compute
    it, some rows at a time.

    Args:
        logits: (N, K, h, w), of any floating type.
        size: H, W.

    Returns:
        (N, K, H // 2, W // 2) in channels-last memory, at least float32.
    """
    return _HalvedSoftmax.apply(logits, size)


def _softmax(whole: UpsampledLogits, rows: slice) -> Tensor:
    """Return the softmax of pairs of rows, (N, K, r, 2, 2w)."""
    block = whole.rows(rows)[..., : whole.size[1] // 2 * 2]
    return block.softmax(1).unflatten(2, (-1, 2))
