"""Duplicates in one list: clusters of rows that are the same, and the doubtful pairs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from seqtwin.index.exact_search import Array, Matrix, Neighbours
from seqtwin.inference.blank_texts import text_readings
from seqtwin.inference.reranking import reranker_of
from seqtwin.matching.clusters import Pairs, central, components, forest, weakest_links
from seqtwin.matching.decisions import Decision, Known, known_pairs
from seqtwin.matching.distinct_texts import Distinct, distinct, unread_pairs
from seqtwin.matching.nearest_texts import Encoder, Engine, InProcess, OnRows, Progress, no_progress
from seqtwin.matching.neighbour_links import CutOff, Links, cut_off, linked, width_for
from seqtwin.matching.pair_judge import EncodedTexts, PairJudge
from seqtwin.matching.settings import check_count, choose_threshold

SHARES = (0.9, 0.75, 0.5, 0.25, 0.1)
LARGE, LARGE_SHARE = 50, 0.01


@dataclass(frozen=True)
class Deduped:
    """The clusters of a list of n rows.

    `cluster`: Int[n], numbered in order of appearance; `representative`: Int[n], the most central row of the cluster;
    `scores`: Float[n], to the representative; `weakest`: Float[clusters], the lowest score of a link in the cluster (at
    a higher threshold the cluster splits), NaN for clusters of equal texts or decisions only; `doubtful`: pairs of rows
    that a person can decide; `joining`: the links between clusters at any threshold; `same`: pairs decided to be the
    same; `strangers`: the number of decisions about texts that are not in the list; `blank`: the number of blank rows,
    each of which is a cluster of its own without a score; `unread`: the number of rows with a text of which the encoder
    knows no token; `cut`: pairs that reach the threshold and were left out because of k.
    """

    cluster: Array
    representative: Array
    scores: Array
    weakest: Array
    threshold: float
    doubtful: Pairs
    joining: Pairs
    same: tuple[tuple[int, int], ...]
    strangers: int
    blank: int
    unread: int
    cut: CutOff

    @property
    def sizes(self) -> Array:
        """The number of rows of each cluster: Int[clusters]."""
        return np.bincount(self.cluster)

    def review(self, count: int = 200) -> Pairs:
        """The doubtful pairs nearest to the threshold, best first, half of them from either side of it.

        Pairs that were decided are left out, and pairs below the threshold that are in one cluster anyway.
        """
        reaching = self.doubtful.scores >= self.threshold
        above, below = np.flatnonzero(reaching)[::-1][: (count + 1) // 2], np.flatnonzero(~reaching)
        separate = self.cluster[self.doubtful.left[below]] != self.cluster[self.doubtful.right[below]]
        return self.doubtful.take(np.sort(np.concatenate([above, below[separate][: count // 2]])))

    def at(self, threshold: float) -> tuple[int, int, int]:
        """At another threshold: the number of clusters of two or more rows, the rows in them, and the largest size."""
        links = self.joining.take(self.joining.scores >= threshold)
        sizes = np.bincount(components(len(self.cluster), links, self.same))
        several = sizes[sizes > 1]
        return len(several), int(several.sum()), int(sizes.max(initial=0))

    def other_thresholds(self) -> list[float]:
        """Thresholds at which a tenth to nine tenths of all possible links join, highest first."""
        scores = self.joining.scores[np.isfinite(self.joining.scores)]
        shares = SHARES if len(scores) else ()
        return sorted({float(f"{np.quantile(scores, share):.2g}") for share in shares} - {self.threshold}, reverse=True)

    @property
    def lumped(self) -> bool:
        """Whether the largest cluster is suspiciously large, as chains of weak links between unlike rows make it."""
        return int(self.sizes.max(initial=0)) > self._large

    def lowest_without_lump(self) -> float | None:
        """The lowest score of a link that, as the threshold, leaves no suspiciously large cluster; else None."""
        scores = np.unique(self.joining.scores[np.isfinite(self.joining.scores)])
        low, high = 0, len(scores)
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if self.at(float(scores[middle]))[2] > self._large else (low, middle)
        return float(scores[low]) if low < len(scores) else None

    @property
    def _large(self) -> float:
        return max(LARGE, LARGE_SHARE * len(self.cluster))


def dedupe(
    encoder: Encoder,
    texts: Iterable[str | None],
    *,
    threshold: float | None = None,
    k: int | None = None,
    decisions: Sequence[Decision] = (),
    rerank: bool = False,
    on_rows: OnRows = no_progress,
) -> Deduped:
    """Group the rows of a list into clusters of duplicates.

    Two texts are linked if each is among the k nearest of the other and their score reaches the threshold. Clusters are
    the connected components. Texts with the same tokens are the same, whatever the threshold.

    `threshold`: by default the encoder's own, fitted on dev. `k`: by default 3; then groups of up to 16 texts that are
    nearer to each other than to any other text are linked as well. `decisions`: override every score.
    `rerank`: score the nearest texts by the re-ranker of the encoder, and rank them by it; all scores and the threshold
    are then probabilities, and the default threshold is that of the re-ranker.
    `on_rows(done, total)`: gets the progress.
    A blank text (None, empty, white space, or without a token) is never the same as another. Texts of which the encoder
    knows no token are the same only if they have the same spelling.

    Raises: ConfigError for an invalid threshold or k, or without a re-ranker; DataError for decisions that contradict
    each other.
    """
    limit = choose_threshold(encoder, threshold, rerank=rerank)
    return compare_rows(encoder, texts, k=k, decisions=decisions, rerank=rerank, on_rows=on_rows).deduped(limit)


@dataclass(frozen=True)
class ComparedRows:
    """The rows of a list, compared but not yet clustered: `deduped` clusters them at a threshold.

    `vectors`: Float[texts dim]; `near`: the nearest texts of each; `links`: the pairs of texts that can be linked;
    `judge`: scores pairs by the re-ranker, None without it.
    """

    similarity: Matrix
    items: Distinct
    vectors: Array
    near: Neighbours
    links: Links
    decided: Known
    judge: PairJudge | None = None

    @property
    def candidates(self) -> Pairs:
        """The pairs of distinct texts that are linked if their score reaches the threshold, best first, as rows.

        Decided pairs are included; texts with the same tokens are no pair. Without k, a few pairs of a close group
        reach the threshold but are not linked, because another pair of the group does not reach it.
        """
        return _as_rows(self.links.pairs, self.items)

    def decide(self, decisions: Sequence[Decision]) -> "ComparedRows":
        """The same rows with these decisions instead.

        Raises: DataError for decisions that contradict each other.
        """
        return replace(self, decided=known_pairs(decisions, self.items.places))

    def deduped(self, limit: float) -> Deduped:
        """The clusters at a threshold."""
        items, decided, count = self.items, self.decided, len(self.items.keys)
        joining = forest(count, self.links.holding, same=decided.same, different=decided.different)
        reaching = joining.take(joining.scores >= limit)
        cluster = components(count, reaching, decided.same)
        centre, scores = central(self.similarity, self.vectors, cluster, items.counts)
        if self.judge is not None:
            scores = self.judge.score(np.arange(count), centre)
        rows = _by_row(cluster, items.of)
        return Deduped(
            rows,
            np.where(items.of < 0, np.arange(len(rows)), _at(items.first[centre], items.of)),
            np.where(items.of < 0, np.nan, _at(scores, items.of)),
            weakest_links(rows, _as_rows(reaching, items)),
            limit,
            _as_rows(_undecided(self.links.pairs, decided.same + decided.different, count), items),
            _with_equal(_as_rows(joining, items), items),
            tuple((int(items.first[a]), int(items.first[b])) for a, b in decided.same),
            decided.strangers,
            items.blank,
            items.unread,
            cut_off(self.near, limit, self.links.holding, cluster),
        )


def compare_rows(
    encoder: Encoder,
    texts: Iterable[str | None],
    *,
    k: int | None = None,
    decisions: Sequence[Decision] = (),
    rerank: bool = False,
    on_rows: OnRows = no_progress,
    engine: Engine | None = None,
) -> ComparedRows:
    """The rows of a list, encoded and compared. The arguments are those of `dedupe`.

    `engine`: where; by default in this process.

    Raises: ConfigError for an invalid k, or without a re-ranker; DataError for decisions that contradict each other.
    """
    reranker = reranker_of(encoder) if rerank else None
    items = distinct(encoder, texts, _decided_different(encoder, decisions))
    check_count("k", 1 if k is None else k, 1)
    count, decided = len(items.keys), known_pairs(decisions, items.places)
    progress = Progress(on_rows, 2 * count)
    engine = engine or InProcess(encoder)
    vectors = engine.encode(items.texts, progress)
    near = engine.nearest(vectors, vectors, width_for(k), np.arange(count), progress)
    near = near.without(unread_pairs(items.known, items.known, near.rows))
    every = EncodedTexts(items.texts, vectors)
    judge = None if reranker is None else PairJudge(reranker, every, every)
    near = near if judge is None else judge.rerank(near)
    return ComparedRows(encoder.similarity, items, vectors, near, linked(near, k), decided, judge)


def _decided_different(encoder: Encoder, decisions: Sequence[Decision]) -> set[str]:
    """Texts with the same tokens that a person decided to be different."""
    pairs = [(d.left, d.right) for d in decisions if not d.same and d.left != d.right]
    readings = text_readings(encoder, [text for pair in pairs for text in pair])
    return {text for i, pair in enumerate(pairs) if readings[2 * i] == readings[2 * i + 1] for text in pair}


def _by_row(cluster: Array, of: Array) -> Array:
    """The cluster of each row, numbered in order of appearance; every blank row is a cluster of its own."""
    labels = np.where(of < 0, len(cluster) + np.arange(len(of)), _at(cluster, of))
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return np.asarray(np.argsort(np.argsort(first))[inverse], dtype=np.int64)


def _at(values: Array, of: Array) -> Array:
    """The value of each row's text; an arbitrary number for a blank row (-1)."""
    return np.append(values, 0)[of]


def _undecided(links: Pairs, decided: Sequence[tuple[int, int]], count: int) -> Pairs:
    keys = [min(pair) * count + max(pair) for pair in decided]
    return links.take(~np.isin(links.left * count + links.right, np.array(keys, dtype=np.int64)))


def _as_rows(pairs: Pairs, items: Distinct) -> Pairs:
    return Pairs(items.first[pairs.left], items.first[pairs.right], pairs.scores)


def _with_equal(pairs: Pairs, items: Distinct) -> Pairs:
    """The pairs, after pairs of each row with the first row of its text, which are linked at every threshold."""
    rows = np.arange(len(items.of))
    first = np.where(items.of < 0, rows, _at(items.first, items.of))
    again = rows != first
    scores = np.concatenate([np.full(int(again.sum()), np.inf), pairs.scores])
    return Pairs(np.concatenate([first[again], pairs.left]), np.concatenate([rows[again], pairs.right]), scores)
