"""What an encoder with a head says of new sequences: a class, a class a step, or a text."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from seqtwin.data.batches import Ragged
from seqtwin.data.tokens.decoded_text import text_of
from seqtwin.errors import ConfigError
from seqtwin.inference.inputs import batches_of, items_of, series_of, texts_of
from seqtwin.lookup import split_spec
from seqtwin.model.heads import Learner
from seqtwin.store import SavedHead, Stored


@dataclass(frozen=True)
class Prediction:
    """What is said of one sequence: the name of a class, one a step, or a text.

    `probability`: of that class, or of the class of each step; None for a text.
    """

    answer: str | tuple[str, ...]
    probability: float | tuple[float, ...] | None = None


def predict(stored: Stored, items: Iterable[Any], *, batch_size: int = 512) -> list[Prediction]:
    """One prediction a sequence, in the order given; the same whatever stands beside it in its batch.

    Texts, or series [time channels]; for a labeller of steps lists of words, too, of which each is one step.

    Raises: ConfigError for an encoder that was trained on pairs; DataError.
    """
    head = head_of(stored)
    kind = split_spec(head.spec)[0]
    given = items_of(items)
    found: list[Prediction] = [Prediction("")] * len(given)
    for rows, said, lengths in _said(stored, head, given, batch_size):
        for row, one in zip(rows, ANSWERS[kind](said, lengths, head), strict=True):
            found[row] = one
    return found


def probabilities(stored: Stored, items: Iterable[Any], *, batch_size: int = 512) -> np.ndarray:
    """The probability of every class, a row a sequence, or a step, in the order given: Float64[labels classes].

    Raises: ConfigError for an encoder whose head says no classes; DataError.
    """
    head, given = head_of(stored), items_of(items)
    if not head.classes:
        raise ConfigError("NO_CLASSES", "this encoder's head writes texts: it says no classes", place="probabilities")
    parts: list[np.ndarray] = [np.zeros((0, len(head.classes)))] * len(given)
    for rows, said, lengths in _said(stored, head, given, batch_size):
        sizes = lengths.tolist() if len(said) != len(rows) else [1] * len(rows)
        for row, one in zip(rows, said.double().split(sizes), strict=True):
            parts[row] = one.numpy()
    return np.concatenate(parts) if parts else np.zeros((0, len(head.classes)))


def _said(
    stored: Stored, head: SavedHead, given: Sequence[Any], batch_size: int
) -> Iterator[tuple[np.ndarray, Any, np.ndarray]]:
    """Rows of each batch, what the head says of them, and their lengths."""
    if not given:
        return
    ragged, learner = Ragged.of(sequences_of(stored, given)), Learner(stored.model, head.module).eval()
    with torch.inference_mode():
        for rows in batches_of(ragged.lengths, batch_size):
            yield rows, learner.predict(ragged.take(rows)), ragged.lengths[rows]


def head_of(stored: Stored) -> SavedHead:
    """The head of an encoder.

    Raises: ConfigError when it has none.
    """
    if stored.head is None:
        cause = "this encoder was trained on pairs: it has no head that says a class or writes a text"
        raise ConfigError("NO_HEAD", cause, place="predict", remedy="train it with objective: classify (or another)")
    return stored.head


def sequences_of(stored: Stored, items: Sequence[Any]) -> list[np.ndarray]:
    """What the model reads of each item; a list of words is read word by word.

    Raises: DataError.
    """
    if stored.tokens is None:
        return [series_of(item, stored.blueprint.size) for item in items]
    if all(_worded(item) for item in items):
        return stored.tokens.encode_words([list(item) for item in items])
    return stored.tokens.encode(texts_of(list(items)))


def _worded(item: Any) -> bool:
    """Whether an item is a list of words, not a text."""
    return isinstance(item, list | tuple) and all(isinstance(word, str) for word in item)


def _classes(said: torch.Tensor, _lengths: np.ndarray, head: SavedHead) -> list[Prediction]:
    top = said.max(1)
    pairs = zip(top.indices.tolist(), top.values.tolist(), strict=True)
    return [Prediction(head.classes[place], share) for place, share in pairs]


def _steps(said: torch.Tensor, lengths: np.ndarray, head: SavedHead) -> list[Prediction]:
    top = said.max(1)
    found = []
    for places, shares in zip(top.indices.split(lengths.tolist()), top.values.split(lengths.tolist()), strict=True):
        found.append(Prediction(tuple(head.classes[place] for place in places.tolist()), tuple(shares.tolist())))
    return found


def _texts(said: list[np.ndarray], _lengths: np.ndarray, head: SavedHead) -> list[Prediction]:
    assert head.written is not None
    return [Prediction(text_of(head.written, ids)) for ids in said]


ANSWERS: Mapping[str, Callable[[Any, np.ndarray, SavedHead], list[Prediction]]] = {
    "classify": _classes,
    "label_steps": _steps,
    "decode": _texts,
}
