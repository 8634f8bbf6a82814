"""Losses of single pairs (mse, contrastive, bce) and of the order of pairs (cosent)."""

import logging
import math
from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from seqtwin.lookup import member
from seqtwin.model.distances import DISTANCES, Distance
from seqtwin.model.vector_space import VectorSpace
from seqtwin.records import Compared
from seqtwin.training.losses.base import Choice, Dimension, Loss, Range, Settings, Similarity, least
from seqtwin.training.losses.margin import Margin, Number

log = logging.getLogger(__name__)


class Mse(Loss):
    """Mean squared error of the score. Formula: mean over pairs of (s - y)^2.

    Raises: ValueError when the similarity's range does not include 0 to 1.
    Source: Mueller, Thyagarajan 2016 (with exp_manhattan).

    >>> from seqtwin.model.distances import cosine
    >>> space = VectorSpace(dim=2, bound=None, unit=False, similarity="cosine", low=-1.0, high=1.0)
    >>> left, right = torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.tensor([[1.0, 0.0], [1.0, 1.0]])
    >>> pairs = Compared(left, right, cosine(left, right))
    >>> Mse(space, 0.5, cosine)(pairs, torch.tensor([1.0, 0.0]))
    tensor(0.2500)
    """

    needs_cut = False
    tuning: ClassVar[Mapping[str, Dimension]] = {}
    tuned_similarities = ("cosine", "exp_manhattan")

    def __init__(self, space: VectorSpace, cut: float, similarity: Similarity) -> None:
        super().__init__(space, cut, similarity)
        if not (space.low <= 0 and space.high >= 1):
            raise ValueError(
                f"targets go from 0 to 1, but similarity {space.similarity} only from {space.low:g} to {space.high:g}; "
                "choose a similarity whose range includes 0 to 1, such as cosine or exp_manhattan"
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
    def settings(self) -> Settings:
        """Empty: it has no settings."""
        return {}

    def plateau(self, target: Tensor) -> float:
        """The variance of the targets: all scores at their mean."""
        y = target.double()
        return least(lambda s: float(self.of_score(_constant(y, s), y)), 0.0, 1.0)


def ranked_distance(name: str, space: VectorSpace) -> Distance:
    """The distance of a loss. Warns when the similarity ranks pairs differently."""
    distance = member(DISTANCES, name, "distance")
    # on the unit sphere every distance and similarity orders pairs alike
    if space.similarity not in distance.orders and not space.unit:
        log.warning(
            "the loss trains the %s distance, but similarity %s ranks pairs differently; use similarity: %s",
            *(name, space.similarity, distance.orders[0]),
        )
    return distance


class Contrastive(Loss):
    """Pulls same pairs together and pushes different pairs away from each other, up to a margin.

    Formula: mean over pairs of 1/2 [y d^2 + (1-y) max(0, m-d)^2], y = 1 where target >= cut.

    Raises: ValueError for a margin that cannot be reached.
    Source: Hadsell, Chopra, LeCun 2006, eq. 4 (with 0 = similar, and a sum instead of the mean).

    >>> from seqtwin.model.distances import cosine
    >>> space = VectorSpace(dim=2, bound=None, unit=False, similarity="cosine", low=-1.0, high=1.0)
    >>> left, right = torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.tensor([[1.0, 0.0], [1.0, 1.0]])
    >>> pairs = Compared(left, right, cosine(left, right))
    >>> Contrastive(space, 0.5, cosine, margin=0.5)(pairs, torch.tensor([1.0, 0.0]))
    tensor(0.0107)
    """

    needs_cut = True
    # k: the margin as a multiple of the median distance of the untrained negatives
    tuning: ClassVar[Mapping[str, Dimension]] = {"k": Range(0.3, 3.0), "distance": Choice(tuple(DISTANCES))}

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
    def settings(self) -> Settings:
        """Distance, margin as a number, and how the margin was set."""
        return {"distance": self.name, "margin": self.margin.number, "auto": self.margin.auto, "k": self.margin.k}

    def plateau(self, target: Tensor) -> float:
        """1/2 p (1-p) m^2: all distances at (1-p) m."""
        same = self.same(target)
        return least(lambda d: float(self.of_distance(_constant(target, d), same)), 0.0, float(self.margin()))


def _auto_logit(space: VectorSpace) -> tuple[float, float]:
    """Scale and shift of the logit for the range of the scores, see `Bce`."""
    if math.isfinite(space.low) and math.isfinite(space.high):
        return 10.0, 0.5
    return 1.0, (-1.0 if space.high <= 0 else 0.0)


class Bce(Loss):
    """Cross-entropy of "same" against "different". Formula: -mean of y log p + (1-y) log(1-p), p = sigmoid(logit).

    logit = scale (s - shift). `auto` depends on the range of the similarity. Bounded: scale 10, shift .5 (a score of
    .5 is undecided). Unbounded: the score itself. At most 0: 1 - distance, since the logit must be able to be positive.

    Raises: ValueError for a scale that is not positive.

    >>> from seqtwin.model.distances import cosine
    >>> space = VectorSpace(dim=2, bound=None, unit=False, similarity="cosine", low=-1.0, high=1.0)
    >>> left, right = torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.tensor([[1.0, 0.0], [1.0, 1.0]])
    >>> pairs = Compared(left, right, cosine(left, right))
    >>> Bce(space, 0.5, cosine)(pairs, torch.tensor([1.0, 0.0]))
    tensor(1.0983)
    """

    needs_cut = True
    tuning: ClassVar[Mapping[str, Dimension]] = {"scale": Range(1.0, 50.0)}

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
    def settings(self) -> Settings:
        """Scale and shift of the logit."""
        return {"scale": self.scale, "shift": self.shift}

    def plateau(self, target: Tensor) -> float:
        """The entropy of the labels, or the nearest loss that a constant score in the similarity's range gives."""
        same = self.same(target)
        # sigmoid(-30) is a probability of 1e-13: no share of labels is closer to 0 or 1
        low, high = (
            max(self.space.low, self.shift - 30 / self.scale),
            min(self.space.high, self.shift + 30 / self.scale),
        )
        return least(lambda s: float(self.of_score(_constant(target, s), same)), low, high)


class Cosent(Loss):
    """Ranks pairs by their targets. Formula: log(1 + sum over y_i < y_j of exp(scale (s_i - s_j))).

    Pairs with equal targets are not compared. A batch in which all targets are equal is silent.

    Raises: ValueError for a scale that is not positive.
    Source: Su 2022 (CoSENT). With cosine it is CoSENTLoss of sentence-transformers.

    >>> from seqtwin.model.distances import cosine
    >>> space = VectorSpace(dim=2, bound=None, unit=False, similarity="cosine", low=-1.0, high=1.0)
    >>> left, right = torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.tensor([[1.0, 0.0], [1.0, 1.0]])
    >>> pairs = Compared(left, right, cosine(left, right))
    >>> Cosent(space, 0.5, cosine)(pairs, torch.tensor([1.0, 0.0]))
    tensor(0.0029)
    """

    needs_cut = False
    tuning: ClassVar[Mapping[str, Dimension]] = {"scale": Range(2.0, 100.0)}

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
        # running sums over the sorted pairs need n log n steps; a matrix of all pairs of pairs would need n^2
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
    def settings(self) -> Settings:
        """The scale of the scores."""
        return {"scale": self.scale}

    def plateau(self, target: Tensor) -> float:
        """log(1 + number of pairs with y_i < y_j): all scores are equal. Depends on the size of the batch."""
        y = target.double()
        return float(self.of_score(torch.zeros_like(y), y))

    def plateau_of(self, batches: Sequence[Tensor]) -> float:
        """The mean over the batches, as for the loss of a training."""
        return sum(self.plateau(target) for target in batches) / len(batches)


def positive(value: Number, name: str) -> float:
    """The value as a float. Raises: ValueError unless it is a number > 0."""
    if isinstance(value, (str, bool)) or not value > 0:
        raise ValueError(f"{name}: expected a number > 0, got {value!r}")
    return float(value)


def _constant(like: Tensor, value: float) -> Tensor:
    """The same value for every pair, in double precision."""
    return torch.full_like(like, value, dtype=torch.float64)


PAIRWISE: dict[str, type[Loss]] = {"mse": Mse, "contrastive": Contrastive, "cosent": Cosent, "bce": Bce}
