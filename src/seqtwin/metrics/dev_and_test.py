"""Scores of dev and test under the same keys: threshold and calibration are fitted on dev and applied to test once."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from seqtwin.metrics.base import Undefined
from seqtwin.metrics.thresholds import Isotonic, fit_isotonic, fit_threshold, measure

# relative to the largest score: several rounding errors of float32
SAME = 1e-6


@dataclass(frozen=True)
class Fitted:
    """Threshold and isotonic map, fitted on dev; None where they are undefined, with the reason in `why`."""

    threshold: float | None
    isotonic: Isotonic | None
    why: str


def fit_on_dev(scores: np.ndarray, targets: np.ndarray, cut: float) -> Fitted:
    """Threshold and isotonic map of the dev split. Targets >= `cut` are "same"."""
    try:
        isotonic = fit_isotonic(scores, targets)
        return Fitted(fit_threshold(_rounded(scores), targets >= cut), isotonic, "")
    except Undefined as error:
        return Fitted(None, None, error.reason)


def _rounded(scores: np.ndarray) -> np.ndarray:
    """The scores without their rounding errors, which a threshold must not separate.

    The cosine of two equal texts, for example, can be 1 or 0.99999994.
    """
    largest = float(np.abs(scores).max(initial=0.0))
    if largest < np.finfo(np.float32).tiny:
        return scores
    decimals = -math.ceil(math.log10(SAME * largest))
    return np.asarray(np.round(np.asarray(scores, dtype=np.float64), decimals))


def score_splits(
    scores: Mapping[str, np.ndarray], targets: Mapping[str, np.ndarray], cut: float
) -> tuple[dict[str, dict[str, float]], dict[str, str], Fitted]:
    """Metrics of dev and test under the same keys, why others are undefined, and what was fitted on dev."""
    fitted = fit_on_dev(scores["dev"], targets["dev"], cut)
    values: dict[str, dict[str, float]] = {}
    undefined: dict[str, str] = {}
    for split in ("dev", "test"):
        values[split], missing = measure(scores[split], targets[split], cut, fitted.threshold, fitted.isotonic)
        undefined |= {name: f"{split}: {why}" for name, why in missing.items()}
    shared = {split: {k: v for k, v in values[split].items() if k not in undefined} for split in values}
    return shared, undefined, fitted
