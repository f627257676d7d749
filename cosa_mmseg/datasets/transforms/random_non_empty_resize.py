"""Random resizing that leaves at least one pixel."""

from collections.abc import Sequence
from typing import Any

from mmcv.image.geometric import rescale_size
from mmcv.transforms import RandomResize, Resize
from mmengine.registry import TRANSFORMS


class NonEmptyResize(Resize):
    """mmcv's ``Resize``, but no side of a narrow image becomes 0 pixels.

    With ``keep_ratio=True`` mmcv scales an image of 1200 x 3 pixels into
    (200, 200) as 200 x 0, which OpenCV refuses; this makes it 200 x 1.
    """

    def transform(self, results: dict) -> dict:
        """Resize ``img`` and what belongs to it."""
        if self.keep_ratio and self.scale:
            h, w = results['img'].shape[:2]
            width, height = rescale_size((w, h), self.scale)
            if not (width and height):
                resize = Resize(
                    scale=(max(width, 1), max(height, 1)),
                    interpolation=self.interpolation,
                    backend=self.backend,
                )
                return resize(results)
        return super().transform(results)


@TRANSFORMS.register_module()
class RandomNonEmptyResize(RandomResize):
    """mmcv's ``RandomResize``, but no side becomes 0 pixels.

    Args:
        scale (Sequence[int]): (w, h), see ``RandomResize``; a list, as of a
            JSON config, will do.
        **kwargs: Its other arguments, but for ``resize_type``.
    """

    def __init__(self, scale: Sequence[int], **kwargs: Any) -> None:
        super().__init__(tuple(scale), resize_type=NonEmptyResize, **kwargs)
