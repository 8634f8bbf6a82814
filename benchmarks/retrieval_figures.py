"""Metrics of retrieval and matching with their intervals. Every figure is the ratio of two sums over queries or pairs.

Intervals resample clusters instead of queries, because the names of one place (or the pairs of one product) depend on
each other.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from seqtwin.metrics.rankings import Ranked, rank, recall_at, reciprocal_rank
from seqtwin.reporting.statistics.draws import cluster_draws
from seqtwin.reporting.statistics.intervals import percentile_interval

REPLICATES = 2000
DIGITS = 4

Array = np.ndarray


@dataclass(frozen=True)
class Share:
    """A figure, sum(above) / sum(below). Both have one entry per query or pair."""

    above: Array
    below: Array

    def of(self, rows: Array) -> "Share":
        """The same figure over some of the queries or pairs."""
        return Share(self.above[rows], self.below[rows])


Outcome = dict[str, Share]  # of one method, by metric
Outcomes = Mapping[str, Sequence[Outcome]]  # by method, one per seed


def ranked(scores: Array, relevant: Sequence[Collection[int]]) -> Outcome:
    """Recall@1, recall@10 and MRR of each query. `scores`: [queries corpus]; ties keep the order of the corpus."""
    marked = np.zeros(scores.shape, dtype=np.bool_)
    for row, items in enumerate(relevant):
        marked[row, list(items)] = True
    hits, total = np.take_along_axis(marked, rank(scores), axis=1), marked.sum(axis=1)
    one, ten = (recall_at(Ranked(hits, total, k)) for k in (1, 10))
    values = {"recall@1": one, "recall@10": ten, "mrr": reciprocal_rank(Ranked(hits, total, 1))}
    return {name: Share(value, np.ones(len(value))) for name, value in values.items()}


def called(scores: Array, same: Array, threshold: float) -> Outcome:
    """Precision, recall and F1 of predicting the same for pairs that reach the threshold."""
    reached = scores >= threshold
    both, predicted, true = (part.astype(np.float64) for part in (reached & same, reached, same))
    return {"precision": Share(both, predicted), "recall": Share(both, true), "f1": Share(2 * both, predicted + true)}


class Bootstrap:
    """The draws. All methods share them, which makes their differences paired."""

    def __init__(self, cluster: Sequence[Any]) -> None:
        _, self._cluster = np.unique(np.asarray(cluster), return_inverse=True)
        self.clusters = int(self._cluster.max()) + 1
        self._draws = cluster_draws(self.clusters, REPLICATES, np.random.default_rng(0))

    def _drawn(self, share: Share) -> Array:
        sides = [np.bincount(self._cluster, side, self.clusters) for side in (share.above, share.below)]
        above, below = (self._draws @ side for side in sides)
        return np.divide(above, below, out=np.full(REPLICATES, np.nan), where=below > 0)

    def drawn(self, seeds: Sequence[Share]) -> Array:
        """The mean over the seeds under every draw."""
        return np.mean([self._drawn(share) for share in seeds], axis=0)


def figure(values: Sequence[float], drawn: Array) -> dict[str, Any]:
    """The mean over the seeds with its 95 % interval, and the value of each seed if there are several."""
    interval = percentile_interval(drawn)
    numbers = {"value": float(np.mean(values)), "low": interval.low, "high": interval.high}
    rounded: dict[str, Any] = {name: round(number, DIGITS) for name, number in numbers.items()}
    return {**rounded, "seeds": [round(value, DIGITS) for value in values]} if len(values) > 1 else rounded


def rows(outcomes: Outcomes, cluster: Sequence[Any]) -> list[dict[str, Any]]:
    """One row per method: its figures, and how much better the first method is (`behind`)."""
    bootstrap, first, found = Bootstrap(cluster), next(iter(outcomes)), []
    for method, outcome in outcomes.items():
        row: dict[str, Any] = {"method": method, "figures": {}, "behind": {}}
        for metric in outcome[0]:
            here, best = ([one[metric] for one in outcomes[name]] for name in (method, first))
            drawn = bootstrap.drawn(here)
            row["figures"][metric] = figure([_value(share) for share in here], drawn)
            if method != first:
                gap = float(np.mean([_value(s) for s in best]) - np.mean([_value(s) for s in here]))
                row["behind"][metric] = figure([gap], bootstrap.drawn(best) - drawn)
        found.append(row)
    return found


def part(outcomes: Outcomes, kept: Array) -> Outcomes:
    """The outcomes on some of the queries."""
    return {
        method: [{metric: share.of(kept) for metric, share in one.items()} for one in seeds]
        for method, seeds in outcomes.items()
    }


def _value(share: Share) -> float:
    return float(share.above.sum() / share.below.sum()) if share.below.sum() else float("nan")
