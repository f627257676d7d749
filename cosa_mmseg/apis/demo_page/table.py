"""The legend of the page: colours, scores and areas."""

from collections.abc import Iterator, Sequence
from html import escape

import numpy as np

from .views import (
    LEAST_SCORE,
    NetworkView,
)

HEAD = """<tr><th></th><th colspan=2>segmentation{0}, area</th>
<th colspan=2>CAM mask{0}, area</th><th colspan=2>class score</th></tr>
<tr><th></th>{1}{1}{1}</tr>"""


def draw_table(
    views: Sequence[NetworkView],
    palette: Sequence[Sequence[int]],
    threshold: float,
) -> str:
    """The classes that a network finds, as a table in HTML.

    Args:
        views (Sequence[NetworkView]): Of both networks.
        palette (Sequence[Sequence[int]]): K colours, RGB in 0 to 255.
        threshold (float): Of the CAM masks.
    """
    classes = views[0].prediction.classes
    columns = [_shares(view.prediction.label_map, classes) for view in views]
    columns += [_shares(view.cam_mask(threshold), classes) for view in views]
    scores = [view.prediction.scores or {} for view in views]
    note = '' if views[0].prediction.labels is None else ', label-filtered'
    head = HEAD.format(note, '<th>assignment</th><th>online</th>')
    rows = ''.join(_rows(classes, palette, columns, scores))
    return f'<table class="legend">{head}{rows}</table>'


def _shares(label_map: np.ndarray, classes: Sequence[str]) -> np.ndarray:
    """The share of each class in a label map, (K,)."""
    counts = np.bincount(label_map.ravel(), minlength=len(classes))
    return counts / label_map.size


def _rows(
    classes: Sequence[str],
    palette: Sequence[Sequence[int]],
    columns: Sequence[np.ndarray],
    scores: Sequence[dict[str, float]],
) -> Iterator[str]:
    """The rows of the classes that have an area or a score."""
    for id_, name in enumerate(classes):
        shares = [column[id_] for column in columns]
        probs = [score.get(name) for score in scores]
        if not any(shares) and max(p or 0 for p in probs) <= LEAST_SCORE:
            continue
        cells = [f'{100 * share:.1f} %' if share else '' for share in shares]
        cells += ['' if prob is None else f'{prob:.2f}' for prob in probs]
        colour = ','.join(map(str, palette[id_]))
        yield (
            f'<tr><td><span style="background:rgb({colour})"></span>'
            f'{escape(name)}</td>'
            + ''.join(f'<td>{cell}</td>' for cell in cells)
            + '</tr>'
        )
