"""The Semantic Boundaries Dataset (SBD): more masks for PASCAL VOC's images.

It comes as ``benchmark.tgz``, whose ``benchmark_RELEASE/dataset`` holds
``train.txt``, ``val.txt`` and ``cls/*.mat``, or, converted by others, as PNG
masks in ``SegmentationClassAug.zip``.
"""

import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from zipfile import BadZipFile, ZipFile, is_zipfile

import numpy as np
from scipy.io import loadmat

from cosa_mmseg.datasets.image_files import check_unique
from cosa_mmseg.datasets.voc import parse_voc_line
from cosa_mmseg.utils.reading import read_text

from .archives import unpack
from .voc_masks import (
    check_ids,
    read_mask,
)

_TOP = 'benchmark_RELEASE/dataset/'
_PARTS = ('train.txt', 'val.txt', 'cls/')
_MAX_MAT_BYTES = 16 << 20
# what zipfile raises for broken files, and for kinds that it does not know
_ZIP_ERRORS = (BadZipFile, EOFError, OSError, RuntimeError, zlib.error)
_FORMS = (
    'benchmark.tgz of SBD, its folder benchmark_RELEASE/dataset (with '
    'train.txt, val.txt and cls/*.mat), SegmentationClassAug.zip, or a '
    'folder of its PNG masks'
)


@dataclass(frozen=True)
class MaskSource:
    """Masks by image id.

    Attributes:
        names: The ids of all images that there are masks of.
        read: Returns the mask of an id: class ids, (H, W), uint8.
    """

    names: frozenset[str]
    read: Callable[[str], np.ndarray]


def open_sbd(path: str | Path, folder: str | Path) -> MaskSource:
    """SBD's masks, in any of the forms that it is handed on in.

    Args:
        path: ``benchmark.tgz``, the folder ``benchmark_RELEASE/dataset``, a
            zip file of PNG masks, or a folder of them.
        folder: Where ``benchmark.tgz`` is unpacked, or has been.

    Raises:
        FileNotFoundError: ``path`` does not exist.
        ValueError: It is none of these forms, or broken.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f'no {path}: sbd must be {_FORMS}')
    if path.is_dir():
        return _open_folder(path)
    if path.is_file() and is_zipfile(path):
        return _open_zip(path)
    if not Path(folder).exists():
        unpack(path, folder, top=_TOP, parts=_PARTS)
    return _open_folder(Path(folder))


def read_list(path: Path) -> list[str]:
    """The ids of an image list, in its order.

    Args:
        path: A text file with one image a line, see :func:`parse_voc_line`.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is empty, or names an image twice.
    """
    if not path.is_file():
        raise FileNotFoundError(f'no image list {path}')
    lines = read_text(path).split('\n')
    names = [parse_voc_line(line) for line in lines if line.strip()]
    if not names:
        raise ValueError(f'the image list {path} is empty')
    check_unique(names, path)
    return names


def read_mat(path: Path) -> np.ndarray:
    """The mask in a file of SBD's ``cls``, ``GTcls.Segmentation``.

    Returns:
        np.ndarray: Class ids 0..20, (H, W), uint8.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is broken, or holds no mask of VOC's classes.
    """
    try:
        content = path.read_bytes()
        _check_inflated(content)
        mat = loadmat(io.BytesIO(content), variable_names=['GTcls'])
    except FileNotFoundError:
        raise
    except Exception as err:  # scipy raises many kinds for a broken file
        raise ValueError(
            f'{path} is broken or no MATLAB file ({err}): get it anew'
        ) from err
    try:
        mask = np.asarray(mat['GTcls']['Segmentation'][0, 0])
    except (KeyError, ValueError, IndexError) as err:
        raise ValueError(
            f'{path} holds no GTcls.Segmentation: it is not from the folder '
            'cls of SBD'
        ) from err
    if mask.ndim != 2 or mask.dtype.kind not in 'uif':
        raise ValueError(
            f'GTcls.Segmentation in {path} must be a matrix of class ids, but '
            f'has the shape {mask.shape} and the type {mask.dtype}'
        )
    return check_ids(mask, str(path))


def _check_inflated(content: bytes) -> None:
    """Raise if variables of a MATLAB file are much larger than any mask.

    Args:
        content: A file of version 5: 128 bytes, then elements of a kind (15:
            compressed), a size and data.
    """
    if content[126:128] != b'IM':
        raise ValueError('it does not begin like one')
    start = 128
    while start + 8 <= len(content):
        kind, size = struct.unpack_from('<II', content, start)
        data = content[start + 8 : start + 8 + size]
        if kind == 15:
            inflater = zlib.decompressobj()
            inflater.decompress(data, _MAX_MAT_BYTES)
            if inflater.unconsumed_tail:
                raise ValueError(f'more than {_MAX_MAT_BYTES} bytes')
        start += 8 + size


def _open_folder(path: Path) -> MaskSource:
    """The masks of SBD's own folder, or of a folder of PNG files."""
    if (path / 'cls').is_dir():
        return _open_mats(path)
    names = [p.stem for p in path.glob('[!.]*.png')]
    if not names:
        raise ValueError(
            f'{path} has neither cls nor PNG files: sbd must be {_FORMS}'
        )

    def read(name: str) -> np.ndarray:
        file = path / f'{name}.png'
        return read_mask(file, str(file))

    return MaskSource(frozenset(names), read)


def _open_mats(path: Path) -> MaskSource:
    """The masks of SBD's folder ``benchmark_RELEASE/dataset``."""
    names = read_list(path / 'train.txt') + read_list(path / 'val.txt')
    check_unique(names, f'{path}: train.txt and val.txt together')
    there = {file.stem for file in (path / 'cls').glob('*.mat')}
    missing = [name for name in names if name not in there]
    if missing:
        raise FileNotFoundError(
            f'{len(missing)} of the {len(names)} images of train.txt and '
            f'val.txt in {path} have no mask; the first is '
            f'{path / "cls" / missing[0]}.mat: unpack benchmark.tgz anew'
        )
    return MaskSource(
        frozenset(names), lambda name: read_mat(path / 'cls' / f'{name}.mat')
    )


def _open_zip(path: Path) -> MaskSource:
    """The masks of a zip file of PNG files, which is not unpacked."""
    try:
        archive = ZipFile(path)
    except _ZIP_ERRORS as err:
        raise ValueError(f'{path} is broken ({err}): get it anew') from err
    # macOS adds __MACOSX/._*.png, which are no pictures
    members = [
        member
        for member in archive.namelist()
        if member.endswith('.png')
        and not PurePosixPath(member).name.startswith('.')
    ]
    found = {PurePosixPath(member).stem: member for member in members}
    check_unique([PurePosixPath(member).stem for member in members], path)
    if not found:
        raise ValueError(f'{path} holds no PNG file: sbd must be {_FORMS}')

    def read(name: str) -> np.ndarray:
        where = f'{found[name]} in {path}'
        try:
            with archive.open(found[name]) as file:
                return read_mask(file, where)
        except _ZIP_ERRORS as err:
            raise ValueError(f'{where} cannot be read: {err}') from err

    return MaskSource(frozenset(found), read)
