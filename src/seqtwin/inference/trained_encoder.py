"""A trained encoder on PyTorch: texts or series to vectors, pairs to scores. Training is never imported here."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from seqtwin.build import Blueprint
from seqtwin.data.batches import batch_of
from seqtwin.data.files.kept_frames import Frames
from seqtwin.data.reading.column_options import ColumnOptions
from seqtwin.data.tokens.letters import LETTERS
from seqtwin.errors import ConfigError, DamagedError, DataError
from seqtwin.guards import html_cards
from seqtwin.inference.base_encoder import BaseEncoder
from seqtwin.inference.batching import Batching
from seqtwin.inference.explain_pair import Item, PairParts, explain
from seqtwin.inference.inputs import check_texts, list_items
from seqtwin.inference.predict import Prediction, predict, probabilities
from seqtwin.inference.retrained_folder import is_exported, read_exported
from seqtwin.inference.vector_map import VectorMap, map_vectors
from seqtwin.lookup import member, split_spec
from seqtwin.model.base_head import Predicts
from seqtwin.model.precision import AUTO, LANES, PRECISIONS, independent_in_bf16, usable_precision
from seqtwin.paths import expand
from seqtwin.store import Stored, encoder_folder, load_encoder

LARGEST_DEVIATION = 1e-4


class TrainedEncoder(BaseEncoder):
    """An encoder loaded from a folder: `encode`, `similarity`, `score`, `is_same`, `explain_pair`, `predict`.

    `threshold`: the score at which the dev pairs count as the same, None if it could not be estimated.
    `fingerprint`: the sha256 of its card: equal for equal encoders. `inputs`: "tokens" or "series".
    `facts`: threshold, hashes and scores of its training.
    `empty`: how it treats a text without a token: `error`, or `unk` (one unknown token).
    """

    batching = Batching(size=512)

    def __init__(self, stored: Stored) -> None:
        self._stored, self._model, self._tokens = stored, stored.model, stored.tokens
        self._model.encoder.keep()
        self.threshold: float | None = stored.facts.get("threshold")
        self.facts = stored.facts
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
        """Channels of the series it takes; None for an encoder of texts."""
        return self._stored.blueprint.size if self.inputs == "series" else None

    @property
    def indexable(self) -> bool:
        """Whether a nearest-neighbour index can serve its similarity; a trained pair scorer can only re-rank."""
        return bool(self._model.similarity.indexable)

    def encode_batch(self, sequences: Sequence[np.ndarray], precision: str = "fp32") -> np.ndarray:
        """The vectors of one batch of sequences, as `sequences` returns them: float32 [n, dim]."""
        batch = batch_of(sequences)
        with torch.inference_mode():
            vectors: np.ndarray = self._model.encode(batch, partial(PRECISIONS[precision], "cpu")).numpy()
        return vectors

    def usable_precision(self, precision: str) -> str:
        if precision != AUTO:
            member(PRECISIONS, precision, "precision")
        if precision == "bf16" and not independent_in_bf16(self._model):
            cause = f"bf16 needs an LSTM without projection, and a multiple of {LANES} as its hidden width"
            raise ConfigError("ENCODE_PRECISION", cause, place="encode", remedy="use precision auto or fp32")
        return usable_precision(precision, self._model)

    @property
    def objective(self) -> str:
        """The objective that it was trained with, as in a config."""
        head = self._stored.head
        return "pairs" if head is None else split_spec(head.spec)[0]

    @property
    def predicts(self) -> Predicts | None:
        """The kind of the predictions of its head; None for an encoder without one."""
        return None if self._stored.head is None else self._stored.head.module.predicts

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes that its head predicts, by index; empty without such a head."""
        return () if self._stored.head is None else self._stored.head.classes

    def probabilities(self, items: Iterable[object], *, batch_size: int | None = None) -> np.ndarray:
        """The probability of every class, Float64[labels, classes]: one row per item, or per step of every item.

        Raises: ConfigError for an encoder whose head predicts no classes; DataError.
        """
        return probabilities(self._stored, items, self.batching.limited(batch_size))

    def pieces(self, text: str) -> list[str]:
        """The parts of a text that are one step each, spelled as in the text; none for an encoder of series."""
        return [text[start:end] for start, end in self._tokens.spans(text)] if self._tokens is not None else []

    def predict(self, items: Iterable[object], *, batch_size: int | None = None) -> list[Prediction]:
        """The prediction of its head for each item: a class, one class per step, or a generated text.

        `items`: texts, lists of words (for a head that labels steps), or series.

        Raises: ConfigError for an encoder that was trained on pairs; DataError.
        """
        return predict(self._stored, items, self.batching.limited(batch_size))

    def similarity(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """The similarity the encoder was trained for, of every row of `a` with every row of `b`: Float[len(a), len(b)].

        Raises: DataError for vectors of another width.
        """
        left, right = (_checked_vectors(side, self.dim) for side in (a, b))
        with torch.inference_mode():
            scores: np.ndarray = self._model.similarity.matrix(left, right).numpy()
        return scores

    def score_vectors(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            scores: np.ndarray = self._model.similarity(torch.from_numpy(a), torch.from_numpy(b)).numpy()
        return scores

    def explain_pair(self, left: object, right: object, *, method: str = "occlusion") -> PairParts:
        """The contribution of each step (token) of both sides to the score of a pair.

        `occlusion` leaves out one step at a time and encodes again: the exact effect of removing that step.
        `gradient` needs one pass only and is an approximation. The record names the method.

        Raises: DataError; ConfigError for an unknown method.
        """
        a, b = self._item(left), self._item(right)
        return explain(self._model, self.encode_sequences, a, b, method=method, threshold=self.threshold)

    def evaluate(
        self,
        data: Path | str | Frames,
        *,
        left: str | int | Sequence[str] | None = None,
        right: str | int | Sequence[str] | None = None,
        label: str | None = None,
        labels: Mapping[str, int] | None = None,
        text: str | None = None,
        scale: tuple[float, float] | None = None,
        against: "TrainedEncoder | None" = None,
    ) -> pd.DataFrame:
        """The metrics of labelled data, as `seqtwin evaluate` prints them: one row per metric, with the columns `value`
        and `undefined` (the reason where it has no value).

        `against`: another encoder, judged on the same rows. Its values are in the column `against`; the others are
        `difference`, and `low` and `high`, the 95 % interval of the difference of the primary metric.

        `data`: a file, a frame (pandas, polars, pyarrow, datasets) or a list of tuples. `left` to `scale`: the columns
        and labels where they cannot be detected. Pairs are judged with the threshold of this encoder.

        Raises: ConfigError, DataError.
        """
        from seqtwin.inference.evaluate.evaluate_data import evaluate_data

        return evaluate_data(self, data, ColumnOptions.of(left, right, label, text, scale, labels), against)

    def map(
        self, texts: Iterable[object], labels: Sequence[object] | None = None, *, method: str = "pca", seed: int = 0
    ) -> VectorMap:
        """A two-dimensional map of the vectors of texts: `figure()`, `html()`, `save(path)`, `frame`.

        `labels`: a group for each text, which sets its colour. `method`: `pca` shows the two main directions; `tsne`
        keeps near texts near, and `seed` is its seed. Cosine and dot compare directions, so the vectors are scaled to
        length 1 for `cosine`.

        Raises: ConfigError for an encoder of series or an unknown method; DataError for fewer than three texts.
        """
        if self._tokens is None:
            raise ConfigError("ENCODE_INPUTS", "an encoder of series has no texts to map", place="map")
        items = check_texts(list_items(texts))
        vectors = self.encode(items, normalize_embeddings=self.similarity_name == "cosine")
        return map_vectors(vectors, items, labels, method, seed)

    def __repr__(self) -> str:
        kind = "texts" if self.inputs == "tokens" else f"series of {self.channels} channels"
        return f"TrainedEncoder('{self.home or 'in memory'}', {kind} to {self.dim} numbers, {self.similarity_name})"

    def _repr_html_(self) -> str:
        scores, limit = self.facts.get("scores") or {}, self.threshold
        lines = [
            repr(self),
            "no threshold" if limit is None else f"pairs with a score of at least {limit:.3f} are the same",
        ]
        parts = [html_cards.paragraph(line) for line in lines]
        table = html_cards.scores_table({"test": scores}) if scores else ""
        steps = ["encoder.encode(texts)", "encoder.score(left, right)", "encoder.map(texts)", "encoder.evaluate(frame)"]
        return html_cards.card("Encoder", [*parts, table], steps)

    def _item(self, given: object) -> Item:
        [sequence] = self.sequences([given])
        if self._tokens is None:
            return Item("", sequence, ())
        [text] = check_texts([given])
        return Item(text, sequence, self._tokens.spans(text))


def _checked_vectors(side: np.ndarray, dim: int) -> torch.Tensor:
    vectors = torch.tensor(np.atleast_2d(side), dtype=torch.float32)
    if vectors.dim() != 2 or vectors.shape[1] != dim:
        cause = f"expected vectors [n, {dim}], got shape {tuple(vectors.shape)}"
        raise DataError("VECTOR_WIDTH", cause, place="similarity", remedy="encode both sides with this encoder")
    return vectors


def load(folder: Path | str, *, allow_read_padding: bool = False) -> TrainedEncoder:
    """Load the encoder in a folder: `encoder/`, the run that contains one, or an export to sentence-transformers, also
    after further training there.

    Raises: ConfigError if there is none, or if it was trained with `padding: read` and `allow_read_padding` is not set
    (its vectors depend on the batch); DamagedError if its files do not fit together, or vectors change with the batch.
    """
    path, stored = _open(expand(str(folder)))
    encoder = TrainedEncoder(stored)
    encoder.home = path
    if stored.blueprint.encoder.padding != "read":
        _check_batches(encoder, stored.blueprint, path)
    elif not allow_read_padding:
        cause = "trained with padding: read: its vectors depend on the other texts in the batch"
        raise ConfigError("PADDING_READ", cause, place=str(path), remedy="train with padding: masked")
    return encoder


def _open(folder: Path) -> tuple[Path, Stored]:
    """The folder of the encoder itself, and its contents."""
    if is_exported(folder):
        return folder, read_exported(folder)
    path = encoder_folder(folder)
    return path, load_encoder(path)


def _check_batches(encoder: TrainedEncoder, blueprint: Blueprint, path: Path) -> None:
    """Check on three random sequences that a vector does not depend on the other sequences in its batch."""
    rng = np.random.default_rng(0)
    sequences = [_random_sequence(blueprint, length, rng) for length in (1, 7, 3)]
    together = encoder.encode_batch(sequences)
    alone = np.concatenate([encoder.encode_batch([sequence]) for sequence in sequences])
    deviation = float(np.abs(together - alone).max())
    if not deviation <= LARGEST_DEVIATION:
        cause = (
            f"a vector encoded alone and in a batch differs by {deviation:.2g} (at most {LARGEST_DEVIATION:g} is valid)"
        )
        raise DamagedError("BATCH_VARIANT", cause, place=str(path), remedy="copy the encoder again, or train it again")


def _random_sequence(blueprint: Blueprint, length: int, rng: np.random.Generator) -> np.ndarray:
    """A random sequence of a kind that this encoder takes."""
    if blueprint.inputs == "series":
        return rng.normal(size=(length, blueprint.size)).astype(np.float32)
    words = rng.integers(0, blueprint.size, length)
    if not blueprint.letters:
        return words
    return np.column_stack([words, rng.integers(0, blueprint.letters, (length, LETTERS))])
