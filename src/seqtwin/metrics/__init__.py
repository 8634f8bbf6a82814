"""Metrics: of scored pairs (METRICS), of rankings (RANKINGS), of classes (CLASS_METRICS), of what a decoder writes
(WRITTEN_METRICS); and what is fitted on dev for them."""

from seqtwin.metrics.classes import CLASS_METRICS, Measure, measured
from seqtwin.metrics.directions import DIRECTIONS, Direction, chance_of, direction_of, lower_is_better, metric_name
from seqtwin.metrics.few_examples import (
    class_counts,
    few_classes_sentence,
    few_pairs_sentence,
    few_positives,
    pair_counts,
)
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
    "DIRECTIONS",
    "METRICS",
    "RANKINGS",
    "WRITTEN_METRICS",
    "Direction",
    "Isotonic",
    "Measure",
    "Metric",
    "Ranking",
    "Undefined",
    "average_ranks",
    "chance_of",
    "class_counts",
    "direction_of",
    "few_classes_sentence",
    "few_pairs_sentence",
    "few_positives",
    "fit_isotonic",
    "fit_threshold",
    "lower_is_better",
    "measure",
    "measure_ranking",
    "measured",
    "metric_name",
    "pair_counts",
    "primary_metric",
    "rank",
    "threshold_optimism",
]
