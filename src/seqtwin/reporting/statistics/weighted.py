"""Metrics of weighted rows: a pair that the bootstrap draws k times has weight k.

Arrays of weights are [pairs, replicates] here, because sorting pairs by score then moves whole rows. The functions of
`UNDER` compute what depends only on targets and weights once, and return a function of the scores.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Weighted = Callable[[Array, Array, Array], Array]
OfScores = Callable[[Array], Array]


def _sorted_groups(values: Array) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The order of the values, and the bounds of the groups of equal ones in it: group g is bounds[g] to bounds[g + 1].

    >>> _sorted_groups(np.array([3.0, 1.0, 3.0]))
    (array([1, 0, 2]), array([0, 1, 3]))
    """
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    return order, np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1], [True])))


def running_sums(rows: Array) -> Array:
    """The sums of the first 0, 1, ... rows: [n, replicates] -> [n + 1, replicates].

    `np.cumsum` along this axis takes six times as long. Here the rows form about sqrt(n) blocks: row j of all blocks is
    added at once, then the sum of all earlier blocks.

    >>> running_sums(np.array([[1.0], [2.0], [4.0]])).ravel()
    array([0., 1., 3., 7.])
    """
    count, replicates = rows.shape
    each = math.isqrt(max(count - 1, 0)) + 1
    sums = np.zeros((-(-count // each) * each + 1, replicates))
    sums[1 : count + 1] = rows
    blocks = sums[1:].reshape(-1, each, replicates)
    for place in range(1, each):
        blocks[:, place] += blocks[:, place - 1]
    for place in range(1, len(blocks)):
        blocks[place] += blocks[place - 1, -1]
    return sums[: count + 1]


def ratio(above: Array, below: Array, defined: NDArray[np.bool_]) -> Array:
    """above / below where defined, nan elsewhere."""
    quotient: Array = np.divide(above, below, out=np.full(np.shape(above), np.nan), where=defined)
    return quotient


def _up_to_middle(values: Array, below: Array, low: NDArray[np.intp], high: NDArray[np.intp]) -> Array:
    """Per replicate: sum over rows of value x (mass of all lower rows + half of the mass equal to it).

    `below`: running sums of the mass in its order; `low`, `high`: for each row the number of lower, and of lower or
    equal ones. The sums of half integers are exact in any order.
    """
    total: Array = 2.0 * np.einsum("ij,ij->j", values, below[low])
    tied = np.flatnonzero(high > low)
    total += np.einsum("ij,ij->j", values[tied], below[high[tied]] - below[low[tied]])
    return 0.5 * total


def auc_under(same: Array, weights: Array) -> OfScores:
    """Scores -> ROC-AUC under every column of weights [pairs, replicates]; nan where a class is absent."""
    ours, theirs = np.flatnonzero(same == 1), np.flatnonzero(same != 1)
    positive, negative = weights[ours], weights[theirs]
    pairs = positive.sum(axis=0) * negative.sum(axis=0)

    def of_scores(scores: Array) -> Array:
        order = np.argsort(scores[theirs], kind="stable")
        ordered, own = scores[theirs][order], scores[ours]
        low, high = np.searchsorted(ordered, own, "left"), np.searchsorted(ordered, own, "right")
        wins = _up_to_middle(positive, running_sums(negative[order]), low, high)
        return ratio(wins, pairs, pairs > 0)

    return of_scores


def _ranks(values: Array, weights: Array) -> Array:
    """Average ranks minus .5. Their weighted mean is half of the total weight."""
    order, bounds = _sorted_groups(values)
    ends = running_sums(weights[order])[bounds]
    group = np.empty(len(values), dtype=np.intp)
    group[order] = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))
    ranked: Array = (0.5 * (ends[:-1] + ends[1:]))[group]
    return ranked


def _rank_spread(mass: Array, total: Array) -> Array:
    """Weighted sum of squared deviations of average ranks: (N^3 - sum of m^3) / 12 for groups of m equal values."""
    spread: Array = (total**3 - np.einsum("ij,ij,ij->j", mass, mass, mass)) / 12.0
    return spread


def spearman_under(targets: Array, weights: Array) -> OfScores:
    """Scores -> Spearman correlation under every column of weights [pairs, replicates]; nan for a constant side."""
    total = weights.sum(axis=0)
    centred = _ranks(targets, weights) - 0.5 * total
    pulled = weights * centred
    spread = np.einsum("ij,ij->j", pulled, centred)
    untied = _rank_spread(weights, total)

    def of_scores(scores: Array) -> Array:
        order, bounds = _sorted_groups(scores)
        below, sizes = running_sums(weights[order]), np.diff(bounds)
        low, high = np.repeat(bounds[:-1], sizes), np.repeat(bounds[1:], sizes)
        shared = _up_to_middle(pulled[order], below, low, high)
        own = untied if len(sizes) == len(scores) else _rank_spread(np.diff(below[bounds], axis=0), total)
        # sums of half integers are exact, so a constant side has a spread of exactly 0
        return ratio(shared, np.sqrt(spread * own), (spread > 0) & (own > 0))

    return of_scores


def pearson_under(targets: Array, weights: Array) -> OfScores:
    """Scores -> Pearson correlation under every column of weights [pairs, replicates]; nan for a constant side."""
    total = np.maximum(weights.sum(axis=0), 1.0)
    goal = targets - targets.mean()

    def of_scores(scores: Array) -> Array:
        own = scores - scores.mean()
        sides = np.stack([own, goal, own * own, goal * goal, own * goal])
        a, b, aa, bb, ab = (sides @ weights) / total
        left, right = aa - a * a, bb - b * b
        floor = 1e-12 * np.array([[(own * own).max(initial=0)], [(goal * goal).max(initial=0)]])
        defined = (left > floor[0]) & (right > floor[1])
        return ratio(ab - a * b, np.sqrt(np.where(defined, left * right, 1.0)), defined)

    return of_scores


def precision_under(same: Array, weights: Array) -> OfScores:
    """Scores -> average precision under every column of weights [pairs, replicates]; nan without a positive."""
    positive = weights * same[:, None]
    present = positive.sum(axis=0)

    def of_scores(scores: Array) -> Array:
        order, bounds = _sorted_groups(-scores)
        hits, seen = (running_sums(rows[order])[bounds] for rows in (positive, weights))
        precision = hits[1:] / np.maximum(seen[1:], 1.0)
        return ratio(np.einsum("ij,ij->j", np.diff(hits, axis=0), precision), present, present > 0)

    return of_scores


def share_under(targets: Array, weights: Array) -> OfScores:
    """Scores -> share of rows whose score is the target under every column of weights [rows, replicates]."""
    total = weights.sum(axis=0)

    def of_scores(scores: Array) -> Array:
        return ratio((scores == targets).astype(np.float64) @ weights, total, total > 0)

    return of_scores


def weighted_share(scores: Array, targets: Array, weights: Array) -> Array:
    """sum(w [score = target]) / sum(w) for each row of weights [replicates, rows]; nan where nothing was drawn.

    >>> weighted_share(np.array([2.0, 1.0, 0.0]), np.array([2.0, 2.0, 0.0]), np.array([[1.0, 1.0, 2.0]]))
    array([0.75])
    """
    return share_under(targets, weights.T)(scores)


def weighted_roc_auc(scores: Array, same: Array, weights: Array) -> Array:
    """ROC-AUC for each row of weights [replicates, pairs]: P(s+ > s-) + 1/2 P(s+ = s-); nan where a class is absent.

    >>> weighted_roc_auc(np.array([0.1, 0.8, 0.4]), np.array([0.0, 1.0, 1.0]), np.array([[1.0, 1.0, 2.0]]))
    array([1.])
    """
    return auc_under(same, weights.T)(scores)


def weighted_ranks(values: Array, weights: Array) -> Array:
    """Average ranks minus 0.5 of the values, if value j occurs `weights[i, j]` times, for each row of weights.

    >>> weighted_ranks(np.array([7.0, 3.0, 3.0]), np.array([[2.0, 1.0, 1.0]])) + 0.5
    array([[3.5, 1.5, 1.5]])
    """
    return _ranks(values, weights.T).T


def weighted_spearman(scores: Array, targets: Array, weights: Array) -> Array:
    """Spearman correlation for each row of weights [replicates, pairs]; nan where a side is constant.

    >>> weighted_spearman(np.array([0.1, 0.4, 0.8]), np.array([0.0, 0.5, 1.0]), np.array([[1.0, 2.0, 1.0]])).round(6)
    array([1.])
    """
    return spearman_under(targets, weights.T)(scores)


def weighted_pearson(scores: Array, targets: Array, weights: Array) -> Array:
    """Pearson correlation for each row of weights [replicates, pairs]; nan where a side is constant.

    >>> weighted_pearson(np.array([0.0, 1.0, 3.0]), np.array([0.0, 0.5, 1.5]), np.array([[1.0, 2.0, 1.0]])).round(6)
    array([1.])
    """
    return pearson_under(targets, weights.T)(scores)


def weighted_average_precision(scores: Array, same: Array, weights: Array) -> Array:
    """Average precision for each row of weights [replicates, pairs]; nan where no positive was drawn.

    >>> weighted_average_precision(np.array([0.1, 0.8, 0.4]), np.array([0.0, 0.0, 1.0]), np.array([[1.0, 1.0, 3.0]]))
    array([0.75])
    """
    return precision_under(same, weights.T)(scores)


UNDER: dict[str, Callable[[Array, Array], OfScores]] = {
    "roc_auc": auc_under,
    "spearman": spearman_under,
    "pearson": pearson_under,
    "average_precision": precision_under,
    "accuracy": share_under,
    "exact_match": share_under,
}
WEIGHTED: dict[str, Weighted] = {
    "roc_auc": weighted_roc_auc,
    "spearman": weighted_spearman,
    "pearson": weighted_pearson,
    "average_precision": weighted_average_precision,
    "accuracy": weighted_share,
    "exact_match": weighted_share,
}
BINARY = frozenset({"roc_auc", "average_precision"})
SHARES = frozenset({"accuracy", "exact_match"})
"""Metrics that are a mean over rows. The hits of each cluster can be counted before drawing."""
