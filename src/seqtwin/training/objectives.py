"""OBJECTIVES: what an encoder can be trained for besides pairs, and how well it does that on some data.

To add one: a head in `model/heads.py` and a line in the dict at the foot, under the same name.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from seqtwin.data.batches import ClassStore, DecodeStore, Ragged, StepStore, by_length
from seqtwin.metrics import CLASS_METRICS, WRITTEN_METRICS, measured
from seqtwin.metrics.spans import measure_span_f1
from seqtwin.model.heads import Learner
from seqtwin.training.encode_store import ENCODE_BATCH, sorting_lengths

HeadStore = ClassStore | StepStore | DecodeStore


@dataclass(frozen=True)
class Told:
    """What a learner says of a store. `answers`: one number a judged row, equal to the row's target where it is right.

    `values`: metrics; `undefined`: why others have none.
    """

    answers: np.ndarray
    values: Mapping[str, float]
    undefined: Mapping[str, str]


@dataclass(frozen=True)
class Objective:
    """How an objective is judged. `says`: the objective in one line; `primary`: the metric that decides.

    `tell(learner, store, classes)`: the learner's answers, and every metric of them.
    """

    says: str
    primary: str
    tell: Callable[[Learner, Any, Sequence[str]], Told]


@torch.inference_mode()
def class_probabilities(learner: Learner, items: Ragged) -> np.ndarray:
    """Probability of every class, a row a label: [items classes], or [all steps classes] for a labeller of steps."""
    parts: list[np.ndarray] = [np.zeros(0)] * len(items)
    for rows, said in _answers(learner, items):
        sizes = [1] * len(rows) if len(said) == len(rows) else items.lengths[rows].tolist()
        for row, own in zip(rows, said.float().cpu().split(sizes), strict=True):
            parts[row] = own.numpy()
    return np.concatenate(parts).astype(np.float64)


@torch.inference_mode()
def written_by(learner: Learner, items: Ragged) -> list[np.ndarray]:
    """What a decoder writes of every item: token ids without the end token."""
    written: list[np.ndarray] = [np.zeros(0, dtype=np.int64)] * len(items)
    for rows, said in _answers(learner, items):
        for row, own in zip(rows, said, strict=True):
            written[row] = own
    return written


def _answers(learner: Learner, items: Ragged) -> Iterator[tuple[np.ndarray, Any]]:
    device = next(learner.parameters()).device
    was_training = learner.training
    learner.eval()
    for rows in by_length(sorting_lengths(learner, items.lengths), ENCODE_BATCH):
        yield rows, learner.predict(items.take(rows).to(device))
    learner.train(was_training)


def tell_classes(learner: Learner, store: ClassStore | StepStore, _classes: Sequence[str]) -> Told:
    """One class a sequence or a step: the most probable one. Metrics are NaN where probabilities are not finite."""
    shares = class_probabilities(learner, store.items)
    if not np.isfinite(shares).all():  # a training that diverged: no metric can tell
        return Told(shares.argmax(1), dict.fromkeys(CLASS_METRICS, math.nan), {})
    values, undefined = measured(CLASS_METRICS, shares, store.target)
    return Told(shares.argmax(1), values, undefined)


def tell_steps(learner: Learner, store: StepStore, classes: Sequence[str]) -> Told:
    """One class a step; span F1 too where the classes are tags of spans (B-, I-, O)."""
    told = tell_classes(learner, store, classes)
    values, undefined = measure_span_f1(told.answers, store.target, store.items.lengths, classes)
    return replace(told, values={**told.values, **values}, undefined={**told.undefined, **undefined})


def tell_written(learner: Learner, store: DecodeStore, _classes: Sequence[str]) -> Told:
    """A text for every item: 1 where it is the right one to the last token."""
    written = written_by(learner, store.items)
    ends = np.cumsum(store.written.lengths)[:-1]
    right = [one[:-1] for one in np.split(store.written.steps, ends)]  # without the end token
    values, undefined = measured(WRITTEN_METRICS, written, right)
    exact = [np.array_equal(a, b) for a, b in zip(written, right, strict=True)]
    return Told(np.array(exact, dtype=np.int64), values, undefined)


OBJECTIVES: dict[str, Objective] = {
    "classify": Objective(
        "A class for the whole sequence: one or two linear layers on any representation.", "accuracy", tell_classes
    ),
    "label_steps": Objective("A class for every step, from the outputs there.", "accuracy", tell_steps),
    "decode": Objective(
        "A text, written by a decoder that starts from the one vector: the input again, or another.",
        "exact_match",
        tell_written,
    ),
}
