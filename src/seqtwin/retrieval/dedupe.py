"""One list with the same thing in it several times: clusters of rows that are the same, and the doubtful pairs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from seqtwin.retrieval.clusters import Pairs, central, components, forest, mutual, weakest_links
from seqtwin.retrieval.decisions import Decision, known_pairs
from seqtwin.retrieval.matching import (
    Distinct,
    Encoder,
    OnRows,
    Steps,
    at_least,
    compared,
    distinct,
    encoded,
    threshold_of,
    unheard,
)
from seqtwin.retrieval.neighbours import Array

SHARES = (0.9, 0.75, 0.5, 0.25, 0.1)
LARGE, LARGE_SHARE = 50, 0.01


@dataclass(frozen=True)
class Deduped:
    """The clusters of a list of n rows.

    `cluster`: Int[n], numbered in order of appearance; `representative`: Int[n], the row that stands for the cluster;
    `scores`: Float[n], to the representative; `weakest`: Float[clusters], the lowest link that holds a cluster
    together (above it as a threshold the cluster falls apart), NaN where identical texts or decisions alone do;
    `doubtful`: pairs of rows that can be asked about; `strangers`: decisions about texts that are not in the list.
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

    @property
    def sizes(self) -> Array:
        """Rows of each cluster: Int[clusters]."""
        return np.bincount(self.cluster)

    def review(self, count: int = 200) -> Pairs:
        """The doubtful pairs nearest to the threshold, best first, half of them from either side of it.

        Pairs below the threshold that are one cluster anyhow, and pairs that were decided, are not asked about.
        """
        above = self.doubtful.scores >= self.threshold
        near, far = np.flatnonzero(above)[::-1][: (count + 1) // 2], np.flatnonzero(~above)
        apart = self.cluster[self.doubtful.left[far]] != self.cluster[self.doubtful.right[far]]
        return self.doubtful.take(np.sort(np.concatenate([near, far[apart][: count // 2]])))

    def at(self, threshold: float) -> tuple[int, int, int]:
        """How many clusters of two or more rows another threshold would give, the rows in them, and the largest."""
        links = self.joining.take(self.joining.scores >= threshold)
        sizes = np.bincount(components(len(self.cluster), links, self.same))
        several = sizes[sizes > 1]
        return len(several), int(several.sum()), int(sizes.max(initial=0))

    def other_thresholds(self) -> list[float]:
        """Thresholds that join a tenth to nine tenths of all that can be joined, highest first."""
        scores = self.joining.scores[np.isfinite(self.joining.scores)]
        shares = SHARES if len(scores) else ()
        return sorted({float(f"{np.quantile(scores, share):.2g}") for share in shares} - {self.threshold}, reverse=True)

    @property
    def lumped(self) -> bool:
        """Whether the largest cluster is suspiciously large: chains of weak links make lumps of unlike rows."""
        return int(self.sizes.max(initial=0)) > self._large

    def lowest_without_lump(self) -> float | None:
        """The lowest score of a link that, as the threshold, leaves no suspiciously large cluster, if any does."""
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
    texts: Iterable[str],
    *,
    threshold: float | None = None,
    k: int = 3,
    decisions: Sequence[Decision] = (),
    on_rows: OnRows = unheard,
) -> Deduped:
    """The rows of a list in clusters of the same thing.

    Two texts are linked when each is among the k nearest of the other and their score reaches the threshold (the
    encoder's own from dev, unless one is given); clusters are the connected components. Identical texts are the same
    before any vector is made, and `decisions` come before every score. `on_rows(done, all)` hears of the progress.

    Raises: ConfigError for a threshold or k that cannot be; DataError for decisions that contradict each other.
    """
    limit, items = threshold_of(encoder, threshold), distinct(texts)
    at_least("k", k, 1)
    count = len(items.texts)
    known = known_pairs(decisions, items.texts)
    steps = Steps(on_rows, 2 * count)
    vectors = encoded(encoder, items.texts, steps)
    links = mutual(compared(encoder.similarity, vectors, vectors, k, np.arange(count), steps))
    joining = forest(count, links, same=known.same, different=known.different)
    reaching = joining.take(joining.scores >= limit)
    cluster = components(count, reaching, known.same)
    middle, scores = central(encoder.similarity, vectors, cluster, items.counts)
    return Deduped(
        cluster[items.of],
        items.first[middle][items.of],
        scores[items.of],
        weakest_links(cluster, reaching),
        limit,
        _as_rows(_undecided(links, known.same + known.different, count), items),
        _with_identical(_as_rows(joining, items), items),
        tuple((int(items.first[a]), int(items.first[b])) for a, b in known.same),
        known.strangers,
    )


def _undecided(links: Pairs, decided: Sequence[tuple[int, int]], count: int) -> Pairs:
    keys = [min(pair) * count + max(pair) for pair in decided]
    return links.take(~np.isin(links.left * count + links.right, np.array(keys, dtype=np.int64)))


def _as_rows(pairs: Pairs, items: Distinct) -> Pairs:
    return Pairs(items.first[pairs.left], items.first[pairs.right], pairs.scores)


def _with_identical(pairs: Pairs, items: Distinct) -> Pairs:
    """The pairs after those of each row with the first row of its text, which hold at every threshold."""
    rows = np.arange(len(items.of))
    first = items.first[items.of]
    again = rows != first
    scores = np.concatenate([np.full(int(again.sum()), np.inf), pairs.scores])
    return Pairs(np.concatenate([first[again], pairs.left]), np.concatenate([rows[again], pairs.right]), scores)
