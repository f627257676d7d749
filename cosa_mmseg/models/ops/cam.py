"""Maths of class activation maps: normalise, restrict, threshold."""

import torch
from torch import Tensor

from cosa_mmseg.utils.dtype import promote_half

from .checks import check_shape

IGNORE_INDEX = 255


def normalize_cam(cam: Tensor, eps: float = 1e-5) -> Tensor:
    """Scale each map of each image to [0, 1].

    ``A = M - min(M); A <- A / (max(A) + eps)``, minimum and maximum over the
    pixels of one image and class (released code).  In float32 whatever the
    input: half precision has too few steps near 1 to compare thresholds.

    Args:
        cam (Tensor): Non-negative class activation maps, (N, C, H, W).
        eps (float): Keeps an empty map at 0.

    Returns:
        Tensor: ``A``, (N, C, H, W), float32 (float64 stays float64).
    """
    cam = promote_half(cam)
    # channels last, a reduction over the pixels takes longer than a copy
    pixels = cam.contiguous().flatten(-2)
    low = pixels.amin(-1)[..., None, None]
    high = pixels.amax(-1)[..., None, None]
    return (cam - low).div_(high - low + eps)


def restrict_cam(cam: Tensor, img_label: Tensor) -> Tensor:
    """Set the maps of absent classes to 0.

    Args:
        cam (Tensor): Normalised maps ``A``, (N, C, H, W).
        img_label (Tensor): Multi-hot image-level labels ``y``, (N, C).

    Returns:
        Tensor: ``A * y``, (N, C, H, W).

    Raises:
        ValueError: If the shapes do not fit.
    """
    check_shape([*img_label.shape, None, None], cam=cam)
    return cam * img_label.to(cam)[:, :, None, None]


def to_class_ids(label: Tensor, classes: Tensor) -> Tensor:
    """Segmentation ids of labels that number the maps of some classes.

    Args:
        label (Tensor): int64, any shape: 0 background, 1..P the maps in their
            order, 255 ignore.
        classes (Tensor): Their foreground classes, 0-based, int64 (P,).

    Returns:
        Tensor: int64, the same shape: 0 background, 1..C, 255 ignore.
    """
    ids = classes.new_full((IGNORE_INDEX + 1,), IGNORE_INDEX)
    ids[0] = 0
    ids[1 : len(classes) + 1] = classes + 1
    return ids[label]


def cam_to_label(
    cam: Tensor, threshold: Tensor | float, valid_mask: Tensor
) -> tuple[Tensor, Tensor]:
    """Make hard labels by comparing the best map with a threshold.

    ``argmax_c A + 1`` where ``max_c A > threshold``, else 0; 255 outside
    ``valid_mask``.

    Args:
        cam (Tensor): Restricted maps in [0, 1], (N, C, H, W).
        threshold (Tensor | float): Foreground above it, in (0, 1), 0-d.
        valid_mask (Tensor): True where real pixels are, (N, H, W).

    Returns:
        tuple[Tensor, Tensor]: Labels, int64 (N, H, W), and ``max_c A``,
        (N, H, W).
    """
    value, index = cam.max(dim=1)
    label = torch.where(value > threshold, index + 1, 0)
    return label.masked_fill(~valid_mask, IGNORE_INDEX), value
