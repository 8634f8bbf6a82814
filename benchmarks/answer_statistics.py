"""What holds across data sets: ranks after Friedman and Nemenyi, and a hierarchical model of differences.

Here the data sets are the sample. What happens within one of them, seeds and test rows, is averaged before.
"""

from dataclasses import dataclass

import numpy as np

from seqtwin.reporting.statistics.weighted import Array

RELEVANT = 0.01  # a smaller difference of scores changes no decision
SPREAD = 0.02  # scale of the prior of tau
_GRID = 2000


@dataclass(frozen=True)
class Further:
    """A difference on a further data set, after those that were seen.

    `mean`, `low`, `high`: the mean over all data sets of this kind and its 95 % interval. `spread`: the standard
    deviation between data sets (posterior median). `below`, `within`, `above`: the probabilities that the difference
    on a further data set is below -`relevant`, within it, or above it.
    """

    mean: float
    low: float
    high: float
    spread: float
    below: float
    within: float
    above: float


def average_ranks(values: Array) -> Array:
    """The mean rank of each column of [data sets, treatments]; 1 is the highest value, ties share their mean rank.

    >>> average_ranks(np.array([[0.9, 0.8, 0.7], [0.6, 0.6, 0.5]]))
    array([1.25, 1.75, 3.  ])
    """
    from scipy.stats import rankdata

    ranks: Array = rankdata(-values, axis=1).mean(axis=0)
    return ranks


def friedman_p(values: Array) -> float:
    """p of Friedman's test that all columns of [data sets, treatments] are alike; three columns or more.

    >>> round(friedman_p(np.array([[0.9, 0.8, 0.7], [0.8, 0.7, 0.6], [0.9, 0.6, 0.5]])), 4)
    0.0498
    """
    from scipy.stats import friedmanchisquare

    return float(friedmanchisquare(*values.T).pvalue)


def critical_difference(treatments: int, data_sets: int, level: float = 0.05) -> float:
    """How far two average ranks must differ for Nemenyi's test.

    Formula: q sqrt(k (k + 1) / (6 N)), q the quantile of the studentized range for infinite degrees over sqrt(2).
    Source: Demsar 2006.

    >>> round(critical_difference(5, 30), 3)
    1.114
    """
    from scipy.stats import studentized_range

    q = float(studentized_range.ppf(1 - level, treatments, np.inf)) / np.sqrt(2)
    return float(q * np.sqrt(treatments * (treatments + 1) / (6 * data_sets)))


def further_difference(estimates: Array, errors: Array, relevant: float = RELEVANT) -> Further:
    """What differences on some data sets tell about a further one.

    Formula: estimate_d ~ Normal(mu_d, error_d), mu_d ~ Normal(mu, tau), a flat prior on mu and a half-Cauchy prior
    with scale 0.02 on tau. The posterior of tau is computed on a grid; given tau all else is normal, so there is no
    sampling. `errors`: standard errors, all positive. Raises: ValueError for fewer than three data sets or other errors.
    Source: Gelman et al. 2013, section 5.4; Benavoli et al. 2017.

    >>> found = further_difference(np.array([0.03, 0.05, 0.04, 0.04]), np.full(4, 0.005))
    >>> round(found.mean, 3), found.above > 0.9
    (0.04, True)
    """
    if len(estimates) < 3 or not (np.isfinite(errors) & (errors > 0)).all():
        raise ValueError(f"expected at least 3 estimates with positive errors, got {len(estimates)}: {errors}")
    tau, weight, centre, variance = _posterior(estimates, errors)
    wide = np.sqrt(variance + tau**2)
    below = _mixture(weight, (-relevant - centre) / wide)
    above = 1 - _mixture(weight, (relevant - centre) / wide)
    low, high = (_quantile(weight, centre, np.sqrt(variance), share) for share in (0.025, 0.975))
    spread = float(np.interp(0.5, np.cumsum(weight), tau))
    return Further(float(weight @ centre), low, high, spread, below, 1 - below - above, above)


def _posterior(estimates: Array, errors: Array) -> tuple[Array, Array, Array, Array]:
    """Grid of tau, its posterior weights, and mean and variance of mu given each tau."""
    widest = 5 * (estimates.max() - estimates.min()) + 10 * SPREAD
    tau = np.linspace(0, 1, _GRID) ** 2 * widest  # dense near 0
    precision = 1 / (errors**2 + tau[:, None] ** 2)
    variance = 1 / precision.sum(axis=1)
    centre = variance * (precision @ estimates)
    residual = (precision * (estimates - centre[:, None]) ** 2).sum(axis=1)
    log_density = 0.5 * (np.log(variance) + np.log(precision).sum(axis=1) - residual) - np.log1p((tau / SPREAD) ** 2)
    density = np.exp(log_density - log_density.max()) * np.gradient(tau)
    return tau, density / density.sum(), centre, variance


def _mixture(weight: Array, z: Array) -> float:
    from scipy.special import ndtr

    return float(weight @ ndtr(z))


def _quantile(weight: Array, centre: Array, spread: Array, share: float) -> float:
    from scipy.optimize import brentq

    low, high = float((centre - 9 * spread).min()), float((centre + 9 * spread).max())
    return float(brentq(lambda value: _mixture(weight, (value - centre) / spread) - share, low, high))
