"""The released code's pair of dynamic thresholds."""

import math

import torch
from mmengine.registry import MODELS
from torch import Tensor

from ..ops.gaussian_mixture import (
    cluster_bounds,
    fit_gaussian_mixture,
    wide_start,
)
from .adaptive_threshold import AdaptiveThreshold, is_confident


@MODELS.register_module()
class DualDynamicThreshold(AdaptiveThreshold):
    """Background and foreground threshold from three modes of confidence.

    ``xi*`` are the bounds, :func:`cluster_bounds`, of the lowest and the
    highest of three modes fitted from :func:`wide_start` (released code).
    As there, padding counts too.  The mixture is fitted to the very values, on
    their device.

    Args:
        low (float): First background threshold, in (0, 1).
        high (float): First foreground threshold, in (0, 1).
        **kwargs: Other arguments of :class:`AdaptiveThreshold`.

    Raises:
        ValueError: If an argument is out of range.
    """

    def __init__(self, low: float = 0.25, high: float = 0.7, **kwargs) -> None:
        super().__init__((low, high), **kwargs)

    def update(self, cam: Tensor, valid_mask: Tensor) -> None:
        """Take in a batch, padding included, and move the thresholds.

        Args:
            cam (Tensor): Normalised maps, restricted to the image-level
                labels, (N, C, H, W); the same N on every rank.
            valid_mask (Tensor): (N, H, W).

        Raises:
            ValueError: If the shapes do not fit.
        """
        super().update(cam, torch.ones_like(valid_mask))

    def fit(self, values: Tensor) -> Tensor:
        """Bounds of the lowest and of the highest mode.

        Args:
            values (Tensor): The queue, (images, points).

        Returns:
            Tensor: ``xi*``: low and high, (2,); NaN where a mode is empty or
            the two are in the wrong order.
        """
        keep = is_confident(values, self.min_value).flatten()
        values = values.flatten().double().masked_fill(~keep, 0)
        counts = keep.double()
        mixture, _ = fit_gaussian_mixture(
            values, wide_start(values, 3, counts), counts
        )
        bounds = cluster_bounds(values, mixture, counts)
        ordered = bounds.isfinite().all() & (bounds[0] <= bounds[1])
        return bounds.masked_fill(~ordered, math.nan)
