"""The weak and the strong view of an image."""

from collections.abc import Sequence

import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmengine.registry import TRANSFORMS

from .photometric import MAGNITUDE_LEVELS, PHOTOMETRIC_OPS, photometric_op


@TRANSFORMS.register_module()
class TwoViews(BaseTransform):
    """Add a strong view to the image, which stays as it is: the weak view.

    strong = weak + exactly one operation, drawn uniformly from ``ops``, at a
    magnitude drawn uniformly from the integers [low, high). Nothing moves, so
    that a pixel of both views shows the same thing: all that changes the
    geometry, and the blur that the views share, goes before. The operations
    are those of :func:`photometric_op`. Source: released code.

    Adds ``img_strong`` (uint8, BGR, the shape of ``img``).

    Args:
        ops (Sequence[str]): Operations to draw from. Defaults to all nine:
            identity, autocontrast, equalize, solarize, color, contrast,
            brightness, sharpness, posterize.
        magnitude_range (tuple[int, int]): [low, high) of the magnitude, out of
            10. Defaults to (1, 10).

    Raises:
        ValueError: An operation is unknown, there is none, or the range is
            empty or not within [0, 10).
    """

    def __init__(
        self,
        ops: Sequence[str] = tuple(PHOTOMETRIC_OPS),
        magnitude_range: tuple[int, int] = (1, MAGNITUDE_LEVELS),
    ) -> None:
        unknown = sorted(set(ops) - set(PHOTOMETRIC_OPS))
        if unknown or not ops:
            raise ValueError(
                f'ops must be some of {", ".join(PHOTOMETRIC_OPS)}, but '
                f'{"has " + ", ".join(unknown) if unknown else "is empty"}'
            )
        low, high = magnitude_range
        if not 0 <= low < high <= MAGNITUDE_LEVELS:
            raise ValueError(
                'magnitude_range must be [low, high) within [0, 10), but is '
                f'{magnitude_range}'
            )
        self.ops = tuple(ops)
        self.magnitude_range = magnitude_range

    @cache_randomness
    def random_op(self) -> tuple[str, int]:
        """Draw operation and magnitude."""
        op = self.ops[np.random.randint(len(self.ops))]
        return op, int(np.random.randint(*self.magnitude_range))

    def transform(self, results: dict) -> dict:
        """Make ``img_strong`` from ``img``."""
        op, magnitude = self.random_op()
        results['img_strong'] = photometric_op(results['img'], op, magnitude)
        return results
