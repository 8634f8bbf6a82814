"""Neighbours ranked by the probability of a re-ranker instead of the similarity of the encoder."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from seqtwin.index.exact_search import Array, Neighbours
from seqtwin.inference.reranking import EncoderReranker


@dataclass(frozen=True)
class EncodedTexts:
    """Texts and their vectors, Float[texts dim]."""

    texts: Sequence[str]
    vectors: Array

    def take(self, rows: Array) -> "EncodedTexts":
        """The texts of some rows."""
        return EncodedTexts([self.texts[row] for row in rows.tolist()], self.vectors[rows])


@dataclass(frozen=True)
class PairJudge:
    """Judges pairs of a text of `a` and a text of `b`, which may be the same list."""

    reranker: EncoderReranker
    a: EncodedTexts
    b: EncodedTexts

    def score(self, left: Array, right: Array) -> Array:
        """The probability that the texts of each pair of rows are the same: Float32[pairs]."""
        a, b = self.a.take(left), self.b.take(right)
        return self.reranker.score_encoded(a.texts, b.texts, a.vectors, b.vectors)

    def rerank(self, neighbours: Neighbours) -> Neighbours:
        """Neighbours of the texts of `a` among those of `b` with probabilities as scores, best first; equal ones stay
        in order.
        """
        query, place = np.nonzero(neighbours.rows >= 0)
        scores = np.full(neighbours.scores.shape, -np.inf, dtype=np.float32)
        scores[query, place] = self._score_once(query, neighbours.rows[query, place])
        order = np.argsort(-scores, axis=1, kind="stable")
        return Neighbours(np.take_along_axis(neighbours.rows, order, axis=1), np.take_along_axis(scores, order, axis=1))

    def _score_once(self, left: Array, right: Array) -> Array:
        """The same as `score`; in one list, a pair that occurs in both orders is scored once."""
        if self.a is self.b:
            left, right = np.minimum(left, right), np.maximum(left, right)
        count = max(1, len(self.b.texts))
        keys, which = np.unique(left * count + right, return_inverse=True)
        return np.asarray(self.score(keys // count, keys % count)[which])
