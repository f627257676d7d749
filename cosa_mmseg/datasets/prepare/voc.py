"""Prepares PASCAL VOC 2012 with the images that SBD has masks of.

A tree ``VOCdevkit/VOC2012`` gets

- ``ImageSets/Segmentation/train_aug.txt``: the usual training set, which is
  SBD's train and val with VOC's train, without VOC's val;
- ``SegmentationClassAug/*.png``: its masks, VOC's own where it has one, else
  SBD's. Training from image-level labels reads none of them;
- ``image_labels/xml.json`` or ``image_labels/masks.json``: the classes of each
  image of train_aug and val, a ``label_file`` of ``VOCImageLabelDataset``.
"""

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from mmengine.utils import track_iter_progress

from cosa_mmseg.datasets.label_rows import check_known
from cosa_mmseg.datasets.voc import load_voc_xml
from cosa_mmseg.utils.label_map import write_label_map

from .archives import unpack
from .image_labels import labels_text, list_text, write_missing
from .sbd import MaskFiles, open_sbd, read_sbd_mask
from .voc_lists import (
    check_files,
    check_folders,
    count_images,
    image_lists,
    list_path,
)
from .voc_masks import CLASSES, check_size, mask_classes, read_mask

LABEL_SOURCES = ('xml', 'masks')


def convert_voc(
    root: str | Path,
    sbd: str | Path | None = None,
    voc_tar: str | Path | None = None,
    labels_from: str = 'xml',
    allow_partial: bool = False,
    num_workers: int = 2,
) -> dict[str, int]:
    """Check PASCAL VOC 2012, and write train_aug with its masks and labels.

    Each file is written whole or not at all. What is there is checked and
    kept: a second call changes nothing, and a call after an interrupted one
    writes what is missing.

    Args:
        root: The folder ``VOC2012``, with ``JPEGImages`` and so on.
        sbd: SBD, in one of the forms that :func:`.sbd.open_sbd` reads; a tar
            file is unpacked to the folder ``SBD`` beside ``root``. Without it
            ``train_aug.txt`` must be there, and no masks are written.
        voc_tar: ``VOCtrainval_11-May-2012.tar``, which is unpacked to ``root``
            if that does not exist.
        labels_from: ``'xml'``, the objects of ``Annotations``, "difficult"
            ones included, or ``'masks'``, the classes in the masks, which
            needs ``sbd``.
        allow_partial: Whether other numbers of images than VOC's are fine. A
            listed image must be there all the same.
        num_workers: Number of threads; it does not change what is written.

    Returns:
        dict[str, int]: Numbers of ``images``, of names in ``train``, ``val``
        and ``train_aug``, of ``labels``, of ``masks`` of train_aug that are
        there now, and of the ``new_masks`` among them.

    Raises:
        FileNotFoundError: A folder, list, image, mask or XML file is missing.
        FileExistsError: A list or label file is there and says something else.
        ValueError: A file is broken, or the numbers are not VOC's.
    """
    _check_options(labels_from, sbd, num_workers)
    root = Path(root)
    if voc_tar is not None and not root.exists():
        unpack(voc_tar, root, top='VOCdevkit/VOC2012/')
    check_folders(root)
    source = None if sbd is None else open_sbd(sbd, root.parent / 'SBD')
    lists = image_lists(root, source)
    counts = count_images(root, lists, allow_partial)
    check_files(root, lists, xml=labels_from == 'xml')
    each = partial(_for_each, num_workers)
    labels: dict[str, list[str]] = {}
    img_ids = sorted({*lists['train_aug'], *lists['val']})
    if labels_from == 'xml':
        labels = each('annotations', partial(_xml_classes, root), img_ids)
    to_write = lists['train_aug'] if source else []
    new = [i for i in to_write if not _aug_path(root, i).exists()]
    in_masks = _read_and_write_masks(each, root, source, lists)
    if labels_from == 'masks':
        labels = {img_id: in_masks[img_id] for img_id in img_ids}
    _write_texts(root, labels_from, labels, lists['train_aug'])
    numbers = dict(labels=len(labels), masks=len(to_write), new_masks=len(new))
    return counts | numbers


def _check_options(
    labels_from: str, sbd: str | Path | None, num_workers: int
) -> None:
    if labels_from not in LABEL_SOURCES:
        raise ValueError(
            f'labels_from is {labels_from!r}; allowed are {LABEL_SOURCES}'
        )
    if labels_from == 'masks' and sbd is None:
        raise ValueError(
            "labels_from 'masks' needs the masks of train_aug: pass sbd"
        )
    if num_workers < 1:
        raise ValueError(f'num_workers is {num_workers}, but must be positive')


def _read_and_write_masks(
    each: Callable[..., dict[str, list[str]]],
    root: Path,
    source: MaskFiles | None,
    lists: dict[str, list[str]],
) -> dict[str, list[str]]:
    """Return the classes in masks; with SBD, write those of train_aug."""
    found = each('masks of val', partial(_voc_classes, root), lists['val'])
    if source is not None:
        write = partial(_write_aug, root, source, frozenset(lists['train']))
        found |= each('masks of train_aug', write, lists['train_aug'])
    return found


def _for_each(
    num_workers: int,
    what: str,
    classes: Callable[[str], list[str]],
    img_ids: list[str],
) -> dict[str, list[str]]:
    """Return the classes of each image, while a bar shows the progress."""
    print(f'{what}:', file=sys.stderr)
    with ThreadPoolExecutor(num_workers) as pool:
        found = pool.map(classes, img_ids)
        tracked = track_iter_progress((found, len(img_ids)), file=sys.stderr)
        return dict(zip(img_ids, tracked, strict=True))


def _xml_classes(root: Path, img_id: str) -> list[str]:
    """Return the classes of objects, each once, in the order of their ids."""
    path = root / 'Annotations' / f'{img_id}.xml'
    names = set(load_voc_xml(str(path)))
    check_known(names, CLASSES[1:], img_id, str(path))
    if not names:
        raise ValueError(f'{path} has no object, but each image of VOC does')
    return sorted(names, key=CLASSES.index)


def _voc_classes(root: Path, img_id: str) -> list[str]:
    """Return the classes in VOC's own mask of an image."""
    return mask_classes(_read(root, 'SegmentationClass', img_id))


def _write_aug(
    root: Path, source: MaskFiles, in_voc: frozenset[str], img_id: str
) -> list[str]:
    """Return the classes in a mask of train_aug, written if it is missing."""
    path = _aug_path(root, img_id)
    if path.exists():
        return mask_classes(_read(root, path.parent.name, img_id))
    if img_id in in_voc:
        mask = _read(root, 'SegmentationClass', img_id)
    else:
        mask = read_sbd_mask(source[img_id])
        check_size(mask, f"SBD's mask of {img_id}", _img_path(root, img_id))
    write_label_map(path, mask)
    return mask_classes(mask)


def _read(root: Path, folder: str, img_id: str) -> np.ndarray:
    """Return a mask of the tree, (H, W), uint8."""
    path = root / folder / f'{img_id}.png'
    mask = read_mask(path)
    check_size(mask, str(path), _img_path(root, img_id))
    return mask


def _aug_path(root: Path, img_id: str) -> Path:
    return root / 'SegmentationClassAug' / f'{img_id}.png'


def _img_path(root: Path, img_id: str) -> Path:
    return root / 'JPEGImages' / f'{img_id}.jpg'


def _write_texts(
    root: Path,
    labels_from: str,
    labels: dict[str, list[str]],
    train_aug: list[str],
) -> None:
    """Write the labels, and the list of train_aug if there is none."""
    path = root / 'image_labels' / f'{labels_from}.json'
    texts = {path: labels_text(labels)}
    path = list_path(root, 'train_aug')
    if not path.exists():  # else it lists the same images
        texts[path] = list_text(train_aug)
    write_missing(texts)
