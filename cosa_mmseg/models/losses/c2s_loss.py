"""CAM-to-segmentation loss: CAM pseudo labels supervise the segmentation."""

from collections.abc import Sequence

import torch
from mmengine.dist import all_reduce
from mmengine.registry import MODELS
from torch import Tensor, nn

from cosa_mmseg.models.ops.cam import IGNORE_INDEX
from cosa_mmseg.structures import CoSABatch, NetworkOutput, PseudoLabels

from ..ops.checks import check_range, check_shape
from ..ops.upsampled_cross_entropy import upsampled_cross_entropy

EPS = 1e-6  # released code


def fg_bg_cross_entropy(
    seg_logits: Tensor,
    targets: Sequence[tuple[float, Tensor, Tensor | None]],
    fg_share: float | None = 0.5,
    over_ranks: bool = True,
) -> Tensor:
    r"""Cross-entropy, averaged over background and foreground separately.

    ``(1 - a) * mean_{y=0} CE + a * mean_{y in 1..C} CE``, each mean over its
    own pixel count + 1e-6 of the whole batch, so that an empty set adds an
    exact 0.  A weight multiplies each pixel's term; the denominators stay the
    counts (released code; paper for the weight).  The logits are resized to
    the labels, bilinearly, and not as a whole: see
    :func:`upsampled_cross_entropy`.

    In distributed training the mean of the processes' losses, whose gradient
    each of them gets, is that of all their batches in one, unless
    ``over_ranks`` is False (ours): each sum is divided by the mean count of a
    process.  All processes must then call it.

    Args:
        seg_logits (Tensor): ``S``, (N, K, h, w).
        targets (Sequence[tuple]): Of each target its share of the loss, the
            label, int64 (N, H, W), and the reliability of its pixels,
            (N, H, W), or None.
        fg_share (float, optional): ``a`` in [0, 1]; None: the plain mean over
            all pixels that are not ignored.
        over_ranks (bool): Whether the counts are those of all processes'
            batches, or of this process's batch alone (released code).

    Returns:
        Tensor: 0-d, finite, with a gradient path, whatever is ignored.

    Raises:
        ValueError: If the shapes do not fit.
    """
    expected = (len(seg_logits), *targets[0][1].shape[-2:])
    for _, label, weight in targets:
        check_shape(expected, label=label, weight=weight)
    return upsampled_cross_entropy(
        seg_logits,
        [label for _, label, _ in targets],
        [
            share * _pixel_weight(label, weight, fg_share, over_ranks)
            for share, label, weight in targets
        ],
    )


def _pixel_weight(
    label: Tensor,
    weight: Tensor | None,
    fg_share: float | None,
    over_ranks: bool,
) -> Tensor:
    """Return the factor of each pixel's cross-entropy, (N, H, W)."""
    valid = label != IGNORE_INDEX
    sides = [(1.0, valid)]
    if fg_share is not None:
        background = label == 0
        sides = [(1 - fg_share, background), (fg_share, valid & ~background)]
    counts = torch.stack([mask.sum() for _, mask in sides]).float()
    if over_ranks:
        all_reduce(counts, op='mean')
    # exactly 0 where a mask is empty
    shares = [
        mask * (share / (count + EPS))
        for (share, mask), count in zip(sides, counts, strict=True)
    ]
    total = torch.stack(shares).sum(dim=0)
    return total if weight is None else total * weight


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
        loss_weight (float): Factor of the whole, at least 0.

    Raises:
        ValueError: If a share is outside [0, 1] or ``loss_weight`` below 0.
    """

    def __init__(
        self,
        fg_share: float | None = 0.5,
        aux_share: float = 0.5,
        over_ranks: bool = True,
        loss_weight: float = 1.0,
    ) -> None:
        super().__init__()
        check_range('[0, 1]', fg_share=fg_share, aux_share=aux_share)
        check_range('[0, inf)', loss_weight=loss_weight)
        self.fg_share = fg_share
        self.aux_share = aux_share
        self.over_ranks = over_ranks
        self.loss_weight = loss_weight

    def forward(
        self, output: NetworkOutput, pseudo: PseudoLabels, batch: CoSABatch
    ) -> Tensor:
        """Loss of a batch.

        Args:
            output (NetworkOutput): Of the online network.
            pseudo (PseudoLabels): Of the assignment network.
            batch (CoSABatch): The batch.

        Returns:
            Tensor: 0-d.

        Raises:
            ValueError: If the shapes do not fit.
        """
        targets = [
            (1 - self.aux_share, pseudo.cam_label, pseudo.weight),
            (self.aux_share, pseudo.cam_label_aux, pseudo.weight_aux),
        ]
        targets = [target for target in targets if target[0] > 0]
        loss = fg_bg_cross_entropy(
            output.seg_logits, targets, self.fg_share, self.over_ranks
        )
        return self.loss_weight * loss
