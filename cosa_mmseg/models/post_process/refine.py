"""Refinement of a predicted segmentation by its image."""

from collections.abc import Callable

import mmcv
import numpy as np
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from torch import Tensor


def refine_segmentation(
    sample: SegDataSample, refine: Callable[[Tensor, np.ndarray], Tensor]
) -> None:
    """Replace the segmentation of a data sample by a refined one.

    ``seg_logits`` become the logarithms of the refined probabilities, so that
    what reads logits, such as a filter by labels, reads the refined ones.

    Args:
        sample (SegDataSample): With ``seg_logits`` (K, H, W) at the original
            size and ``img_path``.
        refine (Callable): From logits (K, H, W) and the image (H, W, 3),
            uint8 RGB, to probabilities (K, H, W).

    Raises:
        ValueError: If the image is not at hand or has another size.
    """
    logits = sample.seg_logits.data
    prob = refine(logits, _original_image(sample, logits.shape[1:]))
    sample.set_data(
        dict(
            seg_logits=PixelData(
                data=prob.clamp(min=torch.finfo(prob.dtype).tiny).log()
            ),
            pred_sem_seg=PixelData(data=prob.argmax(dim=0, keepdim=True)),
        )
    )


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
