"""Time of a step, shared out among its parts."""

import functools
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from .clock import Clock

OTHER = 'other'  # what is in no part; `<group>/other`: in no part of a group


@dataclass(frozen=True)
class Call:
    """A method that does the work of a part.

    Attributes:
        part (str): Name of the part, ``<part>`` or ``<group>/<part>``.
        owner (Any): Object (or module) whose attribute the method is.
        method (str): Its name.
    """

    part: str
    owner: Any
    method: str


@dataclass(frozen=True)
class StepTimes:
    """What one step took.

    Attributes:
        seconds (dict[str, float]): By part, without the parts that run inside
            it; the sum is that of the step.
        calls (Counter): How often each part was entered.
    """

    seconds: dict[str, float]
    calls: Counter

    @property
    def total(self) -> float:
        """float: Seconds of the whole step."""
        return sum(self.seconds.values())


class Recorder:
    """Shares the time of a step out among its parts.

    Whenever a part is entered or left the clock is marked, and what lies
    between two marks belongs to the innermost part that is running: no moment
    is counted twice, none is left out.

    Args:
        clock (Clock): Of the device that does the work.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._running: list[str] = []  # innermost last; none: no step
        self._marks: list[Any] = []
        self._names: list[str] = []  # the part that runs from each mark on
        self._calls: Counter = Counter()

    def begin(self) -> None:
        """Start a step."""
        self._running = [OTHER]
        self._marks, self._names, self._calls = [], [], Counter()
        self._mark()

    def end(self) -> StepTimes:
        """End the step, and wait for the device to have done it."""
        self._mark()
        self._running = []
        spans = self.clock.seconds(self._marks)
        seconds = dict.fromkeys(self._names, 0.0)
        for name, span in zip(self._names, spans, strict=False):
            seconds[name] += span
        return StepTimes(seconds, self._calls)

    def _mark(self) -> None:
        self._marks.append(self.clock.mark())
        self._names.append(self._running[-1])

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Count what runs inside as a part; outside of steps nothing is."""
        if not self._running:
            yield
            return
        self._calls[name] += 1
        self._running.append(name)
        self._mark()
        try:
            yield
        finally:
            self._running.pop()
            self._mark()

    @contextmanager
    def timed(self, call: Call) -> Iterator[None]:
        """Have a method counted as a part wherever it is called."""
        original = getattr(call.owner, call.method)

        @functools.wraps(original)
        def method(*args, **kwargs):
            with self.part(call.part):
                return original(*args, **kwargs)

        own = call.method in vars(call.owner)  # else it is the class's
        setattr(call.owner, call.method, method)
        try:
            yield
        finally:
            if own:
                setattr(call.owner, call.method, original)
            else:
                delattr(call.owner, call.method)
