"""Steps that are timed, and units between them."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager

from .clock import device_clock
from .memory import peak_memory
from .recorder import (
    Call,
    Recorder,
    StepTimes,
)
from .unit import UnitForward


class Measurement:
    """Times steps, and the unit after each of them.

    The first steps warm up and are not counted.  When they are over the peak
    memory is read, before the network of the unit takes memory as well.

    Args:
        warmup (int): Steps that are not counted.

    Attributes:
        steps (list[StepTimes]): Of the counted steps.
        unit_seconds (list[float]): Of as many units.
        peak (dict[str, int]): Of :func:`peak_memory`, after the warm-up.
    """

    def __init__(self, warmup: int) -> None:
        self.recorder = Recorder(device_clock())
        self.steps: list[StepTimes] = []
        self.unit_seconds: list[float] = []
        self.peak: dict[str, int] = {}
        self._warmup_left = warmup

    @contextmanager
    def timed(self, calls: Iterable[Call]) -> Iterator[None]:
        """Have methods counted as parts."""
        with ExitStack() as stack:
            for call in calls:
                stack.enter_context(self.recorder.timed(call))
            yield

    def begin_step(self) -> None:
        """Start the clock."""
        self.recorder.begin()

    def end_step(self) -> None:
        """Stop the clock; time a unit."""
        times = self.recorder.end()
        if self._warmup_left:
            self._warmup_left -= 1
            if not self._warmup_left:
                self.peak = peak_memory()
                self._unit = UnitForward(self.recorder.clock)
            return
        self.steps.append(times)
        self.unit_seconds.append(self._unit.measure())
