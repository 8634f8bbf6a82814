"""A trained encoder at work: texts (or series) to vectors, pairs to scores. Training is never imported here."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from seqtwin.data.batches import Ragged, by_length
from seqtwin.errors import ConfigError, DamagedError, DataError
from seqtwin.store import CARD, WEIGHTS, Stored, load_encoder

LARGEST_DEVIATION = 1e-4


class TrainedEncoder:
    """An encoder loaded from a folder: `encode`, `similarity`, `score`.

    `threshold`: the score from which on dev called a pair the same, None where dev could not tell.
    """

    def __init__(self, stored: Stored) -> None:
        self._stored, self._model = stored, stored.model
        self.threshold: float | None = stored.facts.get("threshold")
        self.facts: dict[str, Any] = stored.facts

    @property
    def dim(self) -> int:
        """Width of a vector."""
        return self._model.space.dim

    def encode(
        self,
        texts: Sequence[Any] | str,
        *,
        batch_size: int = 512,
        normalize_embeddings: bool = False,
    ) -> np.ndarray:
        """Vectors, float32 [n, dim], in the order given; the same whatever stands beside a text in its batch.

        `texts` are texts, or for an encoder of series arrays [time, channels].

        Raises: DataError for an empty text (unless the encoder was trained with `empty: unk`), or a wrong shape.
        """
        items = _items(texts)
        if not items:
            return np.zeros((0, self.dim), dtype=np.float32)
        ragged = Ragged.of(self._sequences(items))
        vectors = np.empty((len(items), self.dim), dtype=np.float32)
        with torch.inference_mode():
            for rows in by_length(ragged.lengths, batch_size):
                vectors[rows] = self._model.encode(ragged.take(rows)).numpy()
        if normalize_embeddings:
            vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        return vectors

    def _sequences(self, items: list[Any]) -> list[np.ndarray]:
        if self._stored.tokens is not None:
            wrong = [item for item in items if not isinstance(item, str)]
            if wrong:
                raise DataError("ENCODE_TYPE", f"expected texts, got a {type(wrong[0]).__name__}", place="encode")
            return self._stored.tokens.encode(items)
        return [_series(item, self._stored.blueprint.size) for item in items]

    def similarity(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """The similarity the encoder was trained for, between all vectors: Float[len(a), len(b)]."""
        left, right = (torch.tensor(np.atleast_2d(side), dtype=torch.float32) for side in (a, b))
        with torch.inference_mode():
            scores: np.ndarray = self._model.similarity.matrix(left, right).numpy()
        return scores

    def score(self, left: Sequence[Any] | str, right: Sequence[Any] | str) -> np.ndarray:
        """The score of each pair, float32 [n], higher = more similar."""
        lefts, rights = _items(left), _items(right)
        if len(lefts) != len(rights):
            cause = f"{len(lefts)} texts on the left, {len(rights)} on the right"
            raise DataError("SCORE_LENGTH", cause, place="score")
        a, b = (torch.from_numpy(self.encode(side)) for side in (lefts, rights))
        with torch.inference_mode():
            scores: np.ndarray = self._model.similarity(a, b).numpy()
        return scores


def _items(texts: Any) -> list[Any]:
    if isinstance(texts, str):
        return [texts]
    if not isinstance(texts, Iterable):
        raise DataError("ENCODE_TYPE", f"expected a list of texts, got a {type(texts).__name__}", place="encode")
    return list(texts)


def _series(item: Any, channels: int) -> np.ndarray:
    try:
        array = np.asarray(item, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise DataError("ENCODE_SERIES", f"expected numbers [time, {channels} channels]", place="encode") from error
    if array.ndim != 2 or not len(array) or array.shape[1] != channels or not np.isfinite(array).all():
        cause = f"expected finite numbers [time >= 1, {channels} channels], got shape {array.shape}"
        raise DataError("ENCODE_SERIES", cause, place="encode")
    return array


def load(folder: Path | str, *, allow_read_padding: bool = False) -> TrainedEncoder:
    """The encoder of a folder (`encoder/`, or the run that holds one).

    Raises: ConfigError when there is none, or when it was trained with `padding: read`, whose vectors depend on the
    batch, unless `allow_read_padding`; DamagedError when its files do not fit or vectors change with the batch.
    """
    path = Path(folder)
    path = path if _holds_encoder(path) else path / "encoder"
    if not _holds_encoder(path):
        cause = f"no {CARD} here, nor in encoder/"
        raise ConfigError("NO_ENCODER", cause, place=str(folder), remedy="name the encoder folder of a finished run")
    stored = load_encoder(path)
    if stored.blueprint.encoder.padding == "read":
        if not allow_read_padding:
            cause = "trained with padding: read: its vectors depend on the texts beside them"
            raise ConfigError("PADDING_READ", cause, place=str(path), remedy="train with padding: masked")
    else:
        _check_batches(stored, path)
    return TrainedEncoder(stored)


def _holds_encoder(folder: Path) -> bool:
    return (folder / CARD).exists() or (folder / WEIGHTS).exists()


def _check_batches(stored: Stored, path: Path) -> None:
    """A vector must not depend on its batch-mates; found out on three sequences each time an encoder is loaded."""
    rng = np.random.default_rng(0)
    size, kind = stored.blueprint.size, stored.blueprint.inputs
    lengths = (1, 7, 3)
    items = [
        rng.integers(0, size, n) if kind == "tokens" else rng.normal(size=(n, size)).astype(np.float32) for n in lengths
    ]
    with torch.inference_mode():
        together = stored.model.encode(Ragged.of(items).take(np.arange(3)))
        alone = torch.cat([stored.model.encode(Ragged.of([item]).take(np.arange(1))) for item in items])
    deviation = float((together - alone).abs().max())
    if not deviation <= LARGEST_DEVIATION:
        cause = f"a vector made alone and in a batch differ by {deviation:.2g} (at most {LARGEST_DEVIATION:g} is right)"
        raise DamagedError("BATCH_VARIANT", cause, place=str(path))
