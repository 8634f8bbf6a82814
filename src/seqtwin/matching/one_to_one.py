"""One-to-one assignment: which row gets a match that several rows have as a candidate."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from seqtwin.errors import ConfigError
from seqtwin.index.exact_search import Array
from seqtwin.matching.distinct_texts import Distinct

MOST_PAIRS = 5_000_000


@dataclass(frozen=True)
class Candidates:
    """Candidate right texts for each left text (or left row), best first. `texts`: Int[n k], -1 for none; `scores`:
    Float[n k]; `identical`: Bool[n k], whether it is the same text.
    """

    texts: Array
    scores: Array
    identical: Array

    def expanded(self, of: Array) -> "Candidates":
        """The candidates of each row. `of`: Int[rows], the text of each row; a blank row (-1) has no candidates."""
        present = (of >= 0)[:, None]
        if not len(self.texts):
            return Candidates(*(np.full((len(of), self.texts.shape[1]), none) for none in (-1, -np.inf, False)))
        scores = np.where(present, self.scores[of], np.float32(-np.inf))
        return Candidates(np.where(present, self.texts[of], -1), scores, self.identical[of] & present)

    def reaching(self, threshold: float) -> "Candidates":
        """The candidates that reach the threshold, and identical texts at any score."""
        good = self.identical | (self.scores >= threshold)
        order = np.argsort(~good, axis=1, kind="stable")
        parts = np.where(good, self.texts, -1), np.where(good, self.scores, -np.inf), self.identical
        return Candidates(*(np.take_along_axis(part, order, axis=1) for part in parts))

    def chosen_scores(self, chosen: Array) -> Array:
        """The scores of chosen candidates: Float[n m] for `chosen`, Int[n m]; -inf for -1."""
        scores = np.full(chosen.shape, -np.inf, dtype=np.float32)
        for place in range(chosen.shape[1]):
            hit = (self.texts == chosen[:, place, None]) & (chosen[:, place, None] >= 0)
            rows, columns = np.nonzero(hit)
            scores[rows, place] = self.scores[rows, columns]
        return scores

    def best_other(self, chosen: Array) -> Array:
        """The best candidate other than the chosen one, -1 for none: Int[n]."""
        other = (self.texts != chosen[:, None]) & (self.texts >= 0)
        return np.where(other.any(axis=1), self.texts[np.arange(len(chosen)), other.argmax(axis=1)], -1)


def one_to_one_rows(near: Candidates, left: Distinct, right: Distinct, threshold: float) -> tuple[Array, Array]:
    """The right text and the right row of each left row, both Int[left rows 1], -1 for none. No row is used twice."""
    chosen = np.full(len(left.of), -1, dtype=np.int64)
    rows = chosen.copy()
    copies = _rows_by_text(right)
    wanted = np.flatnonzero(near.identical.any(axis=1))
    text_of = dict(
        zip(wanted.tolist(), near.texts[wanted, near.identical[wanted].argmax(axis=1)].tolist(), strict=True)
    )
    _assign_same_spelling(text_of, left, right, copies, chosen, rows)
    for row, text in text_of.items():
        if copies[text] and chosen[row] < 0:
            chosen[row], rows[row] = text, copies[text].pop(0)
    _assign(near, np.flatnonzero(chosen < 0), copies, threshold, chosen, rows)
    return chosen[:, None], rows[:, None]


def _assign_same_spelling(
    text_of: Mapping[int, int], left: Distinct, right: Distinct, copies: list[list[int]], chosen: Array, rows: Array
) -> None:
    """Assign right rows with the same characters first, before right rows with only the same tokens."""
    spelled: dict[str | None, deque[int]] = {}
    for place, spelling in enumerate(right.rows):
        spelled.setdefault(spelling, deque()).append(place)
    for row, text in text_of.items():
        own = spelled.get(left.rows[row])
        if own:
            chosen[row], rows[row] = text, own.popleft()
    used = set(rows[rows >= 0].tolist())
    for text in set(text_of.values()):
        copies[text] = [row for row in copies[text] if row not in used]


def _rows_by_text(items: Distinct) -> list[list[int]]:
    order = np.argsort(items.of, kind="stable")[items.blank :]
    return [part.tolist() for part in np.split(order, np.cumsum(items.counts)[:-1])] if len(items.keys) else []


def _assign(
    near: Candidates, free: Array, copies: list[list[int]], threshold: float, chosen: Array, rows: Array
) -> None:
    """Assign the remaining right rows to the free left rows such that the sum of (score - threshold) is maximal."""
    wanted = near.texts[free]
    demand = np.bincount(wanted[wanted >= 0], minlength=len(copies))
    _check_size(wanted, np.minimum([len(own) for own in copies], demand))
    edges: list[tuple[int, int, float]] = []
    for own, texts in enumerate(wanted.tolist()):
        for place, text in enumerate(texts):
            if text >= 0:
                gain = max(float(near.scores[free[own], place]) - threshold, 0.0)
                # copies of a text beyond the number of rows that want it cannot be assigned
                edges += [(own, row, gain) for row in copies[text][: demand[text]]]
    whose = {row: text for text, own in enumerate(copies) for row in own}
    for own, row in matched(len(free), edges):
        chosen[free[own]], rows[free[own]] = whose[row], row


def _check_size(wanted: Array, copies: Array) -> None:
    """Check that repeated texts do not multiply to more pairs of rows than fit into memory.

    Raises: ConfigError.
    """
    pairs = int(copies[wanted[wanted >= 0]].sum())
    if pairs > MOST_PAIRS:
        cause = f"{pairs:,} pairs of rows to choose from (expected at most {MOST_PAIRS:,}): many rows repeat a text"
        remedy = "dedupe the lists first, use a smaller -k, or leave --one-to-one out"
        raise ConfigError("LINK_TOO_MANY", cause, place="one_to_one", remedy=remedy)


def matched(count: int, edges: list[tuple[int, int, float]]) -> list[tuple[int, int]]:
    """The pairs (left, right) with the largest sum of gains (>= 0), none used twice. A left may stay unmatched, gain 0.

    >>> matched(2, [(0, 7, 0.5), (0, 8, 0.4), (1, 7, 0.3)])
    [(0, 8), (1, 7)]
    """
    if not edges:
        return []
    lefts, rights, gains = (np.array(part) for part in zip(*edges, strict=True))
    names, places = np.unique(rights, return_inverse=True)
    # A full matching exists because each left has a dummy match for staying unmatched. Every left is matched once, and
    # adding one to all weights does not change the optimum; it avoids weights of 0, which would mean "no edge".
    alone = len(names) + np.arange(count)
    weights = np.concatenate([gains + 1.0, np.ones(count)])
    where = (np.concatenate([lefts, np.arange(count)]), np.concatenate([places, alone]))
    graph = csr_array((weights, where), shape=(count, len(names) + count))
    own, matches = min_weight_full_bipartite_matching(graph, maximize=True)
    real = matches < len(names)
    return list(zip(own[real].tolist(), names[matches[real]].tolist(), strict=True))
