"""Segmentation pseudo labels: probabilities of the present classes."""

import torch
from mmengine.registry import MODELS
from torch import Tensor, nn

from cosa_mmseg.utils.dtype import promote_half

from ..ops.cam import (
    IGNORE_INDEX,
    check_labels,
)

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
    check_labels(seg_logits, img_label, num_extra=1)
    absent = (_with_background(img_label) == 0)[:, :, None, None]
    return promote_half(seg_logits).masked_fill(absent, ABSENT_LOGIT)


def confident_label(prob: Tensor, ratio: float) -> Tensor:
    """Argmax where the best probability is ``ratio`` times the second best.

    Args:
        prob (Tensor): Probabilities, (N, K, H, W), K at least 2.
        ratio (float): At least 1.

    Returns:
        Tensor: int64 (N, H, W); 255 where the two best are too close.
    """
    best = prob.topk(2, dim=1)
    clear = best.values[:, 0] >= ratio * best.values[:, 1]
    return best.indices[:, 0].masked_fill(~clear, IGNORE_INDEX)


def _with_background(img_label: Tensor) -> Tensor:
    """Put a present background before the labels: (N, C) -> (N, C + 1)."""
    return torch.cat([torch.ones_like(img_label[:, :1]), img_label], dim=1)


@MODELS.register_module()
class RestrictedSoftmax(nn.Module):
    r"""Segmentation pseudo labels (SPL) of the classes that are present.

    ``softmax(S' / tau)`` with ``S'`` the logits whose absent classes are
    -1e5 (paper and released code).

    Args:
        temperature (float): ``tau`` > 0; the smaller, the harder the labels.
        after_softmax (bool): Restrict the probabilities of all classes
            instead (they then do not sum to 1): a variant of the released
            code.

    Raises:
        ValueError: If the temperature is not positive.
    """

    def __init__(
        self, temperature: float = 0.01, after_softmax: bool = False
    ) -> None:
        super().__init__()
        if temperature <= 0:
            raise ValueError(f'temperature must be > 0, got {temperature}')
        self.temperature = temperature
        self.after_softmax = after_softmax

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
        if not self.after_softmax:
            restricted = restrict_logits(seg_logits, img_label)
            return (restricted / self.temperature).softmax(dim=1)
        check_labels(seg_logits, img_label, num_extra=1)
        prob = (promote_half(seg_logits) / self.temperature).softmax(dim=1)
        return prob * _with_background(img_label).to(prob)[:, :, None, None]

    def extra_repr(self) -> str:
        """Settings, for ``print(module)``."""
        return (
            f'temperature={self.temperature}, '
            f'after_softmax={self.after_softmax}'
        )
