"""Files and folders that are there whole or not at all."""

import fcntl
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from uuid import uuid4

# How the names of unfinished files and folders begin
UNFINISHED = '.unfinished-'


@contextmanager
def atomic_file(path: str | Path) -> Iterator[Path]:
    """Write a file that gets its name only when it is whole.

    It gets the permissions that ``open`` would give it; an older file that it
    replaces hands its own on.

    Args:
        path: Where the file shall be; its folder is made, an older file there
            is replaced.

    Yields:
        Path: A name in the same folder, with the same suffix, to write to. It
        is flushed to disk and renamed at the end of the block, and removed
        if the block raises.
    """
    path = Path(path)
    unfinished = _unfinished_beside(path, path.suffix)
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
    handle = os.open(unfinished, flags, 0o666)
    try:
        _mark_alive(handle)
        yield unfinished
        with open(unfinished, 'rb') as file:
            os.fsync(file.fileno())
        # some libraries replace the file by one of other permissions
        given = path.stat() if path.exists() else os.fstat(handle)
        unfinished.chmod(stat.S_IMODE(given.st_mode))
        unfinished.replace(path)
    finally:
        os.close(handle)
        unfinished.unlink(missing_ok=True)


def sync_folder(folder: str | Path) -> None:
    """Has the names of a folder's files survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove_unfinished(folder: str | Path) -> list[Path]:
    """Remove what killed processes left unfinished in a folder.

    What a running process is writing stays: it holds a lock.

    Args:
        folder: Where to look; not below it.

    Returns:
        list[Path]: What was removed.
    """
    found = sorted(Path(folder).glob(f'{UNFINISHED}*'))
    return [path for path in found if _remove_abandoned(path)]


@contextmanager
def atomic_folder(path: str | Path) -> Iterator[Path]:
    """Fill a new folder that gets its name only when the block ends well.

    Args:
        path: Where the folder shall be; its parents are made.

    Yields:
        Path: A folder next to it to write to, removed if the block raises.

    Raises:
        FileExistsError: If there is something at ``path``.
    """
    path = Path(path)
    if path.exists():
        raise FileExistsError(f'{path} exists: remove it or choose another')
    unfinished = _unfinished_beside(path)
    unfinished.mkdir()
    handle = os.open(unfinished, os.O_RDONLY)
    try:
        _mark_alive(handle)
        yield unfinished
        unfinished.rename(path)
    finally:
        os.close(handle)
        shutil.rmtree(unfinished, ignore_errors=True)


def _unfinished_beside(path: Path, suffix: str = '') -> Path:
    """A new name in the folder of a path, which is made and cleaned up."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _clean_once(path.parent.absolute())
    return path.parent / f'{UNFINISHED}{uuid4().hex[:12]}{suffix}'


# a folder may get thousands of files
_clean_once = cache(remove_unfinished)


def _mark_alive(handle: int) -> None:
    """Lock what is being written; the kernel unlocks it if this is killed."""
    with suppress(OSError):  # a file system without locks
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _remove_abandoned(path: Path) -> bool:
    """Remove what no process has locked; returns whether it was removed."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:  # gone by now, or of another user
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    except OSError:  # locked, without locks, or of another user
        return False
    finally:
        os.close(handle)
    return True
