"""A gallery: one row of pictures an image, from CAM to prediction."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from cosa_mmseg.utils.atomic import atomic_file

from .gallery_row import TITLES, GalleryRow, draw_panel, shown_ids
from .legend import legend_strip
from .style import INK, MARGIN, PAPER, Colour, draw_caption, font

COLUMNS = ('image', 'truth', 'cam', 'cpl', 'spl', 'prediction')
GAP, TITLE_HEIGHT, CAPTION_HEIGHT = 6, 26, 24


def draw_gallery(
    rows: Sequence[GalleryRow],
    classes: Sequence[str],
    palette: Sequence[Colour],
    columns: Sequence[str] | None = None,
    width: int = 224,
) -> np.ndarray:
    """Draws images, their maps, column titles and a legend of the classes.

    Args:
        rows: The images, top to bottom.
        classes: K names, the background first.
        palette: K colours, RGB in 0 to 255.
        columns: Names out of `COLUMNS`, left to right; by default those of
            which some row has a picture.
        width: Width of each picture, pixels; its height follows from the
            image's.

    Returns:
        (height, width, 3) uint8, RGB.

    Raises:
        ValueError: If there is no row, a column is unknown, or classes and
            palette differ in number.
    """
    if columns is None:
        columns = _filled_columns(rows)
    _check(rows, classes, palette, columns)
    total = 2 * MARGIN + len(columns) * (width + GAP) - GAP
    strips = [
        _title_strip(columns, width, total),
        *(
            _row_strip(row, classes, palette, columns, width, total)
            for row in rows
        ),
        legend_strip(shown_ids(rows, columns), classes, palette, total),
    ]
    return np.concatenate([np.asarray(strip) for strip in strips])


def save_gallery(
    path: str | Path,
    rows: Sequence[GalleryRow],
    classes: Sequence[str],
    palette: Sequence[Colour],
    columns: Sequence[str] | None = None,
    width: int = 224,
) -> None:
    """Writes what `draw_gallery` returns as an image file, e.g. a PNG."""
    picture = draw_gallery(rows, classes, palette, columns, width)
    with atomic_file(path) as unfinished:
        Image.fromarray(picture).save(unfinished)


def _filled_columns(rows: Sequence[GalleryRow]) -> list[str]:
    """Names of the columns of which some row has a picture."""
    return [
        name
        for name in COLUMNS
        if any(getattr(row, name) is not None for row in rows)
    ]


def _check(
    rows: Sequence[GalleryRow],
    classes: Sequence[str],
    palette: Sequence[Colour],
    columns: Sequence[str],
) -> None:
    """Refuses what cannot be drawn, see `draw_gallery`."""
    if not rows:
        raise ValueError('a gallery needs at least one row')
    unknown = set(columns) - set(COLUMNS)
    if unknown or not columns:
        raise ValueError(
            f'columns must be some of {", ".join(COLUMNS)}, but are '
            f'{list(columns)}'
        )
    if len(classes) != len(palette):
        raise ValueError(
            f'{len(classes)} classes, but {len(palette)} palette colours'
        )


def _title_strip(
    columns: Sequence[str], width: int, total: int
) -> Image.Image:
    """The line of column titles, each centred over its column."""
    strip = Image.new('RGB', (total, MARGIN + TITLE_HEIGHT), PAPER)
    draw = ImageDraw.Draw(strip)
    middle = MARGIN + TITLE_HEIGHT // 2
    for index, name in enumerate(columns):
        left = MARGIN + index * (width + GAP)
        draw.text(
            (left + width // 2, middle),
            TITLES[name],
            INK,
            font(15, bold=True),
            anchor='mm',
        )
    return strip


def _row_strip(
    row: GalleryRow,
    classes: Sequence[str],
    palette: Sequence[Colour],
    columns: Sequence[str],
    width: int,
    total: int,
) -> Image.Image:
    """Caption and pictures of one image."""
    image = np.asarray(row.image)
    height = max(1, round(width * image.shape[0] / image.shape[1]))
    strip = Image.new('RGB', (total, CAPTION_HEIGHT + height + GAP), PAPER)
    draw = ImageDraw.Draw(strip)
    names = ', '.join(classes[id_] for id_ in row.label_ids)
    draw_caption(draw, row.image_id, names, total, CAPTION_HEIGHT // 2)
    for index, name in enumerate(columns):
        panel = draw_panel(row, name, palette, (width, height))
        strip.paste(panel, (MARGIN + index * (width + GAP), CAPTION_HEIGHT))
    return strip
