"""Random crop that knows where the real pixels are."""

import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmengine.registry import TRANSFORMS


@TRANSFORMS.register_module()
class RandomPlaceCrop(BaseTransform):
    """Crop at a random place, or place the image at random in the crop.

    Along each axis on its own: an image longer than the crop is cut at a
    random offset, a shorter one is placed at a random offset in black (0).
    All offsets are equally likely. Source: released code.

    Put it after all that moves pixels (scaling, flips): ``valid_box`` tells
    where the image is at this point of the pipeline.

    Masks are cut likewise, and are 255 (ignore) where the crop is black.

    Changes ``img``, ``img_shape`` and masks; adds ``valid_box`` (top, bottom,
    left, right), half open: the part of the crop that holds real pixels.

    Args:
        crop_size (int | tuple[int, int]): (h, w) of the crop in pixels; an
            integer means a square.
    """

    ignore_index = 255

    def __init__(self, crop_size: int | tuple[int, int]) -> None:
        if isinstance(crop_size, int):
            crop_size = crop_size, crop_size
        if min(crop_size) < 1:
            raise ValueError(f'crop_size must be positive, is {crop_size}')
        self.crop_size = crop_size

    @cache_randomness
    def random_offset(self, shape: tuple[int, int]) -> tuple[int, int]:
        """Draw where the corner (0, 0) of the image lies in the crop.

        Args:
            shape (tuple[int, int]): (h, w) of the image.

        Returns:
            tuple[int, int]: (y, x); negative where the image is cut.
        """
        y, x = (
            np.random.randint(min(0, crop - size), max(0, crop - size) + 1)
            for crop, size in zip(self.crop_size, shape, strict=True)
        )
        return y, x

    def transform(self, results: dict) -> dict:
        """Copy the part of the image that the crop shows into a black one."""
        (h, w), (crop_h, crop_w) = results['img'].shape[:2], self.crop_size
        y, x = self.random_offset((h, w))
        top, bottom = max(y, 0), min(y + h, crop_h)
        left, right = max(x, 0), min(x + w, crop_w)
        for key in ('img', *results.get('seg_fields', ())):
            whole = results[key]
            crop = np.zeros((crop_h, crop_w, *whole.shape[2:]), whole.dtype)
            if key != 'img':
                crop[:] = self.ignore_index
            crop[top:bottom, left:right] = whole[
                top - y : bottom - y, left - x : right - x
            ]
            results[key] = crop
        results['img_shape'] = self.crop_size
        results['valid_box'] = (top, bottom, left, right)
        return results
