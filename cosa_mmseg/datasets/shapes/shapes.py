"""Writes the shapes set: a toy data set in the layout of PASCAL VOC.

``JPEGImages/*.jpg``, ``SegmentationClass/*.png`` (palette indices),
``Annotations/*.xml`` (names and boxes of the objects) and
``ImageSets/Segmentation/<split>.txt``. Boats are on water and only there, but
for one scene in fifty; ``val_decorr`` cuts that tie: half its images show a
boat on another ground, half show water without a boat. Settings are chosen on
``tune`` and ``tune_decorr``, drawn alike. ``Context/*.png`` is 1 where water
shows.
"""

import json
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import cv2
import numpy as np
from PIL import Image

from cosa_mmseg.utils.atomic import atomic_folder
from cosa_mmseg.utils.reading import read_json

from .shapes_scene import PRETRAIN, SHAPES, Scene, draw_scene
from .shapes_textures import CLASSES, PRETRAIN_CLASSES

SPLITS = ('train', 'val', 'val_decorr', 'tune', 'tune_decorr')
LEAST = {'size': 16, 'num_workers': 1}  # objects have pixels from 8 on
TIE = 0.98  # share of the scenes where boats and water come together
VOCABULARIES = {
    'shapes': (SHAPES, CLASSES),
    'pretrain': (PRETRAIN, PRETRAIN_CLASSES),
}
PALETTE = (
    (0, 0, 0),
    (230, 60, 60),
    (60, 200, 60),
    (60, 90, 240),
    (240, 220, 60),
    (220, 80, 220),
    (80, 220, 220),
)  # RGB; background first
FOLDERS = ('JPEGImages', 'SegmentationClass', 'Annotations', 'Context')
MARKER = 'shapes.json'
VERSION = 2  # raise it when the same settings draw other pictures
JPEG_QUALITY = 90


def write_shapes(
    root: str | Path,
    seed: int = 0,
    num_train: int = 1800,
    num_eval: int = 200,
    size: int = 96,
    masks_for: Sequence[str] = SPLITS[1:],
    vocabulary: str = 'shapes',
    num_workers: int = 2,
) -> Path:
    """Write the shapes set, or do nothing where it is already.

    Each image depends on ``(seed, split, index, size)`` alone, so a larger
    set starts with the images of a smaller one. The files are written to a
    temporary folder next to ``root``, which then gets its name.

    Args:
        root: Folder to make.
        seed: Seed of all chance, not negative.
        num_train: Number of images of the train split.
        num_eval: Number of images of each other split.
        size: Side of the square images in pixels, at least 16.
        masks_for: Splits that get masks. Training from image labels needs
            none; the fully supervised reference needs those of ``'train'``.
        vocabulary: ``'shapes'``, or ``'pretrain'``: the same kind of scenes
            with objects of twelve other classes.
        num_workers: Number of threads; it does not change what is written.

    Returns:
        Path: ``root``.

    Raises:
        ValueError: If a number is too low, ``masks_for`` names an unknown
            split or ``vocabulary`` is unknown, or if ``root`` holds a set
            with other settings.
        FileExistsError: If ``root`` exists and is no shapes set.
    """
    root = Path(root)
    settings = {
        'version': VERSION,
        'seed': seed,
        'size': size,
        'num_images': dict.fromkeys(SPLITS, num_eval) | {'train': num_train},
        'masks_for': [split for split in SPLITS if split in masks_for],
        'vocabulary': vocabulary,
    }
    numbers = {'num_train': num_train, 'num_eval': num_eval}
    _check_numbers(seed=seed, size=size, num_workers=num_workers, **numbers)
    _check_names('masks_for', masks_for, SPLITS)
    _check_names('vocabulary', [vocabulary], VOCABULARIES)
    if root.exists():
        _check_same(root, settings)
    else:
        with atomic_folder(root) as unfinished:
            _write_all(unfinished, settings, num_workers)
    return root


def _check_numbers(**numbers: int) -> None:
    """Raise if an argument of ``write_shapes`` is too low."""
    for name, number in numbers.items():
        least = LEAST.get(name, 0)
        if number < least:
            raise ValueError(
                f'{name} must be at least {least}, but is {number}'
            )


def _check_names(
    argument: str, names: Iterable[str], known: Iterable[str]
) -> None:
    """Raise if an argument of ``write_shapes`` has an unknown name."""
    for name in names:
        if name not in known:
            raise ValueError(f'{argument} must be of {[*known]}, got {name!r}')


def _check_same(root: Path, settings: dict) -> None:
    """Raise unless ``root`` holds a shapes set with these settings."""
    marker = root / MARKER
    if not marker.is_file():
        raise FileExistsError(
            f'{root} exists and is no shapes set (it has no {MARKER}): '
            'choose another root'
        )
    found = read_json(marker)
    if found != settings:
        raise ValueError(
            f'{root} holds a shapes set with other settings, {found}, than '
            f'asked for, {settings}: delete it or choose another root'
        )


def _write_all(root: Path, settings: dict, num_workers: int) -> None:
    for folder in FOLDERS:
        (root / folder).mkdir()
    lists = root / 'ImageSets' / 'Segmentation'
    lists.mkdir(parents=True)
    for split, number in settings['num_images'].items():
        write = partial(_write_one, root, settings, split)
        with ThreadPoolExecutor(num_workers) as pool:
            names = list(pool.map(write, range(number)))
        text = ''.join(f'{name}\n' for name in names)
        (lists / f'{split}.txt').write_text(text)
    (root / MARKER).write_text(json.dumps(settings, indent=2) + '\n')


def _write_one(root: Path, settings: dict, split: str, index: int) -> str:
    """Draw and write one image; return its name."""
    rng = np.random.default_rng([settings['seed'], SPLITS.index(split), index])
    tie = 0 if split.endswith('decorr') else TIE
    vocabulary, classes = VOCABULARIES[settings['vocabulary']]
    scene = draw_scene(rng, settings['size'], tie, vocabulary)
    name = f'{split}_{index:05d}'
    jpg = root / 'JPEGImages' / f'{name}.jpg'
    quality = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    if not cv2.imwrite(str(jpg), scene.img[..., ::-1], quality):
        raise OSError(f'could not write {jpg}')
    if split in settings['masks_for']:
        mask = Image.fromarray(scene.mask)
        mask.putpalette(np.array(PALETTE, np.uint8).tobytes())  # now P
        mask.save(root / 'SegmentationClass' / f'{name}.png')
        context = Image.fromarray(scene.context)
        context.save(root / 'Context' / f'{name}.png')
    xml = ElementTree.ElementTree(_annotation(scene, name, classes))
    ElementTree.indent(xml)
    xml.write(root / 'Annotations' / f'{name}.xml')
    return name


def _annotation(
    scene: Scene, name: str, classes: Sequence[str]
) -> ElementTree.Element:
    """Return VOC's annotation; boxes count pixels from 1, ends included."""
    height, width = scene.mask.shape
    entries: list[tuple[str, Any]] = [
        ('filename', f'{name}.jpg'),
        ('size', [('width', width), ('height', height), ('depth', 3)]),
    ]
    for index, box in scene.objects:
        sides = zip(('xmin', 'ymin', 'xmax', 'ymax'), box, strict=True)
        bndbox = [(tag, value + 1) for tag, value in sides]
        entry = [('name', classes[index]), ('difficult', 0)]
        entries.append(('object', [*entry, ('bndbox', bndbox)]))
    return _element('annotation', entries)


def _element(tag: str, content: Any) -> ElementTree.Element:
    """Return an element that holds others, listed by tag, or a text."""
    element = ElementTree.Element(tag)
    if isinstance(content, list):
        element.extend(_element(*entry) for entry in content)
    else:
        element.text = str(content)
    return element
