"""Unpacking the archives that data sets come in."""

import gzip
import shutil
import tarfile
import unicodedata
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from cosa_mmseg.utils.atomic import atomic_folder

# VOC: 57,000 members, 2 GB; SBD: 34,000 members, 1.4 GB; all files are small
MAX_MEMBERS = 200_000
MAX_BYTES = 16 << 30
MAX_FILE_BYTES = 64 << 20
# Decompressed / compressed size, beyond a size that always passes. Pictures
# hardly shrink; headers do, of which each member may have so many bytes.
MAX_RATIO, ALWAYS_BYTES, _FREE_BYTES = 50, 64 << 20, 1 << 10
# Of one member: tarfile reads at once what a header asks for
_MAX_HEADER_BYTES = 16 << 10
_MAX_NAME_BYTES, _MAX_PATH_BYTES = 255, 1024
_DISK_BLOCK = 4096
_CHUNK = 1 << 20
_GZIP = b'\x1f\x8b'
# How files begin that are given in the place of a tar file
_NO_TAR = {
    _GZIP: 'is compressed twice: decompress it once',
    b'PK': 'is a zip file, not a tar file',
    b'\x89HDF': 'is an HDF5 file, not a tar file',
    b'BZh': 'is compressed with bzip2: decompress it',
    b'\xfd7zXZ': 'is compressed with xz: decompress it',
    b'<': 'is a web page, not a tar file: download the file itself',
}
_KINDS = {
    tarfile.SYMTYPE: 'symbolic link',
    tarfile.LNKTYPE: 'hard link',
    tarfile.CHRTYPE: 'device',
    tarfile.BLKTYPE: 'device',
    tarfile.FIFOTYPE: 'FIFO',
}
# What tarfile and gzip raise for bytes that make no sense
_BROKEN = (
    tarfile.TarError,
    gzip.BadGzipFile,
    zlib.error,
    ArithmeticError,
    EOFError,
    LookupError,
    TypeError,
    ValueError,
)


class ArchiveError(ValueError):
    """An archive is refused; the message says why."""


def unpack(
    archive: str | Path,
    folder: str | Path,
    top: str,
    parts: tuple[str, ...] = ('',),
) -> None:
    """Unpack what a tar file holds below a folder, whole or not at all.

    The whole archive is checked before anything is written. Only regular
    files and folders are made, all of them new, with none of the archive's
    owners, permissions and times.

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
    archive, folder = Path(archive), Path(folder)
    if not archive.exists():
        raise FileNotFoundError(f'no archive {archive}')
    if not archive.is_file():
        raise ArchiveError(f'{archive} is not a regular file')
    try:
        with _opened(archive) as file:
            found = _members(file, archive, top, parts)
            sizes = [member.size for _, member in found]
        if not sizes:
            raise ArchiveError(f'{archive} has nothing below {top}')
        _check_space(archive, folder, sum(sizes) + _DISK_BLOCK * len(sizes))
        with _opened(archive) as file, atomic_folder(folder) as unfinished:
            for path, member in _members(file, archive, top, parts):
                _write(file, member, unfinished / path)
    except ArchiveError:
        raise
    except _BROKEN as err:
        reason = str(err).partition('\n')[0]
        raise ArchiveError(
            f'cannot unpack {archive} ({reason}): it {_what_is_wrong(archive)}'
        ) from err


def _what_is_wrong(archive: Path) -> str:
    """Say what an archive is that cannot be read."""
    try:
        with _opened(archive) as file:
            start = file.read(8)
    except _BROKEN:
        start = b''
    kinds = (
        kind for magic, kind in _NO_TAR.items() if start.startswith(magic)
    )
    return next(kinds, 'is broken or no archive')


@contextmanager
def _opened(archive: Path) -> Iterator[BinaryIO]:
    """Open an archive, decompressed."""
    with open(archive, 'rb') as raw:
        is_gzip = raw.read(2) == _GZIP
        raw.seek(0)
        file: Any = gzip.GzipFile(fileobj=raw) if is_gzip else raw
        yield file


class _Headers:
    """The side of a file that tarfile sees: only headers can be read.

    Args:
        file: The decompressed archive.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.seek, self.tell, self._read = file.seek, file.tell, file.read
        self.budget = _MAX_HEADER_BYTES
        self.last = b''

    def read(self, size: int) -> bytes:
        """Read a part of a member's header.

        Raises:
            tarfile.ReadError: All parts together are too long.
        """
        self.budget -= size
        if size < 0 or self.budget < 0:
            raise tarfile.ReadError('the header of a member is too long')
        self.last = self._read(size)
        return self.last


def _members(
    file: BinaryIO, archive: Path, top: str, parts: tuple[str, ...]
) -> Iterator[tuple[PurePosixPath, tarfile.TarInfo]]:
    """Check an archive to its end, member by member.

    Yields:
        tuple: Path below ``top``, and header, of each file and folder there.
    """
    packed = archive.stat().st_size
    limit = min(MAX_BYTES, ALWAYS_BYTES + MAX_RATIO * packed)
    taken: dict[str, str] = {}
    headers: Any = _Headers(file)
    tar: Any
    number = 0
    with tarfile.TarFile(fileobj=headers) as tar:
        while (member := tar.next()) is not None:
            where = f'cannot unpack {archive}: {member.name[:200]!r}'
            number += 1
            _check_limits(where, member, number, tar.offset, limit)
            path = _path_below(top, member.name)
            if path is not None and str(path).startswith(parts):
                _check_kind(where, member)
                _check_name(where, path)
                _claim(where, path, member.isdir(), taken)
                yield path, member
            tar.members.clear()
            headers.budget = _MAX_HEADER_BYTES
    # a file that was cut between two members looks whole to tarfile
    if headers.last != bytes(tarfile.BLOCKSIZE):
        raise tarfile.ReadError('unexpected end of the archive')
    while file.read(_CHUNK):  # for gzip to compare its check sum
        if file.tell() > limit + number * _FREE_BYTES:
            raise ArchiveError(
                f'cannot unpack {archive}: it {_too_large(limit)}'
            )


def _path_below(top: str, name: str) -> PurePosixPath | None:
    """Return the path of a member below a folder, or None elsewhere."""
    path = PurePosixPath(name)
    if not path.is_relative_to(top) or path == PurePosixPath(top):
        return None
    return path.relative_to(top)


def _too_large(limit: int) -> str:
    return (
        f'unpacks to more than {limit >> 20} MiB, which is too much for its '
        'size or for VOC and SBD'
    )


def _check_limits(
    where: str, member: tarfile.TarInfo, number: int, end: int, limit: int
) -> None:
    """Raise for a member, wanted or not, with which an archive is too large.

    Args:
        where: Archive and member.
        member: Its header.
        number: How many there are so far.
        end: Where it ends in the decompressed archive.
        limit: Bytes that the archive may have.
    """
    if number > MAX_MEMBERS:
        raise ArchiveError(
            f'{where} is one of more than {MAX_MEMBERS} members, which are '
            'too many for VOC and SBD'
        )
    # readers do not agree on what a second size means
    if 'size' in member.pax_headers or member.size < 0:
        raise ArchiveError(f'{where} has a size that contradicts its header')
    if end - number * _FREE_BYTES > limit:
        raise ArchiveError(f'{where}: the archive {_too_large(limit)}')


def _check_kind(where: str, member: tarfile.TarInfo) -> None:
    """Raise unless a member is a folder or a file of a usual size."""
    kind = _KINDS.get(member.type, 'file of a special kind')
    if member.issparse():
        kind = 'sparse file'
    elif member.isdir() or member.type in (tarfile.REGTYPE, tarfile.AREGTYPE):
        kind = ''
    if kind:
        raise ArchiveError(
            f'{where} is a {kind}, but only files and folders are unpacked: '
            'get the original archive'
        )
    if member.size > MAX_FILE_BYTES:
        raise ArchiveError(
            f'{where} has {member.size} bytes; at most {MAX_FILE_BYTES} are '
            'allowed for one file'
        )


def _check_name(where: str, path: PurePosixPath) -> None:
    """Raise unless a path is safe to make below any folder."""
    name = str(path)
    reason = ''
    if '..' in path.parts:
        reason = 'leads out of its folder'
    elif not name.isprintable() or '\\' in name:
        reason = 'has a control character or a backslash in its name'
    elif len(name.encode()) > _MAX_PATH_BYTES or any(
        len(part.encode()) > _MAX_NAME_BYTES for part in path.parts
    ):
        reason = 'has a name that is too long'
    if reason:
        raise ArchiveError(f'{where} {reason}: get the original archive')


def _claim(
    where: str, path: PurePosixPath, is_dir: bool, taken: dict[str, str]
) -> None:
    """Raise if a path is taken, also where upper and lower case are one.

    Args:
        where: Archive and member.
        path: Path of the member.
        is_dir: Whether it is a folder, which may come again.
        taken: Paths so far, by their folded names; folders end in ``/``.
    """
    names = [f'{parent}/' for parent in path.parents[:-1]]
    names.append(f'{path}/' if is_dir else str(path))
    for name in names:
        key = unicodedata.normalize('NFKC', name.rstrip('/')).casefold()
        other = taken.get(key)
        if other is not None and not (other == name and name.endswith('/')):
            raise ArchiveError(
                f'{where} is there twice, or next to {other!r}, which is the '
                'same name on some file systems: get the original archive'
            )
        taken[key] = name


def _check_space(archive: Path, folder: Path, needed: int) -> None:
    """Raise if the disk of a folder has too little space."""
    there = next(path for path in folder.absolute().parents if path.exists())
    free = shutil.disk_usage(there).free
    if needed > free:
        raise OSError(
            f'{archive} needs {needed >> 20} MiB, but only {free >> 20} MiB '
            f'are free in {there}'
        )


def _write(file: BinaryIO, member: tarfile.TarInfo, path: Path) -> None:
    """Make a folder, or a file that does not exist yet."""
    folder = path if member.isdir() else path.parent
    folder.mkdir(parents=True, exist_ok=True)
    if member.isdir():
        return
    file.seek(member.offset_data)
    with open(path, 'xb') as out:
        left = member.size
        while left:
            chunk = file.read(min(left, _CHUNK))
            if not chunk:
                raise tarfile.ReadError('unexpected end of the archive')
            out.write(chunk)
            left -= len(chunk)
