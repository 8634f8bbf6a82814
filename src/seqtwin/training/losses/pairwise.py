"""Losses of single pairs, and of the order of pairs: mse, contrastive, bce, cosent."""

import logging
import math
from collections.abc import Sequence
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from seqtwin.lookup import member
from seqtwin.model.distances import DISTANCES, Distance
from seqtwin.model.vector_space import VectorSpace
from seqtwin.records import Compared
from seqtwin.training.losses.base import Loss, Similarity, least
from seqtwin.training.losses.margin import Margin, Number

log = logging.getLogger(__name__)


class Mse(Loss):
    """Mean squared error of the score. Formula: mean over pairs of (s - y)^2.

    Raises: ValueError when targets of 0 to 1 lie outside the similarity's range.
    Source: Mueller, Thyagarajan 2016 (on exp_manhattan).

    >>> from seqtwin.model.distances import cosine
    >>> space = VectorSpace(dim=2, bound=None, unit=False, similarity="cosine", low=-1.0, high=1.0)
    >>> left, right = torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.tensor([[1.0, 0.0], [1.0, 1.0]])
    >>> pairs = Compared(left, right, cosine(left, right))
    >>> Mse(space, 0.5, cosine)(pairs, torch.tensor([1.0, 0.0]))
    tensor(0.2500)
    """

    def __init__(self, space: VectorSpace, cut: float, similarity: Similarity) -> None:
        super().__init__(space, cut, similarity)
        if not (space.low <= 0 and space.high >= 1):
            raise ValueError(
                f"targets go from 0 to 1, but similarity {space.similarity} only from {space.low:g} to {space.high:g}; "
                "choose a similarity whose range holds them, such as cosine or exp_manhattan"
            )

    def forward(self, compared: Compared, target: Tensor) -> Tensor:
        """The loss of a batch."""
        return self.of_score(compared.score, target)

    def of_score(self, score: Tensor, target: Tensor) -> Tensor:
        """The loss as a function of the scores alone."""
        return (score - target).square().mean()

    @property
    def formula(self) -> str:
        """The exact formula in plain text."""
        return f"mean over pairs of (s - y)^2, s = {self.space.similarity}(left, right)"

    @property
    def settings(self) -> dict[str, Any]:
        """None to make."""
        return {}

    def plateau(self, target: Tensor) -> float:
        """The variance of the targets: all scores at their mean."""
        y = target.double()
        return least(lambda s: float(self.of_score(_alike(y, s), y)), 0.0, 1.0)


def ranked_distance(name: str, space: VectorSpace) -> Distance:
    """The distance of a loss; a warning when the pairs are ranked by something else."""
    distance: Distance = member(DISTANCES, name, "distance")
    # on the unit sphere every distance and similarity orders pairs alike
    if space.similarity not in distance.orders and not space.unit:
        log.warning(
            "the loss trains the %s distance, but pairs are ranked by similarity %s, which orders them differently; %s",
            *(name, space.similarity, f"similarity: {distance.orders[0]} fits"),
        )
    return distance


class Contrastive(Loss):
    """Same pairs are drawn together, different ones pushed apart until the margin.

    Formula: mean over pairs of 1/2 [y d^2 + (1-y) max(0, m-d)^2], y = 1 where the target reaches the cut.

    Raises: ValueError for a margin that cannot be reached.
    Source: Hadsell, Chopra, LeCun 2006, eq. 4 (there 0 = similar, and a sum).

    >>> from seqtwin.model.distances import cosine
    >>> space = VectorSpace(dim=2, bound=None, unit=False, similarity="cosine", low=-1.0, high=1.0)
    >>> left, right = torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.tensor([[1.0, 0.0], [1.0, 1.0]])
    >>> pairs = Compared(left, right, cosine(left, right))
    >>> Contrastive(space, 0.5, cosine, margin=0.5)(pairs, torch.tensor([1.0, 0.0]))
    tensor(0.0107)
    """

    def __init__(
        self,
        space: VectorSpace,
        cut: float,
        similarity: Similarity,
        *,
        distance: str = "cosine",
        margin: Number | Literal["auto"] = "auto",
        k: Number = 1.0,
    ) -> None:
        super().__init__(space, cut, similarity)
        self.name = distance
        self.distance = ranked_distance(distance, space)
        self.margin = Margin(margin, k, distance, space)

    def forward(self, compared: Compared, target: Tensor) -> Tensor:
        """The loss of a batch."""
        return self.of_distance(self.distance.between(compared.left, compared.right), self.same(target))

    def of_distance(self, d: Tensor, same: Tensor) -> Tensor:
        """The loss as a function of the distances alone."""
        return 0.5 * torch.where(same, d.square(), (self.margin() - d).relu().square()).mean()

    @property
    def formula(self) -> str:
        """The exact formula in plain text."""
        m = self.margin.shown
        return (
            f"mean over pairs of 1/2 [y d^2 + (1 - y) max(0, {m} - d)^2], d = {self.distance.formula}, "
            f"y = 1 where target >= {self.cut:g}"
        )

    @property
    def settings(self) -> dict[str, Any]:
        """Distance, margin as a number, and how it came about."""
        return {"distance": self.name, "margin": self.margin.number, "auto": self.margin.auto, "k": self.margin.k}

    def plateau(self, target: Tensor) -> float:
        """1/2 p (1-p) m^2: all distances at (1-p) m."""
        same = self.same(target)
        return least(lambda d: float(self.of_distance(_alike(target, d), same)), 0.0, float(self.margin()))


def _auto_logit(space: VectorSpace) -> tuple[float, float]:
    """Scale and shift for scores of this range: see `Bce`."""
    if math.isfinite(space.low) and math.isfinite(space.high):
        return 10.0, 0.5
    return 1.0, (-1.0 if space.high <= 0 else 0.0)


class Bce(Loss):
    """Cross-entropy of "same" against "different". Formula: -mean of y log p + (1-y) log(1-p), p = sigmoid(logit).

    logit = scale (s - shift). With `auto`: 10 and .5 for a bounded similarity (half of the way to 1 is undecided); the
    score itself for an unbounded one; 1 - distance for one that ends at 0 (its logit could not become positive).

    Raises: ValueError for a scale that is not positive.

    >>> from seqtwin.model.distances import cosine
    >>> space = VectorSpace(dim=2, bound=None, unit=False, similarity="cosine", low=-1.0, high=1.0)
    >>> left, right = torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.tensor([[1.0, 0.0], [1.0, 1.0]])
    >>> pairs = Compared(left, right, cosine(left, right))
    >>> Bce(space, 0.5, cosine)(pairs, torch.tensor([1.0, 0.0]))
    tensor(1.0983)
    """

    def __init__(
        self,
        space: VectorSpace,
        cut: float,
        similarity: Similarity,
        *,
        scale: Number | Literal["auto"] = "auto",
        shift: Number | Literal["auto"] = "auto",
    ) -> None:
        super().__init__(space, cut, similarity)
        auto_scale, auto_shift = _auto_logit(space)
        self.scale = auto_scale if scale == "auto" else positive(scale, "scale")
        self.shift = auto_shift if shift == "auto" else float(shift)

    def forward(self, compared: Compared, target: Tensor) -> Tensor:
        """The loss of a batch."""
        return self.of_score(compared.score, self.same(target))

    def of_score(self, score: Tensor, same: Tensor) -> Tensor:
        """The loss as a function of the scores alone."""
        logit = self.scale * (score - self.shift)
        return F.binary_cross_entropy_with_logits(logit, same.to(logit.dtype))

    @property
    def formula(self) -> str:
        """The exact formula in plain text."""
        return (
            f"-mean over pairs of y log p + (1 - y) log(1 - p), p = sigmoid({self.scale:g} (s - {self.shift:g})), "
            f"s = {self.space.similarity}(left, right), y = 1 where target >= {self.cut:g}"
        )

    @property
    def settings(self) -> dict[str, Any]:
        """Scale and shift of the logit."""
        return {"scale": self.scale, "shift": self.shift}

    def plateau(self, target: Tensor) -> float:
        """The entropy of the labels, as far as the similarity's range lets a constant score reach it."""
        same = self.same(target)
        # sigmoid(-30) is a chance of 1e-13: nearer to 0 or 1 no share of labels lies
        low, high = (
            max(self.space.low, self.shift - 30 / self.scale),
            min(self.space.high, self.shift + 30 / self.scale),
        )
        return least(lambda s: float(self.of_score(_alike(target, s), same)), low, high)


class Cosent(Loss):
    """Pairs with a higher target shall score higher. Formula: log(1 + sum over y_i < y_j of exp(scale (s_i - s_j))).

    Equal targets contribute nothing; a batch of one label is silent.

    Raises: ValueError for a scale that is not positive.
    Source: Su 2022 (CoSENT); sentence-transformers' CoSENTLoss with cosine.

    >>> from seqtwin.model.distances import cosine
    >>> space = VectorSpace(dim=2, bound=None, unit=False, similarity="cosine", low=-1.0, high=1.0)
    >>> left, right = torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.tensor([[1.0, 0.0], [1.0, 1.0]])
    >>> pairs = Compared(left, right, cosine(left, right))
    >>> Cosent(space, 0.5, cosine)(pairs, torch.tensor([1.0, 0.0]))
    tensor(0.0029)
    """

    def __init__(self, space: VectorSpace, cut: float, similarity: Similarity, *, scale: Number = 20.0) -> None:
        super().__init__(space, cut, similarity)
        self.scale = positive(scale, "scale")

    def forward(self, compared: Compared, target: Tensor) -> Tensor:
        """The loss of a batch."""
        if len(target) == 0 or bool((target == target[0]).all()):
            return self.silent(compared)
        return self.of_score(compared.score, target)

    def of_score(self, score: Tensor, target: Tensor) -> Tensor:
        """The loss as a function of the scores alone."""
        y, order = target.sort()
        z = self.scale * score[order]
        lower = torch.searchsorted(y, y)
        has_lower = lower > 0
        # running sums over the sorted pairs: n log n instead of a matrix of all pairs of pairs
        exceeding = z.logcumsumexp(0)[lower[has_lower] - 1] - z[has_lower]
        return torch.cat([exceeding, exceeding.new_zeros(1)]).logsumexp(0)

    @property
    def formula(self) -> str:
        """The exact formula in plain text."""
        return (
            f"log(1 + sum over y_i < y_j of exp({self.scale:g} (s_i - s_j))), "
            f"s = {self.space.similarity}(left, right), over the pairs of a batch"
        )

    @property
    def settings(self) -> dict[str, Any]:
        """The scale of the scores."""
        return {"scale": self.scale}

    def plateau(self, target: Tensor) -> float:
        """log(1 + number of ordered pairs with y_i < y_j): all scores equal. Depends on the size of the batch."""
        y = target.double()
        return float(self.of_score(torch.zeros_like(y), y))

    def plateau_of(self, batches: Sequence[Tensor]) -> float:
        """The mean over the batches, as the training's loss is one."""
        return sum(self.plateau(target) for target in batches) / len(batches)


def positive(value: Number, name: str) -> float:
    """The value itself. Raises: ValueError unless it is a number > 0."""
    if isinstance(value, (str, bool)) or not value > 0:
        raise ValueError(f"{name}: expected a number > 0, got {value!r}")
    return float(value)


def _alike(like: Tensor, value: float) -> Tensor:
    """One value for every pair, in double precision."""
    return torch.full_like(like, value, dtype=torch.float64)
