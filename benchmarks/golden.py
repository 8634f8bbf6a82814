"""Golden values and plateaus: the largest deviation from the values in the protocol, and from a numeric minimum."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
from scipy.optimize import minimize_scalar
from validated import Validation

from seqtwin.lookup import pick
from seqtwin.metrics import METRICS
from seqtwin.model.distances import DISTANCES
from seqtwin.model.similarities import SIMILARITIES
from seqtwin.model.vector_space import VectorSpace
from seqtwin.records import Compared
from seqtwin.training.losses import LOSSES

LEFT = torch.tensor([[1.0, 0.0], [0.0, 1.0], [3.0, 4.0], [1.0, 1.0]])
RIGHT = torch.tensor([[1.0, 0.5], [1.0, 1.0], [4.0, 3.0], [-1.0, 1.0]])
SAME = torch.tensor([1.0, 0.0, 1.0, 0.0])
GRADED = torch.tensor([0.9, 0.2, 0.8, 0.1])

# computed for the protocol with NumPy, sentence-transformers, pytorch-metric-learning, SciPy and scikit-learn
OF_DISTANCES = {
    "euclidean": (0.5, 1.0, 1.414214, 2.0),
    "normalized_euclidean": (0.459506, 0.765367, 0.282843, 1.414214),
    "cosine": (1 - 0.894427, 1 - 0.707107, 1 - 0.96, 1.0),
}
OF_SIMILARITIES = (
    ("cosine", (0.894427, 0.707107, 0.96, 0.0)),
    ({"name": "exp_manhattan", "tau": 1.0}, (0.606531, 0.367879, 0.135335, 0.135335)),
    ({"name": "exp_manhattan", "tau": "width"}, (0.778801, 0.606531, 0.367879, 0.367879)),
)
MALSTM = {"name": "exp_manhattan", "tau": 1.0}
OF_LOSSES: tuple[tuple[Any, Any, torch.Tensor, float], ...] = (
    ({"name": "contrastive", "distance": "euclidean", "margin": 1.0}, "negative_euclidean", SAME, 0.281250),
    ({"name": "contrastive", "distance": "normalized_euclidean", "margin": 1.0}, "cosine", SAME, 0.043275),
    ({"name": "contrastive", "distance": "cosine", "margin": 0.5}, "cosine", SAME, 0.006955),
    ("mse", "cosine", GRADED, 0.073197),
    ("mse", "cosine", SAME, 0.128186),
    ("mse", MALSTM, GRADED, 0.139334),
    ("mse", MALSTM, SAME, 0.264029),
    ("cosent", "cosine", GRADED, 1.556361),
    ("cosent", "cosine", SAME, 0.029521),
    ({"name": "pml", "loss": "ContrastiveLoss"}, "cosine", SAME, 0.605807),
)
OF_METRICS = (
    ("cosine", (0.804391, 0.8, 1.0, 1.0)),
    ("negative_euclidean", (0.610967, 0.8, 0.75, 0.833333)),
    (MALSTM, (0.430215, 0.632456, 0.625, 0.75)),
)
# similarity that ranks, distance, margin
PLATEAUS = (
    ("negative_euclidean", "euclidean", 1.0),
    ("negative_euclidean", "euclidean", 10.0),
    ("cosine", "cosine", 0.5),
)


def similarity_of(spec: Any) -> torch.nn.Module:
    """A similarity for vectors of width 2."""
    found: torch.nn.Module = pick(SIMILARITIES, spec, "similarity", 2)
    return found


def loss_of(spec: Any, similarity: Any) -> Any:
    """A loss for unbounded vectors of width 2."""
    part = similarity_of(similarity)
    name = similarity if isinstance(similarity, str) else similarity["name"]
    space = VectorSpace(dim=2, bound=None, unit=False, similarity=name, low=part.low, high=part.high)
    return pick(LOSSES, spec, "loss", space, 0.5, part)


def largest(pairs: Iterable[tuple[float, float]]) -> float:
    """The largest absolute difference."""
    return max(abs(a - b) for a, b in pairs)


def check_distances() -> float:
    """The largest deviation of the distances."""
    found = {name: DISTANCES[name].between(LEFT, RIGHT).tolist() for name in OF_DISTANCES}
    return largest(pair for name, golden in OF_DISTANCES.items() for pair in zip(found[name], golden, strict=True))


def check_similarities() -> float:
    """The largest deviation of the similarities."""
    found = [(similarity_of(spec)(LEFT, RIGHT).tolist(), golden) for spec, golden in OF_SIMILARITIES]
    return largest(pair for values, golden in found for pair in zip(values, golden, strict=True))


def check_losses() -> float:
    """The largest deviation of the losses."""
    pairs = []
    for spec, similarity, target, golden in OF_LOSSES:
        compared = Compared(LEFT, RIGHT, similarity_of(similarity)(LEFT, RIGHT))
        pairs.append((float(loss_of(spec, similarity)(compared, target)), golden))
    return largest(pairs)


def check_metrics() -> float:
    """The largest deviation of the metrics."""
    pairs = []
    for spec, golden in OF_METRICS:
        scores = similarity_of(spec)(LEFT, RIGHT).numpy()
        targets = (GRADED, GRADED, SAME, SAME)
        names = ("pearson", "spearman", "roc_auc", "average_precision")
        values = [METRICS[name].function(scores, y.numpy()) for name, y in zip(names, targets, strict=True)]
        pairs += list(zip(values, golden, strict=True))
    return largest(pairs)


def minimum(value: Callable[[float], float], low: float, high: float) -> float:
    """The lowest value of a function on an interval: a fine grid, then Brent's method around its best point."""
    grid = np.linspace(low, high, 2001)
    at = int(np.argmin([value(x) for x in grid]))
    ends = grid[max(0, at - 1)], grid[min(len(grid) - 1, at + 1)]
    return min(
        float(minimize_scalar(value, bounds=ends, method="bounded", options={"xatol": 1e-12}).fun), value(grid[at])
    )


def check_plateaus() -> float:
    """The largest deviation from the lowest loss of one constant distance or score, computed in NumPy."""
    pairs = []
    for share in (0.1, 0.25, 0.5, 0.9):
        y = (np.arange(100) < 100 * share).astype(float)
        target = torch.from_numpy(y).float()
        for ranks, distance, m in PLATEAUS:
            loss = loss_of({"name": "contrastive", "distance": distance, "margin": m}, ranks)

            def hinge(d: float, y: np.ndarray = y, m: float = m) -> float:
                return float(np.mean(0.5 * (y * d**2 + (1 - y) * max(0.0, m - d) ** 2)))

            pairs.append((loss.plateau(target), minimum(hinge, 0.0, m)))
        square = minimum(lambda s, y=y: float(np.mean((s - y) ** 2)), 0.0, 1.0)
        pairs.append((loss_of("mse", "cosine").plateau(target), square))

        def entropy(s: float, y: np.ndarray = y) -> float:
            p = 1 / (1 + np.exp(-10 * (s - 0.5)))
            return float(-np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)))

        pairs.append((loss_of("bce", "cosine").plateau(target), minimum(entropy, -1.0, 1.0)))
    for target in (SAME, GRADED):
        ordered = sum(a < b for a in target.tolist() for b in target.tolist())
        pairs.append((loss_of("cosent", "cosine").plateau(target), math.log(1 + ordered)))
    return largest(pairs)


def main() -> None:
    """Print and write the figures."""
    figures = Validation("golden")
    for name, deviation in (
        (f"{3 * 4} distances: largest deviation", check_distances()),
        (f"{len(OF_SIMILARITIES) * 4} similarities: largest deviation", check_similarities()),
        (f"{len(OF_LOSSES)} losses: largest deviation", check_losses()),
        (f"{len(OF_METRICS) * 4} metrics: largest deviation", check_metrics()),
    ):
        figures.add(name, deviation, "<= 1e-5", deviation <= 1e-5)
    deviation = check_plateaus()
    figures.add("plateaus: largest distance from the numeric minimum", deviation, "<= 1e-6", deviation <= 1e-6)
    figures.close()


if __name__ == "__main__":
    main()
