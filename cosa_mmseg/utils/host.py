"""What the host may ask of a tensor without waiting for a device."""

from torch import Tensor


def on_host(x: Tensor) -> bool:
    """Whether a look at the values of a tensor costs no wait.

    Where it does, as on a GPU, loops run to their upper bound and shapes do
    not hang on data.

    Args:
        x (Tensor): Any shape.

    Returns:
        bool: True on a CPU.
    """
    return x.device.type == 'cpu'
