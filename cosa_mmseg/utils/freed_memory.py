"""Memory that a process frees and needs again in the next step."""

import ctypes

# of mallopt, see malloc.h
_TRIM_THRESHOLD, _MMAP_MAX = -1, -4


def keep_freed_memory() -> bool:
    """Have glibc keep what is freed, instead of giving it back to the system.

    By default each tensor of a few megabytes is mapped anew, and the system
    clears its pages: 40 % of the CPU time of a training step was spent there.
    The memory of a process then stays at its peak, which a step reaches again
    and again.

    Returns:
        bool: False where the C library is not glibc; nothing is done then.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return False
    return bool(mallopt(_TRIM_THRESHOLD, 2**31 - 1) and mallopt(_MMAP_MAX, 0))
