"""Draws of seeds and of clusters of test rows, and the metrics of study cells under them.

All study cells share the same draws, which makes their differences paired.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from seqtwin.reporting.statistics.weighted import SHARES, UNDER, Array, Weighted, ratio

_LEAST, _NUMBERS = 128, 65_536  # draws of a block; few rows take more draws, so that about 65,536 numbers are in cache


def cluster_draws(clusters: int, replicates: int, rng: np.random.Generator) -> Array:
    """How often each cluster was drawn: [replicates, clusters], rows sum to the number of clusters."""
    counts = np.empty((replicates, clusters))
    for row in counts:  # one by one: drawing all numbers at once would double the memory
        row[:] = np.bincount(rng.integers(0, clusters, size=clusters), minlength=clusters)
    return counts


def left_out_groups(clusters: int, groups: int) -> Array:
    """The weights of a grouped jackknife, [groups, clusters]: row g leaves out the clusters g, g + groups, ...

    >>> left_out_groups(4, 2)
    array([[0., 1., 0., 1.],
           [1., 0., 1., 0.]])
    """
    count = min(clusters, groups)
    return (np.arange(clusters) % count != np.arange(count)[:, None]).astype(np.float64)


def replicates_of(metric: Weighted, scores: Array, targets: Array, cluster_of: NDArray[np.intp], draws: Array) -> Array:
    """The metric of one study cell under every draw of clusters: [replicates]."""
    return np.concatenate([metric(scores, targets, draws[own][:, cluster_of]) for own in _blocks(draws, cluster_of)])


def _blocks(draws: Array, cluster_of: NDArray[np.intp]) -> list[slice]:
    size = max(_LEAST, _NUMBERS // max(len(cluster_of), 1))
    return [slice(start, start + size) for start in range(0, len(draws), size)]


def metric_replicates(metric: str, scores: Array, targets: Array, cluster_of: NDArray[np.intp], draws: Array) -> Array:
    """The metric of many study cells under the same draws: scores [cells, pairs] -> [cells, replicates].

    `targets` are 0 or 1 for a binary metric. A study cell with a score that is not finite is nan in all replicates.
    """
    values = np.full((len(scores), len(draws)), np.nan)
    known = np.flatnonzero(np.isfinite(scores).all(axis=1))
    if metric in SHARES:
        values[known] = _shares(scores[known], targets, cluster_of, draws)
        return values
    for own in _blocks(draws, cluster_of):
        weights = np.ascontiguousarray(draws[own].T[cluster_of])
        of_scores = UNDER[metric](targets, weights)
        for row in known:
            values[row, own] = of_scores(scores[row])
    return values


def _shares(scores: Array, targets: Array, cluster_of: NDArray[np.intp], draws: Array) -> Array:
    """The share of rows whose score is the target, [cells, replicates]; hits are counted by cluster before drawing."""
    clusters = draws.shape[1]
    size = np.bincount(cluster_of, minlength=clusters).astype(np.float64)
    hits = [np.bincount(cluster_of, row == targets, minlength=clusters) for row in scores]
    total = draws @ size
    right = np.reshape(hits, (len(scores), clusters)) @ draws.T
    return ratio(right, np.broadcast_to(total, right.shape), np.broadcast_to(total > 0, right.shape))


def seed_means(values: Array, counts: Array) -> Array:
    """Mean over drawn seeds: values [..., seeds, replicates], counts [replicates, seeds] -> [..., replicates].

    Seeds without a value (nan in every replicate) are ignored. The mean is nan if none of the others was drawn, or if a
    drawn seed is undefined.
    """
    known = np.logical_not(np.isnan(values).all(axis=-1))
    weights = np.expand_dims(known, -1) * counts.T
    total = weights.sum(axis=-2)
    filled = np.where(weights > 0, values, 0.0)
    return ratio((weights * filled).sum(axis=-2), total, total > 0)


def over_seeds(values: Mapping[int, Array], seed_counts: Array) -> Array:
    """Mean over drawn seeds: `values[seed]` is [replicates], `seed_counts` [replicates, seeds].

    A pairing without some seed is averaged over the drawn seeds it has; nan if none of them was drawn. With one seed,
    only the rows are drawn.
    """
    seeds = sorted(values)
    counts = seed_counts[:, seeds] if len(seeds) > 1 else np.ones((len(seed_counts), 1))
    return seed_means(np.stack([values[seed] for seed in seeds]), counts)
