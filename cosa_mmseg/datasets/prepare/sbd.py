"""The Semantic Boundaries Dataset (SBD): more masks for PASCAL VOC's images.

It comes as ``benchmark.tgz``, whose ``benchmark_RELEASE/dataset`` holds
``train.txt``, ``val.txt`` and ``cls/*.mat``, or, converted by others, as PNG
masks in ``SegmentationClassAug.zip``.
"""

import io
import struct
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from zipfile import BadZipFile, ZipFile, is_zipfile
from zipfile import Path as ZipPath

import numpy as np
from scipy.io import loadmat

from cosa_mmseg.datasets.image_files import check_unique, read_image_list
from cosa_mmseg.datasets.voc import parse_voc_line

from .archives import unpack
from .voc_masks import check_ids, read_mask

MaskFiles = Mapping[str, Path | ZipPath]  # by image id
_TOP = 'benchmark_RELEASE/dataset/'
_PARTS = ('train.txt', 'val.txt', 'cls/')
_MAX_MAT_BYTES = 512 << 10
_MAX_INFLATED_BYTES = 16 << 20
_FORMS = (
    'benchmark.tgz of SBD, its folder benchmark_RELEASE/dataset (with '
    'train.txt, val.txt and cls/*.mat), SegmentationClassAug.zip, or a '
    'folder of its PNG masks'
)


def open_sbd(path: str | Path, folder: str | Path) -> MaskFiles:
    """Find SBD's masks, in any of the forms that it is handed on in.

    Args:
        path: ``benchmark.tgz``, the folder ``benchmark_RELEASE/dataset``, a
            zip file of PNG masks, or a folder of them.
        folder: Where ``benchmark.tgz`` is unpacked, or has been.

    Returns:
        MaskFiles: Files for :func:`read_sbd_mask`.

    Raises:
        FileNotFoundError: ``path`` does not exist.
        ValueError: It is none of these forms, or broken.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f'no {path}: sbd must be {_FORMS}')
    if path.is_file() and is_zipfile(path):
        return _open_zip(path)
    if not path.is_dir():
        if not Path(folder).exists():
            unpack(path, folder, top=_TOP, parts=_PARTS)
        path = Path(folder)
    if (path / 'cls').is_dir():
        return _open_mats(path)
    return _open_pngs(path, path.glob('[!.]*.png'))


def read_list(path: Path) -> list[str]:
    """Return the ids of an image list, in its order.

    Args:
        path: A text file with one image a line, see :func:`parse_voc_line`.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is empty, or names an image twice.
    """
    names = [parse_voc_line(line) for line in read_image_list(str(path))]
    check_unique(names, path)
    return names


def read_sbd_mask(path: Path | ZipPath) -> np.ndarray:
    """Return the class ids, (H, W), uint8, of a file of SBD.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is broken, or holds no mask of VOC's classes.
    """
    if isinstance(path, Path) and path.suffix == '.mat':
        return read_mat(path)
    return read_mask(path)


def read_mat(path: Path) -> np.ndarray:
    """Return the mask in a file of SBD's ``cls``, ``GTcls.Segmentation``.

    Returns:
        np.ndarray: Class ids 0..20, (H, W), uint8.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is broken, or holds no mask of VOC's classes.
    """
    try:
        if (size := path.stat().st_size) > _MAX_MAT_BYTES:
            raise ValueError(f'{size} bytes, more than {_MAX_MAT_BYTES}')
        content = path.read_bytes()
        _check_inflated(content)
        mat = loadmat(io.BytesIO(content), variable_names=['GTcls'])
        mask = np.asarray(mat['GTcls']['Segmentation'][0, 0])
    except FileNotFoundError:
        raise
    except Exception as err:  # scipy raises many kinds for a broken file
        raise ValueError(
            f'{path} is broken or no MATLAB file with GTcls.Segmentation, as '
            f'those in the folder cls of SBD ({err}): get it anew'
        ) from err
    is_matrix = mask.ndim == 2 and mask.dtype.kind in 'uif'
    if not is_matrix or not np.isin(mask, range(256)).all():
        raise ValueError(
            f'GTcls.Segmentation in {path} must be a matrix of class ids, but '
            f'has the shape {mask.shape} and the type {mask.dtype}, or other '
            'values'
        )
    return check_ids(mask.astype(np.uint8), path)


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
            inflater.decompress(data, _MAX_INFLATED_BYTES)
            if inflater.unconsumed_tail:
                raise ValueError(f'more than {_MAX_INFLATED_BYTES} bytes')
        start += 8 + size


def _open_mats(path: Path) -> MaskFiles:
    """Find the masks of SBD's folder ``benchmark_RELEASE/dataset``."""
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
    return {name: path / 'cls' / f'{name}.mat' for name in names}


def _open_zip(path: Path) -> MaskFiles:
    """Find the masks of a zip file of PNG files, which is not unpacked."""
    try:
        archive = ZipFile(path)
    except (BadZipFile, EOFError, OSError, RuntimeError) as err:
        raise ValueError(f'{path} is broken ({err}): get it anew') from err
    members = (ZipPath(archive, name) for name in archive.namelist())
    # macOS adds __MACOSX/._*.png, which are no pictures
    pngs = (m for m in members if m.name.endswith('.png') and m.name[0] != '.')
    return _open_pngs(path, pngs)


def _open_pngs(path: Path, files: Iterable[Path | ZipPath]) -> MaskFiles:
    """Return PNG files by the ids of their images."""
    found = [(file.name.removesuffix('.png'), file) for file in files]
    if not found:
        raise ValueError(
            f'{path} has neither cls nor PNG files: sbd must be {_FORMS}'
        )
    check_unique((name for name, _ in found), path)
    return dict(found)
