"""Refinement of a predicted segmentation by its image."""

from collections.abc import Callable

import mmcv
import numpy as np
import torch
from mmengine.structures import PixelData
from mmseg.models.utils import resize
from mmseg.structures import SegDataSample
from torch import Tensor, nn


def refine_segmentation(sample: SegDataSample, refine: nn.Module) -> None:
    """Replace the segmentation of a data sample by a refined one.

    ``seg_logits`` become the logarithms of the refined probabilities, so that
    what reads logits, such as a filter by labels, reads the refined ones.

    Args:
        sample (SegDataSample): With ``seg_logits`` (K, H, W) at the original
            size and ``img_path``.
        refine (nn.Module): See :func:`refine_logits`.

    Raises:
        ValueError: If the image is not at hand or has another size.
    """
    logits = sample.seg_logits.data
    image = _original_image(sample, logits.shape[1:])
    prob = refine_logits(refine, lambda size: _resize(logits, size), image)
    prob = _resize(prob, logits.shape[1:])
    sample.set_data(
        dict(
            seg_logits=PixelData(
                data=prob.clamp(min=torch.finfo(prob.dtype).tiny).log()
            ),
            pred_sem_seg=PixelData(data=prob.argmax(dim=0, keepdim=True)),
        )
    )


def refine_logits(
    refine: nn.Module,
    logits_at: Callable[[tuple[int, int]], Tensor],
    image: np.ndarray,
) -> Tensor:
    """Refine segmentation logits, at a smaller size if the module asks for it.

    Args:
        refine (nn.Module): From logits (K, h, w) and the image (h, w, 3),
            uint8 RGB, to probabilities (K, h, w). ``max_side``, if it has one
            that is not None, is the longest side in pixels that it is given.
        logits_at (Callable): Returns the logits at a size (h, w).
        image (np.ndarray): (H, W, 3), uint8, RGB.

    Returns:
        Tensor: Probabilities (K, h, w), of the size that was refined.
    """
    height, width = image.shape[:2]
    longest = max(height, width)
    scale = min(1, (getattr(refine, 'max_side', None) or longest) / longest)
    size = (max(round(height * scale), 1), max(round(width * scale), 1))
    if scale < 1:
        image = mmcv.imresize(image, size[::-1], interpolation='area')
    return refine(logits_at(size), image)


def _resize(maps: Tensor, size: tuple[int, int]) -> Tensor:
    """Resize maps (K, H, W), bilinear."""
    if maps.shape[1:] == size:
        return maps
    return resize(maps[None], size, mode='bilinear', warning=False)[0]


def _original_image(sample: SegDataSample, size: torch.Size) -> np.ndarray:
    """The image of a data sample from its file, (H, W, 3) uint8, RGB."""
    path = sample.get('img_path')
    if not path:
        raise ValueError(
            'test_cfg.post_process reads the image from its file, but the '
            "data sample has no `img_path`: load images with 'LoadImageFrom"
            "File' and keep img_path among the meta_keys that are packed"
        )
    image = mmcv.imread(path, channel_order='rgb')
    if image.shape[:2] != size:
        raise ValueError(
            f'test_cfg.post_process: the image {path} is {image.shape[:2]}, '
            f'but its prediction is {tuple(size)}; ori_shape of the data '
            "sample must be the size of the image's file"
        )
    return image
