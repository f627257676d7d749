"""Unpacking the archives that data sets come in."""

import tarfile
import zlib
from gzip import BadGzipFile
from pathlib import Path

from cosa_mmseg.utils.atomic import atomic_folder


def unpack(
    archive: str | Path,
    folder: str | Path,
    top: str,
    parts: tuple[str, ...] = ('',),
) -> None:
    """Unpack what a tar file holds below a folder, whole or not at all.

    Nothing is written outside the new folder, whatever the archive says.

    Args:
        archive: The tar file, compressed or not.
        folder: The folder to make; its content is what is below ``top``.
        top: Folder in the archive, such as ``'VOCdevkit/VOC2012/'``.
        parts: Only what starts with one of these below ``top`` is unpacked.

    Raises:
        FileNotFoundError: There is no such archive.
        FileExistsError: ``folder`` exists.
        ValueError: The archive is broken, would write elsewhere, or has
            nothing below ``top``.
    """

    def below_top(
        member: tarfile.TarInfo, path: str
    ) -> tarfile.TarInfo | None:
        name = member.name.removeprefix('./')
        inner = name.removeprefix(top)
        if not name.startswith(top) or not inner.startswith(parts):
            return None
        return tarfile.data_filter(member.replace(name=inner), path)

    try:
        with tarfile.open(archive) as tar, atomic_folder(folder) as unfinished:
            tar.extractall(unfinished, filter=below_top)
            _check_end(tar)
            if not any(unfinished.iterdir()):
                raise ValueError(f'{archive} has nothing below {top}')
    except (tarfile.TarError, EOFError, BadGzipFile, zlib.error) as err:
        reason = str(err).splitlines()[0]  # one for each kind of compression
        raise ValueError(
            f'cannot unpack {archive} ({reason}): it is broken or no archive'
        ) from err


def _check_end(tar: tarfile.TarFile) -> None:
    """Raise if a tar file, all members of which were read, has been cut.

    One cut between two members looks whole to ``tarfile``: it lacks the block
    of zeros that ends it. What follows is read for gzip to check its sum.
    """
    assert tar.fileobj is not None
    tar.fileobj.seek(tar.offset)
    if tar.fileobj.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
        raise tarfile.ReadError('unexpected end of the archive')
    while tar.fileobj.read(tarfile.RECORDSIZE):
        pass
