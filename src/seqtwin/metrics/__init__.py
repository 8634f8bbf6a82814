"""The metrics of pairs, classes, generated texts and rankings, with their directions and what they need from dev.

- `base`: the better end of the scale of a metric and its chance level, and the error of a metric without a value.
- `pairs`: METRICS, the metrics of scored pairs.
- `classes`: CLASS_METRICS, the metrics of class predictions.
- `spans`: spans in tagged sequences, and their F1.
- `generated_texts`: WRITTEN_METRICS, the metrics of generated texts.
- `rankings`: RANKINGS, the metrics of rankings.
- `thresholds`: the threshold and the isotonic map that are fitted on dev, and all metrics of a split at once.
- `dev_and_test`: the metrics of both splits, with what was fitted on dev.
- `dev_curve`: whether the metric on dev was still rising when training ended.
- `longer_training`: how much longer to train, for everything that advises it.
- `few_examples`: warnings about classes with so few examples that metrics are unreliable.
- `directions`: the direction, chance level and printed name of every number that a table shows.

To add a metric: a function with its name and direction, and a line in the dict of its file.
"""

from seqtwin.metrics.base import Direction, Undefined
from seqtwin.metrics.classes import CLASS_METRICS, Measure, measured
from seqtwin.metrics.dev_and_test import Fitted, fit_on_dev, score_splits
from seqtwin.metrics.dev_curve import LEAST_RISE, curve_facts
from seqtwin.metrics.directions import DIRECTIONS, chance_of, direction_of, lower_is_better, metric_name
from seqtwin.metrics.few_examples import (
    class_counts,
    few_classes_sentence,
    few_pairs_sentence,
    few_positives,
    pair_counts,
)
from seqtwin.metrics.generated_texts import WRITTEN_METRICS
from seqtwin.metrics.pairs import METRICS, Metric, average_ranks
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
    "CLASS_METRICS",
    "DIRECTIONS",
    "LEAST_RISE",
    "METRICS",
    "RANKINGS",
    "WRITTEN_METRICS",
    "Direction",
    "Fitted",
    "Isotonic",
    "Measure",
    "Metric",
    "Ranking",
    "Undefined",
    "average_ranks",
    "chance_of",
    "class_counts",
    "curve_facts",
    "direction_of",
    "few_classes_sentence",
    "few_pairs_sentence",
    "few_positives",
    "fit_isotonic",
    "fit_on_dev",
    "fit_threshold",
    "lower_is_better",
    "measure",
    "measure_ranking",
    "measured",
    "metric_name",
    "pair_counts",
    "primary_metric",
    "rank",
    "score_splits",
    "threshold_optimism",
]
