"""SIMILARITIES: two vectors to one score, higher = more similar, each by one broadcasting formula.

To add one: a `Similarity` with `__init__(dim, ...)`, its attributes and `forward`, and a line in the dict at the end.
"""

import math
from abc import ABC, abstractmethod
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from seqtwin.lookup import whole
from seqtwin.model import distances, numpy_similarities
from seqtwin.model.numpy_similarities import INDEX_FORMS, IndexForm, NumpyFormula


class Similarity(nn.Module, ABC):
    """The contract: scores of pairs by `f(a, b)`, of all pairs of two sets by `f(a[:, None], b[None])`.

    `matrix(a, b)` gives the same as the second, in less memory and often faster.
    """

    # the range of the scores
    low: ClassVar[float]
    high: ClassVar[float]
    # the score of a vector with itself, where all vectors have the same; else None
    top: ClassVar[float | None]
    # whether exact search can serve it: the score is a function of a distance or a product
    indexable: ClassVar[bool]
    # whether scores are squashed by an exponential, with a temperature that can saturate them
    squashed: ClassVar[bool] = False
    # approximate search; None: only exact search
    index_form: ClassVar[IndexForm | None] = None
    # the similarity of sentence-transformers that ranks alike; None: it has none
    sentence_transformers_name: ClassVar[str | None] = None
    # the same in NumPy; None: it cannot be exported
    numpy_formula: ClassVar[NumpyFormula | None] = None

    @abstractmethod
    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """Scores (...) of vectors (... dim), by broadcasting."""

    def matrix(self, a: Tensor, b: Tensor) -> Tensor:
        """The scores of all pairs: [a dim] and [b dim] to [a b], row by row to keep memory at [b dim]."""
        return torch.stack([self(row, b) for row in a]) if len(a) else a.new_zeros(0, len(b))


class Cosine(Similarity):
    """a . b / (|a| |b|), in [-1, 1]. The score of a zero vector is 0."""

    low, high, top, indexable, squashed = -1.0, 1.0, 1.0, True, False
    index_form = INDEX_FORMS["cosine"]
    sentence_transformers_name = "cosine"
    numpy_formula = numpy_similarities.COSINE

    def __init__(self, dim: int) -> None:
        super().__init__()

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return distances.cosine(a, b)

    def matrix(self, a: Tensor, b: Tensor) -> Tensor:
        return (distances.unit(a) @ distances.unit(b).T).clamp(-1.0, 1.0)


class Dot(Similarity):
    """a . b, unbounded."""

    low, high, top, indexable, squashed = -math.inf, math.inf, None, True, False
    index_form = INDEX_FORMS["dot"]
    sentence_transformers_name = "dot"
    numpy_formula = numpy_similarities.DOT

    def __init__(self, dim: int) -> None:
        super().__init__()

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return (a * b).sum(-1)

    def matrix(self, a: Tensor, b: Tensor) -> Tensor:
        return a @ b.T


class NegativeEuclidean(Similarity):
    """-|a - b|, in (-inf, 0]. It ranks pairs as a loss on the euclidean distance does."""

    low, high, top, indexable, squashed = -math.inf, 0.0, 0.0, True, False
    index_form = INDEX_FORMS["negative_euclidean"]
    sentence_transformers_name = "euclidean"
    numpy_formula = numpy_similarities.NEGATIVE_EUCLIDEAN

    def __init__(self, dim: int) -> None:
        super().__init__()

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return -distances.euclidean(a, b)


class _Temperature(nn.Module):
    """tau: a number, the width of the vectors, or learned. A learned one starts at the width and stays positive."""

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


class ExpManhattan(Similarity):
    """exp(-|a - b|_1 / tau), in (0, 1]. With tau 1 it saturates for wide vectors; with `width` it does not.

    Source: Mueller & Thyagarajan 2016 (MaLSTM), with tau 1.
    """

    low, high, top, indexable, squashed = 0.0, 1.0, 1.0, True, True
    index_form = INDEX_FORMS["exp_manhattan"]
    sentence_transformers_name = "manhattan"
    numpy_formula = numpy_similarities.EXP_MANHATTAN

    def __init__(self, dim: int, tau: float | Literal["width", "learned"] = "width") -> None:
        super().__init__()
        self.tau = _Temperature(dim, tau)

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return (-distances.manhattan(a, b) / self.tau()).exp()


class ExpEuclidean(Similarity):
    """exp(-|a - b| / tau), in (0, 1]."""

    low, high, top, indexable, squashed = 0.0, 1.0, 1.0, True, True
    index_form = INDEX_FORMS["exp_euclidean"]
    sentence_transformers_name = "euclidean"
    numpy_formula = numpy_similarities.EXP_EUCLIDEAN

    def __init__(self, dim: int, tau: float | Literal["width", "learned"] = "width") -> None:
        super().__init__()
        self.tau = _Temperature(dim, tau)

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return (-distances.euclidean(a, b) / self.tau()).exp()


class PairScorer(Similarity):
    """A trained score of (u, v, |u-v|, u*v), symmetric by taking the mean of both orders.

    For re-ranking: no index can serve it, as it is not a function of a distance.
    """

    low, high, top, indexable, squashed = -math.inf, math.inf, None, False, False
    index_form = None
    sentence_transformers_name = None
    numpy_formula = None  # it has weights, so it is exported as a graph of its own

    def __init__(self, dim: int, hidden: int = 128) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(4 * dim, whole("hidden", hidden)), nn.ReLU(), nn.Linear(hidden, 1))

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        a, b = torch.broadcast_tensors(a, b)
        difference, product = (a - b).abs(), a * b
        forth = self.net(torch.cat([a, b, difference, product], -1))
        back = self.net(torch.cat([b, a, difference, product], -1))
        return ((forth + back) / 2).squeeze(-1)


SIMILARITIES: dict[str, type[Similarity]] = {
    "cosine": Cosine,
    "dot": Dot,
    "negative_euclidean": NegativeEuclidean,
    "exp_manhattan": ExpManhattan,
    "exp_euclidean": ExpEuclidean,
    "pair_scorer": PairScorer,
}
