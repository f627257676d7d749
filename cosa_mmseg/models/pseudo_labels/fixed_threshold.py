"""A confidence threshold that stays."""

import torch
from mmengine.registry import MODELS
from torch import Tensor, nn

from ..ops.checks import check_range


@MODELS.register_module()
class FixedThreshold(nn.Module):
    """Confidence threshold ``xi`` that stays as the config has it.

    It has the interface of an :class:`AdaptiveThreshold`; its value is no part
    of a checkpoint.

    Args:
        value (float): ``xi``, in (0, 1).

    Raises:
        ValueError: If the value is not in (0, 1).
    """

    num_images = 0
    xi: Tensor

    def __init__(self, value: float = 0.5) -> None:
        super().__init__()
        check_range('(0, 1)', value=value)
        self.register_buffer('xi', torch.tensor(value), persistent=False)

    def forward(self) -> Tensor:
        """``xi``, float32, 0-d."""
        return self.xi

    def update(self, cam: Tensor, valid_mask: Tensor) -> None:
        """Do nothing, whatever the maps.

        Args:
            cam (Tensor): (N, C, H, W).
            valid_mask (Tensor): (N, H, W).
        """
