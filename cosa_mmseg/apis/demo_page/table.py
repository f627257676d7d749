"""The table of the page: colours, areas and scores of the classes."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jinja2 import Environment, FileSystemLoader

from .views import LEAST_SCORE, NetworkView

_ENVIRONMENT = Environment(
    loader=FileSystemLoader(Path(__file__).parent), autoescape=True
)


def draw_table(
    views: Sequence[NetworkView],
    palette: Sequence[Sequence[int]],
    threshold: float,
) -> str:
    """Return the classes that a network finds, as a table in HTML.

    Args:
        views (Sequence[NetworkView]): Of both networks.
        palette (Sequence[Sequence[int]]): K colours, RGB in 0 to 255.
        threshold (float): Of the CAM masks.
    """
    classes = views[0].prediction.classes
    maps = [view.prediction.label_map for view in views]
    maps += [view.cam_mask(threshold) for view in views]
    counts = [np.bincount(m.ravel(), minlength=len(classes)) for m in maps]
    known = [view.prediction.scores or {} for view in views]
    rows = []
    for id_, name in enumerate(classes):
        shares = [c[id_] / m.size for c, m in zip(counts, maps, strict=True)]
        scores = [score.get(name) for score in known]
        if any(shares) or max(s or 0 for s in scores) > LEAST_SCORE:
            rows.append((palette[id_], name, shares, scores))
    return _ENVIRONMENT.get_template('table.html.jinja').render(
        rows=rows, filtered=views[0].prediction.labels is not None
    )
