"""Dynamic time warping of many pairs of series at once, in NumPy."""

from collections.abc import Sequence

import numpy as np

from seqtwin.floors import FloorScores


def warped_distances(left: Sequence[np.ndarray], right: Sequence[np.ndarray], *, power: int = 1) -> np.ndarray:
    """The smallest sum of Euclidean distances (to a `power`) between steps along any warping path, for each pair: [n].

    A path starts at both first steps, ends at both last ones, and advances by one step on either side or both:
    D[i, j] = |a_i - b_j|^power + min(D[i-1, j], D[i, j-1], D[i-1, j-1]).
    Source: Sakoe & Chiba 1978, symmetric form without slope constraint.

    >>> warped_distances([np.array([[0.0], [0.0], [3.0]])], [np.array([[0.0], [4.0]])])
    array([1.])
    """
    a, b = _padded(left), _padded(right)
    backwards = np.ascontiguousarray(b[:, ::-1])
    last = np.array([len(series) for series in left]) - 1, np.array([len(series) for series in right]) - 1
    distances = np.full(len(left), np.nan)
    before, newest = (np.full((len(left), a.shape[1] + 1), np.inf) for _ in range(2))
    before[:, 0] = 0.0  # D[-1, -1]: paths start here
    for diagonal in range(a.shape[1] + b.shape[1] - 1):
        before, newest = newest, _next_diagonal(diagonal, before, newest, a, backwards, power)
        ends = last[0] + last[1] == diagonal  # D[i, j] depends only on steps up to i and j, never on padding after them
        distances[ends] = newest[ends, last[0][ends] + 1]
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


def _next_diagonal(
    diagonal: int, before: np.ndarray, newest: np.ndarray, a: np.ndarray, backwards: np.ndarray, power: int
) -> np.ndarray:
    """D[i, diagonal - i] in column i + 1, from the last two diagonals. Its cells do not depend on each other."""
    length = backwards.shape[1]
    first, end = max(0, diagonal - length + 1), min(diagonal + 1, a.shape[1])
    shift = length - 1 - diagonal  # step diagonal - i of b is step shift + i from its end
    cost = np.linalg.norm(a[:, first:end] - backwards[:, first + shift : end + shift], axis=-1) ** power
    one_less = np.minimum(newest[:, first:end], newest[:, first + 1 : end + 1])
    row = np.full_like(newest, np.inf)
    row[:, first + 1 : end + 1] = cost + np.minimum(one_less, before[:, first:end])
    return row


def _padded(series: Sequence[np.ndarray]) -> np.ndarray:
    longest = max(len(steps) for steps in series)
    padded = np.zeros((len(series), longest, series[0].shape[1]))
    for row, steps in enumerate(series):
        padded[row, : len(steps)] = steps
    return padded


def warping_steps(left: Sequence[np.ndarray], right: Sequence[np.ndarray]) -> int:
    """The number of table cells that `warped_distances` computes, times the channels."""
    return len(left) * max(len(steps) for steps in left) * max(len(steps) for steps in right) * left[0].shape[1]


def too_slow(steps: int, limit: int, metric: str, note: str) -> FloorScores:
    """A baseline without values, and why it was not measured."""
    why = f"not measured: {steps / 1e9:.1f} billion steps, and the limit is {limit / 1e9:.1f}"
    return {"dev": {}, "test": {}, "undefined": {metric: why}, "note": note}
