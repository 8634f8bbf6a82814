"""DISTIL_LOSSES: the losses of vectors against those of a teacher. There is one, `loss: {name: distillation}`."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from seqtwin.model import distances
from seqtwin.records import Imitated
from seqtwin.training.losses.margin import Number


class Distillation(nn.Module):
    """a x mean of (1 - cos(W v, t)) + b x mean of (cos(v, v') - cos(t, t'))^2.

    v: the vectors of a batch [batch dim]; W v: the same in the space of the teacher [batch width]; t: the vectors of
    the teacher [batch width]. The second mean is over all pairs of different rows, and 0 if there is one row.

    `vectors`: the weight a. `similarities`: the weight b.

    Raises: ValueError for a negative weight, or if both are 0.

    Source: the first term: Reimers & Gurevych 2020 (with a cosine, as widths and lengths differ); the second: Park et
    al. 2019 (relational distillation) and Tung & Mori 2019 (similarity-preserving), with the cosine.

    >>> right = Imitated(torch.eye(2), torch.eye(2))
    >>> float(Distillation()(right, torch.eye(2)))
    0.0
    """

    name = "distillation"

    def __init__(self, vectors: Number = 1.0, similarities: Number = 1.0) -> None:
        super().__init__()
        for name, weight in (("vectors", vectors), ("similarities", similarities)):
            if not isinstance(weight, int | float) or isinstance(weight, bool) or not 0 <= weight < float("inf"):
                raise ValueError(f"{name}: expected a weight of 0 or more, got {weight!r}")
        if not vectors and not similarities:
            raise ValueError("vectors, similarities: both weights are 0, so nothing would be trained")
        self.vectors, self.similarities = vectors, similarities
        self.silent_batches = 0  # always 0: every text trains

    def forward(self, imitated: Imitated, target: Tensor) -> Tensor:
        # a loss in bfloat16 would have only two digits
        vectors, mapped = imitated.vectors.float(), imitated.mapped.float()
        apart = distances.cosine_distance(mapped, target).mean()
        return self.vectors * apart + self.similarities * similarity_error(vectors, target)

    @property
    def formula(self) -> str:
        """The exact formula in plain text."""
        return (
            f"{self.vectors:g} x mean of (1 - cos(W v, teacher)) + "
            f"{self.similarities:g} x mean over pairs of a batch of (cos(v, v') - cos(teacher, teacher'))^2"
        )

    @property
    def settings(self) -> dict[str, object]:
        """Every setting, as JSON values."""
        return {"vectors": self.vectors, "similarities": self.similarities}

    def plateau_of(self, batches: Sequence[Tensor]) -> float | None:
        """The lowest loss of an encoder that gives every text the same vector.

        The best W v is then the mean direction of the teacher, and every cosine of two vectors is 1. None if that loss
        is 0: a teacher that gives every text the same direction.

        >>> round(Distillation().plateau_of([torch.eye(2)]), 4)
        1.2929
        """
        rows = sum(len(batch) for batch in batches)
        mean = sum((distances.unit(batch).double().sum(0) for batch in batches), torch.zeros(())) / rows
        errors = [float(similarity_error(torch.ones_like(batch), batch)) * len(batch) for batch in batches]
        value = self.vectors * (1 - float(mean.norm())) + self.similarities * sum(errors) / rows
        return value if value > PLATEAU_ERROR else None


PLATEAU_ERROR = 1e-6  # rounding errors of float32


def similarity_error(vectors: Tensor, target: Tensor) -> Tensor:
    """The mean of (cos(v, v') - cos(t, t'))^2 over the pairs of different rows; 0 for one row.

    `vectors`: [batch dim]; `target`: [batch width].

    >>> similarity_error(torch.eye(2), torch.tensor([[1.0, 0.0], [0.6, 0.8]]))
    tensor(0.3600)
    """
    own, taught = (distances.unit(side) @ distances.unit(side).T for side in (vectors, target))
    pairs = len(vectors) * (len(vectors) - 1)
    # the diagonal is 1 on both sides, up to rounding
    return (own - taught).fill_diagonal_(0.0).square().sum() / max(1, pairs)


DISTIL_LOSSES: dict[str, type[Distillation]] = {"distillation": Distillation}
