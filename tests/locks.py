"""A folder that another process has locked."""

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from cosa_mmseg.utils.lock import locked

FORK = multiprocessing.get_context('fork')


def _hold(folder: Path, held: Any, end: Any) -> None:
    with locked(folder):
        # such as the worker of a data loader, which outlives a kill
        worker = FORK.Process(target=end.wait, args=(60,))
        worker.start()
        held.set()
        worker.join()


@contextmanager
def held_elsewhere(folder: Path) -> Iterator[BaseProcess]:
    """The process that holds the lock, and has a worker, in this block."""
    held, end = FORK.Event(), FORK.Event()
    process = FORK.Process(target=_hold, args=(folder, held, end))
    process.start()
    assert held.wait(60)
    yield process
    end.set()
    process.join(60)
