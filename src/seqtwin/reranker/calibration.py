"""How well probabilities agree with labels: the Brier score and the calibration error, with the counts behind it."""

from dataclasses import dataclass

import numpy as np

BINS = 10


@dataclass(frozen=True)
class Bin:
    """Pairs with similar probabilities. `mean`: of the probabilities; `same`: the share of pairs that are the same."""

    pairs: int
    mean: float
    same: float


def reliability(probabilities: np.ndarray, same: np.ndarray) -> list[Bin]:
    """The bins of equal width that have any pairs, lowest first. `same`: Bool[n].

    >>> reliability(np.array([0.1, 0.1, 0.9]), np.array([False, True, True]))
    [Bin(pairs=2, mean=0.1, same=0.5), Bin(pairs=1, mean=0.9, same=1.0)]
    """
    places = np.minimum((probabilities * BINS).astype(np.int64), BINS - 1)
    members = [places == place for place in np.unique(places)]
    return [Bin(int(own.sum()), float(probabilities[own].mean()), float(same[own].mean())) for own in members]


def calibration_error(bins: list[Bin]) -> float:
    """The expected calibration error: the mean of |mean - same| over the bins, weighted by their pairs.

    Source: Naeini, Cooper & Hauskrecht, Obtaining well calibrated probabilities using Bayesian binning, 2015.

    >>> round(calibration_error([Bin(2, 0.1, 0.5), Bin(1, 0.9, 1.0)]), 4)
    0.3
    """
    return sum(own.pairs * abs(own.mean - own.same) for own in bins) / max(1, sum(own.pairs for own in bins))


def brier_score(probabilities: np.ndarray, same: np.ndarray) -> float:
    """The Brier score: the mean of (p - y)^2, lower is better.

    >>> brier_score(np.array([0.5, 1.0]), np.array([True, True]))
    0.125
    """
    return float(np.square(probabilities - same).mean())
