"""The contribution of each step of two sequences to their score, by leaving the step out or by the gradient.

METHODS: name -> (meaning of its numbers, function). Positive = the step raises the score.
"""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor

from seqtwin.errors import ConfigError, DataError
from seqtwin.lookup import member
from seqtwin.model.lstm.layout import Layout
from seqtwin.model.lstm.shares import Share, share_of_vectors
from seqtwin.model.run_cell import PADDINGS
from seqtwin.model.siamese import Siamese
from seqtwin.records import Sequences

MOST_STEPS = 1024  # leaving each of n steps out costs n * n

Encode: TypeAlias = Callable[[list[np.ndarray]], np.ndarray]
Both: TypeAlias = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Side:
    """One sequence of a pair. `steps`: its tokens as spelled in the text, or the step numbers of a series; `spans`:
    their positions in the text; `contributions`: Float[steps], None if undefined (a single step cannot be left out).
    """

    text: str
    steps: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]
    contributions: tuple[float | None, ...]


@dataclass(frozen=True)
class PairParts:
    """The score of a pair, and what each step contributes to it. `meaning`: of a contribution, in words.

    `same`: whether the score reaches the threshold, None without a threshold.
    """

    method: str
    meaning: str
    left: Side
    right: Side
    score: float
    threshold: float | None
    same: bool | None

    def as_dict(self) -> dict[str, object]:
        """The record as nested plain values."""
        return asdict(self)


@dataclass(frozen=True)
class Item:
    """A sequence with the text and the spans that name its steps."""

    text: str
    sequence: np.ndarray
    spans: tuple[tuple[int, int], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """A name for each step."""
        if self.spans:
            return tuple(self.text[start:end] for start, end in self.spans)
        return tuple(str(step) for step in range(len(self.sequence)))


def explain(
    model: Siamese, encode: Encode, left: Item, right: Item, *, method: str, threshold: float | None
) -> PairParts:
    """The score of a pair and the contribution of each step of both sides.

    Raises: ConfigError for an unknown method, and for the gradient of an encoder without a recurrent network; DataError
    for sequences too long to leave out each step.
    """
    meaning, explain_steps = member(METHODS, method, "method of explaining")
    score = _scores(model, encode([left.sequence]), encode([right.sequence]))[0]
    contributions = explain_steps(model, encode, left.sequence, right.sequence)
    a, b = (
        Side(item.text, item.names, item.spans, _finite(parts))
        for item, parts in zip((left, right), contributions, strict=True)
    )
    same = None if threshold is None else bool(score >= threshold)
    return PairParts(method, meaning, a, b, float(score), threshold, same)


def _finite(parts: np.ndarray) -> tuple[float | None, ...]:
    return tuple(float(part) if math.isfinite(part) else None for part in parts)


def _scores(model: Siamese, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        scores: np.ndarray = model.similarity(torch.from_numpy(left), torch.from_numpy(right)).numpy()
    return scores


def _occlusion(model: Siamese, encode: Encode, left: np.ndarray, right: np.ndarray) -> Both:
    """score(all) - score(without the step), encoding again for each step."""
    a, b = encode([left]), encode([right])
    whole = _scores(model, a, b)[0]
    return _left_out(model, encode, left, b, whole), _left_out(model, encode, right, a, whole)


def _left_out(model: Siamese, encode: Encode, steps: np.ndarray, other: np.ndarray, whole: float) -> np.ndarray:
    if len(steps) > MOST_STEPS:
        cause = f"the sequence has {len(steps)} steps; expected at most {MOST_STEPS} to leave out each in turn"
        remedy = "shorten it, or use the method 'gradient'"
        raise DataError("EXPLAIN_LENGTH", cause, place="explain_pair", remedy=remedy)
    if len(steps) == 1:
        return np.array([np.nan])
    less = encode([np.delete(steps, step, axis=0) for step in range(len(steps))])
    parts: np.ndarray = whole - _scores(model, less, other)
    return parts


def _gradient(model: Siamese, _encode: Encode, left: np.ndarray, right: np.ndarray) -> Both:
    """x · d score / d x at each step's input x (a token's vector, or the numbers of a series)."""
    channel = model.channel
    if channel is not None and channel.alone:
        cause = f"the vectors of this encoder use only {channel.uses}, which have no gradient"
        raise ConfigError("EXPLAIN_GRADIENT", cause, place="method", remedy="use the method 'occlusion'")
    with torch.enable_grad():
        inputs, vectors = zip(*(_with_gradient(model, steps) for steps in (left, right)), strict=True)
        slopes = torch.autograd.grad(model.similarity(*vectors).sum(), inputs)
    a, b = ((x * slope).sum(-1)[0].detach().numpy() for x, slope in zip(inputs, slopes, strict=True))
    return a, b


def _with_gradient(model: Siamese, steps: np.ndarray) -> tuple[Tensor, Tensor]:
    """A sequence's inputs [1 time dim], which require a gradient, and its vector [1 dim], computed from them."""
    sequences = Sequences(torch.from_numpy(steps)[None], torch.tensor([len(steps)]))
    input_layer = model.encoder.inputs
    series = sequences.values.is_floating_point()
    x = (sequences.values if series else input_layer(sequences)).detach().clone().requires_grad_()
    inputs = _FixedInputs(input_layer(Sequences(x, sequences.lengths)) if series else x)
    states = PADDINGS[model.encoder.padding](inputs, model.encoder.rnn, sequences)
    return x, model.joined(model.vectors_of(states), sequences)


@dataclass(frozen=True)
class _FixedInputs:
    """An input layer with given vectors, used in place of an embedding table or a projection of series."""

    vectors: Tensor

    def __call__(self, sequences: Sequences) -> Tensor:
        return self.vectors

    def gates(self, sequences: Sequences, layout: Layout, weight: Tensor, bias: Tensor) -> Share:
        """The vectors' share of the gates."""
        return share_of_vectors(self.vectors, layout, weight, bias)


METHODS: dict[str, tuple[str, Callable[[Siamese, Encode, np.ndarray, np.ndarray], Both]]] = {
    "occlusion": ("the drop of the score when only this step is left out and the rest is encoded again", _occlusion),
    "gradient": ("input times gradient of the score: a linear approximation, so only a hint", _gradient),
}
