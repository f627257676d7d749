"""The paper's dynamic threshold (DT)."""

import torch
from mmengine.registry import MODELS
from torch import Tensor

from ..ops.gaussian_mixture import separate_two_modes
from .adaptive_threshold import AdaptiveThreshold, is_confident

NUM_BINS = 1024  # of the histogram over [0, 1]: far finer than any mode


@MODELS.register_module()
class DynamicThreshold(AdaptiveThreshold):
    """Threshold between the two modes of the confidences (paper, DT).

    ``xi*`` is the point of :func:`separate_two_modes`.  The mixture is fitted
    to a histogram of the queue, on its device: the cost is that of the bins
    (ours).

    Args:
        initial (float): First ``xi``, in (0, 1).
        **kwargs: Other arguments of :class:`AdaptiveThreshold`.

    Raises:
        ValueError: If an argument is out of range.
    """

    def __init__(self, initial: float = 0.5, **kwargs) -> None:
        super().__init__(initial, **kwargs)

    def fit(self, values: Tensor) -> Tensor:
        """Point between the modes of the confidences.

        Args:
            values (Tensor): The queue, (images, points).

        Returns:
            Tensor: ``xi*``, 0-d; NaN without two modes.
        """
        keep = is_confident(values, self.min_value).flatten().double()
        bins = (values.flatten() * NUM_BINS).long().clamp(0, NUM_BINS - 1)
        counts = keep.new_zeros(NUM_BINS).scatter_add_(0, bins, keep)
        centers = torch.arange(NUM_BINS, device=values.device) + 0.5
        return separate_two_modes(centers.double() / NUM_BINS, counts)
