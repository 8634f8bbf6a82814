"""The methods that every backend shares: encode, score and is_same. A backend adds its model. Without torch."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from seqtwin.data.tokens.equal_texts import Reading, TextLength, as_written
from seqtwin.data.tokens.tokenizer import TextTokens
from seqtwin.errors import ConfigError, DataError
from seqtwin.inference.batching import Batching
from seqtwin.inference.inputs import check_series, check_texts, list_items
from seqtwin.inference.reranking import EncoderReranker, open_reranker
from seqtwin.reranker.reranker_folder import FOLDER as RERANKER

if TYPE_CHECKING:
    from seqtwin.inference.explain_pair import PairParts
    from seqtwin.model.base_head import Predicts


class BaseEncoder(ABC):
    """An encoder with a tokenizer (None for series) and a model of some backend.

    `threshold`: the score at which the dev pairs count as the same, None if it could not be estimated.
    `fingerprint`: the sha256 of the encoder's card; equal for equal encoders. `inputs`: "tokens" or "series".
    `similarity_name`: the similarity it was trained with. `batching`: how `encode` batches by default.
    `precision`: the number format in which it encodes by default. `empty`: how it treats a text without a token,
    `error`, or `unk` (one unknown token).
    `home`: the folder it was loaded from, if any.
    """

    batching: Batching
    precision: str = "fp32"
    empty: str = "error"
    home: Path | None = None
    fingerprint: str
    inputs: str
    similarity_name: str
    threshold: float | None
    _tokens: TextTokens | None

    @property
    @abstractmethod
    def dim(self) -> int:
        """Width of a vector."""

    @property
    @abstractmethod
    def channels(self) -> int | None:
        """Channels of the series it takes; None for an encoder of texts."""

    @property
    @abstractmethod
    def indexable(self) -> bool:
        """Whether a nearest-neighbour index can serve its similarity; a trained pair scorer can only re-rank."""

    @abstractmethod
    def similarity(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """The similarity of every row of `a` with every row of `b`: Float[len(a), len(b)].

        Raises: DataError for vectors of another width.
        """

    @abstractmethod
    def encode_batch(self, sequences: Sequence[np.ndarray], precision: str = "fp32") -> np.ndarray:
        """The vectors of one batch of sequences, as `sequences` returns them: float32 [n, dim]."""

    @abstractmethod
    def usable_precision(self, precision: str) -> str:
        """The number format for this precision: `fp32` or `bf16`. `auto` is the faster one on this processor.

        Raises: ConfigError for an unknown precision, or one that this backend does not have.
        """

    @abstractmethod
    def score_vectors(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """The similarity of each row of `a` with the same row of `b`: Float[n]."""

    def encode(
        self,
        texts: Iterable[object],
        *,
        batch_size: int | None = None,
        show_progress_bar: bool = False,
        normalize_embeddings: bool = False,
        precision: str | None = None,
    ) -> np.ndarray:
        """The vectors of texts, float32 [n, dim], in the order given. A vector does not depend on the batch.

        `texts`: any iterable of texts; for an encoder of series, of arrays or rows of numbers [time, channels].
        `batch_size`: the most items per batch, by default 512 with PyTorch and 64 with ONNX Runtime.
        `precision`: `fp32`, `bf16` (an LSTM multiplies in bfloat16: faster on processors that have it, and a coordinate
        can change by about .01), or `auto` for the faster one on this processor. By default that of the encoder.

        Raises: DataError for an empty text (unless the encoder was trained with `empty: unk`) or a wrong shape;
        ConfigError for a batch size below 1, or for an unknown precision.
        """
        batching = self.batching.limited(batch_size)
        if show_progress_bar != batching.progress:
            batching = replace(batching, progress=show_progress_bar)
        items = list_items(texts)
        sequences = self.sequences(items)
        encode = self.encode_sequences if self._tokens is None else partial(self._encode_distinct, check_texts(items))
        vectors = encode(sequences, batching, self.precision if precision is None else precision)
        if normalize_embeddings:
            vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        return vectors

    def _encode_distinct(
        self, texts: Sequence[str], sequences: Sequence[np.ndarray], batching: Batching, precision: str
    ) -> np.ndarray:
        """The vectors of texts with these sequences. A text that occurs again is not encoded again.

        The texts are sorted first: a batch in another order can be rounded differently.
        """
        if len(texts) == 1:
            return self.encode_sequences(sequences, batching, precision)
        by_text = dict(zip(texts, sequences, strict=True))
        distinct = {text: by_text[text] for text in sorted(by_text)}
        vectors = self.encode_sequences([*distinct.values()], batching, precision)
        places = {text: place for place, text in enumerate(distinct)}
        return vectors[[places[text] for text in texts]]

    def encode_sequences(
        self, sequences: Sequence[np.ndarray], batching: Batching | None = None, precision: str = "fp32"
    ) -> np.ndarray:
        """The vectors of sequences, as `sequences` returns them: float32 [n, dim]. `batching`: by default its own."""
        used, batching = self.usable_precision(precision), batching or self.batching
        if len(sequences) == 1:  # most of the time of a single text is not in the model
            return self.encode_batch(sequences, used)
        vectors = np.empty((len(sequences), self.dim), dtype=np.float32)
        lengths = np.fromiter(map(len, sequences), np.int64, len(sequences))
        for rows in batching.batches(lengths):
            vectors[rows] = self.encode_batch([sequences[row] for row in rows], used)
        return vectors

    def sequences(self, items: Sequence[object]) -> list[np.ndarray]:
        """The model's input for each item: token ids [time], tokens with letters [time, parts], or numbers [time,
        channels].

        Raises: DataError.
        """
        if self._tokens is not None:
            return self._tokens.encode(check_texts(items))
        assert self.channels is not None
        return [check_series(item, self.channels) for item in items]

    def readings(self, texts: Sequence[str]) -> list[Reading]:
        """For each text: a key (equal for equal texts, None for a blank one), and whether any token is known."""
        return [as_written(text) for text in texts] if self._tokens is None else self._tokens.readings(texts)

    def lengths(self, texts: Sequence[str]) -> list[TextLength]:
        """For each text: its number of tokens, 0 for a blank one, and whether it was cut to `max_length` tokens.

        Raises: ConfigError for an encoder of series.
        """
        if self._tokens is None:
            raise ConfigError("LENGTHS_SERIES", "an encoder of series has no tokens", place="lengths")
        return self._tokens.lengths(texts)

    @property
    def max_length(self) -> int | None:
        """The largest number of tokens of a text; None for an encoder of series."""
        return None if self._tokens is None else self._tokens.max_length

    def score(self, left: Iterable[object], right: Iterable[object]) -> np.ndarray:
        """The score of each pair, float32 [n], higher = more similar.

        Raises: DataError if one side is longer than the other.
        """
        lefts, rights = list_items(left), list_items(right)
        if len(lefts) != len(rights):
            cause = f"{len(lefts)} texts on the left, {len(rights)} on the right; expected equal numbers"
            raise DataError("SCORE_LENGTH", cause, place="score")
        return self.score_vectors(self.encode(lefts), self.encode(rights))

    @property
    def objective(self) -> str:
        """The objective that it was trained with, as in a config, if that is known."""
        return "pairs"

    @property
    def predicts(self) -> "Predicts | None":
        """The kind of the predictions of its head; None for an encoder without one."""
        return None

    @property
    def has_reranker(self) -> bool:
        """Whether there is a re-ranker in its folder."""
        return self.home is not None and (self.home / RERANKER).exists()

    @cached_property
    def reranker(self) -> EncoderReranker:
        """The re-ranker in its folder, whose `score` is the probability that two texts are the same.

        Raises: ConfigError if there is none, or if it belongs to another encoder; DamagedError.
        """
        return open_reranker(self, self.home, self.dim)

    def explain_pair(self, left: object, right: object, *, method: str = "occlusion") -> "PairParts":
        """The contribution of each step (token) of both sides to the score of a pair.

        Raises: ConfigError for a backend without explanations; DataError.
        """
        cause = "an encoder exported to ONNX has no explanations"
        raise ConfigError("EXPLAIN_BACKEND", cause, place="explain", remedy="use the encoder it was exported from")

    def is_same(self, left: Iterable[object], right: Iterable[object]) -> np.ndarray:
        """Whether the score of each pair reaches the threshold fitted on dev, bool [n].

        Raises: ConfigError if the encoder has no threshold.
        """
        if self.threshold is None:
            cause = no_threshold(self)
            remedy = "compare .score(left, right) with a threshold of your own, or train on dev pairs of both classes"
            raise ConfigError("NO_THRESHOLD", cause, place="is_same", remedy=remedy)
        same: np.ndarray = self.score(left, right) >= self.threshold
        return same


def no_threshold(encoder: BaseEncoder) -> str:
    """Why an encoder has no threshold; empty if it has one."""
    if encoder.threshold is not None:
        return ""
    if encoder.predicts is not None:
        return f"the encoder was trained to {encoder.objective.replace('_', ' ')}, not on pairs, and has no threshold"
    return "the encoder has no threshold: fitting one needs dev pairs of both labels, and it was trained without them"
