"""Colours, measures and text of the pictures."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import matplotlib
import numpy as np
from PIL import ImageDraw, ImageFont

Colour = Sequence[int]

INK, FAINT = (34, 34, 34), (120, 120, 120)
PAPER, VACANT = (255, 255, 255), (242, 242, 242)
HATCH = (255, 255, 255), (168, 168, 168)
MARGIN = 12
IGNORE = 255


@cache
def font(size: int, bold: bool = False) -> ImageFont.FreeTypeFont:
    """DejaVu Sans, which matplotlib brings along; Latin, Greek, Cyrillic."""
    name = 'DejaVuSans-Bold.ttf' if bold else 'DejaVuSans.ttf'
    path = Path(matplotlib.get_data_path()) / 'fonts' / 'ttf' / name
    return ImageFont.truetype(str(path), size)


def fit_text(text: str, face: ImageFont.FreeTypeFont, width: int) -> str:
    """The text, cut with an ellipsis where it is wider than `width` pixels."""
    if face.getlength(text) <= width:
        return text
    while text and face.getlength(f'{text}…') > width:
        text = text[:-1]
    return f'{text}…' if text else ''


def ignore_pattern(size: tuple[int, int]) -> np.ndarray:
    """(height, width, 3) uint8: white with grey diagonal lines."""
    width, height = size
    diagonal = np.add.outer(np.arange(height), np.arange(width)) % 8 < 2
    return np.array(HATCH, np.uint8)[diagonal.astype(int)]


def draw_caption(
    draw: ImageDraw.ImageDraw, left: str, right: str, width: int, middle: int
) -> None:
    """A line of text at the left, and a fainter one at the right if it fits.

    Args:
        draw: What to draw on.
        left: Text at the left, cut where it is too long.
        right: Text at the right, cut to the space that is left.
        width: Of the line, pixels.
        middle: Height of the middle of the line, pixels from the top.
    """
    face, space = font(13), width - 2 * MARGIN
    left = fit_text(left, face, space)
    draw.text((MARGIN, middle), left, INK, face, anchor='lm')
    space -= int(face.getlength(left)) + MARGIN
    right = fit_text(right, face, space)
    draw.text((width - MARGIN, middle), right, FAINT, face, anchor='rm')
