"""Batches of vectors with their targets, odd ones among them, for the checks of a loss."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from seqtwin.conformance.battery import require
from seqtwin.errors import ConfigError
from seqtwin.model.similarities import SIMILARITIES, Similarity
from seqtwin.model.vector_space import VectorSpace
from seqtwin.records import Compared
from seqtwin.training.losses import Loss

DIM, ROWS, CUT = 16, 8, 0.5
# how long vectors are in each space at the ideal: so long that different pairs of the last two are far apart
SPACES = {"cosine": 1.0, "exp_manhattan": 300.0, "negative_euclidean": 300.0}
BINARY = torch.tensor([1.0, 0.0] * (ROWS // 2))
GRADED = torch.tensor([0.9, 0.1, 0.7, 0.3, 0.95, 0.2, 0.6, 0.05])

Build = Callable[[VectorSpace, float, Similarity], Loss]


@dataclass(frozen=True)
class Fitted:
    """A loss, built for the vectors of a similarity. `reach`: how long vectors are at the ideal."""

    loss: Loss
    similarity: Similarity
    reach: float

    def of(self, left: Tensor, right: Tensor, target: Tensor) -> Tensor:
        """The loss of a batch of vectors [batch dim]."""
        found: Tensor = self.loss(self.compared(left, right), target.to(left.dtype))
        return found

    def compared(self, left: Tensor, right: Tensor) -> Compared:
        """The vectors with their scores."""
        return Compared(left, right, self.similarity(left, right))

    def gradients(self, left: Tensor, right: Tensor, target: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The loss of a batch, and its gradients: zero where the loss does not depend on a side."""
        left, right = (side.detach().clone().requires_grad_() for side in (left, right))
        value = self.of(left, right, target)
        value.backward()
        moved = [torch.zeros_like(side) if side.grad is None else side.grad for side in (left, right)]
        return value.detach(), moved[0], moved[1]


@dataclass(frozen=True)
class Case:
    """A loss and how it is built. Similarities that it refuses are left out."""

    build: Build

    @cached_property
    def fitted(self) -> list[Fitted]:
        """The loss for each similarity that it accepts, calibrated. Raises: NotMetError if it refuses all of them."""
        found, refusals = [], []
        for name in SPACES:
            try:
                found.append(self.built(name))
            except (ValueError, ConfigError) as error:
                refusals.append(str(error))
        require(bool(found), f"it refuses every similarity: {refusals[:1]}")
        return found

    def built(self, name: str, seed: int = 5, cut: float = CUT) -> Fitted:
        """The loss for a similarity, calibrated on the vectors of a seed."""
        similarity = SIMILARITIES[name](DIM)
        space = VectorSpace(DIM, None, False, name, similarity.low, similarity.high)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            fitted = Fitted(self.build(space, cut, similarity), similarity, SPACES[name])
        with torch.no_grad():
            fitted.loss.calibrate(fitted.compared(*drawn(seed, rows=64)), BINARY.repeat(8))
        return fitted


def drawn(seed: int = 0, *, rows: int = ROWS, dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor]:
    """Random lefts and rights [rows DIM]: the rights are near their lefts, and all are near one direction."""
    left, noise = _noise(seed, rows)
    return (0.5 + 0.5 * left).to(dtype), (0.5 + 0.5 * left + 0.7 * noise).to(dtype)


def near(seed: int, dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor]:
    """Random lefts and rights that are all so close to each other that every kind of loss trains them."""
    left, right = _noise(seed, ROWS)
    return (0.5 + 0.05 * left).to(dtype), (0.5 + 0.05 * right).to(dtype)


def _noise(seed: int, rows: int) -> Tensor:
    return torch.randn(2, rows, DIM, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def ideal(target: Tensor, reach: float) -> tuple[Tensor, Tensor]:
    """Lefts and rights that are equal where the target is 1, and otherwise have nothing in common."""
    rows = torch.eye(DIM)[: len(target)] * reach
    others = torch.eye(DIM)[len(target) : 2 * len(target)] * reach
    return rows, torch.where(target[:, None] >= CUT, rows, others)


def odd_batches(dtype: torch.dtype = torch.float32) -> dict[str, tuple[Tensor, Tensor, Tensor]]:
    """The batches on which a loss most often fails, by name: lefts, rights and targets.

    Vectors are close to each other, unless the name states otherwise.
    """
    left, right = near(0, dtype)
    same, different = torch.ones(ROWS), torch.zeros(ROWS)
    constant = torch.ones_like(left)
    return {
        "only same pairs": (left, right, same),
        "only different pairs": (left, right, different),
        "a single same pair": (left[:1], right[:1], same[:1]),
        "a single different pair": (left[:1], right[:1], different[:1]),
        "identical pairs": (left, left.clone(), BINARY),
        "constant scores": (constant, constant.clone(), BINARY),
        "zero vectors": (constant * 0, constant * 0, BINARY),
        "equal targets": (left, right, torch.full((ROWS,), 0.5)),
    }
