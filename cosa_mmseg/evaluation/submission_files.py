"""The files of a package for a test server: written, read back, packed."""

import json
import re
import tarfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image

from cosa_mmseg.utils.atomic import atomic_file

# The ids of COCO's 80 detection categories in the order of their classes.
COCO_CATEGORY_IDS = tuple(
    sorted({*range(1, 91)} - {12, 26, 29, 30, 45, 66, 68, 69, 71, 83})
)


class SubmissionError(ValueError):
    """A package cannot be made; the message says why in one sentence."""


def check_label_map(path: Path, image_path: Path, num_classes: int) -> None:
    """Read a label map back and compares it with its image.

    Args:
        path: The label map.
        image_path: The image, a local file.
        num_classes: K; ids from 0 to K - 1 are allowed.

    Raises:
        SubmissionError: If the label map has no palette, another size than
            the image, or another id.
    """
    with Image.open(path) as label_map, Image.open(image_path) as image:
        highest = int(np.asarray(label_map).max())
        if label_map.mode != 'P' or highest >= num_classes:
            raise SubmissionError(
                f'{path} has mode {label_map.mode} and ids up to {highest}, '
                f'but must have mode P and ids up to {num_classes - 1}'
            )
        sizes = [image.size]
        if image.getexif().get(ExifTags.Base.Orientation, 1) > 4:
            sizes.append(image.size[::-1])  # as it is when turned upright
        if label_map.size not in sizes:
            raise SubmissionError(
                f'{path} has {label_map.width} x {label_map.height} pixels, '
                f'but its image {image_path} {image.width} x {image.height}'
            )


def write_tar(path: Path, files: Sequence[Path], root: Path) -> None:
    """Pack files in a tar.gz, under their names relative to a folder."""
    with (
        atomic_file(path) as unfinished,
        tarfile.open(unfinished, 'w:gz') as tar,
    ):
        for file in files:
            tar.add(file, file.relative_to(root))


def write_coco_json(path: Path, label_maps: Sequence[Path]) -> None:
    """Write label maps as a result file of COCO, see `coco_entries`."""
    entries = [entry for file in label_maps for entry in coco_entries(file)]
    with atomic_file(path) as unfinished:
        unfinished.write_text(json.dumps(entries))


def coco_entries(path: Path) -> list[dict]:
    """Return the entries of a COCO result file for one image.

    Args:
        path: Label map of COCO's classes (ids 0 to 80), whose name ends in
            the number of the image.

    Returns:
        list[dict]: ``image_id``, ``category_id`` (COCO's own, 1 to 90) and
        ``segmentation``, a compressed run-length code, for each class of the
        label map but the background.

    Raises:
        SubmissionError: If there is no number, or no ``pycocotools``.
    """
    mask = require_pycocotools()
    number = re.search(r'\d+$', path.stem)
    if number is None:
        raise SubmissionError(
            'coco-json needs image names that end in a number, such as '
            f'COCO_val2014_000000000042, but there is {path.stem!r}'
        )
    with Image.open(path) as image:
        label_map = np.asarray(image)
    entries = []
    for class_id in np.unique(label_map[label_map > 0]):
        region = (label_map == class_id).astype(np.uint8)
        code = mask.encode(np.asfortranarray(region))
        entries.append(
            dict(
                image_id=int(number[0]),
                category_id=COCO_CATEGORY_IDS[class_id - 1],
                segmentation=dict(
                    size=code['size'], counts=code['counts'].decode()
                ),
            )
        )
    return entries


def require_pycocotools():
    """Return the module ``pycocotools.mask``.

    Raises:
        SubmissionError: If it is not installed.
    """
    try:
        from pycocotools import mask
    except ImportError as err:
        raise SubmissionError(
            'coco-json needs the package pycocotools, which is not '
            "installed: pip install 'cosa_mmseg[coco]'"
        ) from err
    return mask
