"""Label maps of masks that a labelling tool exports as COCO JSON."""

import json
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np

from cosa_mmseg.datasets.image_files import name_masks
from cosa_mmseg.utils.label_map import write_label_map
from cosa_mmseg.utils.reading import decode, read_bytes

from .coco import encode, require_pycocotools
from .coco_instances import MAX_PIXELS, ImageInfo, member

IGNORE_INDEX = 255


class _Mask(NamedTuple):
    """Class id of a mask, its segmentation, and where in the file it is."""

    id_: int
    segmentation: Any
    where: str


def write_corrected(
    path: str | Path, classes: Sequence[str], out_dir: str | Path
) -> tuple[int, int]:
    """Write a label map for each image that has a mask.

    Where masks overlap, the one that comes later is seen; crowds are 255
    (ignored) where nothing is.

    Args:
        path: COCO JSON with polygons or run lengths.
        classes: The foreground classes; class ``k`` (from 1) has the id ``k``.
        out_dir: Folder to write to; names are those of :func:`name_masks`.

    Returns:
        tuple[int, int]: Number of label maps that were written, and of images
        without an annotation, of which none is written.

    Raises:
        OSError: There is no such file, or nothing can be written.
        ImportError: ``pycocotools`` is missing.
        ValueError: The file is broken or has an image twice, or a category is
            none of the classes.
    """
    require_pycocotools()
    try:
        content = json.loads(decode(read_bytes(path)))
    except RecursionError as err:
        raise ValueError(f'{path} is not JSON: {err}') from err
    images, annotations, categories = (
        member(content, key, list, str(path))
        for key in ('images', 'annotations', 'categories')
    )
    ids = _class_ids(categories, classes, path)
    masks = _masks_by_image(annotations, ids, path)
    by_id = _images_by_id(images, path)
    names = name_masks((image.name for image in by_id.values()), None)
    written = 0
    for key, image in by_id.items():
        if found := masks.pop(key, []):
            target = Path(out_dir, f'{names[image.name]}.png')
            write_label_map(target, _draw(image, found))
            written += 1
    if masks:
        raise ValueError(f'{path}: there is no image {min(masks)}')
    return written, len(images) - written


def _class_ids(
    categories: list, classes: Sequence[str], path: str | Path
) -> dict[int, int]:
    """Return the class of each category that is one."""
    names = {}
    for index, entry in enumerate(categories):
        where = f'{path}: categories[{index}]'
        key = member(entry, 'id', int, where)
        names[key] = member(entry, 'name', str, where)
    known = {name: number for number, name in enumerate(classes, 1)}
    ids = {key: known[name] for key, name in names.items() if name in known}
    if not ids:
        raise ValueError(
            f'{path}: none of its categories ({", ".join(names.values())}) is '
            f'one of the classes ({", ".join(classes)})'
        )
    return ids


def _masks_by_image(
    annotations: list, ids: dict[int, int], path: str | Path
) -> dict[int, list[_Mask]]:
    """Return the masks of each image, in the order of the file."""
    masks: dict[int, list[_Mask]] = {}
    for index, entry in enumerate(annotations):
        where = f'{path}: annotations[{index}]'
        category = member(entry, 'category_id', int, where)
        if category not in ids:
            raise ValueError(
                f'{where}: category {category} is not listed, or is none of '
                'the classes'
            )
        if not entry.get('segmentation'):
            raise ValueError(
                f"{where} has no 'segmentation': export masks or polygons, a "
                'box is no mask'
            )
        id_ = IGNORE_INDEX if entry.get('iscrowd') else ids[category]
        mask = _Mask(id_, entry['segmentation'], where)
        masks.setdefault(member(entry, 'image_id', int, where), []).append(
            mask
        )
    return masks


def _images_by_id(images: list, path: str | Path) -> dict[int, ImageInfo]:
    """Return the images, each of which may be there once."""
    found: dict[int, ImageInfo] = {}
    names: set[str] = set()
    for index, entry in enumerate(images):
        where = f'{path}: images[{index}]'
        key = member(entry, 'id', int, where)
        image = _image(entry, where)
        if key in found or image.name in names:
            raise ValueError(
                f'{where}: the image {image.name!r}, or its id {key}, is '
                'there twice: leave one out'
            )
        found[key] = image
        names.add(image.name)
    return found


def _image(entry: Any, where: str) -> ImageInfo:
    """Return name and size of an image."""
    name = member(entry, 'file_name', str, where).replace('\\', '/')
    height = member(entry, 'height', int, where)
    width = member(entry, 'width', int, where)
    if PurePosixPath(name).is_absolute() or '..' in PurePosixPath(name).parts:
        raise ValueError(f'{where}: {name!r} is not below a folder')
    if min(height, width) < 1 or height * width > MAX_PIXELS:
        raise ValueError(f'{where}: the image has {height} x {width} pixels')
    return ImageInfo(name, height, width)


def _draw(image: ImageInfo, masks: Sequence[_Mask]) -> np.ndarray:
    """Return the label map of an image, uint8 (H, W)."""
    draw = require_pycocotools().decode
    label_map = np.zeros((image.height, image.width), np.uint8)
    for id_, segmentation, where in masks:
        mask = draw(encode(segmentation, image, where)).astype(bool)
        if id_ == IGNORE_INDEX:
            mask &= label_map == 0
        label_map[mask] = id_
    return label_map
