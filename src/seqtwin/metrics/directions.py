"""The direction, chance level and printed name of every number that a table shows.

A metric has its own (METRICS and the other families). DIRECTIONS has those of numbers that belong to no family.
"""

from collections.abc import Iterator

import numpy.typing as npt

from seqtwin.metrics.base import HIGHER, LOWER, NEITHER, Direction
from seqtwin.metrics.classes import CLASS_METRICS, Measure
from seqtwin.metrics.generated_texts import WRITTEN_METRICS, Texts
from seqtwin.metrics.pairs import METRICS, Metric
from seqtwin.metrics.rankings import RANKINGS, Ranking

# printed names of metrics that are computed elsewhere
ELSEWHERE = {"span_f1": "span F1", "nn_accuracy": "nearest-neighbour accuracy"}
DIRECTIONS: dict[str, Direction] = {
    # metrics that are computed elsewhere
    "span_f1": HIGHER,
    "nn_accuracy": HIGHER,
    "nn_accuracy_scaled": HIGHER,
    # diagnostics that a table shows
    "plateau_ratio": LOWER,
    "left_plateau_share": LOWER,
    "stuck_share": LOWER,
    "dev_rise": NEITHER,
    "beyond_margin_start": NEITHER,
    "margin_reach": LOWER,
    "head_median_start": NEITHER,
    "norm_length_correlation": NEITHER,
    "saturated": LOWER,
    "effective_rank_share": HIGHER,
    "random_cosine": LOWER,
    "alignment": NEITHER,
    "train_auc": Direction("higher", chance=0.5),
    "length_auc": Direction("neither", chance=0.5),
    "gradient_ratio": LOWER,
    "third_first": NEITHER,
    "rank_minus_pearson": NEITHER,
    "pad_slope_low": NEITHER,
    "probe_metric": HIGHER,
    "permutation_deviation": LOWER,
    "batch_deviation": LOWER,
    "padding_deviation": LOWER,
    "final_hidden_gain": LOWER,
    "leakage_share": LOWER,
}


AnyMetric = Metric | Ranking | Measure[npt.ArrayLike, npt.ArrayLike] | Measure[Texts, Texts]


def _family_members(name: str) -> Iterator[AnyMetric]:
    for table in (METRICS, CLASS_METRICS, WRITTEN_METRICS, RANKINGS):
        if name in table:
            yield table[name]


def metric_name(name: str) -> str:
    """The printed name of a metric, in running text.

    >>> metric_name("roc_auc"), metric_name("recall@10"), metric_name("average_precision")
    ('ROC-AUC', 'recall@10', 'average precision')
    """
    names = (metric.name for metric in _family_members(name))
    return next(names, ELSEWHERE.get(name, name.replace("_", " ")))


def direction_of(name: str) -> Direction | None:
    """The direction of a metric, at any depth (`recall@10`), or of a diagnostic; None for an unknown name.

    >>> direction_of("mse").better, direction_of("hit_rate@10").better, direction_of("a_metric_of_a_plug_in")
    ('lower', 'higher', None)
    """
    name = name.partition("@")[0]
    return next((metric.direction for metric in _family_members(name)), DIRECTIONS.get(name))


def lower_is_better(name: str) -> bool:
    """Whether smaller values of a metric are better.

    >>> lower_is_better("mse_iso"), lower_is_better("roc_auc")
    (True, False)
    """
    direction = direction_of(name)
    return direction is not None and direction.better == "lower"


def chance_of(name: str) -> float | None:
    """The value of a metric for scores without information; None where it depends on the data.

    >>> chance_of("roc_auc"), chance_of("spearman"), chance_of("accuracy")
    (0.5, 0.0, None)
    """
    direction = direction_of(name)
    return None if direction is None else direction.chance
