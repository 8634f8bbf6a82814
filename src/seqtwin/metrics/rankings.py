"""RANKINGS: the metrics of rankings, for queries with a corpus ordered by score and the relevant items in it.

Items are ranked by score, equal scores by item id. Queries without a relevant item are left out and counted.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from seqtwin.errors import ConfigError
from seqtwin.lookup import member
from seqtwin.metrics.base import HIGHER, Direction, Undefined
from seqtwin.metrics.pairs import Bools, Floats

Ints = npt.NDArray[np.int64]


def rank(scores: npt.ArrayLike) -> Ints:
    """Item ids from best to worst along the last axis; equal scores by id.

    Raises: ValueError for NaN.

    >>> rank([-2.0, -1.0, -2.0])
    array([1, 0, 2])
    """
    s = np.asarray(scores, dtype=np.float64)
    if np.isnan(s).any():
        raise ValueError("expected scores to rank by, got NaN")
    return np.argsort(-s, axis=-1, kind="stable")


@dataclass(frozen=True)
class Ranked:
    """Rankings of some queries. `hits[query, place]`: whether the item at this place is relevant.

    `total[query]`: R, the number of relevant items. `k`: the depth.
    """

    hits: Bools
    total: Ints
    k: int

    @property
    def relevant_at_k(self) -> Floats:
        """The number of relevant items in the first k places."""
        count: Floats = self.hits[:, : self.k].sum(-1).astype(np.float64)
        return count

    @property
    def within_r(self) -> Bools:
        """The hits in the first R places."""
        return self.hits & (np.arange(self.hits.shape[1]) < self.total[:, None])


def hit_rate(r: Ranked) -> Floats:
    """1 where there is a relevant item in the first k places, else 0.

    >>> hit_rate(Ranked(np.array([[False, True, True]]), total=np.array([2]), k=2))
    array([1.])
    """
    return np.minimum(r.relevant_at_k, 1.0)


def precision_at(r: Ranked) -> Floats:
    """Relevant items in the first k places / k.

    >>> precision_at(Ranked(np.array([[False, True, True]]), total=np.array([2]), k=2))
    array([0.5])
    """
    return r.relevant_at_k / r.k


def recall_at(r: Ranked) -> Floats:
    """Relevant items in the first k places / R.

    >>> recall_at(Ranked(np.array([[False, True, True]]), total=np.array([2]), k=2))
    array([0.5])
    """
    return r.relevant_at_k / r.total


def reciprocal_rank(r: Ranked) -> Floats:
    """1 / the place of the first relevant item; 0 where it is not in the ranking.

    >>> reciprocal_rank(Ranked(np.array([[False, True, True]]), total=np.array([2]), k=2))
    array([0.5])
    """
    return np.where(r.hits.any(-1), 1.0 / (r.hits.argmax(-1) + 1), 0.0)


def r_precision(r: Ranked) -> Floats:
    """Relevant items in the first R places / R.

    >>> r_precision(Ranked(np.array([[False, True, True]]), total=np.array([2]), k=2))
    array([0.5])
    """
    shares: Floats = r.within_r.sum(-1) / r.total
    return shares


def average_precision_at_r(r: Ranked) -> Floats:
    """Precision averaged over the first R places. Formula: 1/R sum over i <= R of P@i rel_i.

    Source: Musgrave, Belongie, Lim 2020.

    >>> average_precision_at_r(Ranked(np.array([[False, True, True]]), total=np.array([2]), k=2))
    array([0.25])
    """
    precision = r.hits.cumsum(-1) / np.arange(1, r.hits.shape[1] + 1)
    averaged: Floats = (precision * r.within_r).sum(-1) / r.total
    return averaged


def ndcg(r: Ranked) -> Floats:
    """Discounted gain over its ideal value. Formula: sum over i <= k of rel_i / log2(i + 1), divided by the best sum.

    Source: Järvelin, Kekäläinen 2002.

    >>> ndcg(Ranked(np.array([[False, True, True]]), total=np.array([2]), k=2))
    array([0.38685281])
    """
    discount = 1.0 / np.log2(np.arange(min(r.k, r.hits.shape[1])) + 2.0)
    ideal = np.cumsum(discount)[np.minimum(r.total, len(discount)) - 1]
    gained: Floats = (r.hits[:, : len(discount)] * discount).sum(-1) / ideal
    return gained


@dataclass(frozen=True)
class Ranking:
    """A metric of rankings, one value per query. `name`: as reports print it.

    `at_depth`: whether the metric has a depth (`recall@10`).
    """

    name: str
    direction: Direction
    function: Callable[[Ranked], Floats]
    at_depth: bool = True


def _parsed(name: str) -> tuple[Ranking, int]:
    family, _, depth = name.partition("@")
    ranking = member(RANKINGS, family, "ranking metric")
    if ranking.at_depth != depth.isdecimal() or (ranking.at_depth and int(depth) < 1):
        wanted = f"'{family}@10' or another depth" if ranking.at_depth else f"'{family}' without a depth"
        raise ConfigError("CONFIG_BAD_METRIC", f"expected {wanted}, got '{name}'", place="ranking metric")
    return ranking, int(depth) if ranking.at_depth else 0


def _hits(scores: Floats, relevant: Sequence[Collection[int]]) -> Bools:
    """Whether the item at each place is relevant. Sorting scores is several times as fast as sorting ids by them.

    The place of an item is the number of higher scores and, where scores are equal, of lower ids with its own.
    """
    if np.isnan(scores).any():
        raise ValueError("expected scores to rank by, got NaN")
    ascending = np.sort(scores, axis=-1)
    found = np.zeros(scores.shape, dtype=np.bool_)
    for own, ordered, row, items in zip(scores, ascending, found, relevant, strict=True):
        ids = np.array(sorted({*items}), dtype=np.int64)
        above = len(own) - np.searchsorted(ordered, own[ids], side="right")
        equal = len(own) - np.searchsorted(ordered, own[ids], side="left") - above
        for id_, place in zip(ids[equal > 1], np.flatnonzero(equal > 1), strict=True):
            above[place] += np.count_nonzero(own[:id_] == own[id_])
        row[above] = True
    return found


def measure_ranking(
    scores: npt.ArrayLike,
    relevant: Sequence[Collection[int]],
    names: Sequence[str] = ("recall@1", "recall@10", "mrr"),
) -> tuple[dict[str, float], int]:
    """The mean of each metric over the queries with a relevant item, and the number of queries without one.

    `scores`: [queries corpus]. `relevant`: for each query the ids (columns) of its relevant items.

    Raises: Undefined when no query has a relevant item; ValueError when the numbers of queries differ;
    ConfigError for an unknown name.

    >>> measure_ranking([[-1., -3., -2.], [0., 0., 0.]], [{2}, set()], ["recall@1", "mrr"])
    ({'recall@1': 0.0, 'mrr': 0.5}, 1)
    """
    s = np.asarray(scores, dtype=np.float64)
    if s.ndim != 2 or len(s) != len(relevant):
        raise ValueError(f"expected scores [queries x corpus] of {len(relevant)} queries, got shape {s.shape}")
    metrics = {name: _parsed(name) for name in names}
    total = np.array([len(set(items)) for items in relevant], dtype=np.int64)
    rows = [row for row, count in enumerate(total) if count]
    if not rows:
        raise Undefined("no query has a relevant item")
    hits = _hits(s[rows], [relevant[row] for row in rows])
    values = {name: float(one.function(Ranked(hits, total[rows], k)).mean()) for name, (one, k) in metrics.items()}
    return values, len(total) - len(rows)


RANKINGS: dict[str, Ranking] = {
    "hit_rate": Ranking("hit rate", HIGHER, hit_rate),
    "precision": Ranking("precision", HIGHER, precision_at),
    "recall": Ranking("recall", HIGHER, recall_at),
    "mrr": Ranking("MRR", HIGHER, reciprocal_rank, at_depth=False),
    "r_precision": Ranking("R-precision", HIGHER, r_precision, at_depth=False),
    "map_at_r": Ranking("MAP@R", HIGHER, average_precision_at_r, at_depth=False),
    "ndcg": Ranking("NDCG", HIGHER, ndcg),
}
