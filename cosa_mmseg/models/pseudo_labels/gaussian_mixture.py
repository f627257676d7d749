"""Maths of one-dimensional Gaussian mixtures: start, fit, separate."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

VARIANCE_FLOOR = 1e-6  # added to every fitted variance (released code)


@dataclass(frozen=True)
class GaussianMixture:
    """Density ``sum_k weight_k * N(x | mean_k, variance_k)`` of m modes.

    Attributes:
        weights (Tensor): Shares of the modes, (m,), of sum 1.
        means (Tensor): (m,).
        variances (Tensor): (m,), positive.
    """

    weights: Tensor
    means: Tensor
    variances: Tensor

    def log_joint(self, values: Tensor) -> Tensor:
        """Logarithm of what each mode adds to the density.

        Args:
            values (Tensor): (n,).

        Returns:
            Tensor: ``log(weight_k * N(x | mean_k, variance_k))``, (m, n).
        """
        return self.coefficients() @ _powers(values)

    def coefficients(self) -> Tensor:
        """Those of 1, x and x^2 in :meth:`log_joint`, (m, 3)."""
        peak = self.weights.log() - 0.5 * (2 * math.pi * self.variances).log()
        slope = self.means / self.variances
        constant = peak - 0.5 * slope * self.means
        return torch.stack([constant, slope, -0.5 / self.variances], dim=1)

    def bic(self, values: Tensor, counts: Tensor) -> float:
        """Bayesian information criterion; of two fits the lower is better.

        Args:
            values (Tensor): (n,).
            counts (Tensor): How often each occurs, (n,).

        Returns:
            float: ``(3m - 1) log N - 2 log p(values)``, N the sum of counts.
        """
        num_parameters = 3 * len(self.means) - 1
        log_density = self.log_joint(values).logsumexp(dim=0)
        fitted = num_parameters * counts.sum().log()
        return (fitted - 2 * log_density @ counts).item()


def wide_start(values: Tensor, num_modes: int) -> GaussianMixture:
    """Modes of equal weight and variance 1, spread over the values.

    Their means are the quantiles 0, 1 / (m - 1), ..., 1: minimum, median and
    maximum for three modes (released code).

    Args:
        values (Tensor): (n,), n at least 1.
        num_modes (int): m, at least 2.

    Returns:
        GaussianMixture: In ascending order of the means.
    """
    ones = values.new_ones(num_modes)
    steps = torch.linspace(0, 1, num_modes).to(values)
    return GaussianMixture(ones / num_modes, values.quantile(steps), ones)


def split_start(values: Tensor, counts: Tensor) -> GaussianMixture:
    """Two modes: those of the best split of the values in two (2-means).

    In one dimension the split of least variance within its sides is found
    by trying all of them (ours; the start is exact, so nothing is drawn).

    Args:
        values (Tensor): Distinct, ascending, (n,), n at least 2.
        counts (Tensor): How often each occurs, (n,), positive.

    Returns:
        GaussianMixture: In ascending order of the means.
    """
    num, total = counts.cumsum(0), (counts * values).cumsum(0)
    # proportional to the variance between the sides, if cut after each value
    between = (total - num / num[-1] * total[-1]) ** 2 / (
        num * (num[-1] - num)
    )
    cut = values[between[:-1].argmax()]
    upper = values > cut
    resp = torch.stack([~upper, upper]).to(values)
    return _maximize(resp, _powers(values) * counts)


def fit_gaussian_mixture(
    values: Tensor,
    start: GaussianMixture,
    counts: Tensor | None = None,
    max_rounds: int = 100,
    tol: float = 1e-3,
) -> tuple[GaussianMixture, int]:
    """Fit a mixture by expectation maximisation (EM).

    Stops after the round whose mean log-likelihood differs from the last
    round's by less than ``tol``.  The modes keep the order of ``start``
    (released code).  Each round asks the values' device once whether it was
    the last one.

    Args:
        values (Tensor): Finite, of the order of 1, float64 (n,), n at least 1.
        start (GaussianMixture): Where to start from.
        counts (Tensor, optional): How often each value occurs, (n,); once
            each if None.
        max_rounds (int): At least 1.
        tol (float): In nats per value.

    Returns:
        tuple[GaussianMixture, int]: The fit and the rounds that it took.
    """
    counts = torch.ones_like(values) if counts is None else counts.to(values)
    powers = _powers(values)
    counted, share = powers * counts, counts / counts.sum()
    mixture, num_rounds = start, 0
    previous, change = -math.inf, math.inf
    while num_rounds < max_rounds and change >= tol:
        log_joint = mixture.coefficients() @ powers  # (m, n)
        log_resp = log_joint.log_softmax(dim=0)
        # log p(x) = log p(x, k) - log p(k | x), whichever k
        likelihood = ((log_joint[0] - log_resp[0]) @ share).item()
        mixture = _maximize(log_resp.exp(), counted)
        change, previous = abs(likelihood - previous), likelihood
        num_rounds += 1
    return mixture, num_rounds


def mixture_threshold(mixture: GaussianMixture) -> Tensor:
    """Point between the means of two modes where they are equally likely.

    The weighted densities are equal where the quadratic function
    ``g(u) = a u^2 + b u + c`` of the distance ``u`` from the lower mean is 0
    (ours).  Since ``b < 0``, its root between the means is
    ``2c / (-b + sqrt(b^2 - 4ac))``, which is exact for equal variances, where
    ``a = 0``, as well.

    Args:
        mixture (GaussianMixture): Two modes, in any order.

    Returns:
        Tensor: 0-d; NaN where one mode is the likelier one at both means.
    """
    order = mixture.means.argsort()
    log_weight = mixture.weights[order].log()
    mean, variance = mixture.means[order], mixture.variances[order]
    gap = mean[1] - mean[0]
    log_peak = log_weight - 0.5 * variance.log()
    excess = log_peak[0] - log_peak[1]
    a = 0.5 / variance[1] - 0.5 / variance[0]
    b = -gap / variance[1]
    c = excess + 0.5 * gap**2 / variance[1]  # g at the lower mean
    end = excess - 0.5 * gap**2 / variance[0]  # g at the upper mean
    root = mean[0] + 2 * c / (-b + (b**2 - 4 * a * c).sqrt())
    return root.masked_fill((c <= 0) | (end >= 0), math.nan)


def separate_two_modes(values: Tensor, counts: Tensor) -> Tensor | None:
    """Threshold between two modes, if there are two.

    :func:`mixture_threshold` of the mixture that is fitted from
    :func:`split_start`, unless a single mode explains the values better
    (BIC; ours).

    Args:
        values (Tensor): Distinct, ascending, finite, (n,).
        counts (Tensor): How often each occurs, (n,), positive.

    Returns:
        Tensor | None: 0-d; None without two modes.
    """
    if len(values) < 2:
        return None
    single = _maximize(torch.ones_like(values)[None], _powers(values) * counts)
    mixture, _ = fit_gaussian_mixture(
        values, split_start(values, counts), counts
    )
    threshold = mixture_threshold(mixture)
    if threshold.isnan() or mixture.bic(values, counts) > single.bic(
        values, counts
    ):
        return None
    return threshold


def cluster_bounds(values: Tensor, mixture: GaussianMixture) -> Tensor:
    """Where the first mode's values end and the last mode's begin.

    Each value belongs to its most responsible mode, the first one of equals
    (released code).

    Args:
        values (Tensor): (n,).
        mixture (GaussianMixture): m modes.

    Returns:
        Tensor: Largest value of mode 0 and smallest of mode m - 1, (2,); -inf
        and inf where a mode has none.
    """
    joint = mixture.log_joint(values)
    in_first = joint[0] >= joint[1:].amax(dim=0)
    in_last = joint[-1] > joint[:-1].amax(dim=0)
    low = values.masked_fill(~in_first, -math.inf).max()
    high = values.masked_fill(~in_last, math.inf).min()
    return torch.stack([low, high])


def _powers(values: Tensor) -> Tensor:
    """1, x and x^2 of values (n,): (3, n)."""
    return torch.stack([torch.ones_like(values), values, values**2])


def _maximize(resp: Tensor, counted: Tensor) -> GaussianMixture:
    """Most likely mixture of values that belong to modes to an extent.

    Args:
        resp (Tensor): To which extent, (m, n), of sum 1 over the modes.
        counted (Tensor): Powers of the values times their counts, (3, n).

    Returns:
        GaussianMixture: m modes.
    """
    num, first, second = (resp @ counted.T).unbind(dim=1)  # (m,) each
    num_safe = num + 10 * torch.finfo(num.dtype).eps
    means = first / num_safe
    spread = second - 2 * means * first + means**2 * num
    return GaussianMixture(
        num_safe / num.sum(), means, spread / num_safe + VARIANCE_FLOOR
    )
