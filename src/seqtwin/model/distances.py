"""Distances between vectors, each by one broadcasting formula on `(..., dim)` tensors.

Of pairs: `euclidean(a, b)`. Of all pairs of two sets: `euclidean(a[:, None], b[None])`. Similarities and losses share
these formulas: a pair is ranked by the formula by which it is trained.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from seqtwin.model.vector_space import VectorSpace

# under the root: identical vectors then have distance 1e-6 and finite gradients
EPS = 1e-12


def unit(a: Tensor) -> Tensor:
    """The vectors scaled to length 1. Formula: a / ||a||. A zero vector stays zero, with finite gradients.

    >>> unit(torch.tensor([[3.0, 4.0], [0.0, 0.0]]))
    tensor([[0.6000, 0.8000],
            [0.0000, 0.0000]])
    """
    squared = a.square().sum(-1, keepdim=True)
    # the square of the eps: float32 cannot represent the direction of shorter vectors
    return a / torch.where(squared > EPS**2, squared, 1.0).sqrt()


def cosine(a: Tensor, b: Tensor) -> Tensor:
    """The cosine of the angle between vectors, in [-1, 1]. Formula: a . b / (||a|| ||b||); 0 if either is zero.

    >>> cosine(torch.tensor([3.0, 4.0]), torch.tensor([4.0, 3.0]))
    tensor(0.9600)
    """
    # rounding errors can leave the range
    return (unit(a) * unit(b)).sum(-1).clamp(-1.0, 1.0)


def cosine_distance(a: Tensor, b: Tensor) -> Tensor:
    """One minus the cosine, in [0, 2]. Formula: 1 - a . b / (||a|| ||b||).

    >>> cosine_distance(torch.tensor([1.0, 1.0]), torch.tensor([-1.0, 1.0]))
    tensor(1.)
    """
    return 1.0 - cosine(a, b)


def euclidean(a: Tensor, b: Tensor) -> Tensor:
    """The straight-line distance, in [0, inf). Formula: sqrt(sum (a - b)^2 + 1e-12).

    >>> euclidean(torch.tensor([1.0, 1.0]), torch.tensor([-1.0, 1.0]))
    tensor(2.)
    """
    return ((a - b).square().sum(-1) + EPS).sqrt()


def normalized_euclidean(a: Tensor, b: Tensor) -> Tensor:
    """The straight-line distance of the directions, in [0, 2]. Formula: euclidean(a/||a||, b/||b||) = sqrt(2 - 2 cos).

    >>> normalized_euclidean(torch.tensor([3.0, 4.0]), torch.tensor([4.0, 3.0]))
    tensor(0.2828)
    """
    return euclidean(unit(a), unit(b))


def manhattan(a: Tensor, b: Tensor) -> Tensor:
    """The city-block distance, in [0, inf). Formula: sum |a - b|.

    >>> manhattan(torch.tensor([1.0, 1.0]), torch.tensor([-1.0, 0.0]))
    tensor(3.)
    """
    return (a - b).abs().sum(-1)


@dataclass(frozen=True)
class Distance:
    """A distance that a loss can use, and the distances that are possible in a space.

    `reach`: the largest distance of two vectors. `crowd`: the largest distance that many groups can all keep from each
    other; K groups in a ball of radius r can keep at most r sqrt(2K / (K - 1)). `formula`: as a report prints it.
    `orders`: the similarities that rank pairs as this distance does.
    """

    between: Callable[[Tensor, Tensor], Tensor]
    reach: Callable[[VectorSpace], float]
    crowd: Callable[[VectorSpace], float]
    formula: str
    orders: tuple[str, ...]


DISTANCES: dict[str, Distance] = {
    "cosine": Distance(cosine_distance, lambda _: 2.0, lambda _: 1.0, "1 - cos(left, right)", ("cosine",)),
    "euclidean": Distance(
        euclidean,
        lambda space: 2.0 * space.radius,
        lambda space: math.sqrt(2.0) * space.radius,
        "sqrt(sum (left - right)^2 + 1e-12)",
        ("negative_euclidean", "exp_euclidean"),
    ),
    "normalized_euclidean": Distance(
        normalized_euclidean,
        lambda _: 2.0,
        lambda _: math.sqrt(2.0),
        "sqrt(sum (left/|left| - right/|right|)^2 + 1e-12)",
        ("cosine",),
    ),
}
