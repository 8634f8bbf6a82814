"""The re-ranker as formulas of arrays: three judgements of a pair, and the probability that they are combined to."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from seqtwin.json_values import Json
from seqtwin.reranker.lexical_features import WordWeights, lexical_features
from seqtwin.reranker.random_forest import Forest

JUDGEMENTS = ("similarity", "spelling", "vectors")
_LEAST = 1e-3  # share of the forest that is taken for certain: a leaf of a few pairs proves no more
_ROWS = 2048  # pairs per block, which bounds the memory


@dataclass(frozen=True)
class EncodedPairs:
    """Pairs of texts with the vectors of both sides, Float[pairs dim], and the similarity of the encoder."""

    left: Sequence[str]
    right: Sequence[str]
    a: np.ndarray
    b: np.ndarray
    similarity: np.ndarray

    def __len__(self) -> int:
        return len(self.left)

    def take(self, rows: slice) -> "EncodedPairs":
        """The pairs of some rows."""
        return EncodedPairs(self.left[rows], self.right[rows], self.a[rows], self.b[rows], self.similarity[rows])


@dataclass(frozen=True)
class LinearMap:
    """weights . x + bias. `weights`: Float64[features]."""

    weights: np.ndarray
    bias: float

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        """The value of each row of Float[n features]: Float[n]. It does not depend on the other rows."""
        return np.asarray((rows * self.weights).sum(axis=1) + self.bias)


@dataclass(frozen=True)
class Measured:
    """How a re-ranker was fitted, and how good it is on dev.

    `dev_same`: the number of dev pairs that are the same; `weights`: of the judgements; `dev`: metrics of the
    cross-validated probabilities; `dev_encoder`: those of the similarity alone, with its own best threshold;
    `reliability`: pairs, mean probability and share of same pairs in each bin of probabilities.
    """

    train_pairs: int
    dev_pairs: int
    dev_same: int
    weights: Mapping[str, float]
    dev: Mapping[str, float]
    dev_encoder: Mapping[str, float]
    reliability: Sequence[Mapping[str, float]]

    def as_json(self) -> dict[str, Json]:
        """The same as JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Reranker:
    """The probability that two texts are the same.

    `weights`: of words; `spelling`: a forest over the lexical features; `vectors`: a linear map of |u - v| and u * v;
    `combined`: a linear map of the three judgements, fitted on dev; `threshold`: the probability from which pairs count
    as the same, chosen on dev; `fingerprint`: of the encoder it belongs to.
    """

    weights: WordWeights
    spelling: Forest
    vectors: LinearMap
    combined: LinearMap
    threshold: float
    fingerprint: str
    facts: Measured

    def judge(self, pairs: EncodedPairs) -> np.ndarray:
        """The judgements of each pair, as `judge_pairs`."""
        return judge_pairs(pairs, self.weights, self.spelling, self.vectors)

    def probabilities(self, pairs: EncodedPairs) -> np.ndarray:
        """The probability that each pair is the same, Float64[pairs]. Both orders of a pair have the same.

        Formula: sigmoid(w . (similarity, log odds by spelling, log odds by vectors) + b).
        """
        blocks = [pairs.take(slice(start, start + _ROWS)) for start in range(0, len(pairs), _ROWS)]
        return np.concatenate([np.zeros(0), *(sigmoid(self.combined(self.judge(block))) for block in blocks)])


def judge_pairs(pairs: EncodedPairs, weights: WordWeights, spelling: Forest, vectors: LinearMap) -> np.ndarray:
    """The judgements of each pair, Float64[pairs 3]: similarity, log odds by spelling, log odds by vectors."""
    share = spelling.predict(lexical_features(pairs.left, pairs.right, weights))
    by_vectors = vectors(vector_features(pairs.a, pairs.b))
    return np.column_stack([np.asarray(pairs.similarity, dtype=np.float64), log_odds(share), by_vectors])


def vector_features(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """|u - v| and u * v of the vectors scaled to length 1, Float64[pairs 2 dim]. Both are symmetric.

    >>> vector_features(np.array([[3.0, 4.0]]), np.array([[0.0, 2.0]])).round(2)
    array([[0.6, 0.2, 0. , 0.8]])
    """
    u, v = (_unit(np.asarray(side, dtype=np.float64)) for side in (a, b))
    return np.concatenate([np.abs(u - v), u * v], axis=1)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12))


def log_odds(shares: np.ndarray) -> np.ndarray:
    """log(p / (1 - p)), with p kept away from 0 and 1.

    >>> log_odds(np.array([0.5, 1.0])).round(2)
    array([0.  , 6.91])
    """
    kept = np.clip(shares, _LEAST, 1.0 - _LEAST)
    return np.asarray(np.log(kept / (1.0 - kept)))


def sigmoid(values: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-x)), without overflow.

    >>> sigmoid(np.array([0.0, -1000.0]))
    array([0.5, 0. ])
    """
    small = np.exp(-np.abs(values))
    return np.asarray(np.where(values >= 0, 1.0, small) / (1.0 + small))
