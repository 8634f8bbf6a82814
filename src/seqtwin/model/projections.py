"""PROJECTIONS: vector to vector, between representation and similarity. Each can scale its result to length 1.

To add one: an `nn.Module` with `__init__(dim_in, bound_in, ...)`, `out_dim`, `bound`, `unit`, and a line in the dict at
the end.
"""

from collections.abc import Callable, Iterator
from typing import Protocol, runtime_checkable

from torch import Tensor, nn

from seqtwin.lookup import whole
from seqtwin.model import distances


@runtime_checkable
class Projection(Protocol):
    """The contract: [batch dim_in] to [batch out_dim].

    `bound`: its largest |coordinate|, None where there is none. `unit`: whether all vectors have length 1.
    """

    @property
    def out_dim(self) -> int: ...

    @property
    def bound(self) -> float | None: ...

    @property
    def unit(self) -> bool: ...

    def __call__(self, vectors: Tensor, /) -> Tensor: ...

    def parameters(self) -> Iterator[nn.Parameter]: ...


class Identity(nn.Module):
    """The vector itself, scaled to length 1 with `normalize`."""

    def __init__(self, dim_in: int, bound_in: float | None, normalize: bool = False) -> None:
        super().__init__()
        self.out_dim, self.unit = dim_in, normalize
        self.bound = 1.0 if normalize else bound_in

    def forward(self, vectors: Tensor) -> Tensor:
        return _finished(vectors, self.unit)


class Linear(nn.Module):
    """W v + b."""

    def __init__(self, dim_in: int, bound_in: float | None, dim: int = 128, normalize: bool = False) -> None:
        super().__init__()
        self.map = nn.Linear(dim_in, whole("dim", dim))
        self.out_dim, self.unit = dim, normalize
        self.bound = 1.0 if normalize else None

    def forward(self, vectors: Tensor) -> Tensor:
        return _finished(self.map(vectors), self.unit)


class Mlp(nn.Module):
    """W2 relu(W1 v + b1) + b2. `hidden`: the inner width (default: that of the result)."""

    def __init__(
        self, dim_in: int, bound_in: float | None, dim: int = 128, hidden: int | None = None, normalize: bool = False
    ) -> None:
        super().__init__()
        inner = whole("dim", dim) if hidden is None else whole("hidden", hidden)
        self.map = nn.Sequential(nn.Linear(dim_in, inner), nn.ReLU(), nn.Linear(inner, whole("dim", dim)))
        self.out_dim, self.unit = dim, normalize
        self.bound = 1.0 if normalize else None

    def forward(self, vectors: Tensor) -> Tensor:
        return _finished(self.map(vectors), self.unit)


def _finished(vectors: Tensor, unit: bool) -> Tensor:
    return distances.unit(vectors) if unit else vectors


PROJECTIONS: dict[str, Callable[..., Projection]] = {"identity": Identity, "linear": Linear, "mlp": Mlp}
