"""DIRECTIONS: for every number that a table shows, which way is better, its chance level and its printed name.

This is the only such table. A metric that is missing here fails the tests.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Direction:
    """The scale of a metric or diagnostic.

    `better`: the better end of the scale, `neither` where only the middle is sound. `chance`: the value of random
    scores; None where it depends on the data (the share of the largest class, of same pairs). `name`: as printed; by
    default the key with blanks. `meaning`: a value in everyday words, with {share} in per cent and {judged}.
    """

    better: Literal["higher", "lower", "neither"]
    chance: float | None = None
    name: str = ""
    meaning: str = ""


_HIGHER, _LOWER, _NEITHER = Direction("higher"), Direction("lower"), Direction("neither")
DIRECTIONS: dict[str, Direction] = {
    # scored pairs
    "pearson": Direction("higher", chance=0.0, name="Pearson"),
    "spearman": Direction(
        "higher",
        chance=0.0,
        name="Spearman",
        meaning="rank correlation of scores and targets; 1 is perfect order, 0 is none",
    ),
    "mse": Direction("lower", name="MSE"),
    "pearson_iso": Direction("higher", chance=0.0, name="Pearson (isotonic)"),
    "mse_iso": Direction("lower", name="MSE (isotonic)"),
    "roc_auc": Direction(
        "higher",
        chance=0.5,
        name="ROC-AUC",
        meaning="of a same and a different pair, the same one scores higher {share} times in 100",
    ),
    "average_precision": _HIGHER,
    "accuracy": Direction("higher", meaning="of 100 {judged}, {share} get the right class"),
    "precision": _HIGHER,
    "recall": _HIGHER,
    "f1": Direction("higher", name="F1"),
    "mcc": Direction("higher", chance=0.0, name="MCC"),
    # classes, spans, written texts
    "macro_f1": Direction("higher", name="macro F1"),
    "log_loss": _LOWER,
    "calibration_error": _LOWER,
    "span_f1": Direction("higher", name="span F1"),
    "exact_match": Direction("higher", meaning="of 100 {judged}, {share} are generated without a mistake"),
    "token_accuracy": _HIGHER,
    "edit_distance": _LOWER,
    # rankings
    "hit_rate": _HIGHER,
    "mrr": Direction("higher", name="MRR"),
    "r_precision": _HIGHER,
    "map_at_r": Direction("higher", name="MAP@R"),
    "ndcg": _HIGHER,
    "nn_accuracy": Direction("higher", name="nearest-neighbour accuracy"),
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


def metric_name(name: str) -> str:
    """The printed name of a metric, in running text.

    >>> metric_name("roc_auc"), metric_name("recall@10"), metric_name("average_precision")
    ('ROC-AUC', 'recall@10', 'average precision')
    """
    direction = DIRECTIONS.get(name)
    return (direction.name if direction else "") or name.replace("_", " ")


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
