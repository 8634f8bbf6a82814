"""Accuracy of the nearest training item: how often it has the class of the test item."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

import numpy as np
from torch import Tensor

from seqtwin.data.batches import Ragged
from seqtwin.model.siamese import Siamese
from seqtwin.run.prepared_data import Prepared
from seqtwin.training.encode_store import encode_items, score_matrix

VectorsT = TypeVar("VectorsT", Tensor, np.ndarray)
AT_ONCE = 1024


def nearest_accuracy(
    vectors_train: VectorsT,
    classes_train: np.ndarray,
    vectors_test: VectorsT,
    classes_test: np.ndarray,
    score_matrix: Callable[[VectorsT, VectorsT], np.ndarray],
) -> float:
    """The share of test items whose training item with the highest score has their class; the first of equal scores.

    `score_matrix(a, b)`: the score of every vector of `a` with every vector of `b`.

    >>> train, test = np.array([[0.0], [3.0]]), np.array([[1.0], [2.0]])
    >>> nearest_accuracy(train, np.array([0, 1]), test, np.array([0, 0]), lambda a, b: -abs(a - b.T))
    0.5
    """
    parts = [vectors_test[start : start + AT_ONCE] for start in range(0, len(vectors_test), AT_ONCE)]
    nearest = np.concatenate([score_matrix(part, vectors_train).argmax(axis=1) for part in parts])
    return float((classes_train[nearest] == classes_test).mean())


def nearest_scores(model: Siamese, prepared: Prepared) -> dict[str, float]:
    """`nn_accuracy` of the test items among the training items; empty where the data have no classes."""
    labelled = prepared.data.labelled
    if labelled is None:
        return {}
    (train, train_classes), (test, test_classes) = (labelled.part(split) for split in ("train", "test"))
    if not train or not test:
        return {}
    gallery, queries = (encode_items(model, _ragged(prepared, items)) for items in (train, test))
    accuracy = nearest_accuracy(gallery, train_classes, queries, test_classes, partial(score_matrix, model))
    return {"nn_accuracy": accuracy}


def _ragged(prepared: Prepared, items: Sequence[str | int]) -> Ragged:
    """The token ids of texts, or the series at these positions."""
    if prepared.tokens is not None:
        return Ragged.of(prepared.tokens.encode([str(text) for text in items]))
    return prepared.stores["test"].items.only(np.asarray(items))
