"""The pictures of a report."""

import base64
import io
from pathlib import Path

import numpy as np
from PIL import Image

MOMENTS = 4  # pictures of an image
QUALITY = 88  # of JPEG


def embed_pictures(
    pictures: dict[int, Path],
) -> tuple[list[tuple[int, str]], list[int]]:
    """Embed the last picture of an image, and some earlier ones.

    Args:
        pictures: By iteration.

    Returns:
        tuple[list[tuple[int, str]], list[int]]: Iterations and data URLs,
        ascending; and iterations of pictures that cannot be read.
    """
    steps, num = sorted(pictures), min(MOMENTS, len(pictures))
    # the first and the last among them
    places = np.linspace(len(steps) - 1, 0, num).round().astype(int)
    drawn, broken = [], []
    for step in sorted(steps[i] for i in places):
        if data := _embed(pictures[step]):
            drawn.append((step, data))
        else:
            broken.append(step)
    return drawn, broken


def _embed(path: Path) -> str | None:
    """Return a picture as a data URL; None if it is broken."""
    buffer = io.BytesIO()
    try:
        with Image.open(path) as picture:
            picture.convert('RGB').save(
                buffer, 'JPEG', quality=QUALITY, subsampling=0
            )
    except Exception:  # whatever random bytes lead to
        return None
    data = base64.b64encode(buffer.getvalue()).decode()
    return f'data:image/jpeg;base64,{data}'
