"""Predictions of an encoder with a head for new sequences: a class, one class per step, or a generated text."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch

from seqtwin.data.batches import Ragged
from seqtwin.data.tokens.decoded_text import text_of
from seqtwin.errors import ConfigError
from seqtwin.inference.batching import Batching
from seqtwin.inference.inputs import check_series, check_texts, list_items
from seqtwin.model.base_head import Predicts
from seqtwin.model.heads import Learner
from seqtwin.store import SavedHead, Stored

# class probabilities [labels classes]; of a decoder, the token ids of each text
Output: TypeAlias = torch.Tensor | list[np.ndarray]


@dataclass(frozen=True)
class Prediction:
    """The prediction for one sequence: the name of a class, one name per step, or a text.

    `probability`: of that class, or of the class of each step; None for a text.
    """

    answer: str | tuple[str, ...]
    probability: float | tuple[float, ...] | None = None


def predict(stored: Stored, items: Iterable[object], batching: Batching) -> list[Prediction]:
    """One prediction per sequence, in the order given. A prediction does not depend on the batch.

    `items`: texts, or series [time channels]; for a head that labels steps also lists of words, one step per word.

    Raises: ConfigError for an encoder that was trained on pairs; DataError.
    """
    head, sequences = _inputs(stored, items)
    named = PREDICTIONS[head.module.predicts]
    predictions: list[Prediction] = [Prediction("")] * len(sequences)
    for rows, output, lengths in _outputs(stored, head, sequences, batching):
        for row, prediction in zip(rows, named(output, lengths, head), strict=True):
            predictions[row] = prediction
    return predictions


def probabilities(stored: Stored, items: Iterable[object], batching: Batching) -> np.ndarray:
    """The probability of every class, in the order given, Float64[labels classes]: one row per sequence, or per step.

    Raises: ConfigError for an encoder whose head predicts no classes; DataError.
    """
    if not require_head(stored).classes:
        cause = "this encoder generates text; it does not predict classes"
        raise ConfigError("NO_CLASSES", cause, place="probabilities", remedy="use predict")
    head, sequences = _inputs(stored, items)
    parts: list[np.ndarray] = [np.zeros((0, len(head.classes)))] * len(sequences)
    for rows, output, lengths in _outputs(stored, head, sequences, batching):
        assert isinstance(output, torch.Tensor)
        sizes = lengths.tolist() if len(output) != len(rows) else [1] * len(rows)
        for row, shares in zip(rows, output.double().split(sizes), strict=True):
            parts[row] = shares.numpy()
    return np.concatenate(parts) if parts else np.zeros((0, len(head.classes)))


def _inputs(stored: Stored, items: Iterable[object]) -> tuple[SavedHead, list[np.ndarray]]:
    head, listed = require_head(stored), list_items(items)
    return head, model_inputs(stored, listed) if listed else []


def _outputs(
    stored: Stored, head: SavedHead, sequences: Sequence[np.ndarray], batching: Batching
) -> Iterator[tuple[np.ndarray, Output, np.ndarray]]:
    """The rows of each batch, the output of the head for them, and their lengths."""
    if not sequences:
        return
    ragged, learner = Ragged.of(sequences), Learner(stored.model, head.module).eval()
    with torch.inference_mode():
        for rows in batching.batches(ragged.lengths):
            yield rows, learner.predict(ragged.take(rows)), ragged.lengths[rows]


def require_head(stored: Stored) -> SavedHead:
    """The head of an encoder.

    Raises: ConfigError if it has none.
    """
    if stored.head is None:
        cause = "this encoder was trained on pairs; it has no head that predicts a class or generates a text"
        raise ConfigError("NO_HEAD", cause, place="predict", remedy="train it with objective: classify (or another)")
    return stored.head


def model_inputs(stored: Stored, items: Sequence[object]) -> list[np.ndarray]:
    """The model's input for each item; a list of words is one step per word.

    Raises: DataError.
    """
    if stored.tokens is None:
        return [check_series(item, stored.blueprint.size) for item in items]
    words = [_words(item) for item in items]
    lists = [word_list for word_list in words if word_list is not None]
    return stored.tokens.encode_words(lists) if len(lists) == len(items) else stored.tokens.encode(check_texts(items))


def _words(item: object) -> list[str] | None:
    """The words of an item that is a list of words; None for anything else."""
    if not isinstance(item, list | tuple):
        return None
    words = [word for word in item if isinstance(word, str)]
    return words if len(words) == len(item) else None


def _classes(output: Output, _lengths: np.ndarray, head: SavedHead) -> list[Prediction]:
    assert isinstance(output, torch.Tensor)
    top = output.max(1)
    pairs = zip(top.indices.tolist(), top.values.tolist(), strict=True)
    return [Prediction(head.classes[place], share) for place, share in pairs]


def _steps(output: Output, lengths: np.ndarray, head: SavedHead) -> list[Prediction]:
    assert isinstance(output, torch.Tensor)
    top = output.max(1)
    runs = zip(top.indices.split(lengths.tolist()), top.values.split(lengths.tolist()), strict=True)
    return [
        Prediction(tuple(head.classes[place] for place in places.tolist()), tuple(shares.tolist()))
        for places, shares in runs
    ]


def _texts(output: Output, _lengths: np.ndarray, head: SavedHead) -> list[Prediction]:
    assert head.written is not None
    return [Prediction(text_of(head.written, ids)) for ids in output]


PREDICTIONS: Mapping[Predicts, Callable[[Output, np.ndarray, SavedHead], list[Prediction]]] = {
    "class": _classes,
    "class per step": _steps,
    "text": _texts,
}
