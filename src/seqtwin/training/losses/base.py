"""The contract `Loss`, the ranges in which its options are tuned, and what several losses share."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import torch
from torch import Tensor, nn

from seqtwin.model.vector_space import VectorSpace
from seqtwin.records import Compared
from seqtwin.training.losses.margin import Margin, Number

Similarity = Callable[[Tensor, Tensor], Tensor]
# the settings of a loss, as JSON: a number, a text, or a dict of them for a part of another library
Settings = dict[str, object]

EDGE = 0.05


@dataclass(frozen=True)
class Range:
    """Tuning searches all numbers between two ends, on a log scale or on a linear one."""

    low: Number
    high: Number
    log: bool = True

    def edge(self, value: Number) -> bool:
        """Whether a value is within 5 % of either end of the range. A better value may then be outside.

        >>> Range(1e-4, 1e-2).edge(9e-3), Range(1e-4, 1e-2).edge(1e-3)
        (True, False)
        """
        low, high, at = (math.log(x) if self.log else x for x in (self.low, self.high, value))
        return not EDGE < (at - low) / (high - low) < 1 - EDGE

    def holds(self, value: object) -> bool:
        """Whether a value of a config is a number in this range."""
        return isinstance(value, (int, float)) and not isinstance(value, bool) and self.low <= value <= self.high


@dataclass(frozen=True)
class Choice:
    """Tuning searches these names."""

    names: tuple[str, ...]

    def edge(self, value: str) -> bool:
        """False: names have no edge."""
        return False

    def holds(self, value: object) -> bool:
        """Whether a value of a config is one of the names."""
        return value in self.names


Dimension = Range | Choice


class Loss(nn.Module, ABC):
    """The contract of a loss: `(Compared, target) -> scalar`.

    `space` describes the vectors, `similarity` is the one that ranks pairs, on broadcasting `(..., dim)` tensors. A
    loss that needs two classes treats targets >= `cut` as "same". A batch without what a loss needs (no positives, no
    triplets) gives a zero with a gradient of zeros and is counted in `silent_batches`.
    """

    # whether it finds its different pairs within a batch; it then learns from data that have only same pairs
    needs_only_same: ClassVar[bool] = False
    # whether it turns graded targets into same and different; False for a loss that uses the targets as they are
    needs_cut: ClassVar[bool] = True
    # the options that tuning searches where a config does not set them
    tuning: ClassVar[Mapping[str, Dimension]] = {}
    # the similarities that tuning searches where a config does not name one
    tuned_similarities: ClassVar[tuple[str, ...]] = ()

    def __init__(self, space: VectorSpace, cut: float, similarity: Similarity) -> None:
        super().__init__()
        self.space = space
        self.cut = cut
        # wrapped, or nn.Module would adopt the parameters that the model owns
        self.similarity: Similarity = partial(similarity)
        self.silent_batches = 0

    @abstractmethod
    def forward(self, compared: Compared, target: Tensor) -> Tensor:
        """The loss of a batch, a scalar."""

    @property
    @abstractmethod
    def formula(self) -> str:
        """The exact formula in plain text, with the settings as numbers."""

    @property
    @abstractmethod
    def settings(self) -> Settings:
        """Every setting, with `auto` resolved, as JSON values."""

    @abstractmethod
    def plateau(self, target: Tensor) -> float | None:
        """The least loss on these targets when all pairs look alike; None where it is unknown or meaningless."""

    def plateau_of(self, batches: Sequence[Tensor]) -> float | None:
        """The plateau of a training with these batches of targets.

        A loss whose value depends on the size of the batch overrides this.
        """
        return self.plateau(torch.cat(list(batches)))

    def calibrate(self, compared: Compared, target: Tensor) -> None:
        """Set what depends on the data, once and before step 1, from a sample of untrained training pairs.

        Raises: ConfigError when the sample has no negatives, or all of them are at distance 0.
        """
        for part in self.children():
            if isinstance(part, Margin):
                part.calibrate(compared, ~self.same(target))

    def same(self, target: Tensor) -> Tensor:
        """Which pairs are "same": Bool[batch]."""
        return target >= self.cut

    def silent(self, compared: Compared) -> Tensor:
        """A zero that is connected to the graph; the batch is counted."""
        self.silent_batches += 1
        return (compared.left.sum() + compared.right.sum() + compared.score.sum()) * 0.0


def text_groups(compared: Compared, same: Tensor) -> Tensor:
    """The group of each left, then of each right: Int[2*batch].

    Texts are known to be the same when a pair is labelled same, or when their vectors are equal (one text is encoded
    once). A group contains all texts that these links connect.

    >>> a, b = torch.tensor([[1.], [2.], [3.]]), torch.tensor([[2.], [3.], [4.]])
    >>> text_groups(Compared(a, b, b[:, 0]), torch.tensor([True, False, False])).tolist()
    [0, 0, 2, 0, 2, 3]
    """
    vectors = torch.cat([compared.left, compared.right]).detach()
    _, text = torch.unique(vectors, dim=0, return_inverse=True)
    left, right = text.chunk(2)
    label = torch.arange(int(text.max()) + 1 if len(text) else 0, device=text.device)
    while True:
        lowest = torch.minimum(label[left], label[right])[same]
        merged = label.scatter_reduce(0, left[same], lowest, "amin").scatter_reduce(0, right[same], lowest, "amin")
        if torch.equal(merged, label):
            return label[text]
        label = merged


def least(value: Callable[[float], float], low: float, high: float) -> float:
    """The minimum of a convex function between two numbers, ends included.

    >>> round(least(lambda x: (x - 0.25) ** 2 + 1, 0.0, 1.0), 9)
    1.0
    """
    from scipy.optimize import minimize_scalar

    inside = minimize_scalar(value, bounds=(low, high), method="bounded", options={"xatol": 1e-8})
    return min(float(inside.fun), value(low), value(high))
