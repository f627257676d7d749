"""Building the thresholds of labelers."""

from typing import Any

import torch
from mmengine.registry import MODELS

from ..ops.checks import check_call


def build_threshold(
    settings: dict, count: int, wanted: str, otherwise: str
) -> Any:
    """Build a threshold that gives as many numbers as a labeler takes.

    Args:
        settings (dict): Config of a module whose ``forward()`` gives the
            numbers and whose ``update(cam, valid_mask)`` may move them.
        count (int): How many.
        wanted (str): What they are, for the message.
        otherwise (str): What takes another count, for the message.

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
            f'threshold must give {wanted}, but {type(threshold).__name__} '
            f'gives {numbers.tolist()}: {otherwise}'
        )
    return threshold
