"""Clocks that mark moments in the work of a device."""

from collections.abc import Sequence
from itertools import pairwise
from time import perf_counter, process_time
from typing import Any, Protocol

import torch


class Clock(Protocol):
    """What marks moments and counts the time between them."""

    def mark(self) -> Any:
        """This moment."""

    def seconds(self, marks: Sequence[Any]) -> list[float]:
        """Time between each mark and the next one."""


class HostClock:
    """Time on a CPU, which has done its work when a call returns."""

    def mark(self) -> float:
        """This moment."""
        return perf_counter()

    def seconds(self, marks: Sequence[float]) -> list[float]:
        """Time between each mark and the next one."""
        return [end - start for start, end in pairwise(marks)]


class ProcessClock(HostClock):
    """Time that a process has computed on a CPU, all its threads together.

    With one thread, the time on a machine that does nothing else.
    """

    def mark(self) -> float:
        """What it has computed so far."""
        return process_time()


class CudaClock:
    """Time on a GPU, which works while the host goes on.

    A mark is an event in the current stream: nothing waits for it, so that
    what is measured runs as it does without the clock.  Between two marks the
    work of the GPU is counted, and the time that it waits for the host.
    """

    def mark(self) -> torch.cuda.Event:
        """The moment at which the GPU has done all that it was given."""
        event = torch.cuda.Event(enable_timing=True)
        event.record()
        return event

    def seconds(self, marks: Sequence[Any]) -> list[float]:
        """Time between each mark and the next one; waits for the last."""
        marks[-1].synchronize()
        return [
            start.elapsed_time(end) / 1000 for start, end in pairwise(marks)
        ]


def device_clock() -> Clock:
    """The clock of the device that mmengine's runner takes."""
    return CudaClock() if torch.cuda.is_available() else HostClock()
