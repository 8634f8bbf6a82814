"""CEILINGS: what a reader can reach on a probe at best, where that is less than the probe's own ceiling.

A reader stands here as a rule that reads what it can see. What is not named can reach the probe's ceiling in principle.
"""

import numpy as np
import pandas as pd

from seqtwin.data.sets.synthetic.generators import PROBES
from seqtwin.data.sets.synthetic.oracles import Rule, bag_overlap, key_set_overlap, length_gap
from seqtwin.metrics import METRICS

# by probe, then by representation or kind of reader
CEILINGS: dict[str, dict[str, Rule]] = {
    "P6": {"bag": bag_overlap},  # both sides are one bag: 0.5
    "P7": {"max_output": key_set_overlap},  # a maximum over what marks the keys; states that count first can do better
    "P9": {"length": length_gap},  # has learnt that unequal lengths mean the same: 0 at test
    "P10": {"bag": bag_overlap},  # more keys in common say nothing of parity: 0.5
}


def metric_of(probe: str) -> str:
    """The metric a probe is judged by."""
    return "spearman" if PROBES[probe].graded else "roc_auc"


def rule_score(rule: Rule, part: pd.DataFrame, metric: str) -> float:
    """The metric of what a rule says of the texts, against the targets."""
    said = np.array([rule(left, right) for left, right in zip(part["left"], part["right"], strict=True)])
    return agreement(said, part["target"].to_numpy(), metric)


def agreement(scores: np.ndarray, target: np.ndarray, metric: str) -> float:
    """The metric of scores against targets, rounded to six digits."""
    found = target >= 0.5 if METRICS[metric].targets == "binary" else target
    return round(METRICS[metric].function(scores, found), 6)


def reader_ceilings(probe: str, part: pd.DataFrame) -> dict[str, float]:
    """The ceiling of each reader that CEILINGS names for a probe, on these pairs."""
    return {reader: rule_score(rule, part, metric_of(probe)) for reader, rule in CEILINGS.get(probe, {}).items()}
