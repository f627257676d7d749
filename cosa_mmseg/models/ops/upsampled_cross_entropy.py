"""Cross-entropy of upsampled logits that never exist as a whole."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from cosa_mmseg.models.ops.cam import IGNORE_INDEX

from .upsampled_logits import UpsampledLogits


class _UpsampledCrossEntropy(torch.autograd.Function):
    """Value and gradient in one pass over blocks of rows.

    The gradient hangs on nothing that comes later but a factor, so that one
    softmax serves both, and what is kept for backward has the size of the
    logits.
    """

    @staticmethod
    def forward(
        ctx: Any,
        logits: Tensor,
        labels: Sequence[Tensor],
        weights: Sequence[Tensor],
    ) -> Tensor:
        whole = UpsampledLogits(logits, weights[0].shape[1:])
        labels = [
            label.masked_fill(label == IGNORE_INDEX, 0)[:, None]
            for label in labels
        ]  # (N, 1, H, W), as the weights
        weights = [
            weight.detach()[:, None].to(whole.wide) for weight in weights
        ]
        mass = torch.stack(weights).sum(dim=0)
        loss = whole.wide.new_zeros(())
        for rows in whole.blocks():
            log_prob = whole.rows(rows).log_softmax(dim=1)
            gradient = log_prob.exp().mul_(mass[:, :, rows])
            for label, weight in zip(labels, weights, strict=True):
                label, weight = label[:, :, rows], weight[:, :, rows]
                loss -= (weight * log_prob.gather(1, label)).sum()
                gradient.scatter_add_(1, label, -weight)
            whole.add_gradient(rows, gradient)
        ctx.save_for_backward(whole.gradient())
        ctx.dtype = logits.dtype
        return loss

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_output: Tensor) -> tuple[Tensor, None, None]:
        (gradient,) = ctx.saved_tensors
        return (gradient * grad_output).to(ctx.dtype), None, None


def upsampled_cross_entropy(
    logits: Tensor, labels: Sequence[Tensor], weights: Sequence[Tensor]
) -> Tensor:
    r"""Weighted sum of the cross-entropies of pixels to one or more labels.

    ``sum_t sum_i w_ti CE(S_i, y_ti)``, where ``S`` are the logits, resized
    bilinearly to the size of the labels.  Half precision is computed in
    float32, also under autocast.  There is no second derivative, and none for
    labels and weights.

    Args:
        logits (Tensor): (N, K, h, w).
        labels (Sequence[Tensor]): int64 (N, H, W) each.
        weights (Sequence[Tensor]): Of the pixels, (N, H, W) each; 0 where a
            label is 255.

    Returns:
        Tensor: 0-d, at least float32.
    """
    return _UpsampledCrossEntropy.apply(logits, labels, weights)
