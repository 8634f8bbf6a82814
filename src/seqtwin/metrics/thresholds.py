"""The threshold and the isotonic map, fitted on dev and applied to test, and all metrics of a split at once."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from seqtwin.lookup import member
from seqtwin.metrics.base import Undefined
from seqtwin.metrics.pairs import (
    METRICS,
    Bools,
    Counts,
    Floats,
    Metric,
    accuracy_of,
    as_classes,
    as_pairs,
    confusion_by_cut,
    f1_of,
    mcc_of,
)

AIMS: dict[str, Callable[[Counts], Floats]] = {"f1": f1_of, "accuracy": accuracy_of, "mcc": mcc_of}


def _cuts(scores: Floats) -> Floats:
    """One threshold between each two distinct scores, from one above all scores down to one below all."""
    distinct = np.unique(scores)[::-1]
    lower, upper = distinct[1:], distinct[:-1]
    middle = lower + (upper - lower) / 2
    # neighbouring floats have no middle; the upper one separates them too (same when s >= t)
    middle = np.where(middle > lower, middle, upper)
    return np.concatenate([[np.nextafter(distinct[0], np.inf)], middle, [np.nextafter(distinct[-1], -np.inf)]])


def _aims_by_cut(scores: npt.ArrayLike, labels: npt.ArrayLike, metric: str) -> tuple[Floats, Floats]:
    aim = member(AIMS, metric, "threshold metric")
    s, same = as_classes(scores, labels)
    if not len(s):
        raise Undefined("there are no pairs to fit a threshold on")
    values = aim(confusion_by_cut(s, same))
    if np.isnan(values).all() or not same.any():
        raise Undefined("a threshold needs a pair that is labelled same")
    if same.all():
        raise Undefined("a threshold needs a pair that is labelled different")
    return _cuts(s), values


def fit_threshold(scores: npt.ArrayLike, labels: npt.ArrayLike, metric: str = "f1") -> float:
    """The threshold with the best `metric` (f1, accuracy or mcc): a pair is called same when score >= threshold.

    The thresholds tried are midway between neighbouring scores, with one below all and one above all. Of equally good
    thresholds the highest is taken, which calls the fewest pairs same.

    Raises: Undefined without a same pair; ConfigError for an unknown metric.

    >>> fit_threshold([.9, .8, .2, .1], [1, 1, 0, 0])
    0.5
    """
    cuts, values = _aims_by_cut(scores, labels, metric)
    return float(cuts[int(np.nanargmax(values))])


def threshold_optimism(scores: npt.ArrayLike, labels: npt.ArrayLike, threshold: float, metric: str = "f1") -> float:
    """The gain in `metric` of the best threshold for these pairs over the given one. It is reported, never used.

    Raises: Undefined without a same pair, or where the metric has no value at `threshold`.

    >>> round(threshold_optimism([.9, .8, .2, .1], [1, 1, 0, 0], threshold=.15), 3)
    0.2
    """
    _, values = _aims_by_cut(scores, labels, metric)
    s, y = as_pairs(scores, labels)
    return float(np.nanmax(values)) - METRICS[metric].function(s >= threshold, y)


@dataclass(frozen=True)
class Isotonic:
    """An increasing, piecewise linear map from scores to targets. Scores beyond the fitted range are clipped."""

    scores: tuple[float, ...]
    targets: tuple[float, ...]

    def __call__(self, scores: npt.ArrayLike) -> Floats:
        """The calibrated scores."""
        s = np.asarray(scores, dtype=np.float64)
        mapped: Floats = np.interp(s, self.scores, self.targets)
        return mapped


def fit_isotonic(scores: npt.ArrayLike, targets: npt.ArrayLike) -> Isotonic:
    """The increasing map of scores with the smallest squared error to the targets.

    Raises: Undefined without pairs.
    Source: Barlow et al. 1972 (pool adjacent violators), as implemented in scikit-learn.

    >>> fit_isotonic([.1, .2, .3], [0, 1, .5])([0, .25, 9])
    array([0.  , 0.75, 0.75])
    """
    from sklearn.isotonic import IsotonicRegression

    s, y = as_pairs(scores, targets)
    if not len(s):
        raise Undefined("there are no pairs to fit an isotonic map on")
    fitted = IsotonicRegression(increasing=True, out_of_bounds="clip").fit(s, y)
    return Isotonic(tuple(map(float, fitted.X_thresholds_)), tuple(map(float, fitted.y_thresholds_)))


@dataclass(frozen=True)
class _Measurable:
    """The scores of one split in every form that a metric needs."""

    scores: Floats
    targets: Floats
    labels: Bools
    threshold: float | None
    isotonic: Isotonic | None

    def scores_for(self, metric: Metric) -> Floats | Bools:
        if metric.of == "calls":
            if self.threshold is None:
                raise Undefined("no threshold could be fitted on dev")
            return self.scores >= self.threshold
        if metric.of == "calibrated":
            if self.isotonic is None:
                raise Undefined("no isotonic map could be fitted on dev")
            return self.isotonic(self.scores)
        return self.scores

    def measure(self, metric: Metric) -> float:
        scores = self.scores_for(metric)
        if metric.targets == "graded":
            return metric.function(scores, self.targets)
        if len(self.labels) and self.labels.all() == self.labels.any():  # some metrics would be perfect
            raise Undefined(f"only one class is present: all pairs are {'same' if self.labels.all() else 'different'}")
        return metric.function(scores, self.labels)


def measure(
    scores: npt.ArrayLike,
    targets: npt.ArrayLike,
    cut: float,
    threshold: float | None,
    isotonic: Isotonic | None,
) -> tuple[dict[str, float], dict[str, str]]:
    """The value of every metric by name, and the reason for those without a value.

    Targets >= cut are "same" where a metric needs two classes. `threshold` and `isotonic` come from the dev split.
    Without one (None), the metrics that need it are undefined.

    Raises: ValueError for scores that are not finite.

    >>> values, undefined = measure([.9, .1], [1, 0], cut=.5, threshold=.5, isotonic=None)
    >>> values["f1"], undefined["pearson"]
    (1.0, 'a correlation needs at least 3 pairs, got 2')
    """
    s, y = as_pairs(scores, targets)
    split = _Measurable(s, y, y >= cut, threshold, isotonic)
    values, undefined = {}, {}
    for name, metric in METRICS.items():
        try:
            values[name] = split.measure(metric)
        except Undefined as nothing:
            undefined[name] = nothing.reason
    return values, undefined


def primary_metric(targets: npt.ArrayLike) -> str:
    """The primary metric for these targets: `roc_auc` when all are 0 or 1, else `spearman`.

    >>> primary_metric([0, 1, 1]), primary_metric([.2, 1, 0])
    ('roc_auc', 'spearman')
    """
    return "roc_auc" if np.isin(np.asarray(targets, dtype=np.float64), (0.0, 1.0)).all() else "spearman"
