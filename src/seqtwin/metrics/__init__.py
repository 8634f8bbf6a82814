"""Metrics: of scored pairs (METRICS), of rankings (RANKINGS), and what is fitted on dev for them."""

from seqtwin.metrics.pairs import METRICS, Metric, Undefined, average_ranks
from seqtwin.metrics.rankings import RANKINGS, Ranking, measure_ranking, rank
from seqtwin.metrics.thresholds import (
    Isotonic,
    fit_isotonic,
    fit_threshold,
    measure,
    primary_metric,
    threshold_optimism,
)

__all__ = [
    "METRICS",
    "RANKINGS",
    "Isotonic",
    "Metric",
    "Ranking",
    "Undefined",
    "average_ranks",
    "fit_isotonic",
    "fit_threshold",
    "measure",
    "measure_ranking",
    "primary_metric",
    "rank",
    "threshold_optimism",
]
