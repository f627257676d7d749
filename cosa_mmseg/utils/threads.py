"""Threads that share the cores with other programs.

Each layer of a network is computed by all threads of OpenMP, and ends when the
last of them is done. Those that are done earlier spin, that is, they keep a
core busy with waiting. Where another program has a core, one thread waits for
that core while the other spins: a step of a small network took five times as
long with two threads as with one, and four times the CPU time.
"""

import os
import sys

# How often GNU's OpenMP looks before a thread sleeps: enough for most waits
# where the cores are free
_TURNS = '10000'


def wait_asleep() -> None:
    """Have threads of OpenMP sleep when they wait for long.

    OpenMP reads this when torch is imported: then it is too late, and nothing
    is done. What the user has set is kept.
    """
    is_set = {'OMP_WAIT_POLICY', 'GOMP_SPINCOUNT'} & os.environ.keys()
    if not is_set and 'torch' not in sys.modules:
        os.environ['OMP_WAIT_POLICY'] = 'PASSIVE'
        os.environ['GOMP_SPINCOUNT'] = _TURNS


def describe_crowd(num_threads: int) -> str | None:
    """Say that other programs compete for the cores, and what to do.

    Args:
        num_threads (int): Threads of this process.

    Returns:
        str | None: None if the cores are free, or there is one thread only.
    """
    load = os.getloadavg()[0]
    cores = os.cpu_count() or 1
    if num_threads == 1 or load <= cores:
        return None
    return (
        f'{load:.1f} processes compete for the {cores} cores of this machine '
        f'(load average of the last minute). The {num_threads} threads of '
        'this one wait for each other at each layer, so that it becomes '
        'several times slower: end the other programs, or start this one '
        'with OMP_NUM_THREADS=1'
    )
