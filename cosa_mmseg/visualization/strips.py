"""Horizontal strips that pictures are put together from."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from PIL import Image, ImageDraw

from .style import (
    FAINT,
    IGNORE,
    INK,
    MARGIN,
    PAPER,
    Colour,
    fit_text,
    font,
    ignore_pattern,
)

GAP, LINE, SWATCH = 6, 26, 14  # pixels


def stack(strips: Iterable[Image.Image]) -> np.ndarray:
    """Put strips of one width below each other.

    Returns:
        np.ndarray: (height, width, 3) uint8, RGB.
    """
    return np.concatenate([np.asarray(strip) for strip in strips])


def caption_strip(left: str, right: str, width: int) -> Image.Image:
    """Draw a text at the left, and a fainter one in the space that is left.

    Args:
        left: Text, cut where it is too long.
        right: Text, cut likewise.
        width: Width of the strip, pixels.
    """
    strip = Image.new('RGB', (width, LINE), PAPER)
    draw, face, middle = ImageDraw.Draw(strip), font(13), LINE // 2
    space = width - 2 * MARGIN
    left = fit_text(left, face, space)
    draw.text((MARGIN, middle), left, INK, face, anchor='lm')
    right = fit_text(right, face, space - int(face.getlength(left)) - MARGIN)
    draw.text((width - MARGIN, middle), right, FAINT, face, anchor='rm')
    return strip


def panel_strip(
    panels: Mapping[str, Image.Image | None], cell: int
) -> Image.Image:
    """Draw pictures side by side, each below its title.

    Args:
        panels: From titles to pictures; the place of None stays empty.
        cell: Least width of a place, pixels.
    """
    sizes = [panel.size if panel else (0, 0) for panel in panels.values()]
    widths = [max(cell, width) for width, _ in sizes]
    height = max(height for _, height in sizes)
    total = sum(widths) + GAP * (len(widths) - 1) + 2 * MARGIN
    strip = Image.new('RGB', (total, LINE + height + GAP), PAPER)
    draw, face, left = ImageDraw.Draw(strip), font(13, bold=True), MARGIN
    for (title, panel), width in zip(panels.items(), widths, strict=True):
        if panel:
            title = fit_text(title, face, width)
            draw.text((left, LINE // 2), title, INK, face, anchor='lm')
            strip.paste(panel, (left, LINE))
        left += width + GAP
    return strip


def legend_strip(
    names: Mapping[int, str], palette: Sequence[Colour], width: int
) -> Image.Image:
    """Draw a swatch and a name for each class, in as many lines as needed.

    Args:
        names: From class ids in [0, K), 255 = ignore, to what is written.
        palette: K colours, RGB in 0 to 255.
        width: Width of the strip, pixels.
    """
    face, places, left, middle = font(13), {}, MARGIN, LINE // 2
    for id_, name in names.items():
        length = SWATCH + int(face.getlength(name)) + 24
        if left > MARGIN and left + length > width:
            left, middle = MARGIN, middle + LINE
        places[id_] = left, middle
        left += length
    height = middle + (LINE + MARGIN) // 2
    strip = Image.new('RGB', (width, height), PAPER)
    draw = ImageDraw.Draw(strip)
    for id_, (left, middle) in places.items():
        top, fill = middle - SWATCH // 2, None
        if id_ == IGNORE:
            pattern = ignore_pattern((SWATCH, SWATCH))
            strip.paste(Image.fromarray(pattern), (left, top))
        else:
            fill = tuple(palette[id_])
        box = (left, top, left + SWATCH - 1, top + SWATCH - 1)
        draw.rectangle(box, fill, FAINT)
        place = (left + SWATCH + 6, middle)
        draw.text(place, names[id_], INK, face, anchor='lm')
    return strip


def class_legend(
    ids: Iterable[int],
    classes: Sequence[str],
    palette: Sequence[Colour],
    width: int,
) -> Image.Image:
    """Draw the legend of some class ids, 255 = ignore, in their order."""
    names = {**dict(enumerate(classes)), IGNORE: 'ignored'}
    return legend_strip({id_: names[id_] for id_ in ids}, palette, width)
