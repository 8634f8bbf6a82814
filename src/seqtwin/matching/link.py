"""Two lists of the same things: for each row of the left one its match in the right one, or none."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass

import numpy as np

from seqtwin.errors import ConfigError
from seqtwin.index.exact_search import Array
from seqtwin.matching.one_to_one import Candidates, one_to_one_rows
from seqtwin.matching.thresholds import (
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
    unread_pairs,
)

_ROUNDING = 1e-6


@dataclass(frozen=True)
class Links:
    """The matches of n rows on the left.

    `rows`: Int[n, keep], rows of the right list, best first, -1 where there is none; `scores`: Float[n, keep], -inf
    there; `next_rows`, `next_scores`: the best of another text than the match (where there is no match: the nearest
    that did not reach the threshold); `margins`: Float[n], score less next score, NaN without a match or a next one;
    `mutual`: Bool[n], no other text of the left list is nearer to the match. `blank`: how many rows of the left and of
    the right list are blank; they have no match and are none. `unread`: how many rows of both hold a text of which the
    encoder knows no token. `cut`: rows that stayed without a match one to one although as many right texts as k looks
    at reach the threshold.
    """

    rows: Array
    scores: Array
    next_rows: Array
    next_scores: Array
    mutual: Array
    threshold: float
    blank: tuple[int, int]
    unread: int
    cut: int

    @property
    def matched(self) -> Array:
        """Whether a row has a match: Bool[n]."""
        return self.rows[:, 0] >= 0

    @property
    def margins(self) -> Array:
        """How far the next best text lies behind the match: Float[n]."""
        known = self.matched & (self.next_rows >= 0)
        with np.errstate(invalid="ignore"):
            return np.where(known, self.scores[:, 0] - self.next_scores, np.nan)


def link(
    encoder: Encoder,
    left: Iterable[str | None],
    right: Iterable[str | None],
    *,
    threshold: float | None = None,
    one_to_one: bool = False,
    keep: int = 1,
    k: int = 10,
    on_rows: OnRows = unheard,
) -> Links:
    """The best match in `right` of each row of `left`; below the threshold there is none.

    A text that is in both lists is its own match, whatever the threshold; texts that consist of the same tokens are the
    same text, and of those the one with the same characters comes first. A blank text (None, empty, white space, or
    without a token) has no match and is none. Texts of which the encoder knows no token match only when they are
    spelled the same. `one_to_one`: no row of `right` is
    matched twice; among the k nearest of each row those matches are taken whose scores exceed the threshold by the most
    in sum (scipy's linear assignment). `keep`: that many matches a row, best first.

    Raises: ConfigError for settings that cannot be.
    """
    limit = threshold_of(encoder, threshold)
    at_least("keep", keep, 1)
    if one_to_one and keep > 1:
        cause = f"one_to_one gives one match a row, and keep asks for {keep}"
        raise ConfigError("LINK_KEEP", cause, place="keep", remedy="leave one of the two out")
    sides = _Sides(encoder, distinct(encoder, left), distinct(encoder, right), on_rows)
    near = sides.candidates(max(at_least("k", k, 1), keep + 1))
    own = near.expanded(sides.left.of)
    reached = own.reaching(limit)
    if one_to_one:
        chosen, rows = one_to_one_rows(reached, sides.left, sides.right, limit)
    else:
        chosen = reached.texts[:, :keep]
        rows = sides.spelled_alike(chosen, sides.right_rows(chosen))
    scores = own.scores_of(chosen)
    following = own.best_besides(chosen[:, 0])
    next_scores = own.scores_of(following[:, None])[:, 0]
    mutual = sides.mutual(chosen[:, 0], scores[:, 0])
    blank, unread = (sides.left.blank, sides.right.blank), sides.left.unread + sides.right.unread
    cut = int(((chosen[:, 0] < 0) & (reached.texts[:, -1] >= 0)).sum()) if near.texts.shape[1] < len(sides.b) else 0
    return Links(rows, scores, sides.right_rows(following), next_scores, mutual, limit, blank, unread, cut)


class _Sides:
    """The distinct texts of both lists, each encoded once."""

    def __init__(self, encoder: Encoder, left: Distinct, right: Distinct, on_rows: OnRows) -> None:
        self.similarity, self.left, self.right = encoder.similarity, left, right
        every: dict[Hashable, str] = {}
        for key, text in zip([*left.keys, *right.keys], [*left.texts, *right.texts], strict=True):
            every.setdefault(key, text)
        places_of = {key: place for place, key in enumerate(every)}
        codes = np.array([places_of[key] for key in [*left.keys, *right.keys]], dtype=np.int64)
        # at most as many matches as left texts are looked at from the other side
        self.steps = Steps(on_rows, len(every) + 2 * len(left.keys))
        vectors = encoded(encoder, list(every.values()), self.steps)
        cut = len(left.keys)
        self.a, self.b = vectors[codes[:cut]], vectors[codes[cut:]]
        places = np.full(len(every), -1, dtype=np.int64)
        places[codes[cut:]] = np.arange(len(right.keys))
        self.twin = places[codes[:cut]]  # the right text that is the left one, -1 where none is

    def candidates(self, k: int) -> Candidates:
        """The k nearest right texts of each left text, the same text before all others."""
        if not len(self.b):
            none = np.full((len(self.a), 1), -1, dtype=np.int64)
            return Candidates(none, np.full(none.shape, -np.inf, dtype=np.float32), none >= 0)
        near = compared(self.similarity, self.a, self.b, k, self.twin, self.steps)
        near = near.without(unread_pairs(self.left.known, self.right.known, near.rows))
        has = np.flatnonzero(self.twin >= 0)
        rows, scores = near.rows.copy(), near.scores.copy()
        rows[has, 1:], scores[has, 1:] = near.rows[has, :-1], near.scores[has, :-1]
        rows[has, 0], scores[has, 0] = self.twin[has], self._pairs(has, self.twin[has])
        return Candidates(rows, scores, (rows >= 0) & (rows == self.twin[:, None]))

    def right_rows(self, chosen: Array) -> Array:
        """The first row of each right text, -1 for -1."""
        return np.append(self.right.first, -1)[chosen]

    def spelled_alike(self, chosen: Array, rows: Array) -> Array:
        """The right rows, each match that is the same text replaced by the first row with the same characters."""
        spelled = {text: row for row, text in reversed(list(enumerate(self.right.rows)))}
        found = rows.copy()
        for row in np.flatnonzero((chosen[:, 0] >= 0) & (chosen[:, 0] == np.append(self.twin, -1)[self.left.of])):
            found[row, 0] = spelled.get(self.left.rows[row], rows[row, 0])
        return found

    def _pairs(self, left: Array, right: Array) -> Array:
        """The score of single pairs, a block of them at a time."""
        found = np.empty(len(left), dtype=np.float32)
        for start in range(0, len(left), 512):
            part = slice(start, start + 512)
            found[part] = np.asarray(self.similarity(self.a[left[part]], self.b[right[part]])).diagonal()
        return found

    def mutual(self, chosen: Array, scores: Array) -> Array:
        """Whether no other left text is nearer to the match of a row than its own."""
        found = np.zeros(len(chosen), dtype=bool)
        has = np.flatnonzero(chosen >= 0)
        wanted, place = np.unique(chosen[has], return_inverse=True)
        if not len(wanted):
            return found
        best = compared(self.similarity, self.b[wanted], self.a, 1, None, self.steps).scores[:, 0]
        same_text = self.twin[self.left.of[has]] == chosen[has]
        taken = np.isin(chosen[has], self.twin) & ~same_text
        found[has] = same_text | (~taken & (scores[has] >= best[place] - _ROUNDING * (1 + np.abs(best[place]))))
        return found
