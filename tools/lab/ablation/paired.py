"""Differences of two arms that were run with the same seeds."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import sem, t


@dataclass(frozen=True)
class PairedDifference:
    """How much higher one arm scores than another.

    Attributes:
        mean: Mean over the seeds of the difference.
        low: Lower end of the confidence interval of the mean; NaN with one
            seed.
        high: Its upper end.
        num_seeds: Number of seeds n.
    """

    mean: float
    low: float
    high: float
    num_seeds: int


def paired_difference(
    scores: Sequence[float],
    baseline: Sequence[float],
    confidence: float = 0.95,
) -> PairedDifference:
    """Mean difference, paired by seed, with its t-interval.

    With d the n differences, s their sample standard deviation and q Student's
    quantile of n - 1 degrees of freedom at (1 + confidence) / 2, the interval
    is mean(d) +- q * s / sqrt(n).

    Args:
        scores: Of an arm, one a seed.
        baseline: Of the arm that it is compared with, same seeds and order.
        confidence: Coverage of the interval, in (0, 1).

    Raises:
        ValueError: If the two are empty or differ in length.
    """
    if len(scores) != len(baseline) or not len(scores):
        raise ValueError(
            f'{len(scores)} scores can not be paired with {len(baseline)}: '
            'give one of each for at least one seed'
        )
    difference = np.subtract(scores, baseline)
    mean, num = float(difference.mean()), len(difference)
    if num == 1:
        return PairedDifference(mean, float('nan'), float('nan'), num)
    half = t.ppf((1 + confidence) / 2, num - 1) * sem(difference)
    return PairedDifference(mean, float(mean - half), float(mean + half), num)
