"""Segmentation pseudo labels: probabilities of the present classes."""

import torch
from mmengine.registry import MODELS
from torch import Tensor, nn

from cosa_mmseg.utils.dtype import promote_half

from ..ops.checks import check_range, check_shape

ABSENT_LOGIT = -1e5


def restrict_logits(seg_logits: Tensor, img_label: Tensor) -> Tensor:
    """Set the logits of absent classes to -1e5; background is always present.

    Args:
        seg_logits (Tensor): (N, K, H, W), background first.
        img_label (Tensor): Multi-hot image-level labels, (N, C = K - 1).

    Returns:
        Tensor: (N, K, H, W), float32 or float64.

    Raises:
        ValueError: If the shapes do not fit.
    """
    background = torch.ones_like(img_label[:, :1])
    present = torch.cat([background, img_label], dim=1)
    check_shape([*present.shape, None, None], seg_logits=seg_logits)
    absent = present[:, :, None, None] == 0
    return promote_half(seg_logits).masked_fill(absent, ABSENT_LOGIT)


@MODELS.register_module()
class RestrictedSoftmax(nn.Module):
    r"""Segmentation pseudo labels (SPL) of the classes that are present.

    ``softmax(S' / tau)`` with ``S'`` the logits whose absent classes are
    -1e5 (paper and released code).

    Args:
        temperature (float): ``tau`` > 0; the smaller, the harder the labels.

    Raises:
        ValueError: If the temperature is not positive.
    """

    def __init__(self, temperature: float = 0.01) -> None:
        super().__init__()
        check_range('(0, inf)', temperature=temperature)
        self.temperature = temperature

    def forward(self, seg_logits: Tensor, img_label: Tensor) -> Tensor:
        """Probabilities of a batch.

        Args:
            seg_logits (Tensor): (N, K, H, W).
            img_label (Tensor): Multi-hot image-level labels, (N, C).

        Returns:
            Tensor: SPL, (N, K, H, W) in [0, 1].

        Raises:
            ValueError: If the shapes do not fit.
        """
        restricted = restrict_logits(seg_logits, img_label)
        return (restricted / self.temperature).softmax(dim=1)
