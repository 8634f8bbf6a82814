"""Do pairings that judge pairs well also retrieve well? Agreement of two orders of the same pairings."""

from typing import Any

import numpy as np

from seqtwin.reporting.analysis.judged import Judged, Replicates
from seqtwin.reporting.statistics import Array, percentile_interval
from seqtwin.reporting.statistics.agreement import kendall, spearman
from seqtwin.reporting.statistics.weighted import ratio

FEWEST = 3


def agreement(judged: Judged, drawn: Replicates) -> list[dict[str, Any]]:
    """Kendall tau-b (with its interval over seeds) and Spearman of mean pair metric and each retrieval metric."""
    return [_agree(judged, drawn, name, np.asarray(values)) for name, values in judged.retrieval.items()]


def _agree(judged: Judged, drawn: Replicates, name: str, values: Array) -> dict[str, Any]:
    pair, other = drawn.observed, np.where(np.isnan(drawn.observed), np.nan, values)
    pair = np.where(np.isnan(other), np.nan, pair)
    known = np.flatnonzero(~np.isnan(pair).all(axis=1))
    row: dict[str, Any] = {
        "dataset": judged.dataset,
        "metric": judged.metric,
        "retrieval": name,
        "pairings": len(known),
    }
    row |= dict.fromkeys(("kendall", "spearman", "low", "high"), np.nan) | {"note": ""}
    if len(known) < FEWEST:
        return row | {"note": f"needs {FEWEST} pairings with both metrics, found {len(known)}"}
    once = np.ones((1, pair.shape[1]))
    left, right = (_means(table[known], once) for table in (pair, other))
    row |= {"kendall": float(kendall(left, right)[0]), "spearman": float(spearman(left, right)[0])}
    if pair.shape[1] < 2:
        return row | {"note": "one seed: no interval"}
    drawn_left, drawn_right = (_means(table[known], drawn.seed_counts) for table in (pair, other))
    reach = percentile_interval(kendall(drawn_left, drawn_right))
    return row | {"low": reach.low, "high": reach.high, "note": reach.refused}


def _means(table: Array, counts: Array) -> Array:
    """Means over drawn seeds: [pairings, seeds], [replicates, seeds] -> [replicates, pairings], gaps left out."""
    known = ~np.isnan(table)
    total = counts @ known.T
    return ratio(counts @ np.where(known, table, 0.0).T, total, total > 0)
