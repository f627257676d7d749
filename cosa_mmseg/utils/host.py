"""What the host may ask of a tensor without waiting for a device."""

import torch
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


class HostCopy:
    """Values on their way to the host, which does not wait for them here.

    To wait for them later is to wait for what made them, and not for what a
    GPU was given to do after that.

    Args:
        values (Tensor): Any shape; not to be changed before they are here.
    """

    def __init__(self, values: Tensor) -> None:
        self.is_here = on_host(values)
        self._values = values
        self._arrival: torch.cuda.Event | None = None
        if values.is_cuda:
            # only memory that stays in place is copied to without a wait
            self._values = torch.empty_like(
                values, device='cpu', pin_memory=True
            ).copy_(values, non_blocking=True)
            self._arrival = torch.cuda.Event()
            self._arrival.record(torch.cuda.current_stream(values.device))

    def wait(self) -> Tensor:
        """The values, on the CPU."""
        if self._arrival is not None:
            self._arrival.synchronize()
        return self._values.cpu()
