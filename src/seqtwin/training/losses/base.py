"""What every loss is made of: the contract `Loss`, the texts known to be the same, the plateau."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from seqtwin.model.vector_space import VectorSpace
from seqtwin.records import Compared
from seqtwin.training.losses.margin import Margin

Similarity = Callable[[Tensor, Tensor], Tensor]


class Loss(nn.Module, ABC):
    """The contract of a loss: `(Compared, target) -> scalar`.

    `space` is what the vectors can be, targets >= `cut` are "same" where a loss needs two classes, and `similarity`
    is the one that ranks, on broadcasting `(..., dim)` tensors. A batch that lacks what a loss needs (no positives,
    no triplets) gives a zero with a gradient of zeros and is counted in `silent_batches`.
    """

    # whether it finds its different pairs within a batch, so that data without any can be learned from
    needs_only_same: ClassVar[bool] = False

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
    def settings(self) -> dict[str, Any]:
        """Every setting resolved, as JSON can hold it."""

    @abstractmethod
    def plateau(self, target: Tensor) -> float | None:
        """The least loss on these targets when all pairs look alike; None where that says nothing."""

    def plateau_of(self, batches: Sequence[Tensor]) -> float | None:
        """The plateau of a training in these batches of targets; a loss whose value depends on batch size overrides."""
        return self.plateau(torch.cat(list(batches)))

    def calibrate(self, compared: Compared, target: Tensor) -> None:
        """Fix what is set from data, once and before step 1, on a sample of untrained training pairs.

        Raises: ConfigError when the sample cannot tell (no negatives, or all of them at distance 0).
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
    """For each left, then each right: the number of its group. Int[2*batch].

    Texts are known to be the same when a pair says so, or when their vectors are equal (one text is encoded once); a
    group is what these links connect.

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
