"""The scores of all pairings and seeds on one data set, and their metric under two-level bootstrap draws."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from seqtwin.reporting.statistics import BINARY, WEIGHTED, Array, cluster_draws, left_out_groups, metric_replicates
from seqtwin.reporting.statistics.draws import seed_means
from seqtwin.reporting.statistics.intervals import Interval, chosen_interval
from seqtwin.reporting.statistics.scale import to_z

LEFT_OUT = 100
MAIN = ("representation", "loss")


@dataclass(frozen=True)
class Judged:
    """The test scores of every pairing and seed on one data set, and its other measures.

    `pairings`: labels of the further factors, `representation` and `loss`. `scores`: [pairings, seeds, pairs], nan if a
    study cell has none. `targets`, `cluster_of`: [pairs]. `statuses`: [pairings][seeds]. `dev`: the metric on dev,
    [pairings, seeds]. `retrieval`: other metrics by name, [pairings, seeds]. `cut`: the lowest target that counts as
    same, for metrics of two classes. `words`: the noun for a label of `loss`, and its plural.
    """

    dataset: str
    metric: str
    pairings: Sequence[Mapping[str, str]]
    seeds: Sequence[int]
    scores: Array
    targets: Array
    cluster_of: NDArray[np.intp]
    statuses: Sequence[Sequence[str]]
    dev: Array
    retrieval: Mapping[str, Array] = field(default_factory=dict)
    cut: float = 0.5
    words: tuple[str, str] = ("loss", "losses")

    @property
    def goal(self) -> Array:
        """The targets as the metric requires them: 0 or 1 for a metric of two classes."""
        return (self.targets >= self.cut).astype(float) if self.metric in BINARY else self.targets


@dataclass(frozen=True)
class Statistic:
    """One number with its replicates [replicates], and its jackknife values over pairs and over seeds."""

    observed: float
    replicates: Array
    left_pairs: Array
    left_seeds: Array

    @cached_property
    def interval(self) -> Interval:
        """The 95 % interval: BCa if the replicates are skewed, percentile otherwise."""
        return chosen_interval(self.replicates, self.observed, (self.left_pairs, self.left_seeds))


@dataclass(frozen=True)
class Replicates:
    """The metric of every study cell, observed and under the draws.

    `observed`: [pairings, seeds]; `values`: under each draw of clusters, [pairings, seeds, replicates]; `left_out`:
    without each group of clusters, [pairings, seeds, groups]; `seed_counts`, `cluster_counts`: the draws, [replicates,
    seeds] and [replicates, clusters].
    """

    observed: Array
    values: Array
    left_out: Array
    seed_counts: Array
    cluster_counts: Array

    def contrast(self, weights: Mapping[int, float]) -> Statistic:
        """The weighted sum of the metric over pairings for each seed, averaged over the seeds that all of them have.

        `weights`: by position of the pairing. With one such seed, only pairs are drawn.
        """
        rows, factors = np.array(list(weights)), np.array(list(weights.values()))
        observed = np.tensordot(factors, self.observed[rows], 1)
        known = np.flatnonzero(~np.isnan(observed))
        values = np.tensordot(factors, self.values[np.ix_(rows, known)], 1)
        left_out = np.tensordot(factors, self.left_out[np.ix_(rows, known)], 1)
        return _statistic(observed[known], values, left_out, self.seed_counts[:, known])


def _statistic(observed: Array, values: Array, left_out: Array, counts: Array) -> Statistic:
    seeds = len(observed)
    if not seeds:
        return Statistic(np.nan, np.full(len(counts), np.nan), np.empty(0), np.empty(0))
    drawn = counts if seeds > 1 else np.ones_like(counts)
    without = (observed.sum() - observed) / (seeds - 1) if seeds > 1 else np.empty(0)
    return Statistic(float(observed.mean()), seed_means(values, drawn), left_out.mean(axis=0), without)


def replicate(judged: Judged, replicates: int, rng: np.random.Generator) -> Replicates:
    """The metric of all study cells under the same draws of seeds and clusters, and under a grouped jackknife.

    All values are nan for a metric that cannot be weighted.
    """
    clusters = int(judged.cluster_of.max()) + 1
    seed_counts = cluster_draws(len(judged.seeds), replicates, rng)
    drawn = cluster_draws(clusters, replicates, rng)
    table = _table(judged, np.concatenate([drawn, left_out_groups(clusters, LEFT_OUT), np.ones((1, clusters))]))
    return Replicates(table[..., -1], table[..., :replicates], table[..., replicates:-1], seed_counts, drawn)


def _table(judged: Judged, draws: Array) -> Array:
    shape = (len(judged.pairings), len(judged.seeds), len(draws))
    if judged.metric not in WEIGHTED:
        return np.full(shape, np.nan)
    flat = judged.scores.reshape(-1, judged.scores.shape[-1])
    return metric_replicates(judged.metric, flat, judged.goal, judged.cluster_of, draws).reshape(shape)


def on_z(judged: Judged, values: Array) -> Array:
    """Values of the judged metric on the z scale."""
    return to_z(judged.metric, values, judged.goal)
