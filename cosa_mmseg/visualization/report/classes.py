"""Scores of each class, and what it is confused with."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import torch

from cosa_mmseg.evaluation import segmentation_scores

from .markup import (
    Raw,
    note,
    table,
)

LEAST_SHARE = 0.01  # of a class's pixels that a confusion is named for
MOST_NAMED = 3
HEAD = (
    'class',
    'IoU',
    'recall',
    'precision',
    'share of all pixels',
    'its pixels are taken for',
    'its predictions are in truth',
)


@dataclass(frozen=True)
class ClassScores:
    """Of one class; shares are in [0, 1], NaN where there are no pixels.

    Attributes:
        name: Of the class.
        iou: Intersection over union.
        recall: Share of its true pixels that are predicted as it.
        precision: Share of the pixels predicted as it that truly are.
        frequency: Its share of all true pixels.
        taken_for: Other classes that its true pixels are predicted as, with
            their share of these pixels, the largest first.
        truly: Other classes that pixels predicted as it truly are, with their
            share of these pixels, the largest first.
    """

    name: str
    iou: float
    recall: float
    precision: float
    frequency: float
    taken_for: list[tuple[str, float]]
    truly: list[tuple[str, float]]


def class_scores(
    matrix: Sequence[Sequence[int]], classes: Sequence[str]
) -> list[ClassScores]:
    """Scores from a confusion matrix, the worst class first.

    Args:
        matrix: K rows of K pixel counts; row = true class, column =
            predicted class.
        classes: K names.

    Returns:
        list[ClassScores]: Those without IoU last.
    """
    counts = np.asarray(matrix, dtype=np.float64)
    true, predicted = counts.sum(1), counts.sum(0)
    iou = segmentation_scores(
        *(torch.tensor(a) for a in (counts.diagonal(), predicted, true))
    ).iou
    with np.errstate(invalid='ignore'):
        rows = counts / true[:, None]
        columns = counts / predicted
        frequency = true / true.sum()
    scores = [
        ClassScores(
            name,
            float(iou[k]),
            float(rows[k, k]),
            float(columns[k, k]),
            float(frequency[k]),
            _largest(rows[k], k, classes),
            _largest(columns[:, k], k, classes),
        )
        for k, name in enumerate(classes)
    ]
    return sorted(scores, key=lambda s: (s.iou != s.iou, s.iou))


def _largest(
    shares: np.ndarray, own: int, classes: Sequence[str]
) -> list[tuple[str, float]]:
    """The other classes of the largest shares."""
    order = np.argsort(-np.nan_to_num(shares), kind='stable')
    return [
        (classes[k], float(shares[k]))
        for k in order.tolist()
        if k != own and shares[k] >= LEAST_SHARE
    ][:MOST_NAMED]


def draw_classes(confusion: dict[str, Any] | None) -> str:
    """The table of all classes, HTML.

    Args:
        confusion: As in :class:`TrainingRecord`.
    """
    if confusion is None:
        return note(
            'There is no confusion matrix: it is counted at validations on '
            'masks, by ReportHook.'
        )
    scores = class_scores(confusion['matrix'], confusion['classes'])
    intro = note(
        f'Of the label-free segmentation at iteration '
        f'{confusion["iteration"]}, percent of pixels, the worst class first. '
        'Recall is the share of its true pixels, precision the share of the '
        'pixels predicted as it, that are right; behind them is where the '
        f'others go and what the others are (from {LEAST_SHARE:.0%} on).'
    )
    return intro + table(
        (
            [
                s.name,
                _bar(s.iou),
                _percent(s.recall),
                _percent(s.precision),
                _percent(s.frequency),
                _names(s.taken_for),
                _names(s.truly),
            ]
            for s in scores
        ),
        HEAD,
        'classes',
    )


def _percent(share: float) -> float | str:
    return '\u2013' if share != share else round(100 * share, 1)


def _bar(share: float) -> Raw:
    """A number over a bar of its length."""
    length = 0 if share != share else 100 * share
    return Raw(
        f'<span class="bar"><i style="width:{length:.1f}%"></i>'
        f'<b>{_percent(share)}</b></span>'
    )


def _names(shares: list[tuple[str, float]]) -> Raw:
    """Class names with percentages."""
    return Raw(
        ', '.join(
            f'{escape(name)}&nbsp;<b>{100 * share:.0f}</b>'
            for name, share in shares
        )
    )
