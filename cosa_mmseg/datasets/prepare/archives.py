"""Unpacking the archives that data sets come in."""

import gzip
import shutil
import tarfile
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from cosa_mmseg.utils.atomic import atomic_folder

# VOC: 57,000 members, 2 GB; SBD: 34,000 members, 1.4 GB; all files are small
MAX_MEMBERS = 200_000
MAX_BYTES = 16 << 30
MAX_FILE_BYTES = 64 << 20
# Decompressed / compressed size, beyond a size that always passes. Pictures
# hardly shrink.
MAX_RATIO, ALWAYS_BYTES = 50, 64 << 20
_MAX_NAME, _MAX_PATH = 255, 1024  # characters
# Bytes that are read at once. tarfile reads as many as a header asks for, so
# that this is the most that a header may have, too.
_CHUNK = 64 << 10
_GZIP = b'\x1f\x8b'


class ArchiveError(ValueError):
    """An archive is refused; the message says why."""


def unpack(
    archive: str | Path,
    folder: str | Path,
    top: str,
    parts: tuple[str, ...] = ('',),
) -> None:
    """Unpack what a tar file holds below a folder, whole or not at all.

    Only regular files and folders are made, all of them new, with none of the
    archive's owners, permissions and times.

    Args:
        archive: The tar file, compressed with gzip or not.
        folder: The folder to make; its content is what is below ``top``.
        top: Folder in the archive, such as ``'VOCdevkit/VOC2012/'``.
        parts: Only what starts with one of these below ``top`` is unpacked.

    Raises:
        FileNotFoundError: There is no such archive.
        FileExistsError: ``folder`` exists.
        ArchiveError: The archive is broken or too large, has nothing below
            ``top``, or has links, devices or unsafe names there.
        OSError: There is not enough disk space.
    """
    archive = Path(archive)
    if not archive.exists():
        raise FileNotFoundError(f'no archive {archive}')
    if not archive.is_file():
        raise ArchiveError(f'{archive} is not a regular file')
    limit = min(MAX_BYTES, ALWAYS_BYTES + MAX_RATIO * archive.stat().st_size)
    try:
        with open(archive, 'rb') as raw, atomic_folder(folder) as unfinished:
            is_gzip = raw.read(2) == _GZIP
            raw.seek(0)
            file: Any = gzip.GzipFile(fileobj=raw) if is_gzip else raw
            _unpack_members(file, unfinished, PurePosixPath(top), parts, limit)
            if not any(unfinished.iterdir()):
                raise ArchiveError(f'it has nothing below {top}')
    except Exception as err:  # of many kinds, where bytes make no sense
        if isinstance(err, OSError) and not isinstance(err, gzip.BadGzipFile):
            raise
        reason = str(err).partition('\n')[0]
        if not isinstance(err, ArchiveError):
            reason = (
                'it is broken or no tar file (a web page? a zip file?), with '
                f'gzip or without: get the original archive ({reason})'
            )
        raise ArchiveError(f'cannot unpack {archive}: {reason}') from err


class _Bounded:
    """The side of a file that tarfile sees: no more than a chunk is read.

    Args:
        file: The decompressed archive.

    Attributes:
        last: What was read last.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.seek, self.tell, self._read = file.seek, file.tell, file.read
        self.last = b''

    def read(self, size: int) -> bytes:
        """Read as many bytes.

        Raises:
            ArchiveError: They are too many for a header.
        """
        if not 0 <= size <= _CHUNK:
            raise ArchiveError('the header of a member is too long')
        self.last = self._read(size)
        return self.last


def _unpack_members(
    file: BinaryIO,
    folder: Path,
    top: PurePosixPath,
    parts: tuple[str, ...],
    limit: int,
) -> None:
    """Unpack members, and read the archive to its end.

    Args:
        file: The decompressed archive.
        folder: As of :func:`unpack`.
        top: Likewise.
        parts: Likewise.
        limit: Bytes that the archive may have.
    """
    tar: Any
    bounded: Any = _Bounded(file)
    too_large = ArchiveError(
        f'it has more than {MAX_MEMBERS} members or unpacks to more than '
        f'{limit >> 20} MiB, too much for its size or for VOC and SBD'
    )
    with tarfile.TarFile(fileobj=bounded) as tar:
        for number, member in enumerate(iter(tar.next, None), 1):
            if max(tar.offset - limit, number - MAX_MEMBERS, -member.size) > 0:
                raise too_large
            path = PurePosixPath(member.name)
            if path != top and path.is_relative_to(top):
                path = path.relative_to(top)
                if str(path).startswith(parts):
                    _check(member, path)
                    _write(tar, member, folder / path)
            tar.members.clear()
    # a file that was cut between two members looks whole to tarfile
    if bounded.last != bytes(tarfile.BLOCKSIZE):
        raise tarfile.ReadError('unexpected end of the archive')
    while file.read(_CHUNK):  # for gzip to compare its check sum
        if file.tell() > limit:
            raise too_large


def _check(member: tarfile.TarInfo, path: PurePosixPath) -> None:
    """Raise unless a member is a file or folder that is safe to make."""
    name = str(path)
    faults = {
        'is a link or a device, not a file or a folder': member.issparse()
        or not (member.isreg() or member.isdir()),
        f'has {member.size} bytes, more than {MAX_FILE_BYTES}': member.size
        > MAX_FILE_BYTES,
        'leads out of its folder': '..' in path.parts,
        'has a control character or a backslash in its name': '\\' in name
        or not name.isprintable(),
        'has a name that is too long': len(name) > _MAX_PATH
        or max(map(len, path.parts)) > _MAX_NAME,
    }
    for fault, is_there in faults.items():
        if is_there:
            raise ArchiveError(
                f'{member.name[:200]!r} {fault}: get the original archive'
            )


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    """Make a folder, or a file that does not exist yet."""
    try:
        folder = path if member.isdir() else path.parent
        folder.mkdir(parents=True, exist_ok=True)
        if data := tar.extractfile(member):
            with open(path, 'xb') as out:
                shutil.copyfileobj(data, out, _CHUNK)
    except FileExistsError as err:  # or in another case, if that is one name
        raise ArchiveError(
            f'{member.name!r} is there twice: get the original archive'
        ) from err
