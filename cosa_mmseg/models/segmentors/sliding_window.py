"""Inference on overlapping windows."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from cosa_mmseg.structures import NetworkOutput, resize_maps
from cosa_mmseg.utils.dtype import promote_half

from ..ops.windows import window_starts


def slide(
    network: Callable[[Tensor], NetworkOutput],
    img: Tensor,
    crop_size: Sequence[int],
    stride: Sequence[int],
) -> NetworkOutput:
    """Run a network on windows of images and merge what it says.

    Maps (segmentation logits and raw CAMs) are resized to their window and
    averaged where windows overlap; windows are those of mmseg's
    ``EncoderDecoder.slide_inference``, whose logits these are.
    Classification logits are the maximum over the windows: an image shows a
    class that one of its windows shows.  An image that fits into one window
    is given to the network as it is.

    Args:
        network (Callable): From images (N, 3, h, w) to a
            :class:`NetworkOutput`.
        img (Tensor): Normalised images, (N, 3, H, W).
        crop_size (Sequence[int]): Height and width of the windows.
        stride (Sequence[int]): Steps of the windows, down and right.

    Returns:
        NetworkOutput: Maps at (H, W); with one window those of the network.
    """
    size = img.shape[-2:]
    rows, columns = (
        [
            slice(start, start + crop)
            for start in window_starts(side, crop, step)
        ]
        for side, crop, step in zip(size, crop_size, stride, strict=True)
    )
    windows = [(row, column) for row in rows for column in columns]
    if len(windows) == 1:
        return network(img)
    outputs = [network(img[..., row, column]) for row, column in windows]

    def average(name: str) -> Tensor:
        maps = [promote_half(getattr(out, name)) for out in outputs]
        total = maps[0].new_zeros(*maps[0].shape[:2], *size)
        count = total.new_zeros(size)
        for window_maps, (row, column) in zip(maps, windows, strict=True):
            count[row, column] += 1
            total[..., row, column] += resize_maps(
                window_maps, count[row, column].shape
            )
        return total / count

    def maximum(name: str) -> Tensor:
        return torch.stack([getattr(out, name) for out in outputs]).amax(0)

    return NetworkOutput(
        seg_logits=average('seg_logits'),
        cam=average('cam'),
        cam_aux=average('cam_aux'),
        cls_logits=maximum('cls_logits'),
        cls_logits_aux=maximum('cls_logits_aux'),
    )
