"""Scores of each class, and what it is confused with."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from cosa_mmseg.evaluation import segmentation_scores

LEAST_SHARE = 0.01  # of a class's pixels that a confusion is named for
MOST_NAMED = 3


@dataclass(frozen=True)
class ClassScores:
    """Scores of one class; shares in [0, 1], NaN where there are no pixels.

    Attributes:
        name: Name of the class.
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
    """Compute scores from a confusion matrix, the worst class first.

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
    ).iou.tolist()
    with np.errstate(invalid='ignore'):
        rows = counts / true[:, None]
        columns = counts / predicted
        frequency = (true / true.sum()).tolist()
    scores = [
        ClassScores(
            name,
            iou[k],
            float(rows[k, k]),
            float(columns[k, k]),
            frequency[k],
            _largest(rows[k], k, classes),
            _largest(columns[:, k], k, classes),
        )
        for k, name in enumerate(classes)
    ]
    return sorted(scores, key=lambda s: (s.iou != s.iou, s.iou))


def _largest(
    shares: np.ndarray, own: int, classes: Sequence[str]
) -> list[tuple[str, float]]:
    """Return the other classes of the largest shares."""
    order = np.argsort(-np.nan_to_num(shares), kind='stable')
    return [
        (classes[k], float(shares[k]))
        for k in order.tolist()
        if k != own and shares[k] >= LEAST_SHARE
    ][:MOST_NAMED]
