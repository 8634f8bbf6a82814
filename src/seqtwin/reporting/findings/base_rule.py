"""The record of a rule over the values of a study cell, and the conditions of several comparisons."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from seqtwin.metrics import LEAST_RISE
from seqtwin.reporting.formatting import digits, many, settled

Values = Mapping[str, float]

DEVIATES = 1e-4  # rounding of float32 is below 1e-5
QUARTERS = 4  # with fewer epochs, the last quarter of them is no epoch
CLEAR_RISE = 0.05  # of the metric on dev; smaller rises are common among encoders that learned nothing
ABOVE_CHANCE = 0.2  # a rank metric this far above chance, such as ROC-AUC .7, orders most pairs


class Known(dict[str, float]):
    """Values by name; nan for unknown ones.

    >>> Known({"stuck": 1.0})["saturated"]
    nan
    """

    def __missing__(self, name: str) -> float:
        return math.nan


@dataclass(frozen=True)
class Rule:
    """One diagnostic rule.

    `shown`: description and name of each value that is its evidence; `fires`: the condition; `says`: its meaning.
    `meaning`: a meaning that fits certain values better than `says`, `instead`: such evidence; both empty for others.
    """

    code: str
    name: str
    shown: tuple[tuple[str, str], ...]
    fires: Callable[[Values], bool]
    says: str
    remedy: str
    meaning: Callable[[Values], str] = lambda _: ""
    instead: Callable[[Values], str] = lambda _: ""


def evidence(rule: Rule, values: Values) -> str:
    """The known values that a rule checks, as text.

    >>> rule = Rule("D6", "", (("share of coordinates beyond .99", "saturated"),), lambda _: True, "", "")
    >>> evidence(rule, Known({"saturated": 0.41234}))
    'share of coordinates beyond .99: 0.412'
    """
    instead = rule.instead(values)
    if instead:
        return instead
    known = [(words, values[name]) for words, name in rule.shown if not math.isnan(values[name])]
    return "; ".join(f"{words}: {settled(value):.3g}" for words, value in known)


def all_or_none(share: float) -> bool:
    """Whether a share is exactly 0 or 1."""
    return share in (0.0, 1.0)


def gradient_missing(v: Values) -> bool:
    """One third of the sequence gets no gradient, or more than a hundred times less than another."""
    thirds = [v[f"gradient_{part}"] for part in ("first", "middle", "last")]
    return v["gradient_ratio"] > 100 or (min(thirds) == 0 < max(thirds))


def upside_down(v: Values) -> bool:
    """Below chance on training pairs, or learned there and reversed on dev.

    Reversed on dev: by the scores, or by a linear probe fitted to the training labels, if training made the encoder
    worse.
    """
    here, there = v["train_auc"] < 0.45, v["train_auc"] > 0.55 and v["dev_roc_auc"] < 0.4
    worse = v["untrained_roc_auc"] - v["test_roc_auc"] > 0.1
    return here or there or (worse and v["probe_metric"] < v["chance"] - 0.1)


def worse_with_pads(v: Values) -> bool:
    """The slope over padding excludes 0. If padding changes no vector, it is a slope over length and not a mistake."""
    sloped = v["pad_slope_low"] > 0 or v["pad_slope_high"] < 0
    return sloped and not v["padding_deviation"] <= DEVIATES


def length_shortcut(v: Values) -> bool:
    """Length separates the training pairs, the scores follow it, and the norm is length or the scores fail on test."""
    offered, taken = abs(v["length_auc"] - 0.5) > 0.2, abs(v["score_length_correlation"]) > 0.3
    fails, is_length = v["dev_roc_auc"] - v["test_roc_auc"] > 0.2, abs(v["norm_length_correlation"]) > 0.9
    return offered and taken and (fails or is_length)


def improved(v: Values) -> str:
    """From where to where the metric on dev clearly rose above that of the untrained encoder; empty if it did not.

    >>> improved(Known({"dev_start": 0.8, "dev_best": 0.98})), improved(Known({"dev_start": 0.8, "dev_best": 0.81}))
    ('from .80 to .98', '')
    """
    start, best = v["dev_start"], v["dev_best"]
    return f"from {digits(start, 2)} to {digits(best, 2)}" if best - start > CLEAR_RISE else ""


def ranking_improved(v: Values) -> str:
    """The meaning of a loss on its plateau if the ranking of dev pairs improved; empty if it did not."""
    rise = improved(v)
    return f"The loss is still at the level of guessing, although the ranking improved {rise}." if rise else ""


def metric_improved(v: Values) -> str:
    """The same for single items, which are not ranked."""
    rise = improved(v)
    return f"The loss is still at the level of guessing, although the metric on dev improved {rise}." if rise else ""


def after_few_epochs(v: Values) -> str:
    """The evidence of a rise after fewer epochs than there are quarters; empty after more.

    >>> after_few_epochs(Known({"dev_epochs": 1.0})), after_few_epochs(Known({"dev_epochs": 4.0}))
    ('after 1 epoch', '')
    """
    return f"after {many(int(v['dev_epochs']), 'epoch')}" if v["dev_epochs"] < QUARTERS else ""


def miscalibrated(v: Values) -> bool:
    """The scores rank the pairs clearly better than chance, but are on another scale than the targets."""
    ranks = numbers(v, "test_roc_auc", "dev_roc_auc")[:1]
    above = ranks[0] - 0.5 if ranks else v["native_metric"] - v["chance"]
    return above > ABOVE_CHANCE and (v["rank_minus_pearson"] > 0.1 or v["isotonic_gain"] > 0.1)


def still_rising(v: Values) -> bool:
    """The metric on dev rose in the last quarter of the epochs by more than its noise, and no early stop ended it."""
    clear = v["dev_rise"] > LEAST_RISE and v["dev_rise_low"] > 0
    return clear and v["dev_best_share"] > 0.75 and not v["steps"] < v["step_budget"]


def numbers(v: Values, *names: str) -> list[float]:
    """The known ones of these values."""
    return [v[name] for name in names if not math.isnan(v[name])]
