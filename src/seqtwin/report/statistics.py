"""Arrays and a Generator in, intervals out. Two levels: seeds and clusters of test pairs.

Every replicate draws seeds and pair clusters with replacement, the same draw for all study cells, so that differences
of pairings are paired. A cluster drawn k times counts its pairs k times: metrics here take such counts as weights.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Weighted = Callable[[Array, Array, Array], Array]

MOST_DEGENERATE = 0.01
_BLOCK = 64


@dataclass(frozen=True)
class Interval:
    """A 95 % interval, or the reason why there is none (`refused`)."""

    low: float
    high: float
    refused: str = ""


def _groups(values: Array) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    return order, starts


def _by_group(ordered: Array, starts: NDArray[np.intp]) -> Array:
    return ordered if len(starts) == ordered.shape[1] else np.add.reduceat(ordered, starts, axis=1)


def _ratio(above: Array, below: Array, defined: NDArray[np.bool_]) -> Array:
    ratio: Array = np.divide(above, below, out=np.full(len(below), np.nan), where=defined)
    return ratio


def weighted_roc_auc(scores: Array, same: Array, weights: Array) -> Array:
    """ROC-AUC for each row of weights [replicates, pairs]: P(s+ > s-) + 1/2 P(s+ = s-); nan where a class is absent.

    >>> weighted_roc_auc(np.array([0.1, 0.8, 0.4]), np.array([0.0, 1.0, 1.0]), np.array([[1.0, 1.0, 2.0]]))
    array([1.])
    """
    order, starts = _groups(scores)
    drawn = weights[:, order]
    positive = _by_group(drawn * same[order], starts)
    negative = _by_group(drawn * (1.0 - same[order]), starts)
    below = np.cumsum(negative, axis=1)
    below -= 0.5 * negative
    pairs = positive.sum(axis=1) * negative.sum(axis=1)
    wins = np.einsum("ij,ij->i", positive, below)
    return _ratio(wins, pairs, pairs > 0)


def weighted_ranks(values: Array, weights: Array) -> Array:
    """Average ranks (from 0.5 less than usual) of the values when value j occurs `weights[i, j]` times, row by row.

    >>> weighted_ranks(np.array([7.0, 3.0, 3.0]), np.array([[2.0, 1.0, 1.0]])) + 0.5
    array([[3.5, 1.5, 1.5]])
    """
    order, starts = _groups(values)
    mass = _by_group(weights[:, order], starts)
    middle = np.cumsum(mass, axis=1)
    middle -= 0.5 * mass
    group = np.empty(len(values), dtype=np.intp)
    group[order] = np.repeat(np.arange(len(starts)), np.diff([*starts, len(values)]))
    return middle[:, group]


def _weighted_correlation(a: Array, b: Array, weights: Array) -> Array:
    total = np.maximum(weights.sum(axis=1, keepdims=True), 1.0)
    a = a - (weights * a).sum(axis=1, keepdims=True) / total
    b = b - (weights * b).sum(axis=1, keepdims=True) / total
    weighted = weights * a
    shared = np.einsum("ij,ij->i", weighted, b)
    spread = np.einsum("ij,ij->i", weighted, a) * np.einsum("ij,ij,ij->i", weights, b, b)
    # ranks are halves of whole numbers, so a constant side leaves rounding of about 1e-12 of the largest spread
    floor = 1e-12 * total[:, 0] ** 6
    return _ratio(shared, np.sqrt(spread), spread > floor)


def weighted_spearman(scores: Array, targets: Array, weights: Array) -> Array:
    """Spearman correlation for each row of weights [replicates, pairs]; nan where a side is constant.

    >>> weighted_spearman(np.array([0.1, 0.4, 0.8]), np.array([0.0, 0.5, 1.0]), np.array([[1.0, 2.0, 1.0]])).round(6)
    array([1.])
    """
    return _weighted_correlation(weighted_ranks(scores, weights), weighted_ranks(targets, weights), weights)


def cluster_draws(clusters: int, replicates: int, rng: np.random.Generator) -> Array:
    """How often each cluster was drawn: [replicates, clusters], rows sum to the number of clusters."""
    drawn = rng.integers(0, clusters, size=(replicates, clusters))
    return np.stack([np.bincount(row, minlength=clusters) for row in drawn]).astype(np.float64)


def replicates_of(metric: Weighted, scores: Array, targets: Array, cluster_of: NDArray[np.intp], draws: Array) -> Array:
    """The metric of one study cell under every draw of clusters: [replicates]."""
    blocks = [draws[start : start + _BLOCK] for start in range(0, len(draws), _BLOCK)]
    return np.concatenate([metric(scores, targets, block[:, cluster_of]) for block in blocks])


def over_seeds(values: Mapping[int, Array], seed_counts: Array) -> Array:
    """Mean over drawn seeds: `values[seed]` is [replicates], `seed_counts` [replicates, seeds].

    A pairing that lacks a seed is averaged over the drawn seeds it has; nan where none of them was drawn.
    """
    seeds = sorted(values)
    counts = seed_counts[:, seeds] if len(seeds) > 1 else np.ones((len(seed_counts), 1))
    table = np.stack([values[seed] for seed in seeds], axis=1)
    total = counts.sum(axis=1)
    return _ratio((counts * table).sum(axis=1), total, total > 0)


def percentile_interval(replicates: Array) -> Interval:
    """The middle 95 % of the replicates; refused when more than 1 % of them are undefined.

    >>> percentile_interval(np.linspace(0.0, 1.0, 101))
    Interval(low=0.025, high=0.975, refused='')
    """
    undefined = float(np.isnan(replicates).mean()) if len(replicates) else 1.0
    if undefined > MOST_DEGENERATE:
        return Interval(np.nan, np.nan, f"undefined in {undefined:.0%} of the replicates")
    low, high = np.nanpercentile(replicates, [2.5, 97.5])
    return Interval(float(low), float(high))


def two_level_interval(
    scores: Array,
    targets: Array,
    cluster_of: NDArray[np.intp],
    *,
    metric: Weighted,
    replicates: int,
    rng: np.random.Generator,
) -> Interval:
    """The interval of the mean over seeds of a metric, for one pairing: `scores` is [seeds, pairs].

    With one seed only the pairs are drawn.
    """
    draws = cluster_draws(int(cluster_of.max()) + 1, replicates, rng)
    counts = cluster_draws(len(scores), replicates, rng)
    values = {seed: replicates_of(metric, row, targets, cluster_of, draws) for seed, row in enumerate(scores)}
    return percentile_interval(over_seeds(values, counts))


WEIGHTED: dict[str, Weighted] = {"roc_auc": weighted_roc_auc, "spearman": weighted_spearman}
