"""Maps of class ids as files."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from cosa_mmseg.utils.palette import voc_palette

from .atomic import atomic_file


def write_label_map(
    path: Path,
    label_map: np.ndarray,
    palette: Sequence[Sequence[int]] = (),
) -> None:
    """Write class ids as a palette PNG file, whole or not at all.

    Args:
        path: Where to write it.
        label_map: Ids in 0..255, (H, W).
        palette: RGB colours in 0..255 of the first ids; the others, 255
            (ignore) among them, have VOC's.
    """
    colours = np.array(voc_palette(256), np.uint8)
    colours[: len(palette)] = np.reshape(palette, (-1, 3))
    image = Image.fromarray(label_map.astype(np.uint8))
    image.putpalette(colours.tobytes())  # now mode P
    with atomic_file(path) as unfinished:
        image.save(unfinished)
