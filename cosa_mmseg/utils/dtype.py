"""Number formats."""

import torch
from torch import Tensor


def promote_half(x: Tensor) -> Tensor:
    """Make float32 of float16 and bfloat16; leave the rest as it is.

    Half precision can neither count the pixels of a crop nor hold the -1e5
    of an absent class.

    Args:
        x (Tensor): Any shape.

    Returns:
        Tensor: Same shape, at least float32.
    """
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
