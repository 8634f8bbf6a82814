"""Losses that compare each left of a batch with all its rights: in_batch and triplet. Both need positives."""

from collections.abc import Callable, Mapping
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from seqtwin.lookup import member
from seqtwin.model.distances import DISTANCES
from seqtwin.model.vector_space import VectorSpace
from seqtwin.records import Compared
from seqtwin.training.losses.base import Choice, Dimension, Loss, Range, Settings, Similarity, text_groups
from seqtwin.training.losses.margin import Margin, Number
from seqtwin.training.losses.pairwise import positive, ranked_distance


def _known_same(compared: Compared, same: Tensor, anchors: Tensor) -> Tensor:
    """Whether each right is known to be the same as the left of each anchor: Bool[anchors batch]."""
    left, right = text_groups(compared, same).chunk(2)
    return left[anchors][:, None] == right[None]


def _least_target(value: Number, cut: float) -> float:
    if isinstance(value, (str, bool)) or not cut <= value <= 1:
        raise ValueError(f"positive_from: expected a target from the cut ({cut:g}) to 1, got {value!r}")
    return float(value)


class InBatch(Loss):
    """Finds the right of each positive among all rights of the batch.

    Formula: -mean over positives i of log softmax_j(s(left_i, right_j) / temperature) at j = i. Rights known to be the
    same as left_i are left out. The rights of different pairs are additional negatives.

    `positive_from`: for graded targets, the least target of a positive, by default the cut. Pairs between the cut and
    this target are neither: their left looks for nothing, and their texts are no negatives of each other.

    Raises: ValueError for a temperature that is not positive, or a `positive_from` that is not from the cut to 1.
    Source: Henderson et al. 2017; van den Oord et al. 2018 (InfoNCE).

    >>> from seqtwin.model.distances import cosine
    >>> space = VectorSpace(dim=2, bound=None, unit=False, similarity="cosine", low=-1.0, high=1.0)
    >>> left, right = torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.tensor([[1.0, 0.0], [1.0, 1.0]])
    >>> pairs = Compared(left, right, cosine(left, right))
    >>> InBatch(space, 0.5, cosine)(pairs, torch.tensor([1.0, 0.0]))
    tensor(0.0029)
    """

    needs_only_same = True
    needs_cut = True
    tuning: ClassVar[Mapping[str, Dimension]] = {"temperature": Range(0.01, 0.5)}

    def __init__(
        self,
        space: VectorSpace,
        cut: float,
        similarity: Similarity,
        *,
        temperature: Number = 0.05,
        positive_from: Number | None = None,
    ) -> None:
        super().__init__(space, cut, similarity)
        self.temperature = positive(temperature, "temperature")
        self.positive_from = cut if positive_from is None else _least_target(positive_from, cut)

    def forward(self, compared: Compared, target: Tensor) -> Tensor:
        """The loss of a batch; silent without a positive that has a negative."""
        anchors = target >= self.positive_from
        own = anchors.nonzero().flatten()
        known = _known_same(compared, self.same(target), anchors)
        if bool(known.all()):
            return self.silent(compared)
        score = self.similarity(compared.left[anchors][:, None], compared.right[None])
        others = known.scatter(1, own[:, None], torch.zeros_like(own, dtype=torch.bool)[:, None])
        return F.cross_entropy((score / self.temperature).masked_fill(others, -torch.inf), own)

    @property
    def formula(self) -> str:
        """The exact formula in plain text."""
        same = "" if self.positive_from == self.cut else f" (target >= {self.cut:g})"
        return (
            f"-mean over positives i of log softmax over j of s(left_i, right_j) / {self.temperature:g} at j = i, "
            f"s = {self.space.similarity}, j over all rights of the batch not known to be the same as left_i{same}, "
            f"positive where target >= {self.positive_from:g}"
        )

    @property
    def settings(self) -> Settings:
        """The temperature, and the least target of a positive where that is not the cut."""
        graded = {} if self.positive_from == self.cut else {"positive_from": self.positive_from}
        return {"temperature": self.temperature, **graded}

    def plateau(self, target: Tensor) -> None:
        """None: it depends on the size of the batch, not on the targets."""


def _all_of(violation: Tensor, negative: Tensor) -> Tensor:
    return violation[negative]


def _hardest_of(violation: Tensor, negative: Tensor) -> Tensor:
    # one term per anchor: with all equally near negatives, a rounding error would decide how many terms there are
    return violation.masked_fill(~negative, -torch.inf).amax(dim=1)[negative.any(dim=1)]


# the terms of the loss: (violations, is negative), both [anchors batch] -> [terms]
_NEGATIVES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {"all": _all_of, "hardest": _hardest_of}


class Triplet(Loss):
    """Makes each left nearer to its own right than to any other right, by a margin.

    Formula: mean over triplets of max(0, d(a, p) - d(a, n) + m); a = left of a positive, p = its right, n = a right of
    the batch not known to be the same as a. `negatives`: `all` of them, or the `hardest`, nearest to each anchor.

    Raises: ValueError for a margin that cannot be reached; ConfigError for an unknown choice of negatives.
    Source: Schroff, Kalenichenko, Philbin 2015; Hermans, Beyer, Leibe 2017 (hardest in the batch).

    >>> from seqtwin.model.distances import cosine
    >>> space = VectorSpace(dim=2, bound=None, unit=False, similarity="cosine", low=-1.0, high=1.0)
    >>> left, right = torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.tensor([[1.0, 0.0], [1.0, 1.0]])
    >>> pairs = Compared(left, right, cosine(left, right))
    >>> Triplet(space, 0.5, cosine, margin=0.5)(pairs, torch.tensor([1.0, 0.0]))
    tensor(0.2071)
    """

    needs_only_same = True
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
        k: Number = 0.5,
        negatives: str = "all",
    ) -> None:
        super().__init__(space, cut, similarity)
        self.name, self.negatives = distance, negatives
        self.distance = ranked_distance(distance, space)
        self.margin = Margin(margin, k, distance, space)
        self.choose = member(_NEGATIVES, negatives, "choice of negatives")

    def forward(self, compared: Compared, target: Tensor) -> Tensor:
        """The loss of a batch; silent without a triplet."""
        same = self.same(target)
        negative = ~_known_same(compared, same, same)
        if not bool(negative.any()):
            return self.silent(compared)
        anchor = compared.left[same]
        to_own = self.distance.between(anchor, compared.right[same])
        to_all = self.distance.between(anchor[:, None], compared.right[None])
        violation: Tensor = (to_own[:, None] - to_all + self.margin()).relu()
        return self.choose(violation, negative).mean()

    @property
    def formula(self) -> str:
        """The exact formula in plain text."""
        return (
            f"mean over triplets of max(0, d(a, p) - d(a, n) + {self.margin.shown}), d = {self.distance.formula}, "
            f"n: {self.negatives} rights of the batch not known to be the same as a, "
            f"positive where target >= {self.cut:g}"
        )

    @property
    def settings(self) -> Settings:
        """Distance, margin as a number, how the margin was set, and which negatives count."""
        margin = {"margin": self.margin.number, "auto": self.margin.auto, "k": self.margin.k}
        return {"distance": self.name, **margin, "negatives": self.negatives}

    def plateau(self, target: Tensor) -> None:
        """None: it is the margin, for all targets."""


BATCHWISE: dict[str, type[Loss]] = {"in_batch": InBatch, "triplet": Triplet}
