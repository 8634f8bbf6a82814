"""The geometry of a set of vectors, Float[items dim]: lengths, spectrum, angles. All arithmetic is float64."""

import math

import numpy as np
import torch
from torch import Tensor

from seqtwin.metrics import METRICS, Undefined
from seqtwin.model import distances

SATURATED = 0.99
# smaller shares of a spectrum are rounding errors
LEAST_SHARE = 1e-9


def singular_values(vectors: Tensor) -> Tensor:
    """The singular values of [items dim], largest first, without those that are rounding errors.

    >>> singular_values(torch.tensor([[3.0, 0.0], [0.0, 4.0]]))
    tensor([4., 3.], dtype=torch.float64)
    """
    v = vectors.cpu().double()
    # by the smaller Gram matrix: a full decomposition would take longer than all other diagnostics
    gram = v.T @ v if v.shape[0] >= v.shape[1] else v @ v.T
    squares = torch.linalg.eigvalsh(gram).flip(0).clamp(min=0.0)
    return squares[squares > LEAST_SHARE**2 * squares.sum()].sqrt()


def effective_rank(vectors: Tensor) -> float:
    """The number of dimensions that the vectors use; 0 when all are zero. Formula: exp(-sum p log p), p = s / sum s.

    s: the singular values of the vectors, which are not centred.

    Source: Roy, Vetterli 2007; Garrido et al. 2023 (RankMe).

    >>> round(effective_rank(torch.eye(4)), 6)
    4.0
    """
    s = singular_values(vectors)
    p = s / s.sum()
    return float((-(p * p.log()).sum()).exp()) if len(s) else 0.0


def top_share(vectors: Tensor) -> float | None:
    """The share of the largest singular value in the sum of all; None when all vectors are zero.

    >>> top_share(torch.tensor([[1.0, 0.0], [2.0, 0.0]]))
    1.0
    """
    s = singular_values(vectors)
    return float(s[0] / s.sum()) if len(s) else None


def mean_cosine(vectors: Tensor) -> float | None:
    """The mean cosine of all pairs of vectors of the set; None for fewer than two vectors.

    >>> mean_cosine(torch.tensor([[1.0, 0.0], [0.0, 2.0], [-1.0, 0.0]]))
    -0.3333333333333333
    """
    n = len(vectors)
    if n < 2:
        return None
    u = distances.unit(vectors.cpu().double())
    return float((u.sum(0).square().sum() - u.square().sum()) / (n * (n - 1)))


def alignment(left: Tensor, right: Tensor) -> float | None:
    """The mean squared distance between the directions of same pairs, 0 to 4; None without a pair.

    Formula: mean |u - v|^2, u = left / |left|, v = right / |right|. Source: Wang, Isola 2020.

    >>> alignment(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 3.0]]))
    2.0
    """
    if not len(left):
        return None
    return float((distances.unit(left.cpu().double()) - distances.unit(right.cpu().double())).square().sum(-1).mean())


def uniformity(vectors: Tensor) -> float | None:
    """How evenly the directions cover the sphere; 0 if all are equal. None for fewer than two vectors.

    Formula: log mean over pairs of exp(-2 |u - v|^2). Source: Wang, Isola 2020.

    >>> round(uniformity(torch.tensor([[1.0, 0.0], [0.0, 3.0]])), 9)
    -4.0
    """
    if len(vectors) < 2:
        return None
    squares = torch.pdist(distances.unit(vectors.cpu().double())).square()
    return float((squares * -2.0).exp().mean().log())


def norm_facts(vectors: Tensor, lengths: np.ndarray) -> dict[str, float | None]:
    """Mean length of the vectors, its spread (SD / mean), and its correlation with the steps `lengths`, Int[items]."""
    norms = vectors.cpu().double().norm(dim=-1).numpy()
    mean = float(norms.mean())
    return {
        "norm_mean": mean,
        "norm_spread": float(norms.std()) / mean if mean > 0 else None,
        "norm_length_correlation": correlation(norms, lengths),
    }


def correlation(a: np.ndarray, b: np.ndarray, name: str = "pearson") -> float | None:
    """The correlation `name` (pearson or spearman); None where it is undefined."""
    try:
        return METRICS[name].function(a, b)
    except Undefined:
        return None


def saturated(outputs: Tensor, mask: Tensor) -> float:
    """The share of coordinates beyond +-.99 at the real steps. `outputs`: [batch time dim], `mask`: Bool[batch time].

    >>> saturated(torch.tensor([[[1.0, 0.0], [1.0, 1.0]]]), torch.tensor([[True, False]]))
    0.5
    """
    beyond = (outputs[mask].abs() > SATURATED).double()
    return float(beyond.mean()) if beyond.numel() else math.nan
