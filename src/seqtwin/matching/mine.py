"""Hard negatives: different texts with nearly the same vector, as pairs for the next training of the encoder."""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from seqtwin.errors import ConfigError, DataError
from seqtwin.index.exact_search import Array
from seqtwin.inference.blank_texts import text_readings
from seqtwin.matching.clusters import Pairs, components
from seqtwin.matching.distinct_texts import distinct, listed_texts
from seqtwin.matching.nearest_texts import Encoder, OnRows, Progress, encode_texts, find_nearest, no_progress
from seqtwin.matching.settings import check_count

Triple = tuple[str, str, float]


@dataclass(frozen=True)
class Mined:
    """The known positives, the hard negatives, and the suspects: pairs that may be unlabelled positives.

    `negatives`, `suspects`: (anchor, other, score), in the order of the anchors, hardest first.
    """

    positives: list[tuple[str, str]]
    negatives: list[Triple]
    suspects: list[Triple]

    def rows(self) -> list[tuple[str, str, int]]:
        """Left, right, label: the positives, then the negatives."""
        return [(a, b, 1) for a, b in self.positives] + [(a, b, 0) for a, b, _ in self.negatives]


def mine(
    encoder: Encoder,
    left: Sequence[str],
    right: Sequence[str],
    same: Sequence[bool],
    *,
    rank_range: tuple[int, int] = (1, 50),
    margin: float = 0.1,
    per_anchor: int = 1,
    on_rows: OnRows = no_progress,
) -> Mined:
    """Find hard negatives for the left text of every positive pair (the anchor), among all right texts.

    A negative is one of the nearest texts that are not known positives. Known positives are texts connected by positive
    pairs, directly or through others, and texts with the same tokens or that differ only in case or white space. No
    pair is returned twice, in either order.

    `rank_range`: the first and the last rank of the nearest texts to take. `margin`: a text that scores higher than the
    nearest positive by more than this is a suspect, not a negative, unless it is labelled as different.
    `per_anchor`: the most negatives per anchor. `on_rows(done, total)`: gets the progress.

    Raises: ConfigError for invalid settings; DataError for sides of different lengths, or without a positive pair.
    """
    low, high = _check_settings(rank_range, margin, per_anchor)
    labelled = _Labelled(encoder, listed_texts(left), listed_texts(right), np.asarray(same, dtype=bool), on_rows)
    anchors, others = labelled.tagged(labelled.anchors), labelled.tagged(labelled.others)
    near = find_nearest(labelled.similarity_elsewhere, anchors, others, high, None, labelled.progress)
    rows, scores = near.rows[:, low - 1 :], near.scores[:, low - 1 :]
    candidates = Pairs(
        np.repeat(labelled.anchors, rows.shape[1]), np.append(labelled.others, -1)[rows.ravel()], scores.ravel()
    ).take(rows.ravel() >= 0)
    return labelled.split(candidates, margin, per_anchor)


def pairs_of_groups(texts: Sequence[str], groups: Sequence[str]) -> tuple[list[str], list[str], list[bool]]:
    """Positive pairs from texts with classes: each text with the next one of its class, and the last with the first.

    This puts every text on both sides, as an anchor and as a candidate. A text alone in its class is paired with
    itself, a pair that `mine` does not return.

    >>> pairs_of_groups(["a", "b", "c"], ["x", "y", "x"])
    (['a', 'c', 'b'], ['c', 'a', 'b'], [True, True, True])
    """
    members: dict[str, list[str]] = {}
    for text, group in zip(texts, groups, strict=True):
        members.setdefault(group, []).append(text)
    rings = [(ring, [*ring[1:], ring[0]]) for ring in (list(dict.fromkeys(group)) for group in members.values())]
    left, right = [text for ring, _ in rings for text in ring], [text for _, after in rings for text in after]
    return left, right, [True] * len(left)


def _check_settings(rank_range: tuple[int, int], margin: float, per_anchor: int) -> tuple[int, int]:
    low, high = rank_range
    if not 1 <= low <= high:
        raise ConfigError("MINE_RANKS", f"expected ranks 1 <= first <= last, got {low} to {high}", place="rank_range")
    if not math.isfinite(margin):
        raise ConfigError("MINE_MARGIN", f"expected a finite number, got {margin}", place="margin")
    check_count("per_anchor", per_anchor, 1)
    return low, high


class _Labelled:
    """The labelled pairs by text: which texts are the same thing, and which pairs are labelled as different."""

    def __init__(
        self, encoder: Encoder, left: list[str | None], right: list[str | None], same: Array, on_rows: OnRows
    ) -> None:
        if not len(left) == len(right) == len(same):
            cause = f"expected equal numbers, got {len(left)} left texts, {len(right)} right texts, {len(same)} labels"
            raise DataError("MINE_LENGTH", cause, place="mine")
        if not same.any():
            cause = "no positive pair; negatives are mined for the texts of positive pairs only"
            raise DataError("MINE_NO_POSITIVES", cause, place="mine", remedy="give pairs of both labels")
        items = distinct(None, [*left, *right])
        if items.blank:
            cause = f"blank texts: {items.blank}"
            raise DataError("MINE_BLANK", cause, place="mine", remedy="remove the pairs with a blank text")
        self.texts, self.encoder = items.texts, encoder
        self.left, self.right, self.same = items.of[: len(left)], items.of[len(left) :], same
        self.thing = group_texts(encoder, self.texts, self.left[same], self.right[same])
        self.anchors, self.others = np.unique(self.left[same]), np.unique(self.right)
        self.progress = Progress(on_rows, len(self.texts) + len(self.anchors))
        self.vectors = encode_texts(encoder, self.texts, self.progress)
        pairs = zip(self.left[~same].tolist(), self.right[~same].tolist(), strict=True)
        self.different = {_key(a, b) for a, b in pairs}

    def tagged(self, items: Array) -> Array:
        """The vectors of some texts, each followed by the number of its thing: Float[items, dim + 1]."""
        return np.column_stack([self.vectors[items], self.thing[items]])

    def similarity_elsewhere(self, a: Array, b: Array) -> Array:
        """The similarity of tagged vectors, -inf between texts of the same thing."""
        width = self.vectors.shape[1]
        scores = self.encoder.similarity(a[:, :width].astype(np.float32), b[:, :width].astype(np.float32))
        return np.where(a[:, width, None] == b[None, :, width], -np.inf, scores)

    def nearest_positive(self) -> Array:
        """The highest score of each text to a text labelled as the same: Float[texts], -inf for none."""
        best = np.full(len(self.texts), -np.inf)
        a, b = self.left[self.same], self.right[self.same]
        for start in range(0, len(a), 512):
            part = slice(start, start + 512)
            scores = np.asarray(self.encoder.similarity(self.vectors[a[part]], self.vectors[b[part]])).diagonal()
            np.maximum.at(best, a[part], scores)
        return best

    def split(self, candidates: Pairs, margin: float, per_anchor: int) -> Mined:
        """The candidates as negatives and suspects. `candidates`: by anchor, hardest first."""
        negatives: list[Triple] = []
        suspects: list[Triple] = []
        limit, used, counts = self.nearest_positive() + margin, set(), dict.fromkeys(self.anchors.tolist(), 0)
        columns = (candidates.left.tolist(), candidates.right.tolist(), candidates.scores.tolist())
        for a, b, score in zip(*columns, strict=True):
            key, triple = _key(a, b), (self.texts[a], self.texts[b], score)
            if key in used:
                continue
            if score > limit[a] and key not in self.different:
                suspects.append(triple)
            elif counts[a] < per_anchor:
                negatives.append(triple)
                counts[a] += 1
            else:
                continue
            used.add(key)
        return Mined(self._positives(), negatives, suspects)

    def _positives(self) -> list[tuple[str, str]]:
        positives: dict[tuple[int, int], tuple[str, str]] = {}
        for a, b in zip(self.left[self.same].tolist(), self.right[self.same].tolist(), strict=True):
            if a != b:
                positives.setdefault(_key(a, b), (self.texts[a], self.texts[b]))
        return list(positives.values())


def _key(a: int, b: int) -> tuple[int, int]:
    return (a, b) if a < b else (b, a)


def group_texts(encoder: Encoder, texts: Sequence[str], left: Array, right: Array) -> Array:
    """The number of the thing each text names. Texts of one thing are connected by positive pairs, or have the same
    tokens, or differ only in case or white space.
    """
    folded = [" ".join(text.casefold().split()) for text in texts]
    links = [
        (left, right),
        _with_first(folded),
        _with_first([reading.key for reading in text_readings(encoder, texts)]),
    ]
    a, b = (np.concatenate(side) for side in zip(*links, strict=True))
    return components(len(texts), Pairs(a, b, np.ones(len(a))))


def _with_first(keys: Sequence[Hashable]) -> tuple[Array, Array]:
    """Each item and the first one with the same key."""
    first: dict[Hashable, int] = {}
    firsts = [first.setdefault(key, place) for place, key in enumerate(keys)]
    return np.arange(len(keys)), np.array(firsts, dtype=np.int64)
