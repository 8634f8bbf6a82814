"""Slices: the primary metric on parts of the test rows, by length, padding, overlap, items seen, and target."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqtwin.published import PREDICTION
from seqtwin.reporting.formatting import settled
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
    """Some of the test rows: `text` names them, `rows` are their positions."""

    kind: str
    order: int
    text: str
    rows: NDArray[np.intp]
    low_edge: float
    high_edge: float


@dataclass(frozen=True)
class Sliced:
    """The metric on one bin, means over seeds: `observed` [pairings], `replicates` [pairings, replicates]."""

    bin: Bin
    observed: Array
    replicates: Array


def slice_bench(bench: Bench, seen: Sequence[str] = _PAIRS_SEEN) -> list[Sliced]:
    """The metric on every bin of the test rows, under the first 500 draws; empty for a metric that cannot be weighted.

    `seen`: names of the bins by how many items of a row occur in training.
    """
    if bench.judged.metric not in WEIGHTED:
        return []
    bins = bins_of(bench.test, graded=bench.judged.metric not in BINARY | SHARES, seen=seen)
    return [Sliced(own, *under_draws(bench, own.rows)) for own in bins]


def bins_of(test: pd.DataFrame, *, graded: bool, seen: Sequence[str] = _PAIRS_SEEN) -> list[Bin]:
    """The bins of these test rows. Quartiles with tied values are joined; a kind without values has no bins."""
    length, pad_share, overlap, counts, target = (
        test[name].to_numpy(dtype=float)
        for name in (PREDICTION.length, PREDICTION.pad_share, PREDICTION.overlap, PREDICTION.seen, PREDICTION.target)
    )
    bins = [*_quartiles("length", length), *_quartiles("pad_share", pad_share), *_overlap(overlap)]
    return [*bins, *_seen(counts, seen), *(_quartiles("target", target) if graded else ())]


def _quartiles(kind: str, values: Array) -> Iterator[Bin]:
    for order, rows in enumerate(parts_of(values, 4)):
        yield _bin(kind, order, _span(values[rows]), rows, values)


def parts_of(values: Array, parts: int) -> list[NDArray[np.intp]]:
    """The rows with finite values, in at most `parts` groups of about equal size; equal values stay together."""
    known = np.flatnonzero(np.isfinite(values))
    if not len(known):
        return []
    edges = np.unique(np.quantile(values[known], np.linspace(0.0, 1.0, parts + 1)[1:-1]))
    part = np.searchsorted(edges, values[known], side="left")
    return [known[part == index] for index in np.unique(part)]


def _span(values: Array) -> str:
    low, high = values.min(), values.max()
    return f"{settled(low):.3g}" if low == high else f"{settled(low):.3g} to {settled(high):.3g}"


def _bin(kind: str, order: int, text: str, rows: NDArray[np.intp], values: Array) -> Bin:
    return Bin(kind, order, text, rows, float(values[rows].min()), float(values[rows].max()))


def _overlap(values: Array) -> Iterator[Bin]:
    none = np.flatnonzero(values == 0.0)
    if len(none):
        yield _bin("overlap", 0, "none", none, values)
    parts = parts_of(np.where(values > 0.0, values, np.nan), 3)
    for index, rows in enumerate(parts):
        yield _bin("overlap", index + 1, _OVERLAPS[len(parts)][index], rows, values)


def _seen(values: Array, names: Sequence[str]) -> Iterator[Bin]:
    for count, text in enumerate(names):
        rows = np.flatnonzero(values == count)
        if len(rows):
            yield _bin("seen", count, text, rows, values)


def under_draws(bench: Bench, rows: NDArray[np.intp]) -> tuple[Array, Array]:
    """The metric on some rows, means over seeds: observed [pairings], and under each draw [pairings, replicates]."""
    judged, counts = bench.judged, bench.drawn.cluster_counts[:MOST_REPLICATES]
    draws = np.concatenate([counts, np.ones((1, counts.shape[1]))])
    scores = judged.scores[..., rows]
    flat = scores.reshape(-1, len(rows))
    values = metric_replicates(judged.metric, flat, judged.goal[rows], judged.cluster_of[rows], draws)
    table = values.reshape(*scores.shape[:2], -1)
    return _over_seeds(table, bench.drawn.seed_counts[: len(counts)])


def _over_seeds(table: Array, seed_counts: Array) -> tuple[Array, Array]:
    """Means over seeds of values [pairings, seeds, replicates + 1], the observed value last.

    A pairing with a single seed is averaged without drawing seeds.
    """
    observed = seed_means(table[..., -1:], np.ones((1, table.shape[1])))[:, 0]
    measured = (~np.isnan(table).all(axis=-1)).sum(axis=1)
    drawn = seed_means(table[..., :-1], seed_counts)
    alone = seed_means(table[..., :-1], np.ones_like(seed_counts))
    return observed, np.where(measured[:, None] > 1, drawn, alone)


def slice_rows(gathered: Gathered, sliced: Sequence[tuple[Bench, Sequence[Sliced]]]) -> pd.DataFrame:
    """One row per pairing and bin.

    Columns: `kind`, `bin`, `order`, the edges of the bin, the number of `pairs`, the mean over seeds of the primary
    metric with its two-level interval, and the levels of that interval or why there is none (`interval`).
    """
    rows = [
        _row(bench, own, place, gathered.nouns)
        for bench, bins in sliced
        for place in range(len(bench.judged.pairings))
        for own in bins
    ]
    return pd.DataFrame(rows, columns=[*gathered.keys, *COLUMNS])


def _row(bench: Bench, sliced: Sliced, place: int, nouns: Nouns) -> dict[str, object]:
    own, mean = sliced.bin, float(sliced.observed[place])
    row: dict[str, object] = {**bench.judged.pairings[place], "kind": own.kind, "bin": own.text, "order": own.order}
    row |= {"low_edge": own.low_edge, "high_edge": own.high_edge, "pairs": len(own.rows), "mean": mean}
    seeds = int((~np.isnan(bench.drawn.observed[place])).sum())
    if not np.isfinite(mean):
        why = f"undefined on these {nouns.judged}" if seeds else "no finished seed"
        return {**row, "low": np.nan, "high": np.nan, "interval": f"refused: {why}"}
    interval = percentile_interval(sliced.replicates[place])
    kind = f"refused: {interval.refused}" if interval.refused else nouns.both if seeds > 1 else nouns.alone
    return {**row, "low": interval.low, "high": interval.high, "interval": kind}


def pad_slope(sliced: Sequence[Sliced], place: int) -> tuple[float, Interval]:
    """The change of a pairing's metric from one quartile of the pad share to the next, and its interval.

    This is the least-squares slope over the quartiles where the metric is defined; nan with fewer than two of them.
    """
    quartiles = [own for own in sliced if own.bin.kind == "pad_share" and np.isfinite(own.observed[place])]
    if len(quartiles) < 2:
        return np.nan, Interval(np.nan, np.nan, "fewer than two quartiles")
    order = np.array([own.bin.order for own in quartiles], dtype=float)
    weights = (order - order.mean()) / ((order - order.mean()) ** 2).sum()
    observed = np.array([own.observed[place] for own in quartiles])
    replicates = np.stack([own.replicates[place] for own in quartiles])
    return float(weights @ observed), percentile_interval(weights @ replicates)
