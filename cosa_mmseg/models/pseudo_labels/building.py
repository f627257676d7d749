"""Building the thresholds of labelers."""

from typing import Any

import torch
from mmengine.registry import MODELS

from ..ops.checks import check_call


def build_threshold(settings: dict, count: int) -> Any:
    """Build a threshold that gives as many numbers as a labeler takes.

    Args:
        settings (dict): Config of a module whose ``forward()`` gives the
            numbers and whose ``update(cam, valid_mask)`` may move them.
        count (int): How many.

    Returns:
        Any: The module.

    Raises:
        ValueError: It gives another count, or takes other arguments.
    """
    threshold = MODELS.build(settings)
    maps = ['cam', 'valid_mask']
    check_call('threshold', threshold, maps, 'update')
    numbers = torch.as_tensor(threshold())
    if numbers.numel() != count:
        raise ValueError(
            f'threshold must give {count} number(s), but '
            f'{type(threshold).__name__} gives {numbers.tolist()}: '
            'ThresholdLabeler takes one, DualThresholdLabeler takes two'
        )
    return threshold
