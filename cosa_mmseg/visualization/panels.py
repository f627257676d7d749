"""Single pictures."""

from collections.abc import Sequence

import matplotlib
import numpy as np
from numpy.typing import ArrayLike
from PIL import Image

from .style import IGNORE, Colour, ignore_pattern


def image_panel(image: ArrayLike, size: tuple[int, int]) -> Image.Image:
    """Return the image at ``size = (width, height)``.

    Raises:
        ValueError: If the image is not (H, W, 3) uint8.
    """
    array = np.asarray(image)
    if array.ndim != 3 or array.shape[2] != 3 or array.dtype != np.uint8:
        raise ValueError(
            'an image must be (H, W, 3) uint8, RGB, but is '
            f'{array.shape} {array.dtype}'
        )
    return Image.fromarray(array).resize(size, Image.Resampling.LANCZOS)


def grey_panel(image: ArrayLike, size: tuple[int, int]) -> Image.Image:
    """Return the image without colours, see :func:`image_panel`."""
    return image_panel(image, size).convert('L').convert('RGB')


def heat_map_panel(
    heat: ArrayLike,
    image: ArrayLike,
    size: tuple[int, int],
    alpha: float = 0.55,
    colours: str = 'jet',
) -> Image.Image:
    """Draw a map in [0, 1] in colours over the image.

    Args:
        heat: (h, w).
        image: (H, W, 3) uint8, RGB.
        size: Width and height of the picture.
        alpha: Share of the heat map in the blend.
        colours: Name of a colour map of matplotlib.
    """
    values = np.asarray(heat, dtype=np.float32)
    if values.ndim != 2:
        raise ValueError(f'a heat map must be (h, w), but is {values.shape}')
    resized = Image.fromarray(values).resize(size, Image.Resampling.BILINEAR)
    coloured = matplotlib.colormaps[colours](np.asarray(resized), bytes=True)
    return Image.blend(
        image_panel(image, size), Image.fromarray(coloured[..., :3]), alpha
    )


def colour_table(palette: Sequence[Colour]) -> np.ndarray:
    """Return the colours of all ids of a label map, (256, 3) uint8."""
    table = np.zeros((256, 3), np.uint8)
    table[: len(palette)] = palette
    return table


def label_map_panel(
    label_map: ArrayLike,
    image: ArrayLike,
    palette: Sequence[Colour],
    size: tuple[int, int],
    alpha: float = 0.75,
) -> Image.Image:
    """Draw a label map over the grey image; 255 is hatched.

    Args:
        label_map: (h, w) class ids in [0, K), 255 = ignore.
        image: (H, W, 3) uint8, RGB.
        palette: K colours, RGB in 0 to 255.
        size: Width and height of the picture.
        alpha: Share of the palette colour in the blend.

    Raises:
        ValueError: If the map has another shape or an id has no colour.
    """
    ids = np.asarray(label_map)
    if ids.ndim != 2:
        raise ValueError(f'a label map must be (h, w), but is {ids.shape}')
    unknown = set(np.unique(ids).tolist()) - {*range(len(palette)), IGNORE}
    if unknown:
        raise ValueError(
            f'label map ids {sorted(unknown)} have no colour in a palette of '
            f'{len(palette)}'
        )
    small = Image.fromarray(ids.astype(np.uint8))
    resized = np.asarray(small.resize(size, Image.Resampling.NEAREST))
    colours = Image.fromarray(colour_table(palette)[resized])
    blend = np.asarray(Image.blend(grey_panel(image, size), colours, alpha))
    ignored = (resized == IGNORE)[..., None]
    return Image.fromarray(np.where(ignored, ignore_pattern(size), blend))
