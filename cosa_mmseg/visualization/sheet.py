"""A sheet: all that a model in training makes of one image."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from .gallery_row import TITLES, GalleryRow, draw_panel, shown_ids
from .legend import legend_strip
from .style import INK, MARGIN, PAPER, Colour, draw_caption, fit_text, font

# what an assignment is above what it is made from or stands for
LAYOUT = (
    ('image', 'cam', 'cam_aux', 'weight', 'prediction'),
    ('truth', 'cpl', 'cpl_aux', 'spl', 'online'),
)
GAP, TITLE_HEIGHT, CAPTION_HEIGHT = 6, 24, 30
SHEET_TITLES = {**TITLES, 'prediction': 'Assignment network'}


def draw_sheet(
    row: GalleryRow,
    classes: Sequence[str],
    palette: Sequence[Colour],
    note: str = '',
    width: int = 224,
) -> np.ndarray:
    """Draw the pictures of a row in two lines, and a legend of the classes.

    Of a picture that is None there is neither title nor place holder.

    Args:
        row (GalleryRow): The image.
        classes (Sequence[str]): K names, the background first.
        palette (Sequence[Colour]): K colours, RGB in 0 to 255.
        note (str): Written behind the id of the image. Defaults to ''.
        width (int): Width of each picture, pixels; its height follows from
            the image's. Defaults to 224.

    Returns:
        np.ndarray: (height, width, 3) uint8, RGB.
    """
    height, w = np.asarray(row.image).shape[:2]
    size = width, max(1, round(width * height / w))
    total = 2 * MARGIN + len(LAYOUT[0]) * (width + GAP) - GAP
    names = [name for line in LAYOUT for name in line]
    strips = [
        _caption_strip(row, classes, note, total),
        *(_line_strip(row, line, palette, size, total) for line in LAYOUT),
        legend_strip(shown_ids([row], names), classes, palette, total),
    ]
    return np.concatenate([np.asarray(strip) for strip in strips])


def _caption_strip(
    row: GalleryRow, classes: Sequence[str], note: str, total: int
) -> Image.Image:
    """Id of the image and note at the left, its labels at the right."""
    strip = Image.new('RGB', (total, CAPTION_HEIGHT), PAPER)
    labels = ', '.join(classes[id_] for id_ in row.label_ids)
    text = '   '.join(part for part in (row.image_id, note) if part)
    draw = ImageDraw.Draw(strip)
    draw_caption(draw, text, labels, total, CAPTION_HEIGHT // 2)
    return strip


def _line_strip(
    row: GalleryRow,
    names: Sequence[str],
    palette: Sequence[Colour],
    size: tuple[int, int],
    total: int,
) -> Image.Image:
    """Pictures of ``size`` side by side, each under its title."""
    strip = Image.new('RGB', (total, TITLE_HEIGHT + size[1] + GAP), PAPER)
    draw, face = ImageDraw.Draw(strip), font(13, bold=True)
    for index, name in enumerate(names):
        if getattr(row, name) is None:
            continue
        left = MARGIN + index * (size[0] + GAP)
        title = fit_text(SHEET_TITLES[name], face, size[0])
        draw.text((left, TITLE_HEIGHT // 2), title, INK, face, anchor='lm')
        strip.paste(draw_panel(row, name, palette, size), (left, TITLE_HEIGHT))
    return strip
