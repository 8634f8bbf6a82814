"""The confidence interval of a metric over clusters of test rows."""

from collections.abc import Callable

import numpy as np

from seqtwin.data.batches import Ragged

DRAWS = 300
FEWEST = 20  # clusters: an interval of fewer would look more certain than it is

Interval = tuple[float, float]
Value = Callable[[np.ndarray], float | None]


def interval_of(value: Value, clusters: np.ndarray) -> Interval | None:
    """The 95 % bootstrap interval (percentiles) of a metric over clusters of test pairs.

    `value(rows)`: the metric of these pairs, None where it is undefined. None with fewer than 20 clusters, or where
    more than one draw in twenty is undefined.

    >>> interval_of(lambda rows: float(len(rows)), np.arange(40))
    (40.0, 40.0)
    """
    names, of = np.unique(clusters, return_inverse=True)
    if len(names) < FEWEST:
        return None
    rng = np.random.default_rng(0)
    sizes = np.bincount(of)
    members = Ragged(np.argsort(of, kind="stable"), np.cumsum(sizes) - sizes, sizes)
    drawn = (members.only(rng.integers(0, len(names), len(names))).steps for _ in range(DRAWS))
    values = [drawn_value for drawn_value in map(value, drawn) if drawn_value is not None]
    if len(values) < 0.95 * DRAWS:
        return None
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)
