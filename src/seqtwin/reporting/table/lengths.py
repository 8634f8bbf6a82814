"""The primary metric by length of the input: one point for every length in the test, or for groups of lengths."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqtwin.published import PREDICTION
from seqtwin.reporting.statistics import WEIGHTED, Array, percentile_interval
from seqtwin.reporting.table.bootstrap import Bench
from seqtwin.reporting.table.frame_rows import joined
from seqtwin.reporting.table.planned_cells import Gathered
from seqtwin.reporting.table.slices import parts_of, under_draws

MOST_POINTS = 24
CURVED = frozenset({"exact_match"})
COLUMNS = ["length", "rows", "mean", "low", "high"]


def length_rows(gathered: Gathered, benches: Sequence[Bench]) -> pd.DataFrame:
    """One row per pairing and length, for generated text, shortest first.

    Columns: the number of `rows` of the test, and the mean over seeds of the primary metric with its two-level
    interval. With many lengths, `length` is the mean of a group.
    """
    curved = [bench for bench in benches if bench.judged.metric in CURVED & WEIGHTED.keys()]
    parts = [_point(bench, rows) for bench in curved for rows in _points(bench)]
    return joined(parts, [*gathered.keys, *COLUMNS])


def _points(bench: Bench) -> list[NDArray[np.intp]]:
    values = bench.test[PREDICTION.length].to_numpy(dtype=float)
    known = np.unique(values[np.isfinite(values)])
    if len(known) > MOST_POINTS:
        return parts_of(values, MOST_POINTS)
    return [np.flatnonzero(values == length) for length in known]


def _point(bench: Bench, rows: NDArray[np.intp]) -> pd.DataFrame:
    observed, replicates = under_draws(bench, rows)
    length = float(bench.test[PREDICTION.length].to_numpy(dtype=float)[rows].mean())
    frame = pd.DataFrame(bench.judged.pairings)
    ends = np.array([_ends(own) for own in replicates])
    return frame.assign(length=length, rows=len(rows), mean=observed, low=ends[:, 0], high=ends[:, 1])


def _ends(replicates: Array) -> tuple[float, float]:
    interval = percentile_interval(replicates)
    return interval.low, interval.high
