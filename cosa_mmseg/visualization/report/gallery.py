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
    drawn, broken = {}, []
    for step in _spread(list(pictures)):
        if data := _embed(pictures[step]):
            drawn[step] = (
                f'<img src="{data}" alt="{escape(name)}, iteration {step}">'
            )
        else:
            broken.append(step)
    missing = (
        note(
            f'The pictures of {name} at iteration {_listed(broken)} can not '
            'be read.'
        )
        if broken
        else ''
    )
    if not drawn:
        return missing
    *steps, last = drawn
    unfold = (
        f'<details><summary>earlier: iteration {_listed(steps)}</summary>'
        f'{"".join(drawn[step] for step in steps)}</details>'
        if steps
        else ''
    )
    return f'<figure class="sheet">{drawn[last]}{unfold}</figure>{missing}'


def _listed(steps: list[int]) -> str:
    return ', '.join(map(str, steps))


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
    except Exception:  # whatever random bytes lead to
        return None
    data = base64.b64encode(buffer.getvalue()).decode()
    return f'data:image/jpeg;base64,{data}'
