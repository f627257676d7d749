"""Running code that must not reach beyond the process."""

import encodings.idna  # noqa: F401  a search that fails would be remembered
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

_ISOLATED = ContextVar('isolated', default=False)
# Audit events of Python, or how their names begin
_REFUSED = (
    'open',
    'os.',
    'socket.',
    'subprocess.',
    'shutil.',
    'urllib.',
    'ctypes.',
    'exec',
    'compile',
    'tempfile.',
    'mmap.',
    'signal.',
)


class IsolationError(RuntimeError):
    """Code asked for more than it may have."""


@contextmanager
def isolated() -> Iterator[None]:
    """Import, open, fetch and execute nothing in this block.

    It is a net under checks of what code is given, no sandbox: libraries that
    are not written in Python do not ask. Modules that are not imported yet
    are missing in the block.

    Raises:
        IsolationError: A file, a process or the network is asked for.
    """
    _add_hook()
    token = _ISOLATED.set(True)
    sys.meta_path.insert(0, _NoModules)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')  # they show lines of files
            yield
    finally:
        sys.meta_path.remove(_NoModules)
        _ISOLATED.reset(token)


class _NoModules:
    """Finds no module, whatever the way it is imported."""

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> None:
        """Raise, in the block, for what is not imported yet."""
        if _ISOLATED.get():
            raise ModuleNotFoundError(f'{name} is not imported', name=name)


@cache
def _add_hook() -> None:
    sys.addaudithook(_refuse)  # hooks cannot be removed


def _refuse(event: str, args: tuple[Any, ...]) -> None:
    """Raise for an event of the block."""
    if _ISOLATED.get() and event.startswith(_REFUSED):
        what = ', '.join(map(repr, args[:1]))
        raise IsolationError(f'it asked for {event}({what})')
