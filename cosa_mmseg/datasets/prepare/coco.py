"""From the annotations of MS COCO 2014 to what its data set reads.

``annotations/instances_{train,val}2014.json`` becomes
``splits/{train2014,val2014,val2014_all}.txt``,
``image_labels/{train,val}2014.json`` and, for evaluation alone,
``masks/val2014/*.png``.
"""

from collections.abc import Container
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.utils import track_iter_progress

from cosa_mmseg.utils.label_map import write_label_map

from .coco_instances import ImageInfo, Instances, member, read_instances
from .image_labels import labels_text, list_text, write_missing
from .json_stream import iter_json_arrays

TRAIN, VAL = 'train2014', 'val2014'
CROWD = 255  # the id that scores ignore


def convert_coco(root: str | Path, masks: bool = False) -> None:
    """Write the image lists and labels, and the masks if asked for.

    Labels come from the pairs of image and category alone. Lists and labels
    are written once both annotation files have been read and checked, masks
    once all segmentations have; each file is written whole or not at all.
    What is there is kept: a second call changes nothing, and a call after an
    interrupted one writes what is missing.

    Args:
        root: Folder of the data set, which holds ``annotations``.
        masks: Whether to write the masks of ``val2014``, which needs
            ``pycocotools``; see :func:`write_masks`.

    Raises:
        FileNotFoundError: If an annotation file is missing.
        FileExistsError: If a list or label file is there and says something
            else.
        ImportError: If masks are asked for and ``pycocotools`` is missing.
        ValueError: If an annotation file is broken.
    """
    root = Path(root)
    if masks:
        require_pycocotools()
    instances = {
        split: read_instances(root / f'annotations/instances_{split}.json')
        for split in (TRAIN, VAL)
    }
    texts: dict[Path, str] = {}
    for split, found in instances.items():
        labels = found.class_names()
        # What shows nothing cannot be learned from, and published scores of
        # the field are on the 40,137 images that show a class.
        listed = [name for name in labels if labels[name]]
        texts[root / f'splits/{split}.txt'] = list_text(listed)
        texts[root / f'image_labels/{split}.json'] = labels_text(labels)
        print(f'{split}: {len(labels)} images; {len(listed)} show a class')
        if split == VAL:
            texts[root / f'splits/{split}_all.txt'] = list_text([*labels])
    write_missing(texts)
    if masks:
        written, kept = write_masks(root / 'masks' / VAL, instances[VAL])
        print(f'{VAL}: {written} masks written, {kept} were there')


def require_pycocotools() -> Any:
    """Return ``pycocotools.mask``; raise ``ImportError`` if it is missing."""
    try:
        from pycocotools import mask
    except ImportError as err:
        raise ImportError(
            'masks of MS COCO need the package pycocotools: pip install '
            'pycocotools'
        ) from err
    return mask


def write_masks(folder: Path, instances: Instances) -> tuple[int, int]:
    """Write the masks that are not there yet.

    A mask is a palette PNG of segmentation ids at the size of the image: 0
    where there is no object, 255 where there is only a crowd. Where objects
    overlap, the one that comes later in the file is seen; objects are seen
    over crowds, whatever their order. An image without objects has a mask of
    zeros.

    Everything is read before the first mask is written. Regions are held as
    run lengths until they are drawn, a few hundred bytes each.

    Args:
        folder: Where to write ``<image name>.png``. A mask that is there is
            kept as it is.
        instances: What to draw.

    Returns:
        tuple[int, int]: Numbers of masks written and of masks kept.

    Raises:
        ImportError: If ``pycocotools`` is missing.
        ValueError: If a segmentation is malformed; nothing is written then.
    """
    images = {
        image_id: image
        for image_id, image in instances.images.items()
        if not (folder / f'{image.name}.png').exists()
    }
    if images:
        regions = _read_regions(instances, images)
        for image_id in track_iter_progress(sorted(images)):
            image = images[image_id]
            mask = _draw(image, regions.get(image_id, []))
            write_label_map(folder / f'{image.name}.png', mask)
    return len(images), len(instances.images) - len(images)


def _read_regions(
    instances: Instances, wanted: Container[int]
) -> dict[int, list[tuple[int, dict]]]:
    """Return segmentation ids and runs by image, in the order of drawing."""
    regions: dict[int, list[tuple[int, dict]]] = {}
    path = instances.path
    for _, index, entry in iter_json_arrays(path, ['annotations']):
        if entry['image_id'] not in wanted:
            continue
        where = f'{path}: annotations[{index}]'
        image = instances.images[entry['image_id']]
        class_id = instances.class_ids[entry['category_id']]
        if member(entry, 'iscrowd', int, where):
            class_id = CROWD
        segmentation = member(entry, 'segmentation', object, where)
        runs = encode(segmentation, image, where)
        regions.setdefault(entry['image_id'], []).append((class_id, runs))
    for entries in regions.values():
        entries.sort(key=lambda entry: entry[0] != CROWD)  # is stable
    return regions


def _draw(image: ImageInfo, regions: list[tuple[int, dict]]) -> np.ndarray:
    """Return segmentation ids, uint8 (H, W)."""
    decode = require_pycocotools().decode
    mask = np.zeros((image.height, image.width), np.uint8)
    for class_id, runs in regions:
        mask[decode(runs) > 0] = class_id
    return mask


def encode(segmentation: Any, image: ImageInfo, where: str) -> dict:
    """Return compressed run lengths of a segmentation.

    The input is checked, since what pycocotools makes of malformed polygons
    and of too few runs is undefined.

    Args:
        segmentation: As in the file: a list of polygons ``[x, y, x, y, ...]``
            or ``{'size': [h, w], 'counts': [run, ...]}``.
        image: The image.
        where: Where in the file it is.
    """
    coco_mask = require_pycocotools()
    size = [image.height, image.width]
    if isinstance(segmentation, list) and segmentation:
        valid = all(_is_polygon(p, max(size)) for p in segmentation)
    else:
        valid = _are_runs(segmentation, size)
    if not valid:
        raise ValueError(
            f"{where}: 'segmentation' is neither a list of polygons "
            '[x, y, x, y, x, y, ...] near the image nor an object with '
            f"'size' {size} and as many 'counts' of pixels, but "
            f'{segmentation!r:.60}'
        )
    runs = coco_mask.frPyObjects(segmentation, *size)
    return coco_mask.merge(runs) if isinstance(runs, list) else runs


def _is_polygon(points: Any, side: int) -> bool:
    """Return True for three or more points within an image side of it."""
    try:
        values = np.asarray(points, float)
    except (TypeError, ValueError):
        return False
    return (
        values.ndim == 1
        and values.size >= 6
        and values.size % 2 == 0
        and bool((abs(values) <= 2 * side).all())  # NaN is not, either
    )


def _are_runs(entry: Any, size: list[int]) -> bool:
    """Return True for an object with run lengths that fill the image."""
    if not isinstance(entry, dict) or entry.get('size') != size:
        return False
    counts = entry.get('counts')
    return (
        isinstance(counts, list)
        and all(isinstance(run, int) and run >= 0 for run in counts)
        and sum(counts) == size[0] * size[1]
    )
