"""Segmentation-to-CAM loss with hard labels."""

import torch
from mmengine.registry import MODELS
from torch import Tensor, nn

from cosa_mmseg.models.ops.cam import IGNORE_INDEX
from cosa_mmseg.structures import CoSABatch, NetworkOutput, PseudoLabels
from cosa_mmseg.utils.dtype import promote_half

from ..ops.checks import check_range, check_shape
from .c2s_loss import fg_bg_cross_entropy
from .s2c_loss import scale_cam


@MODELS.register_module()
class S2CCrossEntropyLoss(nn.Module):
    r"""Segmentation-to-CAM loss with hard labels.

    The SPL's argmax, ignored where its probability is at most ``confidence``,
    supervises ``[1 - max_c n, n]``, ``n`` = :func:`scale_cam`, resized to the
    labels and taken as logits, in :func:`fg_bg_cross_entropy` (the released
    code's version 3).

    Args:
        confidence (float): Labels of at most this probability are ignored, in
            [0, 1].
        fg_share (float): ``a`` of :func:`fg_bg_cross_entropy`, in [0, 1].
        loss_weight (float): Factor of the whole, at least 0.

    Raises:
        ValueError: If an argument is out of range.
    """

    def __init__(
        self,
        confidence: float = 0.25,
        fg_share: float = 0.5,
        loss_weight: float = 1.0,
    ) -> None:
        super().__init__()
        check_range('[0, 1]', confidence=confidence, fg_share=fg_share)
        check_range('[0, inf)', loss_weight=loss_weight)
        self.confidence = confidence
        self.fg_share = fg_share
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
        check_shape(
            [len(output.cam), len(pseudo.classes) + 1, None, None],
            seg_prob=pseudo.seg_prob,
        )
        is_sure = pseudo.seg_prob.amax(dim=1) > self.confidence
        label = pseudo.seg_label.masked_fill(~is_sure, IGNORE_INDEX)
        cam = scale_cam(promote_half(output.cam))
        background = 1 - cam.amax(dim=1, keepdim=True)
        scores = torch.cat([background, cam], dim=1)
        loss = fg_bg_cross_entropy(scores, [(1, label, None)], self.fg_share)
        return self.loss_weight * loss
