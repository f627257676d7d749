"""CAM-to-segmentation loss: CAM pseudo labels supervise the segmentation."""

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from mmengine.dist import all_reduce
from mmengine.registry import MODELS
from torch import Tensor, nn

from cosa_mmseg.models.pseudo_labels.cam import IGNORE_INDEX
from cosa_mmseg.utils.dtype import promote_half

EPS = 1e-6  # released code


def fg_bg_cross_entropy(
    seg_logits: Tensor,
    label: Tensor,
    weight: Tensor | None = None,
    fg_share: float | None = 0.5,
    over_ranks: bool = True,
) -> Tensor:
    r"""Cross-entropy, averaged over background and foreground separately.

    ``(1 - a) * mean_{y=0} CE + a * mean_{y in 1..C} CE``, each mean over its
    own pixel count + 1e-6 of the whole batch, so that an empty set adds an
    exact 0.  A weight multiplies each pixel's term; the denominators stay the
    counts (released code; paper for the weight).

    In distributed training the mean of the processes' losses, whose gradient
    each of them gets, is that of all their batches in one, unless
    ``over_ranks`` is False (ours): each sum is divided by the mean count of a
    process.  All processes must then call it.

    Args:
        seg_logits (Tensor): ``S``, (N, K, H, W).
        label (Tensor): Hard labels, int64 (N, H, W), or soft ones,
            probabilities (N, K, H, W); soft ones are split by their argmax.
        weight (Tensor, optional): Reliability of each pixel, (N, H, W).
        fg_share (float, optional): ``a`` in [0, 1]; None: the plain mean over
            all pixels that are not ignored.
        over_ranks (bool): Whether the counts are those of all processes'
            batches, or of this process's batch alone (released code).

    Returns:
        Tensor: 0-d, finite, with a gradient path, whatever is ignored.

    Raises:
        ValueError: If the shapes do not fit.
    """
    _check_label(seg_logits, label)
    term = _cross_entropies(seg_logits, [label])[0]
    return _balance(term, label, weight, fg_share, over_ranks)


def _check_label(seg_logits: Tensor, label: Tensor) -> None:
    """Raise unless hard or soft labels fit the logits."""
    expected = tuple(seg_logits.shape)
    if label.ndim != 4:
        expected = (expected[0], *expected[2:])
    if tuple(label.shape) != expected:
        raise ValueError(
            f'labels of shape {tuple(label.shape)} do not fit logits of shape '
            f'{tuple(seg_logits.shape)}: expected {expected}'
        )


def _cross_entropies(
    seg_logits: Tensor, labels: Sequence[Tensor]
) -> list[Tensor]:
    """Cross-entropy of each pixel to each of some labels, (N, H, W) each.

    One log-softmax serves all of them, and of hard labels one gather does,
    whose gradient is a single map of the size of the logits.  Where a pixel
    is ignored the value has no meaning.
    """
    log_prob = promote_half(seg_logits).log_softmax(dim=1)
    hard = [label for label in labels if label.ndim != 4]
    picked: Iterator[Tensor] = iter(())
    if hard:
        index = torch.stack(hard, dim=1)  # (N, T, H, W)
        index = index.masked_fill(index == IGNORE_INDEX, 0)
        picked = iter(log_prob.gather(1, index).neg().unbind(dim=1))
    return [
        -(label * log_prob).sum(dim=1) if label.ndim == 4 else next(picked)
        for label in labels
    ]


def _balance(
    term: Tensor,
    label: Tensor,
    weight: Tensor | None,
    fg_share: float | None,
    over_ranks: bool,
) -> Tensor:
    """Weighted means of background and foreground, weighed, 0-d."""
    if weight is not None:
        term = term * weight
    hard = label.argmax(dim=1) if label.ndim == 4 else label
    valid = hard != IGNORE_INDEX
    if fg_share is None:
        return _means(term, [valid], over_ranks)[0]
    sides = [hard == 0, valid & (hard != 0)]
    background, foreground = _means(term, sides, over_ranks)
    return (1 - fg_share) * background + fg_share * foreground


def _means(
    term: Tensor, masks: Sequence[Tensor], over_ranks: bool
) -> list[Tensor]:
    """Mean of ``term`` in each mask; exactly 0 where a mask is empty."""
    counts = torch.stack([mask.sum() for mask in masks]).float()
    if over_ranks:
        all_reduce(counts, op='mean')
    return [
        (term * mask).sum() / (count + EPS)
        for mask, count in zip(masks, counts, strict=True)
    ]


@MODELS.register_module()
class C2SLoss(nn.Module):
    """CAM-to-segmentation loss ``L_c2s``.

    ``(1 - s) * L(main CPL) + s * L(auxiliary CPL)`` with ``L`` of
    :func:`fg_bg_cross_entropy` (paper, released code).

    Args:
        fg_share (float, optional): ``a`` of :func:`fg_bg_cross_entropy`.
        aux_share (float): ``s``, the share of the auxiliary CAM's pseudo
            labels, in [0, 1].
        over_ranks (bool): Whether several processes do what one does with
            all their batches in one; False: each divides by the numbers of
            pixels of its own batch (released code).
        loss_weight (float): Factor of the whole.

    Raises:
        ValueError: If a share is outside [0, 1].
    """

    def __init__(
        self,
        fg_share: float | None = 0.5,
        aux_share: float = 0.5,
        over_ranks: bool = True,
        loss_weight: float = 1.0,
    ) -> None:
        super().__init__()
        if fg_share is not None and not 0 <= fg_share <= 1:
            raise ValueError(f'fg_share must be in [0, 1], got {fg_share}')
        if not 0 <= aux_share <= 1:
            raise ValueError(f'aux_share must be in [0, 1], got {aux_share}')
        self.fg_share = fg_share
        self.aux_share = aux_share
        self.over_ranks = over_ranks
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
        targets = [target for target in targets if target[0] > 0]
        labels = [target for _, target, _ in targets]
        for target in labels:
            _check_label(seg_logits, target)
        terms = _cross_entropies(seg_logits, labels)
        losses = [
            share
            * _balance(term, target, weights, self.fg_share, self.over_ranks)
            for term, (share, target, weights) in zip(
                terms, targets, strict=True
            )
        ]
        return self.loss_weight * torch.stack(losses).sum()

    def extra_repr(self) -> str:
        """Settings, for ``print(module)``."""
        return (
            f'fg_share={self.fg_share}, aux_share={self.aux_share}, '
            f'over_ranks={self.over_ranks}, loss_weight={self.loss_weight}'
        )
