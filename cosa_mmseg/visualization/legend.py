"""The legend of a gallery."""

from collections.abc import Sequence

from PIL import Image, ImageDraw

from .style import (
    FAINT,
    IGNORE,
    INK,
    MARGIN,
    PAPER,
    Colour,
    font,
    ignore_pattern,
)

LINE_HEIGHT, SWATCH = 26, 14


def legend_strip(
    ids: Sequence[int],
    classes: Sequence[str],
    palette: Sequence[Colour],
    total: int,
) -> Image.Image:
    """A swatch and a name for each class, in as many lines as needed.

    Args:
        ids: Class ids in [0, K), 255 = ignore, in the order of the legend.
        classes: K names.
        palette: K colours, RGB in 0 to 255.
        total: Width of the strip, pixels.
    """
    names = {id_: 'ignored' if id_ == IGNORE else classes[id_] for id_ in ids}
    places, left, line = {}, MARGIN, 0
    for id_, name in names.items():
        length = SWATCH + 6 + int(font(13).getlength(name)) + 18
        if left > MARGIN and left + length > total:
            left, line = MARGIN, line + 1
        places[id_] = (left, line * LINE_HEIGHT + LINE_HEIGHT // 2)
        left += length
    height = (line + 1) * LINE_HEIGHT + MARGIN // 2
    strip = Image.new('RGB', (total, height), PAPER)
    draw = ImageDraw.Draw(strip)
    for id_, (left, middle) in places.items():
        box = (left, middle - SWATCH // 2)
        strip.paste(_swatch(id_, palette), box)
        place = (left + SWATCH + 6, middle)
        draw.text(place, names[id_], INK, font(13), anchor='lm')
    return strip


def _swatch(id_: int, palette: Sequence[Colour]) -> Image.Image:
    """A framed square in the colour of a class."""
    size = (SWATCH, SWATCH)
    if id_ == IGNORE:
        swatch = Image.fromarray(ignore_pattern(size))
    else:
        swatch = Image.new('RGB', size, tuple(palette[id_]))
    frame = (0, 0, SWATCH - 1, SWATCH - 1)
    ImageDraw.Draw(swatch).rectangle(frame, outline=FAINT)
    return swatch
