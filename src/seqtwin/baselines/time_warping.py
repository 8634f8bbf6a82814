"""Dynamic time warping of many pairs of series at once, in NumPy."""

from collections.abc import Sequence

import numpy as np


def warped_distances(left: Sequence[np.ndarray], right: Sequence[np.ndarray], *, power: int = 1) -> np.ndarray:
    """The smallest sum of Euclidean distances (to a `power`) between steps along any warping path, for each pair: [n].

    A path starts at both first steps, ends at both last ones, and advances by one step on either side or both:
    D[i, j] = |a_i - b_j|^power + min(D[i-1, j], D[i, j-1], D[i-1, j-1]).
    Source: Sakoe & Chiba 1978, symmetric form without slope constraint.

    >>> warped_distances([np.array([[0.0], [0.0], [3.0]])], [np.array([[0.0], [4.0]])])
    array([1.])
    """
    a, b = _padded(left), _padded(right)
    last = np.array([len(series) for series in left]) - 1, np.array([len(series) for series in right]) - 1
    distances = np.full(len(left), np.nan)
    above = np.full((len(left), b.shape[1] + 1), np.inf)
    above[:, 0] = 0.0
    for i in range(a.shape[1]):
        above = _next_row(above, np.linalg.norm(a[:, i, None, :] - b, axis=-1) ** power)
        ends = last[0] == i  # D[i, j] depends only on steps up to i and j, so the padding after them does not matter
        distances[ends] = above[ends, last[1][ends] + 1]
    return distances


def dtw_1nn(gallery: Sequence[np.ndarray], labels: np.ndarray, queries: Sequence[np.ndarray]) -> np.ndarray:
    """The label of the nearest series of the gallery under time warping, for each query: [queries].

    The cost of two steps is their squared distance over all channels, as in the comparisons of the UEA archive (DTW_D).
    Of several at the same distance the first is chosen.

    >>> dtw_1nn([np.array([[0.0]]), np.array([[3.0]])], np.array([5, 6]), [np.array([[2.0], [4.0]])])
    array([6])
    """
    nearest = np.zeros(len(queries), dtype=np.int64)
    for row, query in enumerate(queries):
        nearest[row] = int(np.argmin(warped_distances([query] * len(gallery), gallery, power=2)))
    return np.asarray(labels)[nearest]


def _next_row(above: np.ndarray, cost: np.ndarray) -> np.ndarray:
    """D[i, 0..] from D[i-1, 0..], shifted one column to the right of its cost."""
    row = np.full_like(above, np.inf)
    for j in range(cost.shape[1]):
        row[:, j + 1] = cost[:, j] + np.minimum(np.minimum(above[:, j], above[:, j + 1]), row[:, j])
    return row


def _padded(series: Sequence[np.ndarray]) -> np.ndarray:
    longest = max(len(steps) for steps in series)
    padded = np.zeros((len(series), longest, series[0].shape[1]))
    for row, steps in enumerate(series):
        padded[row, : len(steps)] = steps
    return padded


def warping_steps(left: Sequence[np.ndarray], right: Sequence[np.ndarray]) -> int:
    """The number of table cells that `warped_distances` computes."""
    return len(left) * max(len(steps) for steps in left) * max(len(steps) for steps in right)
