"""A prediction over its picture, at the picture's size."""

from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image

from .panels import colour_table
from .strips import legend_strip
from .style import Colour

OUTLINE = (255, 255, 255)
LEAST_WIDTH = 200  # of a legend, pixels


def draw_overlay(
    image: np.ndarray,
    label_map: np.ndarray,
    palette: Sequence[Colour],
    alpha: float = 0.55,
) -> np.ndarray:
    """Tint the classes of a label map and outline them.

    The background is darkened a little, and otherwise left as it is.

    Args:
        image: (H, W, 3) uint8, RGB.
        label_map: Class ids, uint8 (H, W), 0 = background.
        palette: K colours, RGB in 0 to 255.
        alpha: Share of the colour in the tint. Defaults to 0.55.

    Returns:
        (H, W, 3) uint8, RGB.
    """
    colours = Image.fromarray(colour_table(palette)[label_map])
    tinted = np.asarray(Image.blend(Image.fromarray(image), colours, alpha))
    shown = (label_map > 0)[..., None]
    drawn = np.where(shown, tinted, image - image // 4)
    drawn[_edges(label_map)] = OUTLINE
    return drawn


def _edges(label_map: np.ndarray) -> np.ndarray:
    """Return where a class begins: True on its side, bool (H, W)."""
    found = np.zeros(label_map.shape, bool)
    for axis in (0, 1):
        ids = label_map.swapaxes(0, axis)
        marked = found.swapaxes(0, axis)
        marked[1:] |= ids[1:] > ids[:-1]
        marked[:-1] |= ids[:-1] > ids[1:]
    return found


def add_legend(
    drawn: np.ndarray,
    names: Mapping[int, str],
    palette: Sequence[Colour],
) -> np.ndarray:
    """Write below a picture what its colours mean.

    Args:
        drawn: (H, W, 3) uint8, RGB.
        names: From class ids to what is written beside their colours.
        palette: K colours, RGB in 0 to 255.

    Returns:
        (H', W', 3) uint8, RGB; wider than ``drawn`` if that is narrow.
    """
    height, width = drawn.shape[:2]
    legend = legend_strip(names, palette, max(width, LEAST_WIDTH))
    sheet = Image.new('RGB', (legend.width, height + legend.height), 'white')
    sheet.paste(Image.fromarray(drawn), (0, 0))
    sheet.paste(legend, (0, height))
    return np.asarray(sheet)
