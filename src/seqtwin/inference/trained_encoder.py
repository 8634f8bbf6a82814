"""A trained encoder at work: texts (or series) to vectors, pairs to scores. Training is never imported here."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from seqtwin.build import Blueprint
from seqtwin.data.batches import Ragged
from seqtwin.data.tokens.equal_texts import Reading, as_written
from seqtwin.data.tokens.letters import LETTERS
from seqtwin.errors import ConfigError, DamagedError, DataError
from seqtwin.inference.explain_pair import Item, PairParts, explain
from seqtwin.inference.inputs import batches_of, items_of, series_of, shown, texts_of
from seqtwin.inference.predict import Prediction, predict, probabilities
from seqtwin.lookup import split_spec
from seqtwin.store import Stored, encoder_folder, load_encoder

LARGEST_DEVIATION = 1e-4


class TrainedEncoder:
    """An encoder loaded from a folder: `encode`, `similarity`, `score`, `is_same`, `explain_pair`.

    `threshold`: the score from which on dev called a pair the same, None where dev could not tell.
    `fingerprint`: the sha256 of its card: equal for equal encoders. `inputs`: "tokens" or "series".
    `empty`: what it does with a text without a token: `error`, or `unk` (one unknown token).
    """

    def __init__(self, stored: Stored) -> None:
        self._stored, self._model = stored, stored.model
        self.threshold: float | None = stored.facts.get("threshold")
        self.facts: dict[str, Any] = stored.facts
        self.fingerprint = stored.fingerprint
        self.inputs: str = stored.blueprint.inputs
        self.similarity_name: str = stored.model.similarity_name
        self.empty = stored.tokens.empty if stored.tokens else "error"

    @property
    def dim(self) -> int:
        """Width of a vector."""
        return self._model.space.dim

    @property
    def channels(self) -> int | None:
        """How many channels the series have that it reads; None for an encoder of texts."""
        return self._stored.blueprint.size if self.inputs == "series" else None

    @property
    def indexable(self) -> bool:
        """Whether a nearest-neighbour index can serve its similarity; a trained pair scorer is for re-ranking."""
        return bool(self._model.similarity.indexable)

    def encode(
        self,
        texts: Iterable[Any] | str,
        *,
        batch_size: int = 512,
        show_progress_bar: bool = False,
        normalize_embeddings: bool = False,
    ) -> np.ndarray:
        """Vectors, float32 [n, dim], in the order given; the same whatever stands beside a text in its batch.

        `texts`: any iterable of texts, or for an encoder of series of arrays (or rows of numbers) [time, channels].

        Raises: DataError for an empty text (unless the encoder was trained with `empty: unk`), or a wrong shape;
        ConfigError for a batch size that cannot be.
        """
        items = items_of(texts)
        if not items:
            return np.zeros((0, self.dim), dtype=np.float32)
        vectors = self._vectors(Ragged.of(self.sequences(items)), batch_size, show_progress_bar)
        if normalize_embeddings:
            vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        return vectors

    def _vectors(self, ragged: Ragged, batch_size: int, show: bool) -> np.ndarray:
        vectors = np.empty((len(ragged), self.dim), dtype=np.float32)
        with torch.inference_mode():
            for rows in shown(batches_of(ragged.lengths, batch_size), show):
                vectors[rows] = self._model.encode(ragged.take(rows)).numpy()
        return vectors

    def sequences(self, items: list[Any]) -> list[np.ndarray]:
        """What the model reads of each item: token ids [time], tokens with letters [time, parts], or numbers [time,
        channels].

        Raises: DataError.
        """
        if self._stored.tokens is not None:
            return self._stored.tokens.encode(texts_of(items))
        return [series_of(item, self._stored.blueprint.size) for item in items]

    def readings(self, texts: Sequence[str]) -> list[Reading]:
        """Which texts are the same to this encoder, which are blank, and of which it knows no token."""
        tokens = self._stored.tokens
        return [as_written(text) for text in texts] if tokens is None else tokens.readings(texts)

    @property
    def objective(self) -> str:
        """What it was trained for: pairs, classify, label_steps or decode."""
        head = self._stored.head
        return "pairs" if head is None else split_spec(head.spec)[0]

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes its head says, by index; none without such a head."""
        return () if self._stored.head is None else self._stored.head.classes

    def probabilities(self, items: Iterable[Any] | str, *, batch_size: int = 512) -> np.ndarray:
        """The probability of every class, a row an item (or a step of one), Float64[labels classes].

        Raises: ConfigError for an encoder whose head says no classes; DataError.
        """
        return probabilities(self._stored, items, batch_size=batch_size)

    def pieces(self, text: str) -> list[str]:
        """The parts of a text that are a step each, as the text writes them; none for an encoder of series."""
        tokens = self._stored.tokens
        return [text[start:end] for start, end in tokens.spans(text)] if tokens is not None else []

    def predict(self, items: Iterable[Any] | str, *, batch_size: int = 512) -> list[Prediction]:
        """What its head says of each item: a class, a class a step (items may be lists of words), or a text.

        Raises: ConfigError for an encoder that was trained on pairs; DataError.
        """
        return predict(self._stored, items, batch_size=batch_size)

    def similarity(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """The similarity the encoder was trained for, between all vectors: Float[len(a), len(b)].

        Raises: DataError for vectors of another width.
        """
        left, right = (_vectors_of(side, self.dim) for side in (a, b))
        with torch.inference_mode():
            scores: np.ndarray = self._model.similarity.matrix(left, right).numpy()
        return scores

    def score(self, left: Iterable[Any] | str, right: Iterable[Any] | str) -> np.ndarray:
        """The score of each pair, float32 [n], higher = more similar.

        Raises: DataError where one side is longer than the other.
        """
        lefts, rights = items_of(left), items_of(right)
        if len(lefts) != len(rights):
            cause = f"{len(lefts)} texts on the left, {len(rights)} on the right"
            raise DataError("SCORE_LENGTH", cause, place="score")
        a, b = (torch.from_numpy(self.encode(side)) for side in (lefts, rights))
        with torch.inference_mode():
            scores: np.ndarray = self._model.similarity(a, b).numpy()
        return scores

    def is_same(self, left: Iterable[Any] | str, right: Iterable[Any] | str) -> np.ndarray:
        """Whether each pair reaches the threshold fitted on dev, bool [n].

        Raises: ConfigError where dev could not tell, so that there is no threshold.
        """
        if self.threshold is None:
            cause = "this encoder has no threshold: its dev pairs could not tell one"
            remedy = "compare .score(left, right) with a threshold of your own, or train on dev pairs of both classes"
            raise ConfigError("NO_THRESHOLD", cause, place="is_same", remedy=remedy)
        same: np.ndarray = self.score(left, right) >= self.threshold
        return same

    def explain_pair(self, left: Any, right: Any, *, method: str = "occlusion") -> PairParts:
        """Why a pair has its score: what each step (token) of both sides does to it.

        `occlusion` leaves out one step at a time and encodes anew: exact for that question. `gradient` is one pass and
        a hint only. The record says which it was.

        Raises: DataError, ConfigError for an unknown method.
        """
        one, other = self._item(left), self._item(right)
        return explain(self._model, self._of_sequences, one, other, method=method, threshold=self.threshold)

    def _item(self, given: Any) -> Item:
        [sequence] = self.sequences([given])
        if self._stored.tokens is None:
            return Item("", sequence, ())
        return Item(given, sequence, self._stored.tokens.spans(given))

    def _of_sequences(self, sequences: list[np.ndarray]) -> np.ndarray:
        return self._vectors(Ragged.of(sequences), 512, False)


def no_threshold(encoder: TrainedEncoder) -> str:
    """Why an encoder has no threshold; empty where it has one."""
    if encoder.threshold is not None:
        return ""
    if encoder.objective != "pairs":
        return f"the encoder was trained to {encoder.objective.replace('_', ' ')}, not on pairs, and has no threshold"
    return "the encoder has no threshold: fitting one needs dev pairs of both labels, and it was trained without them"


def _vectors_of(side: np.ndarray, dim: int) -> torch.Tensor:
    vectors = torch.tensor(np.atleast_2d(side), dtype=torch.float32)
    if vectors.dim() != 2 or vectors.shape[1] != dim:
        cause = f"expected vectors [n, {dim}], got shape {tuple(vectors.shape)}"
        raise DataError("VECTOR_WIDTH", cause, place="similarity", remedy="encode both sides with this encoder")
    return vectors


def load(folder: Path | str, *, allow_read_padding: bool = False) -> TrainedEncoder:
    """The encoder of a folder (`encoder/`, or the run that holds one).

    Raises: ConfigError when there is none, or when it was trained with `padding: read`, whose vectors depend on the
    batch, unless `allow_read_padding`; DamagedError when its files do not fit or vectors change with the batch.
    """
    path = encoder_folder(Path(folder))
    stored = load_encoder(path)
    if stored.blueprint.encoder.padding == "read":
        if not allow_read_padding:
            cause = "trained with padding: read: its vectors depend on the texts beside them"
            raise ConfigError("PADDING_READ", cause, place=str(path), remedy="train with padding: masked")
    else:
        _check_batches(stored, path)
    return TrainedEncoder(stored)


def _check_batches(stored: Stored, path: Path) -> None:
    """A vector must not depend on its batch-mates; found out on three sequences each time an encoder is loaded."""
    rng = np.random.default_rng(0)
    items = [_drawn(stored.blueprint, length, rng) for length in (1, 7, 3)]
    with torch.inference_mode():
        together = stored.model.encode(Ragged.of(items).take(np.arange(3)))
        alone = torch.cat([stored.model.encode(Ragged.of([item]).take(np.arange(1))) for item in items])
    deviation = float((together - alone).abs().max())
    if not deviation <= LARGEST_DEVIATION:
        cause = f"a vector made alone and in a batch differ by {deviation:.2g} (at most {LARGEST_DEVIATION:g} is right)"
        raise DamagedError("BATCH_VARIANT", cause, place=str(path))


def _drawn(blueprint: Blueprint, length: int, rng: np.random.Generator) -> np.ndarray:
    """A random sequence that this encoder can read."""
    if blueprint.inputs == "series":
        return rng.normal(size=(length, blueprint.size)).astype(np.float32)
    words = rng.integers(0, blueprint.size, length)
    if not blueprint.letters:
        return words
    return np.column_stack([words, rng.integers(0, blueprint.letters, (length, LETTERS))])
