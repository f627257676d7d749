"""One process at a time that writes to a folder."""

import fcntl
import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mmengine.logging import print_log

LOCK = '.cosa.lock'


@contextmanager
def locked(folder: str | Path) -> Iterator[None]:
    """Keep other processes that ask for the lock out of a folder.

    The kernel holds the lock, on a file that stays, and releases it however
    this process ends. Processes that this one starts have no part in it.
    Where the file system has no locks there is a warning.

    Args:
        folder: It is made.

    Raises:
        BlockingIOError: If another process has it; the message says which.
    """
    path = Path(folder, LOCK)
    path.parent.mkdir(parents=True, exist_ok=True)
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
    handle = os.open(path, flags, 0o666)
    try:
        _lock(handle, path)
        owner = f'process {os.getpid()} on {socket.gethostname()}'
        os.ftruncate(handle, 0)
        os.pwrite(handle, owner.encode(), 0)
        yield
    finally:
        os.close(handle)


def _lock(handle: int, path: Path) -> None:
    try:
        # not flock, which the workers of a killed training would still hold
        fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError) as err:
        owner = os.pread(handle, 200, 0).decode(errors='replace')
        raise BlockingIOError(
            f'{path.parent} is in use by {owner or "another process"}: wait '
            'for its end, end it, or choose another folder'
        ) from err
    except OSError as err:  # such as of a network
        print_log(
            f'{path} cannot be locked ({err.strerror}): see to it that '
            'nothing else writes to this folder',
            'current',
            logging.WARNING,
        )
