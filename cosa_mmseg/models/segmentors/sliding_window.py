"""Inference on overlapping windows."""

from collections.abc import Callable, Sequence

import torch
from mmseg.models.utils import resize
from torch import Tensor

from cosa_mmseg.structures import NetworkOutput
from cosa_mmseg.utils.dtype import promote_half


class SlidingWindow:
    """Run a network on windows of images and merge what it says.

    Maps (segmentation logits and raw CAMs) are resized to their window and
    averaged where windows overlap; windows are those of mmseg's
    ``EncoderDecoder.slide_inference``, whose logits these are.
    Classification logits are the maximum over the windows: an image shows a
    class that one of its windows shows.  An image that fits into one window
    is given to the network as it is.

    Args:
        crop_size (Sequence[int]): Height and width of the windows.
        stride (Sequence[int]): Steps of the windows, down and right.

    Raises:
        ValueError: If a step is not positive or leaves a gap.
    """

    def __init__(self, crop_size: Sequence[int], stride: Sequence[int]):
        if not all(
            0 < step <= side
            for step, side in zip(stride, crop_size, strict=True)
        ):
            raise ValueError(
                f'test_cfg.stride={tuple(stride)} must be at least 1 and at '
                f'most test_cfg.crop_size={tuple(crop_size)}: windows of an '
                'image leave no gap'
            )
        self.crop_size = tuple(crop_size)
        self.stride = tuple(stride)

    def __call__(
        self, network: Callable[[Tensor], NetworkOutput], img: Tensor
    ) -> NetworkOutput:
        """Merge the windows of a batch.

        Args:
            network (Callable): From images (N, 3, h, w) to a
                :class:`NetworkOutput`.
            img (Tensor): Normalised images, (N, 3, H, W).

        Returns:
            NetworkOutput: Maps at (H, W); with one window those of the
            network.
        """
        size = img.shape[-2:]
        rows, columns = map(_spans, size, self.crop_size, self.stride)
        windows = [(row, column) for row in rows for column in columns]
        if len(windows) == 1:
            return network(img)
        outputs = [network(img[..., row, column]) for row, column in windows]

        def average(name: str) -> Tensor:
            maps = [getattr(output, name) for output in outputs]
            return _average(maps, windows, size)

        def maximum(name: str) -> Tensor:
            return torch.stack([getattr(out, name) for out in outputs]).amax(0)

        return NetworkOutput(
            seg_logits=average('seg_logits'),
            cam=average('cam'),
            cam_aux=average('cam_aux'),
            cls_logits=maximum('cls_logits'),
            cls_logits_aux=maximum('cls_logits_aux'),
        )


def _spans(side: int, crop: int, step: int) -> list[slice]:
    """Windows along one axis; the last one ends where the image does."""
    count = max(side - crop + step - 1, 0) // step + 1
    ends = [min(i * step + crop, side) for i in range(count)]
    return [slice(max(end - crop, 0), end) for end in ends]


def _average(
    maps: list[Tensor], windows: list[tuple[slice, slice]], size: torch.Size
) -> Tensor:
    """Mean of the windows' maps (N, C, h, w), (N, C, H, W), >= float32."""
    total = promote_half(maps[0]).new_zeros(*maps[0].shape[:2], *size)
    count = total.new_zeros(size)
    for window_maps, (row, column) in zip(maps, windows, strict=True):
        count[row, column] += 1
        total[..., row, column] += resize(
            promote_half(window_maps),
            size=count[row, column].shape,
            mode='bilinear',
            align_corners=False,
        )
    return total / count
