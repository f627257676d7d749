"""Colours, measures and text of the pictures."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import matplotlib
import numpy as np
from PIL import ImageFont

Colour = Sequence[int]

INK, FAINT, PAPER = (34, 34, 34), (120, 120, 120), (255, 255, 255)
HATCH = (255, 255, 255), (168, 168, 168)
MARGIN = 12
IGNORE = 255


@cache
def font(size: int, bold: bool = False) -> ImageFont.FreeTypeFont:
    """Return DejaVu Sans, which matplotlib ships: Latin, Greek, Cyrillic."""
    name = 'DejaVuSans-Bold.ttf' if bold else 'DejaVuSans.ttf'
    path = Path(matplotlib.get_data_path()) / 'fonts' / 'ttf' / name
    return ImageFont.truetype(str(path), size)


def fit_text(text: str, face: ImageFont.FreeTypeFont, width: int) -> str:
    """Cut a text that is wider than `width` pixels, with an ellipsis."""
    if face.getlength(text) <= width:
        return text
    while text and face.getlength(f'{text}…') > width:
        text = text[:-1]
    return f'{text}…' if text else ''


def ignore_pattern(size: tuple[int, int]) -> np.ndarray:
    """Return white with grey diagonal lines, (height, width, 3) uint8.

    Args:
        size: Width and height, pixels.
    """
    width, height = size
    diagonal = np.add.outer(np.arange(height), np.arange(width)) % 8 < 2
    return np.array(HATCH, np.uint8)[diagonal.astype(int)]
