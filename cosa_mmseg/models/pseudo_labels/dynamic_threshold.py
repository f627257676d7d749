"""The paper's dynamic threshold (DT)."""

import torch
from mmengine.registry import MODELS
from torch import Tensor

from .adaptive_threshold import AdaptiveThreshold, confident_values
from .gaussian_mixture import separate_two_modes

NUM_BINS = 1024  # of the histogram over [0, 1]: far finer than any mode


@MODELS.register_module()
class DynamicThreshold(AdaptiveThreshold):
    """Threshold between the two modes of the confidences (paper, DT).

    ``xi*`` is the point of :func:`separate_two_modes`.  The mixture is fitted
    to a histogram of the queue, on the CPU: one transfer, then the cost is
    that of the bins (ours).

    Args:
        initial (float): First ``xi``, in (0, 1).
        **kwargs: Other arguments of :class:`AdaptiveThreshold`.

    Raises:
        ValueError: If an argument is out of range.
    """

    def __init__(self, initial: float = 0.5, **kwargs) -> None:
        super().__init__(initial, **kwargs)

    def fit(self, values: Tensor) -> Tensor | None:
        """Point between the modes of the confidences.

        Args:
            values (Tensor): The queue, (images, points).

        Returns:
            Tensor | None: ``xi*``, 0-d; None without two modes.
        """
        values = confident_values(values.cpu(), self.min_value)
        bins = (values * NUM_BINS).long().clamp(max=NUM_BINS - 1)
        counts = bins.bincount(minlength=NUM_BINS)
        centers = (torch.arange(NUM_BINS) + 0.5).double() / NUM_BINS
        seen = counts > 0
        return separate_two_modes(centers[seen], counts[seen].double())
