"""Images and maps as tensors."""

from collections.abc import Sequence

import torch
from mmseg.models.utils import resize
from torch import Tensor


def resize_maps(maps: Tensor, size: Sequence[int]) -> Tensor:
    """Resize maps bilinearly, corners not aligned, as everywhere in CoSA.

    Args:
        maps (Tensor): (N, C, h, w).
        size (Sequence[int]): H, W.

    Returns:
        Tensor: (N, C, H, W).
    """
    return resize(maps, size=size, mode='bilinear', align_corners=False)


def to_uint8(img: Tensor) -> Tensor:
    """Truncate pixel values to whole numbers, as the released code does.

    A value that float error put just below a whole number becomes the next
    lower one; values outside 0..255 become 0 or 255.

    Args:
        img (Tensor): Pixel values in 0..255, any shape.

    Returns:
        Tensor: uint8, the same shape.
    """
    return img.clamp(0, 255).to(torch.uint8)
