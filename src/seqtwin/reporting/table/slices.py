"""The primary metric on parts of the test pairs: by length, padding, overlap, what training has seen, and target."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqtwin.published import PREDICTION
from seqtwin.reporting.objective_words import Nouns, nouns_of
from seqtwin.reporting.statistics import (
    BINARY,
    SHARES,
    WEIGHTED,
    Array,
    Interval,
    metric_replicates,
    percentile_interval,
)
from seqtwin.reporting.statistics.draws import seed_means
from seqtwin.reporting.table.bootstrap import Bench
from seqtwin.reporting.table.planned_cells import Gathered

MOST_REPLICATES = 500
COLUMNS = ["kind", "bin", "order", "low_edge", "high_edge", "pairs", "mean", "low", "high", "interval"]
_OVERLAPS = {1: ("some",), 2: ("low", "high"), 3: ("low", "middle", "high")}
_PAIRS_SEEN = nouns_of({}).seen


@dataclass(frozen=True)
class Bin:
    """Some of the test pairs: `text` names them, `rows` are their places."""

    kind: str
    order: int
    text: str
    rows: NDArray[np.intp]
    low_edge: float
    high_edge: float


@dataclass(frozen=True)
class Sliced:
    """One bin under the draws of its bench: means over seeds, observed [pairings] and [pairings, replicates]."""

    bin: Bin
    observed: Array
    replicates: Array


def slice_bench(bench: Bench, seen: Sequence[str] = _PAIRS_SEEN) -> list[Sliced]:
    """Every bin of the test pairs of a bench, under its first 500 draws; none for a metric that cannot be weighted.

    `seen`: names of the bins by how many items of a row training has seen.
    """
    if bench.judged.metric not in WEIGHTED:
        return []
    bins = bins_of(bench.test, graded=bench.judged.metric not in BINARY | SHARES, seen=seen)
    return [Sliced(one, *under_draws(bench, one.rows)) for one in bins]


def bins_of(test: pd.DataFrame, *, graded: bool, seen: Sequence[str] = _PAIRS_SEEN) -> list[Bin]:
    """The bins of these test pairs: quartiles where values tie are joined, a kind without values has none."""
    found = [*_quartiles("length", test[PREDICTION.length]), *_quartiles("pad_share", test[PREDICTION.pad_share])]
    found += [*_overlap(test[PREDICTION.overlap]), *_seen(test[PREDICTION.seen], seen)]
    return found + (list(_quartiles("target", test[PREDICTION.target])) if graded else [])


def _quartiles(kind: str, column: "pd.Series[Any]") -> Iterator[Bin]:
    values = column.to_numpy(dtype=float)
    for order, rows in enumerate(parts_of(values, 4)):
        yield _bin(kind, order, _span(values[rows]), rows, values)


def parts_of(values: Array, parts: int) -> list[NDArray[np.intp]]:
    """Rows with finite values, in up to so many parts of about equal size; equal values stay together."""
    known = np.flatnonzero(np.isfinite(values))
    if not len(known):
        return []
    edges = np.unique(np.quantile(values[known], np.linspace(0.0, 1.0, parts + 1)[1:-1]))
    part = np.searchsorted(edges, values[known], side="left")
    return [known[part == index] for index in np.unique(part)]


def _span(values: Array) -> str:
    low, high = values.min(), values.max()
    return f"{low:.3g}" if low == high else f"{low:.3g} to {high:.3g}"


def _bin(kind: str, order: int, text: str, rows: NDArray[np.intp], values: Array) -> Bin:
    return Bin(kind, order, text, rows, float(values[rows].min()), float(values[rows].max()))


def _overlap(column: "pd.Series[Any]") -> Iterator[Bin]:
    values = column.to_numpy(dtype=float)
    none = np.flatnonzero(values == 0.0)
    if len(none):
        yield _bin("overlap", 0, "none", none, values)
    parts = parts_of(np.where(values > 0.0, values, np.nan), 3)
    for index, rows in enumerate(parts):
        yield _bin("overlap", index + 1, _OVERLAPS[len(parts)][index], rows, values)


def _seen(column: "pd.Series[Any]", names: Sequence[str]) -> Iterator[Bin]:
    values = column.to_numpy(dtype=float)
    for count, text in enumerate(names):
        rows = np.flatnonzero(values == count)
        if len(rows):
            yield _bin("seen", count, text, rows, values)


def under_draws(bench: Bench, rows: NDArray[np.intp]) -> tuple[Array, Array]:
    """The metric of some rows as means over seeds: observed [pairings], and [pairings, replicates]."""
    judged, counts = bench.judged, bench.drawn.cluster_counts[:MOST_REPLICATES]
    draws = np.concatenate([counts, np.ones((1, counts.shape[1]))])
    scores = judged.scores[..., rows]
    flat = scores.reshape(-1, len(rows))
    values = metric_replicates(judged.metric, flat, judged.goal[rows], judged.cluster_of[rows], draws)
    table = values.reshape(*scores.shape[:2], -1)
    return _over_seeds(table, bench.drawn.seed_counts[: len(counts)])


def _over_seeds(table: Array, seed_counts: Array) -> tuple[Array, Array]:
    """Values [pairings, seeds, replicates and the observed one last] -> means over seeds; with one seed no draws."""
    observed = seed_means(table[..., -1:], np.ones((1, table.shape[1])))[:, 0]
    measured = (~np.isnan(table).all(axis=-1)).sum(axis=1)
    drawn = seed_means(table[..., :-1], seed_counts)
    alone = seed_means(table[..., :-1], np.ones_like(seed_counts))
    return observed, np.where(measured[:, None] > 1, drawn, alone)


def slice_rows(found: Gathered, sliced: Sequence[tuple[Bench, Sequence[Sliced]]]) -> pd.DataFrame:
    """One row per pairing and bin: `kind`, `bin`, `order`, its edges, how many `pairs`, the mean over seeds of the
    primary metric with its two-level interval, and what kind of interval that is or why there is none (`interval`)."""
    rows = [_row(bench, one, place, found.nouns) for bench, ones in sliced for place in _places(bench) for one in ones]
    return pd.DataFrame(rows, columns=[*found.keys, *COLUMNS])


def _places(bench: Bench) -> range:
    return range(len(bench.judged.pairings))


def _row(bench: Bench, sliced: Sliced, place: int, nouns: Nouns) -> dict[str, Any]:
    one, mean = sliced.bin, float(sliced.observed[place])
    row: dict[str, Any] = {**bench.judged.pairings[place], "kind": one.kind, "bin": one.text, "order": one.order}
    row |= {"low_edge": one.low_edge, "high_edge": one.high_edge, "pairs": len(one.rows), "mean": mean}
    seeds = int((~np.isnan(bench.drawn.observed[place])).sum())
    if not np.isfinite(mean):
        why = f"undefined on these {nouns.judged}" if seeds else "no finished seed"
        return {**row, "low": np.nan, "high": np.nan, "interval": f"refused: {why}"}
    reach = percentile_interval(sliced.replicates[place])
    kind = f"refused: {reach.refused}" if reach.refused else nouns.both if seeds > 1 else nouns.alone
    return {**row, "low": reach.low, "high": reach.high, "interval": kind}


def pad_slope(sliced: Sequence[Sliced], place: int) -> tuple[float, Interval]:
    """How the metric of a pairing changes from one quartile of the pad share to the next, and its interval.

    The least-squares slope over the quartiles where the metric is defined; nan with fewer than two of them.
    """
    ones = [one for one in sliced if one.bin.kind == "pad_share" and np.isfinite(one.observed[place])]
    if len(ones) < 2:
        return np.nan, Interval(np.nan, np.nan, "fewer than two quartiles")
    order = np.array([one.bin.order for one in ones], dtype=float)
    weights = (order - order.mean()) / ((order - order.mean()) ** 2).sum()
    observed = np.array([one.observed[place] for one in ones])
    replicates = np.stack([one.replicates[place] for one in ones])
    return float(weights @ observed), percentile_interval(weights @ replicates)
