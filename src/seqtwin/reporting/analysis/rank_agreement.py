"""Whether pairings that score pairs well also retrieve well: agreement of the two rankings of the same pairings."""

import numpy as np

from seqtwin.reporting.analysis.judged_scores import Judged, Replicates
from seqtwin.reporting.analysis.records import Agreement
from seqtwin.reporting.statistics import Array, percentile_interval
from seqtwin.reporting.statistics.agreement import kendall, spearman
from seqtwin.reporting.statistics.weighted import ratio

FEWEST = 3


def agreement(judged: Judged, drawn: Replicates) -> list[Agreement]:
    """Agreement of the primary metric with each retrieval metric, over the means of the pairings.

    Kendall's tau-b has an interval over seeds; Spearman's correlation has none.
    """
    return [_agreement(judged, drawn, name, np.asarray(values)) for name, values in judged.retrieval.items()]


def _agreement(judged: Judged, drawn: Replicates, name: str, values: Array) -> Agreement:
    pair, other = drawn.observed, np.where(np.isnan(drawn.observed), np.nan, values)
    pair = np.where(np.isnan(other), np.nan, pair)
    known = np.flatnonzero(~np.isnan(pair).all(axis=1))
    row: Agreement = {
        "dataset": judged.dataset, "metric": judged.metric, "retrieval": name, "pairings": len(known),
        "kendall": np.nan, "spearman": np.nan, "low": np.nan, "high": np.nan, "note": "",
    }  # fmt: skip
    if len(known) < FEWEST:
        return {**row, "note": f"needs {FEWEST} pairings with both metrics, found {len(known)}"}
    once = np.ones((1, pair.shape[1]))
    left, right = (_means(table[known], once) for table in (pair, other))
    row |= {"kendall": float(kendall(left, right)[0]), "spearman": float(spearman(left, right)[0])}
    if pair.shape[1] < 2:
        return {**row, "note": "one seed: no interval"}
    drawn_left, drawn_right = (_means(table[known], drawn.seed_counts) for table in (pair, other))
    interval = percentile_interval(kendall(drawn_left, drawn_right))
    return {**row, "low": interval.low, "high": interval.high, "note": interval.refused}


def _means(table: Array, counts: Array) -> Array:
    """Means over drawn seeds: [pairings, seeds], [replicates, seeds] -> [replicates, pairings], gaps left out."""
    known = ~np.isnan(table)
    total = counts @ known.T
    return ratio(counts @ np.where(known, table, 0.0).T, total, total > 0)
