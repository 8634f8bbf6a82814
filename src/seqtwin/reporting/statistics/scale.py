"""The z scale on which linear models of scores are fitted: Fisher z of correlations, logit of areas and shares."""

import numpy as np

from seqtwin.reporting.statistics.weighted import SHARES, Array

CORRELATIONS = frozenset({"spearman", "pearson"})
AREAS = frozenset({"roc_auc", "average_precision"})


def to_z(metric: str, values: Array, targets: Array) -> Array:
    """Values of a metric on the z scale, clipped to keep them finite.

    Correlations: atanh(r), |r| <= 1 - 1/(2n). Areas: log(a / (1 - a)), a in [e, 1 - e], e = 1/(2 n+ n-).
    Shares of n rows: the same with e = 1/(2n). Other metrics are not changed. `targets` are 0 or 1 for an area.

    >>> to_z("spearman", np.array([0.0, 1.0]), np.zeros(10)).round(4)
    array([0.    , 1.8318])
    >>> to_z("roc_auc", np.array([0.5]), np.array([0.0, 1.0]))
    array([0.])
    """
    if metric in CORRELATIONS:
        end = 1.0 - 1.0 / (2.0 * max(len(targets), 1))
        return np.arctanh(np.clip(values, -end, end))
    if metric in AREAS:
        positive = float(targets.sum())
        return _logit(values, 1.0 / (2.0 * max(positive * (len(targets) - positive), 1.0)))
    return _logit(values, 1.0 / (2.0 * max(len(targets), 1))) if metric in SHARES else values


def _logit(values: Array, end: float) -> Array:
    clipped = np.clip(values, end, 1.0 - end)
    logits: Array = np.log(clipped) - np.log1p(-clipped)
    return logits
