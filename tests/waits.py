"""Operations for which the host waits for a GPU, told apart on a CPU."""

from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

# What hands values to the host, and what makes shapes out of values.
WAITING = (
    '_local_scalar_dense',
    '_unique',
    '_unique2',
    'bincount',
    'equal',
    'masked_select',
    'nonzero',
    'unique_consecutive',
    'unique_dim',
)
INDEXING = ('index', 'index_put', 'index_put_')


class NoWaits(TorchDispatchMode):
    """Raises where a GPU would make the host wait.

    A stand-in for ``torch.cuda.set_sync_debug_mode('error')``; it can not see
    copies between devices.
    """

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func.overloadpacket.__name__
        if name in WAITING or (name in INDEXING and _has_mask(args[1])):
            raise AssertionError(f'the host would wait: {name}')
        return func(*args, **(kwargs or {}))


def _has_mask(indices: list[Tensor | None]) -> bool:
    """Whether one of them is a bool mask (or one of bytes)."""
    return any(x is not None and not x.dtype.is_signed for x in indices)
