"""The nearest training item of each test item, in the learned space: how often it is of the same class."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from seqtwin.data.batches import Ragged
from seqtwin.model.siamese import Siamese
from seqtwin.run.prepared import Prepared
from seqtwin.training.encode_store import encode_items, only, score_matrix

ScoreMatrix = Callable[[Any, Any], np.ndarray]
AT_ONCE = 1024


def nearest_accuracy(
    vectors_train: Any,
    classes_train: np.ndarray,
    vectors_test: Any,
    classes_test: np.ndarray,
    score_matrix: ScoreMatrix,
) -> float:
    """The share of test items whose best-scored training item has their class; of several with one score the first.

    >>> train, test = np.array([[0.0], [3.0]]), np.array([[1.0], [2.0]])
    >>> nearest_accuracy(train, np.array([0, 1]), test, np.array([0, 0]), lambda a, b: -abs(a - b.T))
    0.5
    """
    parts = [vectors_test[start : start + AT_ONCE] for start in range(0, len(vectors_test), AT_ONCE)]
    found = np.concatenate([score_matrix(part, vectors_train).argmax(axis=1) for part in parts])
    return float((classes_train[found] == classes_test).mean())


def nearest_scores(model: Siamese, prepared: Prepared) -> dict[str, float]:
    """`nn_accuracy` of test items among training items; empty where the data have no classes."""
    labelled = prepared.data.labelled
    if labelled is None:
        return {}
    (train, train_classes), (test, test_classes) = (labelled.part(split) for split in ("train", "test"))
    if not train or not test:
        return {}
    gallery, queries = (encode_items(model, _ragged(prepared, items)) for items in (train, test))
    found = nearest_accuracy(gallery, train_classes, queries, test_classes, partial(score_matrix, model))
    return {"nn_accuracy": found}


def _ragged(prepared: Prepared, items: Sequence[Any]) -> Ragged:
    """Texts as tokens; of series those at these positions."""
    if prepared.tokens is not None:
        return Ragged.of(prepared.tokens.encode(list(items)))
    return only(prepared.stores["test"].items, np.asarray(items))
