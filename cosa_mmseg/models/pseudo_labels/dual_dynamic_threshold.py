"""The released code's pair of dynamic thresholds."""

import torch
from mmengine.registry import MODELS
from torch import Tensor

from .adaptive_threshold import AdaptiveThreshold, confident_values
from .gaussian_mixture import cluster_bounds, fit_gaussian_mixture, wide_start


@MODELS.register_module()
class DualDynamicThreshold(AdaptiveThreshold):
    """Background and foreground threshold from three modes of confidence.

    ``xi*`` are the bounds, :func:`cluster_bounds`, of the lowest and the
    highest of three modes fitted from :func:`wide_start` (released code).
    As there, padding counts too.  The mixture is fitted to the very values, on
    their device, with which the host waits for each round's likelihood.

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

    def fit(self, values: Tensor) -> Tensor | None:
        """Bounds of the lowest and of the highest mode.

        Args:
            values (Tensor): The queue, (images, points).

        Returns:
            Tensor | None: ``xi*``: low and high, (2,); None where a mode is
            empty or the two are in the wrong order.
        """
        values = confident_values(values, self.min_value)
        if len(values) == 0:
            return None
        mixture, _ = fit_gaussian_mixture(values, wide_start(values, 3))
        low, high = bounds = cluster_bounds(values, mixture)
        ordered = (bounds.isfinite().all() & (low <= high)).item()
        return bounds if ordered else None
