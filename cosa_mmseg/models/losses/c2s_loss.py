"""CAM-to-segmentation loss: CAM pseudo labels supervise the segmentation."""

from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from mmengine.registry import MODELS
from torch import Tensor, nn

from cosa_mmseg.utils.dtype import promote_half

EPS = 1e-6  # released code


def fg_bg_cross_entropy(
    seg_logits: Tensor,
    label: Tensor,
    weight: Tensor | None = None,
    fg_share: float | None = 0.5,
    ignore_index: int = 255,
) -> Tensor:
    r"""Cross-entropy, averaged over background and foreground separately.

    ``(1 - a) * mean_{y=0} CE + a * mean_{y in 1..C} CE``, each mean over its
    own pixel count + 1e-6 of the whole batch, so that an empty set adds an
    exact 0.  A weight multiplies each pixel's term; the denominators stay the
    counts (released code; paper for the weight).

    Args:
        seg_logits (Tensor): ``S``, (N, K, H, W).
        label (Tensor): Hard labels, int64 (N, H, W), or soft ones,
            probabilities (N, K, H, W); soft ones are split by their argmax.
        weight (Tensor, optional): Reliability of each pixel, (N, H, W).
        fg_share (float, optional): ``a`` in [0, 1]; None: the plain mean over
            all pixels that are not ignored.
        ignore_index (int): Hard labels left out.

    Returns:
        Tensor: 0-d, finite, with a gradient path, whatever is ignored.

    Raises:
        ValueError: If the shapes do not fit.
    """
    soft = label.ndim == 4
    expected = tuple(seg_logits.shape)
    expected = expected if soft else (expected[0], *expected[2:])
    if tuple(label.shape) != expected:
        raise ValueError(
            f'labels of shape {tuple(label.shape)} do not fit logits of shape '
            f'{tuple(seg_logits.shape)}: expected {expected}'
        )
    term = F.cross_entropy(
        promote_half(seg_logits),
        label,
        reduction='none',
        ignore_index=-100 if soft else ignore_index,  # -100: torch's default
    )  # (N, H, W)
    if weight is not None:
        term = term * weight
    hard = label.argmax(dim=1) if soft else label
    valid = hard != ignore_index
    if fg_share is None:
        return _mean(term, valid)
    background = _mean(term, hard == 0)
    foreground = _mean(term, valid & (hard != 0))
    return (1 - fg_share) * background + fg_share * foreground


def _mean(term: Tensor, mask: Tensor) -> Tensor:
    """Mean of ``term`` where ``mask``; exactly 0 where the mask is empty."""
    return (term * mask).sum() / (mask.sum() + EPS)


@MODELS.register_module()
class C2SLoss(nn.Module):
    """CAM-to-segmentation loss ``L_c2s``.

    ``(1 - s) * L(main CPL) + s * L(auxiliary CPL)`` with ``L`` of
    :func:`fg_bg_cross_entropy` (paper, released code).

    Args:
        fg_share (float, optional): ``a`` of :func:`fg_bg_cross_entropy`.
        aux_share (float): ``s``, the share of the auxiliary CAM's pseudo
            labels, in [0, 1].
        loss_weight (float): Factor of the whole.

    Raises:
        ValueError: If a share is outside [0, 1].
    """

    def __init__(
        self,
        fg_share: float | None = 0.5,
        aux_share: float = 0.5,
        loss_weight: float = 1.0,
    ) -> None:
        super().__init__()
        if fg_share is not None and not 0 <= fg_share <= 1:
            raise ValueError(f'fg_share must be in [0, 1], got {fg_share}')
        if not 0 <= aux_share <= 1:
            raise ValueError(f'aux_share must be in [0, 1], got {aux_share}')
        self.fg_share = fg_share
        self.aux_share = aux_share
        self.loss_weight = loss_weight

    def forward(
        self,
        seg_logits: Tensor,
        label: Tensor,
        label_aux: Tensor | None = None,
        weight: Tensor | None = None,
        weight_aux: Tensor | None = None,
    ) -> Tensor:
        """Loss of a batch.

        Args:
            seg_logits (Tensor): At the size of the labels, (N, K, H, W).
            label (Tensor): Pseudo labels of the main CAM, int64 (N, H, W), or
                soft (N, K, H, W).
            label_aux (Tensor, optional): Those of the auxiliary CAM; needed
                unless ``aux_share`` is 0.
            weight (Tensor, optional): Reliability of the pixels of ``label``,
                (N, H, W).
            weight_aux (Tensor, optional): That of ``label_aux``.

        Returns:
            Tensor: 0-d.
        """
        targets: list[tuple[float, Any, Tensor | None]] = [
            (1 - self.aux_share, label, weight),
            (self.aux_share, label_aux, weight_aux),
        ]
        terms = [
            share
            * fg_bg_cross_entropy(seg_logits, target, weights, self.fg_share)
            for share, target, weights in targets
            if share > 0
        ]
        return self.loss_weight * torch.stack(terms).sum()

    def extra_repr(self) -> str:
        """Settings, for ``print(module)``."""
        return (
            f'fg_share={self.fg_share}, aux_share={self.aux_share}, '
            f'loss_weight={self.loss_weight}'
        )
