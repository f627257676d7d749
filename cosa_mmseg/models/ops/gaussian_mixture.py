"""Maths of one-dimensional Gaussian mixtures: start, fit, separate.

A value that is to be left out has the count 0, so that no shape hangs on how
many there are, for which the host would have to wait for a GPU.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from cosa_mmseg.utils.host import on_host

VARIANCE_FLOOR = 1e-6  # added to every fitted variance (released code)
MAX_ROUNDS = 50  # from the best split, which seldom takes over 10 (ours)


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
        log_scale = (2 * math.pi * self.variances).log()
        peak = self.weights.log().sub(log_scale, alpha=0.5)
        slope = self.means / self.variances
        constant = peak.addcmul(slope, self.means, value=-0.5)
        return torch.stack([constant, slope, -0.5 / self.variances], dim=1)

    def bic(self, values: Tensor, counts: Tensor) -> Tensor:
        """Bayesian information criterion; of two fits the lower is better.

        Args:
            values (Tensor): (n,).
            counts (Tensor): How often each occurs, (n,).

        Returns:
            Tensor: ``(3m - 1) log N - 2 log p(values)``, N the sum of counts;
            0-d.
        """
        num_parameters = 3 * len(self.means) - 1
        log_density = self.log_joint(values).logsumexp(dim=0)
        fitted = num_parameters * counts.sum().log()
        return fitted - 2 * log_density @ counts


def wide_start(
    values: Tensor, num_modes: int, counts: Tensor | None = None
) -> GaussianMixture:
    """Modes of equal weight and variance 1, spread over the values.

    Their means are the quantiles 0, 1 / (m - 1), ..., 1: minimum, median and
    maximum for three modes (released code).

    Args:
        values (Tensor): (n,), n at least 1.
        num_modes (int): m, at least 2.
        counts (Tensor, optional): How often each occurs, (n,); once each if
            None.

    Returns:
        GaussianMixture: In ascending order of the means.
    """
    counts = torch.ones_like(values) if counts is None else counts
    values, order = values.sort()
    number = counts[order].long().cumsum(0)  # of values up to each

    def pick(rank: Tensor) -> Tensor:
        index = torch.searchsorted(number, rank.long(), right=True)
        return values[index.clamp(max=len(values) - 1)]

    steps = torch.arange(num_modes, device=values.device) / (num_modes - 1)
    rank = steps.to(values) * (number[-1] - 1)
    means = pick(rank.floor()).lerp(pick(rank.ceil()), rank.frac())
    ones = torch.ones_like(means)
    return GaussianMixture(ones / num_modes, means, ones)


def split_start(values: Tensor, counts: Tensor) -> GaussianMixture:
    """Two modes: those of the best split of the values in two (2-means).

    In one dimension the split of least variance within its sides is found
    by trying all of them (ours; the start is exact, so nothing is drawn).

    Args:
        values (Tensor): Distinct, ascending, (n,), n some thousands at most.
        counts (Tensor): How often each occurs, (n,), two or more not 0.

    Returns:
        GaussianMixture: In ascending order of the means.
    """
    # Running sums, as a product: on a GPU those of floats are not the same in
    # each run.
    num, total = (
        torch.stack([counts, counts * values])
        @ torch.ones_like(values).expand(len(values), -1).triu()
    )
    # proportional to the variance between the sides, if cut after each value
    product = num * (num[-1] - num)
    between = (total - num / num[-1] * total[-1]) ** 2 / product
    # take: an index without dimensions would make the host wait
    cut = values.take(between.masked_fill(product <= 0, 0).argmax())
    upper = values > cut
    resp = torch.stack([~upper, upper]).to(values)
    return _maximize(resp @ (_powers(values) * counts).T)


def fit_gaussian_mixture(
    values: Tensor,
    start: GaussianMixture,
    counts: Tensor | None = None,
    max_rounds: int = 100,
    tol: float = 1e-3,
) -> tuple[GaussianMixture, Tensor]:
    """Fit a mixture by expectation maximisation (EM).

    Stops after the round whose mean log-likelihood differs from the last
    round's by less than ``tol``.  The modes keep the order of ``start``
    (released code).  On a GPU all ``max_rounds`` are run, as the host would
    wait to hear which is the last one; those after it change nothing.

    Args:
        values (Tensor): Finite, of the order of 1, float64 (n,).
        start (GaussianMixture): Where to start from.
        counts (Tensor, optional): How often each value occurs, (n,); once
            each if None.
        max_rounds (int): At least 1.
        tol (float): In nats per value.

    Returns:
        tuple[GaussianMixture, Tensor]: The fit, NaN without any value, and
        the rounds that it took, 0-d.
    """
    counts = torch.ones_like(values) if counts is None else counts.to(values)
    powers = _powers(values)
    counted, share = (powers * counts).T, counts / counts.sum()
    mixture, moments = start, powers.new_zeros(len(start.means), 3)
    previous = share.new_full((), -math.inf)
    is_active = torch.ones_like(previous, dtype=torch.bool)
    num_rounds = torch.zeros_like(previous, dtype=torch.long)
    for _ in range(max_rounds):
        log_joint = mixture.coefficients() @ powers  # (m, n)
        log_resp = log_joint.log_softmax(dim=0)
        # log p(x) = log p(x, k) - log p(k | x), whichever k
        likelihood = (log_joint[0] - log_resp[0]) @ share
        update = log_resp.exp() @ counted  # (m, 3)
        moments = torch.where(is_active, update, moments)
        mixture = _maximize(moments)
        num_rounds += is_active
        is_active &= (likelihood - previous).abs() >= tol
        previous = likelihood
        if on_host(values) and not is_active:
            break
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


def separate_two_modes(values: Tensor, counts: Tensor) -> Tensor:
    """Threshold between two modes, if there are two.

    :func:`mixture_threshold` of the mixture that is fitted from
    :func:`split_start`, unless a single mode explains the values better
    (BIC; ours).

    Args:
        values (Tensor): Distinct, ascending, finite, (n,), n some thousands at
            most.
        counts (Tensor): How often each occurs, (n,).

    Returns:
        Tensor: 0-d; NaN without two modes.
    """
    counts = counts.to(values)
    single = _maximize((_powers(values) @ counts)[None])
    mixture, _ = fit_gaussian_mixture(
        values, split_start(values, counts), counts, MAX_ROUNDS
    )
    is_single = mixture.bic(values, counts) > single.bic(values, counts)
    is_single |= (counts > 0).sum() < 2
    return mixture_threshold(mixture).masked_fill(is_single, math.nan)


def cluster_bounds(
    values: Tensor, mixture: GaussianMixture, counts: Tensor | None = None
) -> Tensor:
    """Return the end of the first mode and the start of the last.

    Each value belongs to its most responsible mode, the first one of equals
    (released code).

    Args:
        values (Tensor): (n,).
        mixture (GaussianMixture): m modes.
        counts (Tensor, optional): How often each occurs, (n,); once each if
            None.

    Returns:
        Tensor: Largest value of mode 0 and smallest of mode m - 1, (2,); -inf
        and inf where a mode has none.
    """
    joint = mixture.log_joint(values)
    in_first = joint[0] >= joint[1:].amax(dim=0)
    in_last = joint[-1] > joint[:-1].amax(dim=0)
    if counts is not None:
        in_first, in_last = in_first & (counts > 0), in_last & (counts > 0)
    low = values.masked_fill(~in_first, -math.inf).max()
    high = values.masked_fill(~in_last, math.inf).min()
    return torch.stack([low, high])


def _powers(values: Tensor) -> Tensor:
    """1, x and x^2 of values (n,): (3, n)."""
    return torch.stack([torch.ones_like(values), values, values**2])


def _maximize(moments: Tensor) -> GaussianMixture:
    """Most likely mixture of values that belong to modes to an extent.

    Args:
        moments (Tensor): Of each mode the sums of 1, x and x^2, weighted by
            that extent, (m, 3).

    Returns:
        GaussianMixture: m modes.
    """
    num = moments[:, 0] + 10 * torch.finfo(moments.dtype).eps
    means, squares = (moments[:, 1:] / num[:, None]).unbind(dim=1)
    variances = (squares + VARIANCE_FLOOR).addcmul(means, means, value=-1)
    return GaussianMixture(num / moments[:, 0].sum(), means, variances)
