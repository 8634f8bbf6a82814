"""Metrics: of scored pairs (METRICS), of rankings (RANKINGS), of classes (CLASS_METRICS), of what a decoder writes
(WRITTEN_METRICS); and what is fitted on dev for them."""

from seqtwin.metrics.classes import CLASS_METRICS, Measure, measured
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
from seqtwin.metrics.written import WRITTEN_METRICS

__all__ = [
    "CLASS_METRICS",
    "METRICS",
    "RANKINGS",
    "WRITTEN_METRICS",
    "Isotonic",
    "Measure",
    "Metric",
    "Ranking",
    "Undefined",
    "average_ranks",
    "fit_isotonic",
    "fit_threshold",
    "measure",
    "measure_ranking",
    "measured",
    "primary_metric",
    "rank",
    "threshold_optimism",
]
