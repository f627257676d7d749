"""Galleries: pictures of images, from CAM to prediction."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from cosa_mmseg.utils.atomic import atomic_file

from .gallery_row import TITLES, GalleryRow
from .strips import caption_strip, class_legend, panel_strip, stack
from .style import Colour

COLUMNS = ('image', 'truth', 'cam', 'cpl', 'spl', 'prediction')
# what an assignment is above what it is made from or stands for
SHEET = (
    ('image', 'cam', 'cam_aux', 'weight', 'prediction'),
    ('truth', 'cpl', 'cpl_aux', 'spl', 'online'),
)


def draw_gallery(
    rows: Sequence[GalleryRow],
    classes: Sequence[str],
    palette: Sequence[Colour],
    width: int = 224,
) -> np.ndarray:
    """Draw images, one a row, and a legend of the classes.

    Args:
        rows: The images, top to bottom; drawn of them are those of `COLUMNS`
            of which some row has a picture.
        classes: K names, the background first.
        palette: K colours, RGB in 0 to 255.
        width: Width of each picture, pixels; its height follows from the
            image's.

    Returns:
        (height, width, 3) uint8, RGB.

    Raises:
        ValueError: If there is no row, or classes and palette differ in
            number.
    """
    if not rows:
        raise ValueError('a gallery needs at least one row')
    columns = [
        name
        for name in COLUMNS
        if any(getattr(row, name) is not None for row in rows)
    ]
    return _draw(rows, [columns], classes, palette, width)


def draw_sheet(
    row: GalleryRow,
    classes: Sequence[str],
    palette: Sequence[Colour],
    note: str = '',
    width: int = 224,
) -> np.ndarray:
    """Draw all pictures of a row in two lines, and a legend of the classes.

    Args:
        row (GalleryRow): The image.
        classes (Sequence[str]): K names, the background first.
        palette (Sequence[Colour]): K colours, RGB in 0 to 255.
        note (str): Written behind the id of the image. Defaults to ''.
        width (int): Width of each picture, pixels. Defaults to 224.

    Returns:
        np.ndarray: (height, width, 3) uint8, RGB.
    """
    return _draw([row], SHEET, classes, palette, width, note)


def save_gallery(
    path: str | Path,
    rows: Sequence[GalleryRow],
    classes: Sequence[str],
    palette: Sequence[Colour],
) -> None:
    """Write what `draw_gallery` returns as an image file, e.g. a PNG."""
    picture = draw_gallery(rows, classes, palette)
    with atomic_file(path) as unfinished:
        Image.fromarray(picture).save(unfinished)


def _draw(
    rows: Sequence[GalleryRow],
    layout: Sequence[Sequence[str]],
    classes: Sequence[str],
    palette: Sequence[Colour],
    width: int,
    note: str = '',
) -> np.ndarray:
    """Draw the same pictures of each row, in lines of the layout."""
    if len(classes) != len(palette):
        raise ValueError(
            f'{len(classes)} classes, but {len(palette)} palette colours'
        )
    strips, ids = [], set()
    for row in rows:
        height, w = np.asarray(row.image).shape[:2]
        size = width, max(1, round(width * height / w))
        lines = []
        for names in layout:
            panels = {TITLES[n]: row.draw(n, palette, size) for n in names}
            lines.append(panel_strip(panels, width))
        text = '   '.join(filter(None, (row.image_id, note)))
        labels = ', '.join(classes[id_] for id_ in row.label_ids)
        strips += [caption_strip(text, labels, lines[0].width), *lines]
        ids |= row.shown_ids(name for names in layout for name in names)
    legend = class_legend(sorted(ids), classes, palette, strips[0].width)
    return stack([*strips, legend])
