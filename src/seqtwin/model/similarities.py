"""SIMILARITIES: two vectors to one score, higher = more similar, by one broadcasting formula each.

Pair form: `f(a, b)`; matrix form: `f(a[:, None], b[None])`, or faster and equal: `f.matrix(a, b)`. `low`, `high`: the
declared range. `top`: the score of a vector with itself where that is the same for all, else None. `indexable`: a
nearest-neighbour index can serve it. To add one: an `nn.Module` with `__init__(dim, ...)`, these attributes and
methods, and a line at the foot.
"""

import math
from typing import Any, Literal

import torch
from torch import Tensor, nn

from seqtwin.lookup import whole
from seqtwin.model import distances


def _by_broadcast(similarity: nn.Module, a: Tensor, b: Tensor) -> Tensor:
    """The matrix form row by row, so that memory stays at [len(b) dim]."""
    return torch.stack([similarity(row, b) for row in a]) if len(a) else a.new_zeros(0, len(b))


class Cosine(nn.Module):
    """a . b / (|a| |b|), in [-1, 1]; 0 where a vector is zero."""

    low, high, top, indexable = -1.0, 1.0, 1.0, True

    def __init__(self, dim: int) -> None:
        super().__init__()

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return distances.cosine(a, b)

    def matrix(self, a: Tensor, b: Tensor) -> Tensor:
        return (distances.unit(a) @ distances.unit(b).T).clamp(-1.0, 1.0)


class Dot(nn.Module):
    """a . b, unbounded."""

    low, high, top, indexable = -math.inf, math.inf, None, True

    def __init__(self, dim: int) -> None:
        super().__init__()

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return (a * b).sum(-1)

    def matrix(self, a: Tensor, b: Tensor) -> Tensor:
        return a @ b.T


class NegativeEuclidean(nn.Module):
    """-|a - b|, in (-inf, 0]; ranks as a loss built on the euclidean distance does."""

    low, high, top, indexable = -math.inf, 0.0, 0.0, True

    def __init__(self, dim: int) -> None:
        super().__init__()

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return -distances.euclidean(a, b)

    def matrix(self, a: Tensor, b: Tensor) -> Tensor:
        return _by_broadcast(self, a, b)


class _Temperature(nn.Module):
    """tau: a number, the vector's width, or learned from the width on (kept positive by an exponential)."""

    def __init__(self, dim: int, tau: float | Literal["width", "learned"]) -> None:
        super().__init__()
        if isinstance(tau, str) and tau not in {"width", "learned"}:
            raise ValueError(f"tau: expected a positive number, 'width' or 'learned', got {tau!r}")
        start = float(dim) if isinstance(tau, str) else float(tau)
        if not 0 < start < math.inf:
            raise ValueError(f"tau: expected a positive number, 'width' or 'learned', got {tau!r}")
        log = torch.tensor(math.log(start))
        if tau == "learned":
            self.log = nn.Parameter(log)
        else:
            self.register_buffer("log", log)

    def forward(self) -> Tensor:
        return self.log.exp()


class ExpManhattan(nn.Module):
    """exp(-|a - b|_1 / tau), in (0, 1]. With tau 1 it saturates as vectors get wider; `width` is free of that.

    Source: Mueller & Thyagarajan 2016 (MaLSTM), with tau 1.
    """

    low, high, top, indexable = 0.0, 1.0, 1.0, True

    def __init__(self, dim: int, tau: float | Literal["width", "learned"] = "width") -> None:
        super().__init__()
        self.tau = _Temperature(dim, tau)

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return (-distances.manhattan(a, b) / self.tau()).exp()

    def matrix(self, a: Tensor, b: Tensor) -> Tensor:
        return _by_broadcast(self, a, b)


class ExpEuclidean(nn.Module):
    """exp(-|a - b| / tau), in (0, 1]."""

    low, high, top, indexable = 0.0, 1.0, 1.0, True

    def __init__(self, dim: int, tau: float | Literal["width", "learned"] = "width") -> None:
        super().__init__()
        self.tau = _Temperature(dim, tau)

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return (-distances.euclidean(a, b) / self.tau()).exp()

    def matrix(self, a: Tensor, b: Tensor) -> Tensor:
        return _by_broadcast(self, a, b)


class PairScorer(nn.Module):
    """A trained score of (u, v, |u-v|, u*v), the mean of both orders so that it is symmetric.

    For re-ranking: no index can serve it, since it is no function of a distance.
    """

    low, high, top, indexable = -math.inf, math.inf, None, False

    def __init__(self, dim: int, hidden: int = 128) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(4 * dim, whole("hidden", hidden)), nn.ReLU(), nn.Linear(hidden, 1))

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        a, b = torch.broadcast_tensors(a, b)
        apart, product = (a - b).abs(), a * b
        forth = self.net(torch.cat([a, b, apart, product], -1))
        back = self.net(torch.cat([b, a, apart, product], -1))
        return ((forth + back) / 2).squeeze(-1)

    def matrix(self, a: Tensor, b: Tensor) -> Tensor:
        return _by_broadcast(self, a, b)


SIMILARITIES: dict[str, Any] = {
    "cosine": Cosine,
    "dot": Dot,
    "negative_euclidean": NegativeEuclidean,
    "exp_manhattan": ExpManhattan,
    "exp_euclidean": ExpEuclidean,
    "pair_scorer": PairScorer,
}
