"""Random scaling relative to the size of the image."""

import mmcv
import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmengine.registry import TRANSFORMS


@TRANSFORMS.register_module()
class RandomScale(BaseTransform):
    """Resize the image by a random factor, bilinearly.

    The factor is relative to the image's own size, where the base of mmcv's
    ``RandomResize`` is an absolute one. Source: released code.

    Masks are resized likewise, by the nearest pixel.

    Changes ``img``, masks and ``img_shape``; adds ``scale_factor`` (w, h).

    Args:
        ratio_range (tuple[float, float]): The factor is uniform in
            [low, high). Defaults to (0.5, 2.0).

    Raises:
        ValueError: Not 0 < low <= high.
    """

    def __init__(self, ratio_range: tuple[float, float] = (0.5, 2.0)) -> None:
        low, high = ratio_range
        if not 0 < low <= high:
            raise ValueError(
                f'ratio_range must be 0 < low <= high, but is {ratio_range}'
            )
        self.ratio_range = ratio_range

    @cache_randomness
    def random_ratio(self) -> float:
        """Draw the factor."""
        return np.random.uniform(*self.ratio_range)

    def transform(self, results: dict) -> dict:
        """Resize the image; its sides are rounded and at least one pixel."""
        h, w = results['img'].shape[:2]
        ratio = self.random_ratio()
        size = max(1, int(w * ratio + 0.5)), max(1, int(h * ratio + 0.5))
        results['img'], *factors = mmcv.imresize(
            results['img'], size, return_scale=True
        )
        for key in results.get('seg_fields', ()):
            results[key] = mmcv.imresize(
                results[key], size, interpolation='nearest'
            )
        results['img_shape'] = results['img'].shape[:2]
        results['scale_factor'] = tuple(factors)
        return results
