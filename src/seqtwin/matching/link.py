"""Matches between two lists: for each row of the left list its match in the right list, or none."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass

import numpy as np

from seqtwin.errors import ConfigError
from seqtwin.index.exact_search import Array
from seqtwin.inference.reranking import EncoderReranker, reranker_of
from seqtwin.matching.clusters import Pairs, best_first
from seqtwin.matching.distinct_texts import Distinct, distinct, unread_pairs
from seqtwin.matching.nearest_texts import Encoder, Engine, InProcess, OnRows, Progress, no_progress
from seqtwin.matching.one_to_one import Candidates, one_to_one_rows
from seqtwin.matching.pair_judge import EncodedTexts, PairJudge
from seqtwin.matching.settings import check_count, choose_threshold

_ROUNDING = 1e-6


@dataclass(frozen=True)
class Links:
    """The matches of the n rows of the left list.

    `rows`: Int[n, keep], rows of the right list, best first, -1 for none; `scores`: Float[n, keep], -inf for none;
    `next_rows`, `next_scores`: the best right text other than the match (without a match, the nearest text below the
    threshold); `margins`: Float[n], score minus next score, NaN without a match or a next one; `mutual`: Bool[n],
    whether no other left text is nearer to the match; `blank`: the number of blank rows of the left and the right list,
    which have no match and are no match; `unread`: the number of rows of both lists with a text of which the encoder
    knows no token; `cut`: the number of rows without a one-to-one match although all k nearest texts reach the
    threshold.
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
        """The score of the match minus that of the next best text: Float[n]."""
        both = self.matched & (self.next_rows >= 0)
        with np.errstate(invalid="ignore"):
            return np.where(both, self.scores[:, 0] - self.next_scores, np.nan)


def link(
    encoder: Encoder,
    left: Iterable[str | None],
    right: Iterable[str | None],
    *,
    threshold: float | None = None,
    one_to_one: bool = False,
    keep: int = 1,
    k: int = 10,
    rerank: bool = False,
    on_rows: OnRows = no_progress,
) -> Links:
    """Find the best match in `right` for each row of `left`. A score below the threshold is no match.

    A text that is in both lists is its own match, whatever the threshold. Texts with the same tokens are the same text;
    among them, one with the same characters comes first. A blank text (None, empty, white space, or without a token)
    has no match and is no match. Texts of which the encoder knows no token match only with the same spelling.

    `threshold`: by default the encoder's own, fitted on dev. `one_to_one`: match no row of `right` twice. The matches
    are then those among the k nearest of each row that maximise the sum of (score - threshold), by scipy's linear
    assignment. `keep`: the number of matches per row, best first. `rerank`: score the k nearest texts of each row by
    the re-ranker of the encoder; all scores and the threshold are then probabilities, and the default threshold is that
    of the re-ranker. `on_rows(done, total)`: gets the progress.

    Raises: ConfigError for invalid settings, or without a re-ranker.
    """
    limit = choose_threshold(encoder, threshold, rerank=rerank)
    check_keep(keep, one_to_one=one_to_one)
    compared = compare_lists(encoder, left, right, keep=keep, k=k, rerank=rerank, on_rows=on_rows)
    return compared.links(limit, one_to_one=one_to_one)


def check_keep(keep: int, *, one_to_one: bool) -> None:
    """Check the number of matches per row.

    Raises: ConfigError.
    """
    check_count("keep", keep, 1)
    if one_to_one and keep > 1:
        cause = f"one_to_one allows one match per row, but keep is {keep}"
        raise ConfigError("LINK_KEEP", cause, place="keep", remedy="leave one of the two out")


@dataclass(frozen=True)
class ComparedLists:
    """The rows of two lists, compared but not yet matched: `links` matches them at a threshold.

    `near`: the nearest right texts of each left text, best first. `keep`: the number of matches per row.
    """

    sides: "_Sides"
    near: Candidates
    keep: int

    @property
    def candidates(self) -> Pairs:
        """The pairs of distinct texts that match if their score reaches the threshold, best first, as rows.

        Each left text has its `keep` nearest right texts. Texts with the same tokens are no pair. Not for one_to_one,
        whose matches depend on the threshold.
        """
        texts, same = self.near.texts[:, : self.keep], self.near.identical[:, : self.keep]
        left, place = np.nonzero((texts >= 0) & ~same)
        pairs = Pairs(left, texts[left, place], self.near.scores[left, place])
        ordered = best_first([pairs])
        return Pairs(self.sides.left.first[ordered.left], self.sides.right.first[ordered.right], ordered.scores)

    def links(self, limit: float, *, one_to_one: bool = False) -> Links:
        """The matches at a threshold."""
        sides, near = self.sides, self.near
        candidates = near.expanded(sides.left.of)
        reached = candidates.reaching(limit)
        if one_to_one:
            chosen, rows = one_to_one_rows(reached, sides.left, sides.right, limit)
        else:
            chosen = reached.texts[:, : self.keep]
            rows = sides.spelled_alike(chosen, sides.right_rows(chosen))
        scores = candidates.chosen_scores(chosen)
        following = candidates.best_other(chosen[:, 0])
        next_scores = candidates.chosen_scores(following[:, None])[:, 0]
        mutual = sides.mutual(chosen[:, 0], scores[:, 0])
        blank, unread = (sides.left.blank, sides.right.blank), sides.left.unread + sides.right.unread
        full = near.texts.shape[1] >= len(sides.b)
        cut = 0 if full else int(((chosen[:, 0] < 0) & (reached.texts[:, -1] >= 0)).sum())
        return Links(rows, scores, sides.right_rows(following), next_scores, mutual, limit, blank, unread, cut)


def compare_lists(
    encoder: Encoder,
    left: Iterable[str | None],
    right: Iterable[str | None],
    *,
    keep: int = 1,
    k: int = 10,
    rerank: bool = False,
    on_rows: OnRows = no_progress,
    engine: Engine | None = None,
) -> ComparedLists:
    """The rows of two lists, encoded and compared. The arguments are those of `link`.

    `engine`: where; by default in this process.

    Raises: ConfigError for an invalid keep or k, or without a re-ranker.
    """
    check_count("keep", keep, 1)
    width = max(check_count("k", k, 1), keep + 1)
    reranker = reranker_of(encoder) if rerank else None
    sides = _Sides(encoder, distinct(encoder, left), distinct(encoder, right), on_rows, width, reranker, engine)
    return ComparedLists(sides, sides.candidates(), keep)


class _Sides:
    """The distinct texts of both lists, each encoded once. `k`: the number of neighbours of each text."""

    def __init__(
        self,
        encoder: Encoder,
        left: Distinct,
        right: Distinct,
        on_rows: OnRows,
        k: int,
        reranker: EncoderReranker | None,
        engine: Engine | None,
    ) -> None:
        self.engine = engine or InProcess(encoder)
        self.similarity, self.left, self.right, self.k = encoder.similarity, left, right, k
        every: dict[Hashable, str] = {}
        for key, text in zip([*left.keys, *right.keys], [*left.texts, *right.texts], strict=True):
            every.setdefault(key, text)
        places_of = {key: place for place, key in enumerate(every)}
        codes = np.array([places_of[key] for key in [*left.keys, *right.keys]], dtype=np.int64)
        # the search from the right side has at most as many queries as there are left texts
        self.progress = Progress(on_rows, len(every) + 2 * len(left.keys))
        vectors = self.engine.encode(list(every.values()), self.progress)
        cut = len(left.keys)
        self.a, self.b = vectors[codes[:cut]], vectors[codes[cut:]]
        places = np.full(len(every), -1, dtype=np.int64)
        places[codes[cut:]] = np.arange(len(right.keys))
        self.twin = places[codes[:cut]]  # the right text equal to each left text, -1 for none
        texts = EncodedTexts(left.texts, self.a), EncodedTexts(right.texts, self.b)
        self.judge = None if reranker is None else PairJudge(reranker, *texts)

    def candidates(self) -> Candidates:
        """The k nearest right texts of each left text; an equal text comes first."""
        if not len(self.b):
            none = np.full((len(self.a), 1), -1, dtype=np.int64)
            return Candidates(none, np.full(none.shape, -np.inf, dtype=np.float32), none >= 0)
        near = self.engine.nearest(self.a, self.b, self.k, self.twin, self.progress)
        near = near.without(unread_pairs(self.left.known, self.right.known, near.rows))
        near = near if self.judge is None else self.judge.rerank(near)
        has = np.flatnonzero(self.twin >= 0)
        rows, scores = near.rows.copy(), near.scores.copy()
        rows[has, 1:], scores[has, 1:] = near.rows[has, :-1], near.scores[has, :-1]
        rows[has, 0], scores[has, 0] = self.twin[has], self._pairs(has, self.twin[has])
        return Candidates(rows, scores, (rows >= 0) & (rows == self.twin[:, None]))

    def right_rows(self, chosen: Array) -> Array:
        """The first row of each right text, -1 for -1."""
        return np.append(self.right.first, -1)[chosen]

    def spelled_alike(self, chosen: Array, rows: Array) -> Array:
        """The right rows; a match with an equal text is replaced by the first row with the same characters."""
        spelled = {text: row for row, text in reversed(list(enumerate(self.right.rows)))}
        alike = rows.copy()
        for row in np.flatnonzero((chosen[:, 0] >= 0) & (chosen[:, 0] == np.append(self.twin, -1)[self.left.of])):
            alike[row, 0] = spelled.get(self.left.rows[row], rows[row, 0])
        return alike

    def _pairs(self, left: Array, right: Array) -> Array:
        """The score of each pair, computed block by block."""
        if self.judge is not None:
            return self.judge.score(left, right)
        scores = np.empty(len(left), dtype=np.float32)
        for start in range(0, len(left), 512):
            part = slice(start, start + 512)
            scores[part] = np.asarray(self.similarity(self.a[left[part]], self.b[right[part]])).diagonal()
        return scores

    def mutual(self, chosen: Array, scores: Array) -> Array:
        """Whether no other left text is nearer to the match of a row than the row's own text."""
        mutual = np.zeros(len(chosen), dtype=bool)
        has = np.flatnonzero(chosen >= 0)
        wanted, place = np.unique(chosen[has], return_inverse=True)
        if not len(wanted):
            return mutual
        best = self._best_left(wanted)
        same_text = self.twin[self.left.of[has]] == chosen[has]
        claimed = np.isin(chosen[has], self.twin) & ~same_text
        mutual[has] = same_text | (~claimed & (scores[has] >= best[place] - _ROUNDING * (1 + np.abs(best[place]))))
        return mutual

    def _best_left(self, wanted: Array) -> Array:
        """The score of the best left text of each of these right texts: Float[wanted]."""
        width = 1 if self.judge is None else self.k
        near = self.engine.nearest(self.b[wanted], self.a, width, None, self.progress)
        if self.judge is not None:
            near = PairJudge(self.judge.reranker, self.judge.b.take(wanted), self.judge.a).rerank(near)
        return near.scores[:, 0]
