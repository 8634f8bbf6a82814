"""One list with the same thing in it several times: clusters of rows that are the same, and the doubtful pairs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from seqtwin.index.exact_search import Array
from seqtwin.matching.clusters import Pairs, central, components, forest, weakest_links
from seqtwin.matching.decisions import Decision, known_pairs
from seqtwin.matching.neighbour_links import CutOff, cut_off, linked, width_for
from seqtwin.matching.thresholds import (
    Distinct,
    Encoder,
    OnRows,
    Steps,
    at_least,
    compared,
    distinct,
    encoded,
    readings_of,
    threshold_of,
    unheard,
    unread_pairs,
)

SHARES = (0.9, 0.75, 0.5, 0.25, 0.1)
LARGE, LARGE_SHARE = 50, 0.01


@dataclass(frozen=True)
class Deduped:
    """The clusters of a list of n rows.

    `cluster`: Int[n], numbered in order of appearance; `representative`: Int[n], the row that stands for the cluster;
    `scores`: Float[n], to the representative; `weakest`: Float[clusters], the lowest link that holds a cluster
    together (above it as a threshold the cluster falls apart), NaN where equal texts or decisions alone do;
    `doubtful`: pairs of rows that can be asked about; `strangers`: decisions about texts that are not in the list.
    A blank row is a cluster of its own without a score; `blank`: how many there are. `unread`: rows with a text of
    which the encoder knows no token; `cut`: pairs that reach the threshold and were left out because of k.
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
    texts: Iterable[str | None],
    *,
    threshold: float | None = None,
    k: int | None = None,
    decisions: Sequence[Decision] = (),
    on_rows: OnRows = unheard,
) -> Deduped:
    """The rows of a list in clusters of the same thing.

    Two texts are linked when each is among the k nearest of the other and their score reaches the threshold (the
    encoder's own from dev, unless one is given); clusters are the connected components. Without k these are the 3
    nearest, and up to 16 texts that are all nearer to each other than to any other text are linked, too. Texts that
    consist of the same tokens are the same before any vector is made, and `decisions` come before every score.

    A blank text (None, empty, white space, or without a token) is never the same as another. Texts of which the encoder
    knows no token are the same only when they are spelled the same. `on_rows(done, all)` hears of the progress.

    Raises: ConfigError for a threshold or k that cannot be; DataError for decisions that contradict each other.
    """
    limit = threshold_of(encoder, threshold)
    items = distinct(encoder, texts, _told_apart(encoder, decisions))
    at_least("k", 1 if k is None else k, 1)
    count = len(items.keys)
    known = known_pairs(decisions, items.places)
    steps = Steps(on_rows, 2 * count)
    vectors = encoded(encoder, items.texts, steps)
    near = compared(encoder.similarity, vectors, vectors, width_for(k), np.arange(count), steps)
    near = near.without(unread_pairs(items.known, items.known, near.rows))
    links = linked(near, k)
    joining = forest(count, links.holding, same=known.same, different=known.different)
    reaching = joining.take(joining.scores >= limit)
    cluster = components(count, reaching, known.same)
    middle, scores = central(encoder.similarity, vectors, cluster, items.counts)
    rows = _by_row(cluster, items.of)
    return Deduped(
        rows,
        np.where(items.of < 0, np.arange(len(rows)), _at(items.first[middle], items.of)),
        np.where(items.of < 0, np.nan, _at(scores, items.of)),
        weakest_links(rows, _as_rows(reaching, items)),
        limit,
        _as_rows(_undecided(links.pairs, known.same + known.different, count), items),
        _with_equal(_as_rows(joining, items), items),
        tuple((int(items.first[a]), int(items.first[b])) for a, b in known.same),
        known.strangers,
        items.blank,
        items.unread,
        cut_off(near, limit, links.holding, cluster),
    )


def _told_apart(encoder: Encoder, decisions: Sequence[Decision]) -> set[str]:
    """Texts of the same tokens that a person decided to be different."""
    pairs = [(d.left, d.right) for d in decisions if not d.same and d.left != d.right]
    found = readings_of(encoder, [text for pair in pairs for text in pair])
    return {text for place, pair in enumerate(pairs) if found[2 * place] == found[2 * place + 1] for text in pair}


def _by_row(cluster: Array, of: Array) -> Array:
    """The cluster of each row, numbered in order of appearance; every blank row has one of its own."""
    own = np.where(of < 0, len(cluster) + np.arange(len(of)), _at(cluster, of))
    _, first, inverse = np.unique(own, return_index=True, return_inverse=True)
    return np.asarray(np.argsort(np.argsort(first))[inverse], dtype=np.int64)


def _at(values: Array, of: Array) -> Array:
    """The value of each row's text; of a blank row (-1) any number."""
    return np.append(values, 0)[of]


def _undecided(links: Pairs, decided: Sequence[tuple[int, int]], count: int) -> Pairs:
    keys = [min(pair) * count + max(pair) for pair in decided]
    return links.take(~np.isin(links.left * count + links.right, np.array(keys, dtype=np.int64)))


def _as_rows(pairs: Pairs, items: Distinct) -> Pairs:
    return Pairs(items.first[pairs.left], items.first[pairs.right], pairs.scores)


def _with_equal(pairs: Pairs, items: Distinct) -> Pairs:
    """The pairs after those of each row with the first row of its text, which hold at every threshold."""
    rows = np.arange(len(items.of))
    first = np.where(items.of < 0, rows, _at(items.first, items.of))
    again = rows != first
    scores = np.concatenate([np.full(int(again.sum()), np.inf), pairs.scores])
    return Pairs(np.concatenate([first[again], pairs.left]), np.concatenate([rows[again], pairs.right]), scores)
