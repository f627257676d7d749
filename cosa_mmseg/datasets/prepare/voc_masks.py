"""Masks of PASCAL VOC: PNG files of class ids, with VOC's colours."""

from pathlib import Path
from typing import IO

import numpy as np
from mmseg.datasets import PascalVOCDataset
from PIL import Image

CLASSES = PascalVOCDataset.METAINFO['classes']  # background first
IGNORE = 255
_MAX_PIXELS = 1 << 24  # a few bytes can stand for many; VOC's have 500 x 500


def read_mask(file: Path | IO[bytes], where: str) -> np.ndarray:
    """The class ids of a PNG mask.

    Args:
        file: A path or an open file.
        where: What an error calls it.

    Returns:
        np.ndarray: Class ids 0..20 and 255 (ignore), (H, W), uint8.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is broken, or no mask of VOC's classes.
    """
    try:
        with Image.open(file, formats=['PNG']) as image:
            if image.width * image.height > _MAX_PIXELS:
                raise ValueError(f'{image.width} x {image.height} pixels')
            image.load()
    except FileNotFoundError:
        raise
    except Exception as err:  # Pillow raises many kinds for a broken file
        raise ValueError(
            f'{where} is broken or no PNG file ({err}): get it anew'
        ) from err
    if image.mode not in ('P', 'L'):
        raise ValueError(
            f'{where} must be a palette or grey PNG file of class ids, but '
            f'has the mode {image.mode!r}'
        )
    return check_ids(np.asarray(image), where)


def check_ids(mask: np.ndarray, where: str) -> np.ndarray:
    """A mask as uint8, if each of its values is a class id or 255.

    Args:
        mask: Class ids, (H, W).
        where: What an error calls the mask.

    Raises:
        ValueError: It holds another value.
    """
    ids = np.unique(mask)
    wrong = ids[~np.isin(ids, [*range(len(CLASSES)), IGNORE])]
    if wrong.size:
        raise ValueError(
            f'{where} holds the value {wrong[0]}; allowed are 0 (background), '
            f'1..{len(CLASSES) - 1} (classes) and {IGNORE} (ignore)'
        )
    return mask.astype(np.uint8)


def check_size(mask: np.ndarray, where: str, img_path: Path) -> None:
    """Raise unless a mask has the size of its image.

    Args:
        mask: Class ids, (H, W).
        where: What an error calls the mask.
        img_path: The image, of which only the header is read.

    Raises:
        ValueError: The sizes differ, or the image cannot be read.
    """
    try:
        with Image.open(img_path) as image:
            size = image.size[::-1]
    except Exception as err:  # as above, and Pillow's of too many pixels
        raise ValueError(
            f'{img_path} cannot be read as an image ({err})'
        ) from err
    if mask.shape != size:
        raise ValueError(
            f'{where} has {mask.shape} pixels (height, width), its image '
            f'{img_path} has {size}'
        )


def mask_classes(mask: np.ndarray) -> list[str]:
    """Names of the foreground classes in a mask, in the order of their ids."""
    return [CLASSES[i] for i in np.unique(mask) if i not in (0, IGNORE)]
