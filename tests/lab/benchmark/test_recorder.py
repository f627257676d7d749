from itertools import count
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from tests.lab.benchmark import test_recorder
from tools.lab.benchmark.clock import (
    CudaClock,
    HostClock,
)
from tools.lab.benchmark.recorder import (
    OTHER,
    Call,
    Recorder,
)


class TickingClock:
    """Marks 0, 1, 2, ...: each span takes a second."""

    def __init__(self):
        self.ticks = count()

    def mark(self):
        return next(self.ticks)

    seconds = HostClock.seconds


@pytest.fixture
def recorder():
    return Recorder(TickingClock())


def test_each_span_belongs_to_the_innermost_part(recorder):
    recorder.begin()
    with recorder.part('outer'):
        with recorder.part('inner'):
            pass
        with recorder.part('inner'):
            pass
    with recorder.part('outer'):
        pass
    times = recorder.end()
    # other | outer | inner | outer | inner | outer | other | outer | other
    assert times.seconds == {OTHER: 3, 'outer': 4, 'inner': 2}
    assert times.calls == {'outer': 2, 'inner': 2}
    assert times.total == 9


def test_steps_do_not_share_anything(recorder):
    recorder.begin()
    with recorder.part('a'):
        pass
    recorder.end()
    with recorder.part('b'):  # no step
        pass
    recorder.begin()
    times = recorder.end()
    assert times.seconds == {OTHER: 1}
    assert times.calls == {}


def test_an_error_leaves_its_part(recorder):
    recorder.begin()
    with pytest.raises(RuntimeError), recorder.part('a'):
        raise RuntimeError
    assert recorder.end().seconds == {OTHER: 2, 'a': 1}


def double(x):
    return 2 * x


def test_methods_are_timed_and_restored(recorder):
    layer = nn.ReLU()
    own = SimpleNamespace(method=double)
    calls = [
        Call('layer', layer, 'forward'),
        Call('own', own, 'method'),
        Call('function', test_recorder, 'double'),
    ]
    x = torch.tensor([-1.0, 2.0])
    recorder.begin()
    with (
        recorder.timed(calls[0]),
        recorder.timed(calls[1]),
        recorder.timed(calls[2]),
    ):
        assert layer(x).tolist() == [0, 2]
        assert own.method(2) == 4
        assert test_recorder.double(3) == 6
        assert double(x=4) == 8
    layer(x)
    own.method(1)
    test_recorder.double(1)
    assert recorder.end().calls == {'layer': 1, 'own': 1, 'function': 2}
    assert 'forward' not in vars(layer)
    assert own.method is double is test_recorder.double


class FakeEvent:
    """An event of a GPU that is 5 ms behind at each."""

    times = count(start=0, step=5)

    def __init__(self, enable_timing):
        assert enable_timing
        self.waited = False

    def record(self):
        self.time = next(self.times)

    def synchronize(self):
        self.waited = True

    def elapsed_time(self, end):
        return end.time - self.time


def test_cuda_clock_waits_for_the_last_event_only(monkeypatch):
    monkeypatch.setattr(torch.cuda, 'Event', FakeEvent)
    clock = CudaClock()
    marks = [clock.mark() for _ in range(3)]
    assert clock.seconds(marks) == [0.005, 0.005]
    assert [mark.waited for mark in marks] == [False, False, True]


@pytest.mark.gpu
def test_cuda_clock_counts_the_work_of_the_gpu():
    a = torch.rand(4096, 4096, device='cuda')
    recorder = Recorder(CudaClock())
    for _ in range(2):
        recorder.begin()
        with recorder.part('product'):
            for _ in range(20):
                a @ a
        with recorder.part('nothing'):
            pass
        times = recorder.end().seconds
    assert times['product'] > 100 * times['nothing']
