"""DIRECTIONS: which way is better for every number that a table shows, and its chance level.

The only place that says so. A metric that is missing here fails the tests.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Direction:
    """`better`: the better end of the scale, `neither` where only the middle is sound. `chance`: the value of scores
    that know nothing; None where it depends on the data (the share of the largest class, of same pairs)."""

    better: Literal["higher", "lower", "neither"]
    chance: float | None = None


_HIGHER, _LOWER, _NEITHER = Direction("higher"), Direction("lower"), Direction("neither")
_CORRELATION = Direction("higher", chance=0.0)

DIRECTIONS: dict[str, Direction] = {
    # scored pairs
    "pearson": _CORRELATION,
    "spearman": _CORRELATION,
    "mse": _LOWER,
    "pearson_iso": _CORRELATION,
    "mse_iso": _LOWER,
    "roc_auc": Direction("higher", chance=0.5),
    "average_precision": _HIGHER,
    "accuracy": _HIGHER,
    "precision": _HIGHER,
    "recall": _HIGHER,
    "f1": _HIGHER,
    "mcc": _CORRELATION,
    # classes, spans, written texts
    "macro_f1": _HIGHER,
    "log_loss": _LOWER,
    "calibration_error": _LOWER,
    "span_f1": _HIGHER,
    "exact_match": _HIGHER,
    "token_accuracy": _HIGHER,
    "edit_distance": _LOWER,
    # rankings
    "hit_rate": _HIGHER,
    "mrr": _HIGHER,
    "r_precision": _HIGHER,
    "map_at_r": _HIGHER,
    "ndcg": _HIGHER,
    "nn_accuracy": _HIGHER,
    "nn_accuracy_scaled": _HIGHER,
    # diagnostics that a table shows
    "plateau_ratio": _LOWER,
    "left_plateau_share": _LOWER,
    "stuck_share": _LOWER,
    "beyond_margin_start": _NEITHER,
    "margin_reach": _LOWER,
    "head_median_start": _NEITHER,
    "norm_length_correlation": _NEITHER,
    "saturated": _LOWER,
    "effective_rank_share": _HIGHER,
    "random_cosine": _LOWER,
    "alignment": _NEITHER,
    "train_auc": Direction("higher", chance=0.5),
    "length_auc": Direction("neither", chance=0.5),
    "gradient_ratio": _LOWER,
    "third_first": _NEITHER,
    "rank_minus_pearson": _NEITHER,
    "pad_slope_low": _NEITHER,
    "probe_metric": _HIGHER,
    "permutation_deviation": _LOWER,
    "batch_deviation": _LOWER,
    "padding_deviation": _LOWER,
    "final_hidden_gain": _LOWER,
    "leakage_share": _LOWER,
}


def direction_of(name: str) -> Direction | None:
    """The direction of a metric or diagnostic, whatever its depth (`recall@10`); None for a name not listed here.

    >>> direction_of("mse").better, direction_of("hit_rate@10").better, direction_of("a_metric_of_a_plug_in")
    ('lower', 'higher', None)
    """
    return DIRECTIONS.get(name.partition("@")[0])


def lower_is_better(name: str) -> bool:
    """Whether smaller values of a metric are better.

    >>> lower_is_better("mse_iso"), lower_is_better("roc_auc")
    (True, False)
    """
    found = direction_of(name)
    return found is not None and found.better == "lower"


def chance_of(name: str) -> float | None:
    """The value of a metric for scores that know nothing; None where it depends on the data.

    >>> chance_of("roc_auc"), chance_of("spearman"), chance_of("accuracy")
    (0.5, 0.0, None)
    """
    found = direction_of(name)
    return found.chance if found is not None else None
