"""The pictures of a report."""

import base64
import io
from html import escape
from pathlib import Path

import numpy as np
from PIL import Image

from .markup import note
from .record import TrainingRecord

MOMENTS = 4  # pictures of an image
QUALITY = 88  # of JPEG


def draw_gallery(record: TrainingRecord) -> str:
    """The last picture of each image, and some earlier ones to unfold."""
    if not record.pictures:
        return note(
            'There are no pictures: CoSAVisualizationHook draws them at '
            'validations and every `interval` iterations.'
        )
    return '\n'.join(
        _figure(name, pictures) for name, pictures in record.pictures.items()
    )


def _figure(name: str, pictures: dict[int, Path]) -> str:
    """One image at the end, and before."""
    moments = _spread(list(pictures))
    drawn = [(step, _embed(pictures[step])) for step in moments]
    *earlier, last = [
        f'<img src="{data}" alt="{escape(name)}, iteration {step}">'
        for step, data in drawn
        if data
    ] or ['']
    if not last:
        return note(f'The pictures of {name} can not be read.')
    unfold = (
        '<details><summary>earlier: iteration '
        f'{", ".join(str(step) for step in moments[:-1])}</summary>'
        f'{"".join(earlier)}</details>'
        if earlier
        else ''
    )
    return f'<figure class="sheet">{last}{unfold}</figure>'


def _spread(steps: list[int]) -> list[int]:
    """Some of the iterations, the first and the last among them."""
    num = min(MOMENTS, len(steps))
    places = np.linspace(len(steps) - 1, 0, num).round().astype(int)
    return [steps[i] for i in sorted(places.tolist())]


def _embed(path: Path) -> str | None:
    """A picture as a data URL; None if it is broken."""
    buffer = io.BytesIO()
    try:
        with Image.open(path) as picture:
            picture.convert('RGB').save(
                buffer, 'JPEG', quality=QUALITY, subsampling=0
            )
    except OSError:
        return None
    data = base64.b64encode(buffer.getvalue()).decode()
    return f'data:image/jpeg;base64,{data}'
