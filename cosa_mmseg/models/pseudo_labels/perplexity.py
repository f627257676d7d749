"""Reliability of CAM pseudo labels: far from the threshold is trusted."""

import torch
from mmengine.dist import all_gather
from mmengine.registry import MODELS
from torch import Tensor, nn

from cosa_mmseg.utils.dtype import promote_half

from ..ops.checks import check_choice, check_range, check_shape


def perplexity(
    confidence: Tensor,
    threshold: Tensor | float,
    lambda_a: float = 0.8,
    lambda_b: float = 1.0,
) -> Tensor:
    r"""Perplexity of labels that are made by comparing with a threshold.

    ``P = (-log(lambda_a * d)) ** lambda_b`` with the normalised distance
    ``d = (v - xi) / (1 - xi)`` where ``v >= xi``, else ``(xi - v) / xi``
    (paper, RAW).  It falls with the distance; at ``v = xi``, where the formula
    has no bound, it is the largest finite number.

    Args:
        confidence (Tensor): ``v`` in [0, 1], any shape.
        threshold (Tensor | float): ``xi`` in (0, 1), 0-d.
        lambda_a (float): In (0, 1): keeps P positive at ``d = 1``.
        lambda_b (float): Positive.

    Returns:
        Tensor: ``P``, same shape, float32 (float64 stays float64), finite
        and positive.
    """
    v = promote_half(confidence)
    xi = torch.as_tensor(threshold, dtype=v.dtype, device=v.device)
    limits = torch.finfo(v.dtype)
    length = torch.where(v >= xi, 1 - xi, xi).clamp(min=limits.tiny)
    distance = (v - xi).abs() / length
    value = (-(lambda_a * distance).log()) ** lambda_b
    return value.clamp(limits.tiny, limits.max)


def reliability_weight(
    value: Tensor, valid_mask: Tensor, over_ranks: bool = True
) -> Tensor:
    r"""Weights of pixels, inverse to their perplexity.

    ``w = (1 / P) / mean(1 / P)``, the mean over the batch's valid pixels
    (paper, RAW); in distributed training over those of all processes' batches
    (ours).

    Args:
        value (Tensor): Perplexity ``P`` > 0, (N, H, W).
        valid_mask (Tensor): True where real pixels are, (N, H, W).
        over_ranks (bool): Whether the mean is over all processes, which then
            must all call this, or over this one's batch.

    Returns:
        Tensor: ``w`` >= 0 of mean 1 over the valid pixels, 0 elsewhere,
        (N, H, W), at least float32.

    Raises:
        ValueError: If the shapes differ.
    """
    check_shape(valid_mask.shape, perplexity=value)
    value = promote_half(value)
    # relative to the best pixel no sum can overflow, and none vanishes
    limit = torch.finfo(value.dtype).max
    least = value.masked_fill(~valid_mask, limit).amin()
    inverse = (least / value).masked_fill(~valid_mask, 0)  # in [0, 1]
    own = torch.stack([least, inverse.sum(), valid_mask.sum().to(least)])
    # of each process, (R,) each
    parts = all_gather(own) if over_ranks else [own]
    leasts, totals, counts = torch.stack(parts).unbind(dim=1)
    best = leasts.amin()
    total = (totals * (best / leasts)).sum().clamp(min=1)
    return inverse * (best / least * (counts.sum() / total))


@MODELS.register_module()
class PerplexityWeight(nn.Module):
    """Reliability-based adaptive weighting (RAW): weights for ``L_c2s``.

    :func:`reliability_weight` of the :func:`perplexity` of the pixels'
    confidence (paper); in evaluation mode each process is on its own.

    Another measure takes its place if it has this ``forward``: it gets the
    maps, too, so that it may look beyond their maximum.

    Args:
        lambda_a (float): Factor of the distance, in (0, 1).
        lambda_b (float): Exponent, positive.
        mean_of (str): What has a mean weight of 1: ``'all'`` valid pixels
            (paper), or each of the two ``'sides'`` of the threshold (ours).
            Most of the background is far below the threshold and little of
            the foreground far above, so that the first lowers the share of
            the foreground in ``L_c2s``; the second leaves it as it is.

    Raises:
        ValueError: If an argument is out of range.
    """

    def __init__(
        self,
        lambda_a: float = 0.8,
        lambda_b: float = 1.0,
        mean_of: str = 'all',
    ) -> None:
        super().__init__()
        check_choice(('all', 'sides'), mean_of=mean_of)
        check_range('(0, 1)', lambda_a=lambda_a)
        check_range('(0, inf)', lambda_b=lambda_b)
        self.lambda_a = lambda_a
        self.lambda_b = lambda_b
        self.mean_of = mean_of

    def forward(
        self,
        confidence: Tensor,
        xi: Tensor | float,
        cam: Tensor,
        valid_mask: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Weights of a batch.

        Args:
            confidence (Tensor): ``v`` in [0, 1], (N, H, W).
            xi (Tensor | float): Threshold in (0, 1) that labels are made
                with, 0-d.
            cam (Tensor): Normalised maps in [0, 1], restricted to the
                image-level labels, (N, C, H, W).  Not used.
            valid_mask (Tensor): True where real pixels are, (N, H, W).

        Returns:
            tuple[Tensor, Tensor]: ``w``, of mean 1 over the real pixels, 0
            elsewhere, and ``P``, by which the contrastive separation selects
            pixels; (N, H, W) each, at least float32.

        Raises:
            ValueError: If the shapes do not fit.
        """
        value = perplexity(confidence, xi, self.lambda_a, self.lambda_b)
        over_ranks = self.training
        if self.mean_of == 'all':
            return reliability_weight(value, valid_mask, over_ranks), value
        above = confidence >= xi
        weight = reliability_weight(
            value, valid_mask & above, over_ranks
        ) + reliability_weight(value, valid_mask & ~above, over_ranks)
        return weight, value
