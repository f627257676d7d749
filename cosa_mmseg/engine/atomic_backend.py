"""mmengine's files on disk, each there whole or not at all."""

import shutil
from pathlib import Path

from mmengine.fileio import LocalBackend, register_backend

from cosa_mmseg.utils.atomic import atomic_file, sync_folder

MEGABYTE = 2**20


class WriteError(OSError):
    """A file cannot be written; the message says which, and why."""


class AtomicBackend(LocalBackend):
    """Local files that replace the older ones only when they are on the disk.

    In configs: ``backend_args=dict(backend='atomic')``.
    """

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Write a file; what is there stays if this fails or is killed.

        Args:
            obj: What the file shall hold.
            filepath: Where; its folder is made.

        Raises:
            WriteError: If it cannot be written, such as on a full disk.
        """
        path = Path(filepath)
        try:
            with atomic_file(path) as unfinished:
                unfinished.write_bytes(obj)
            sync_folder(path.parent)
        except OSError as err:
            raise WriteError(
                f'{path} cannot be written: {err.strerror} (it needs '
                f'{len(obj) / MEGABYTE:.1f} MB, {_free(path):.1f} MB are free)'
            ) from err

    def put_text(
        self, obj: str, filepath: str | Path, encoding: str = 'utf-8'
    ) -> None:
        """Write a text file in the same way."""
        self.put(obj.encode(encoding), filepath)


def _free(path: Path) -> float:
    """Free space of the disk that a path is on, MB."""
    folder = next(parent for parent in path.parents if parent.exists())
    return shutil.disk_usage(folder).free / MEGABYTE


register_backend('atomic', AtomicBackend)
