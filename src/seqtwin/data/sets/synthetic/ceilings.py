"""CEILINGS: the best score on a probe for models with limited information.

Each kind of model is described by a rule that uses only the information available to it. Models that are not listed can
in principle reach the ceiling of the probe.
"""

import numpy as np
import pandas as pd

from seqtwin.data.sets.synthetic.generators import PROBES
from seqtwin.data.sets.synthetic.oracles import Rule, bag_overlap, key_set_overlap, length_gap
from seqtwin.metrics import METRICS

# by probe, then by representation or kind of model
CEILINGS: dict[str, dict[str, Rule]] = {
    "P6": {"bag": bag_overlap},  # both sides have the same words: 0.5
    "P7": {"max_output": key_set_overlap},  # a maximum over key features; states that count can do better
    "P9": {"length": length_gap},  # learns that unequal lengths mean the same: 0 on test
    "P10": {"bag": bag_overlap},  # common keys do not depend on parity: 0.5
}


def metric_of(probe: str) -> str:
    """The metric of a probe."""
    return "spearman" if PROBES[probe].graded else "roc_auc"


def rule_score(rule: Rule, part: pd.DataFrame, metric: str) -> float:
    """The metric of the scores of a rule, against the targets."""
    scores = np.array([rule(left, right) for left, right in zip(part["left"], part["right"], strict=True)])
    return agreement(scores, part["target"].to_numpy(), metric)


def agreement(scores: np.ndarray, target: np.ndarray, metric: str) -> float:
    """The metric of scores against targets, rounded to six digits."""
    values = target >= 0.5 if METRICS[metric].targets == "binary" else target
    return round(METRICS[metric].function(scores, values), 6)


def reader_ceilings(probe: str, part: pd.DataFrame) -> dict[str, float]:
    """The ceilings of the limited models of a probe, measured on some pairs."""
    return {reader: rule_score(rule, part, metric_of(probe)) for reader, rule in CEILINGS.get(probe, {}).items()}
