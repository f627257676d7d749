"""Mixtures again, plain and independent."""

import math


def log_density(x, weight, mean, variance):
    """Logarithm of a weighted normal density."""
    return math.log(weight / math.sqrt(variance)) - (x - mean) ** 2 / (
        2 * variance
    )


def mixture_threshold(weights, means, variances):
    """Bisection for the point where two modes are equally likely.

    Args:
        weights (Sequence[float]): Of the two modes.
        means (Sequence[float]): Of the two modes.
        variances (Sequence[float]): Of the two modes.

    Returns:
        float | None: Between the means; None where one mode is the likelier
        one at both.
    """
    modes = sorted(zip(means, weights, variances, strict=True))
    (m1, w1, v1), (m2, w2, v2) = modes

    def excess(x):
        return log_density(x, w1, m1, v1) - log_density(x, w2, m2, v2)

    left, right = m1, m2
    if not excess(left) > 0 > excess(right):
        return None
    for _ in range(200):
        middle = (left + right) / 2
        if excess(middle) > 0:
            left = middle
        else:
            right = middle
    return left
