"""Masks of PASCAL VOC: PNG files of class ids, with VOC's colours."""

from pathlib import Path
from zipfile import Path as ZipPath

import numpy as np
from mmseg.datasets import PascalVOCDataset
from PIL import Image

from cosa_mmseg.datasets.bad_files import (
    check_mask_ids,
    check_mask_size,
    naming_bad_files,
)

CLASSES = PascalVOCDataset.METAINFO['classes']  # background first
IGNORE = 255
_MAX_PIXELS = 1 << 24  # a few bytes can stand for many; VOC's have 500 x 500


def read_mask(path: Path | ZipPath) -> np.ndarray:
    """Return the class ids of a PNG mask.

    Args:
        path: The file, which may be a member of a zip file.

    Returns:
        np.ndarray: Class ids 0..20 and 255 (ignore), (H, W), uint8.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is broken, or no mask of VOC's classes.
    """
    try:
        with (
            path.open('rb') as file,
            Image.open(file, formats=['PNG']) as image,
        ):
            if image.width * image.height > _MAX_PIXELS:
                raise ValueError(f'{image.width} x {image.height} pixels')
            if image.mode not in ('P', 'L'):
                raise ValueError(f'neither palette nor grey, but {image.mode}')
            image.load()
    except FileNotFoundError:
        raise
    except Exception as err:  # Pillow raises many kinds for a broken file
        raise ValueError(
            f'{path} is broken or no PNG of class ids ({err}): get it anew'
        ) from err
    return check_ids(np.asarray(image), path)


def check_ids(mask: np.ndarray, where: object) -> np.ndarray:
    """Return a mask, (H, W), uint8, if each value is a class id or 255.

    Raises:
        ValueError: It holds another value; the message begins with ``where``.
    """
    check_mask_ids(mask, len(CLASSES), IGNORE, dict(seg_map_path=where))
    return mask


def check_size(mask: np.ndarray, where: str, img_path: Path) -> None:
    """Raise unless a mask has the size of its image.

    Args:
        mask: Class ids, (H, W).
        where: What an error calls the mask.
        img_path: The image, of which only the header is read.

    Raises:
        ValueError: The sizes differ, or the image cannot be read.
    """
    info = dict(img_path=str(img_path), seg_map_path=where)
    with naming_bad_files(dict(img_path=str(img_path))):
        width, height = Image.open(img_path).size
    check_mask_size(mask.shape, (height, width), info)


def mask_classes(mask: np.ndarray) -> list[str]:
    """Return names of the foreground classes, in the order of their ids."""
    return [CLASSES[i] for i in np.unique(mask) if i not in (0, IGNORE)]
