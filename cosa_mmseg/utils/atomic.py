"""Files and folders that are there whole or not at all."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# How the names of unfinished files begin
UNFINISHED = '.unfinished-'


@contextmanager
def atomic_file(path: str | Path) -> Iterator[Path]:
    """Write a file that gets its name only when it is whole.

    Args:
        path: Where the file shall be; its folder is made, an older file there
            is replaced.

    Yields:
        Path: A name in the same folder, with the same suffix, to write to. It
        is flushed to disk and renamed at the end of the block, and removed
        if the block raises.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(
        prefix=UNFINISHED, suffix=path.suffix, dir=path.parent
    )
    os.close(handle)
    unfinished = Path(name)
    try:
        yield unfinished
        with open(unfinished, 'rb') as file:
            os.fsync(file.fileno())
        unfinished.chmod(0o644)  # mkstemp's files are private
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def sync_folder(folder: str | Path) -> None:
    """Has the names of a folder's files survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove_unfinished(folder: str | Path) -> list[Path]:
    """Remove what killed processes left of files in a folder.

    Args:
        folder: Where no other process is writing an :func:`atomic_file`.

    Returns:
        list[Path]: What was removed.
    """
    found = sorted(Path(folder).glob(f'{UNFINISHED}*'))
    for path in found:
        path.unlink(missing_ok=True)
    return found


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
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(
        tempfile.mkdtemp(prefix=f'.{path.name}.', dir=path.parent)
    )
    try:
        yield unfinished
        unfinished.chmod(0o755)  # mkdtemp's folders are private
        unfinished.rename(path)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
