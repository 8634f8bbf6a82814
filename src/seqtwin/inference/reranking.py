"""An encoder with its re-ranker: the probability that two texts are the same."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from seqtwin.errors import ConfigError, DataError
from seqtwin.inference.inputs import check_texts, list_items
from seqtwin.reranker.reranker import JUDGEMENTS, EncodedPairs, Measured, Reranker
from seqtwin.reranker.reranker_folder import FOLDER, load_reranker


class Encoder(Protocol):
    """The methods of an encoder that its re-ranker uses."""

    fingerprint: str
    inputs: str

    def encode(self, texts: Iterable[object]) -> np.ndarray: ...

    def score_vectors(self, a: np.ndarray, b: np.ndarray) -> np.ndarray: ...


@dataclass(frozen=True)
class EncoderReranker:
    """The re-ranker of an encoder: `score` gives the probability that two texts are the same.

    The probability is for pairs with the share of same pairs of the dev split. In a list nearly all pairs differ.
    """

    encoder: Encoder
    reranker: Reranker

    @property
    def threshold(self) -> float:
        """The probability from which pairs count as the same, chosen on dev."""
        return self.reranker.threshold

    @property
    def facts(self) -> Measured:
        """How it was fitted, and its metrics on dev."""
        return self.reranker.facts

    def score(self, left: Iterable[object], right: Iterable[object]) -> np.ndarray:
        """The probability that each pair is the same, float32 [n]. It does not depend on the order of the two texts.

        Raises: DataError for items that are not texts, or if one side is longer than the other.
        """
        lefts, rights = (check_texts(list_items(side)) for side in (left, right))
        if len(lefts) != len(rights):
            cause = f"{len(lefts)} texts on the left, {len(rights)} on the right; expected equal numbers"
            raise DataError("SCORE_LENGTH", cause, place="score")
        return self._score(encode_pairs(self.encoder, lefts, rights))

    def score_encoded(self, left: Sequence[str], right: Sequence[str], a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """The same for texts whose vectors are known, Float[n dim] each."""
        return self._score(EncodedPairs(left, right, a, b, self.encoder.score_vectors(a, b)))

    def explain(self, left: str, right: str) -> dict[str, float]:
        """The share of each judgement in the log odds of a probability. All shares and `bias` add up to the log odds.

        Raises: DataError.
        """
        pairs = encode_pairs(self.encoder, check_texts([left]), check_texts([right]))
        combined = self.reranker.combined
        parts = (self.reranker.judge(pairs)[0] * combined.weights).tolist()
        return {**dict(zip(JUDGEMENTS, parts, strict=True)), "bias": combined.bias}

    def _score(self, pairs: EncodedPairs) -> np.ndarray:
        return self.reranker.probabilities(pairs).astype(np.float32)


def encode_pairs(encoder: Encoder, left: Sequence[str], right: Sequence[str]) -> EncodedPairs:
    """The pairs with their vectors and similarities. Each distinct text is encoded once."""
    places = {text: place for place, text in enumerate(dict.fromkeys([*left, *right]))}
    vectors = encoder.encode(list(places))
    a, b = (vectors[[places[text] for text in side]] for side in (left, right))
    return EncodedPairs(left, right, a, b, encoder.score_vectors(a, b))


def open_reranker(encoder: Encoder, home: Path | None, dim: int) -> EncoderReranker:
    """The re-ranker in the folder of an encoder. `home`: that folder, None for an encoder that was not loaded.

    Raises: ConfigError if there is none, or if it belongs to another encoder; DamagedError.
    """
    if home is None:
        cause = "only an encoder that was loaded from a folder can have a re-ranker"
        raise ConfigError("NO_RERANKER", cause, place="reranker", remedy="load it: seqtwin.load(folder)")
    return EncoderReranker(encoder, load_reranker(home / FOLDER, encoder.fingerprint, dim))


def reranker_of(encoder: object) -> EncoderReranker:
    """The re-ranker of an encoder that a command was given.

    Raises: ConfigError if there is none, or if it belongs to another encoder, or for an encoder of series;
    DamagedError.
    """
    if getattr(encoder, "inputs", "tokens") != "tokens":
        raise ConfigError("RERANK_SERIES", "expected an encoder of texts, got one of series", place="rerank")
    reranker = getattr(encoder, "reranker", None)
    if not isinstance(reranker, EncoderReranker):
        cause = "this kind of encoder has no re-ranker"
        raise ConfigError("NO_RERANKER", cause, place="rerank", remedy="use an encoder that seqtwin.load returns")
    return reranker
