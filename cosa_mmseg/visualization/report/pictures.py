"""The pictures of a report."""

import base64
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

MOMENTS = 4  # pictures of an image
QUALITY = 88  # of JPEG


@dataclass(frozen=True)
class Sheets:
    """Pictures of one image, as iteration and data URL.

    Attributes:
        name: Name of the image.
        earlier: Some of the first pictures.
        last: The newest; None if there is none that can be read.
        broken: Iterations of those that cannot.
    """

    name: str
    earlier: list[tuple[int, str]]
    last: tuple[int, str] | None
    broken: list[int]


def embed_sheets(name: str, pictures: dict[int, Path]) -> Sheets:
    """Embed the last picture of an image, and some earlier ones.

    Args:
        name: Name of the image.
        pictures: By iteration.
    """
    steps, num = sorted(pictures), min(MOMENTS, len(pictures))
    places = np.linspace(len(steps) - 1, 0, num).round().astype(int)
    found = [
        (step := steps[i], _embed(pictures[step]))
        for i in sorted(places.tolist())
    ]
    drawn = [(step, data) for step, data in found if data]
    return Sheets(
        name,
        drawn[:-1],
        drawn[-1] if drawn else None,
        [step for step, data in found if not data],
    )


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
