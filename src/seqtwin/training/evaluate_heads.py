"""The predictions of a head for a store of classes, steps or texts, with every metric of them."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from seqtwin.data.batches import ClassStore, DecodeStore, Ragged, StepStore, by_length
from seqtwin.metrics import CLASS_METRICS, WRITTEN_METRICS, measured
from seqtwin.metrics.spans import measure_span_f1
from seqtwin.model.base_head import Answers
from seqtwin.model.heads import Learner
from seqtwin.training.encode_store import ENCODE_BATCH, sorting_lengths


@dataclass(frozen=True)
class HeadPredictions:
    """The predictions of a learner for a store. `values`: metrics. `undefined`: the reasons for those without a value.

    `answers`: one number per evaluated row. It equals the target of the row if the prediction is correct.
    """

    answers: np.ndarray
    values: Mapping[str, float]
    undefined: Mapping[str, str]


@torch.inference_mode()
def class_probabilities(learner: Learner, items: Ragged) -> np.ndarray:
    """The probability of every class: [items classes], or [all steps classes] for labels of steps."""
    parts: list[np.ndarray] = [np.zeros(0)] * len(items)
    for rows, shares in _answers(learner, items):
        assert isinstance(shares, Tensor)  # not a decoder
        sizes = [1] * len(rows) if len(shares) == len(rows) else items.lengths[rows].tolist()
        for row, part in zip(rows, shares.float().cpu().split(sizes), strict=True):
            parts[row] = part.numpy()
    return np.concatenate(parts).astype(np.float64)


@torch.inference_mode()
def written_by(learner: Learner, items: Ragged) -> list[np.ndarray]:
    """The token ids that a decoder generates for every item, without the end token."""
    written: list[np.ndarray] = [np.zeros(0, dtype=np.int64)] * len(items)
    for rows, texts in _answers(learner, items):
        assert not isinstance(texts, Tensor)  # a decoder
        for row, text in zip(rows, texts, strict=True):
            written[row] = text
    return written


def _answers(learner: Learner, items: Ragged) -> Iterator[tuple[npt.NDArray[np.int64], Answers]]:
    device = next(learner.parameters()).device
    was_training = learner.training
    learner.eval()
    for rows in by_length(sorting_lengths(learner, items.lengths), ENCODE_BATCH):
        yield rows, learner.predict(items.take(rows).to(device))
    learner.train(was_training)


def evaluate_classes(learner: Learner, store: ClassStore | StepStore, _classes: Sequence[str]) -> HeadPredictions:
    """The most probable class of every sequence or step. Metrics are NaN if probabilities are not finite."""
    shares = class_probabilities(learner, store.items)
    if not np.isfinite(shares).all():  # the training diverged
        return HeadPredictions(shares.argmax(1), dict.fromkeys(CLASS_METRICS, math.nan), {})
    values, undefined = measured(CLASS_METRICS, shares, store.target)
    return HeadPredictions(shares.argmax(1), values, undefined)


def evaluate_steps(learner: Learner, store: StepStore, classes: Sequence[str]) -> HeadPredictions:
    """The most probable class of every step. Includes span F1 if the classes are tags of spans (B-, I-, O)."""
    steps = evaluate_classes(learner, store, classes)
    values, undefined = measure_span_f1(steps.answers, store.target, store.items.lengths, classes)
    return replace(steps, values={**steps.values, **values}, undefined={**steps.undefined, **undefined})


def evaluate_texts(learner: Learner, store: DecodeStore, _classes: Sequence[str]) -> HeadPredictions:
    """A text for every item. Its answer is 1 if all tokens are correct, else 0."""
    written = written_by(learner, store.items)
    ends = np.cumsum(store.written.lengths)[:-1]
    right = [one[:-1] for one in np.split(store.written.steps, ends)]  # without the end token
    values, undefined = measured(WRITTEN_METRICS, written, right)
    exact = [np.array_equal(a, b) for a, b in zip(written, right, strict=True)]
    return HeadPredictions(np.array(exact, dtype=np.int64), values, undefined)
