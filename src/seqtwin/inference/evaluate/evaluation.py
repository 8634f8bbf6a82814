"""The metrics of one encoder on labelled data, and the paired difference between two encoders."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from seqtwin.data.cluster_intervals import FEWEST, Interval, interval_of
from seqtwin.json_values import Json
from seqtwin.metrics import Undefined, lower_is_better


@dataclass(frozen=True)
class Evaluation:
    """The metrics of an encoder on labelled data.

    `values`: by metric; `undefined`: the reason where one has no value. `primary`: the metric that an interval is given
    for, and `on_rows(rows)` its value on some of the judged rows. `clusters`: of these rows, Int[rows].
    """

    values: Mapping[str, float]
    undefined: Mapping[str, str]
    primary: str
    on_rows: Callable[[np.ndarray], float]
    clusters: np.ndarray


@dataclass(frozen=True)
class Difference:
    """By how much the primary metric of the first encoder is above that of the second.

    `interval`: of 95 %, over clusters of the same rows; None where there are too few. `clusters`: their number.
    """

    metric: str
    value: float
    interval: Interval | None
    clusters: int

    @property
    def is_clear(self) -> bool:
        """Whether the interval excludes 0."""
        return self.interval is not None and (self.interval[0] > 0 or self.interval[1] < 0)

    @property
    def first_is_better(self) -> bool:
        """Whether the first encoder has the better value."""
        return (self.value < 0) == lower_is_better(self.metric) and self.value != 0

    def sentence(self, first: str, second: str) -> str:
        """Which of the encoders with these names is better, or that the rows do not show it."""
        if self.interval is None:
            few = (
                f"it needs {FEWEST} groups of rows" if self.clusters < FEWEST else "too few rows have one of the labels"
            )
            return f"{self.metric}: {self.value:+.4f}, without an interval, since {few}"
        low, high = self.interval
        span = f"{self.metric}: {self.value:+.4f}, 95 % interval {low:+.4f} to {high:+.4f}"
        if not self.is_clear:
            return f"{span}. These rows do not show which encoder is better."
        return f"{span}. On these rows {first if self.first_is_better else second} is better."

    def as_json(self) -> dict[str, Json]:
        """The fields by name."""
        interval = None if self.interval is None else list(self.interval)
        return {"metric": self.metric, "value": self.value, "interval": interval, "clusters": self.clusters}


def difference(first: Evaluation, second: Evaluation) -> Difference | None:
    """The difference between two evaluations on the same rows; None if the primary metric of either has no value.

    Both encoders are judged on the same drawn clusters: what is hard for both changes no difference.
    """
    metric = first.primary
    if metric not in first.values or metric not in second.values:
        return None

    def on_rows(rows: np.ndarray) -> float | None:
        try:
            return first.on_rows(rows) - second.on_rows(rows)
        except Undefined:
            return None

    interval = interval_of(on_rows, first.clusters)
    return Difference(metric, first.values[metric] - second.values[metric], interval, len(np.unique(first.clusters)))
