"""Tests of the assumptions of an analysis of variance: equal variances, normal residuals.

SciPy has both, but its `stats` takes half a second to import, which is a sixth of a whole report.
"""

import numpy as np

from seqtwin.reporting.statistics.weighted import Array

MOST_VALUES = 5000

# Royston's polynomials, lowest power first: the two outer weights, mean and log SD of the transformed W
_FIRST = (0.0, 0.221157, -0.147981, -2.071190, 4.434685, -2.706056)
_SECOND = (0.0, 0.042981, -0.293762, -1.752461, 5.682633, -3.582633)
_SMALL_MEAN, _SMALL_SPREAD = (0.544, -0.39978, 0.025054, -0.0006714), (1.3822, -0.77857, 0.062767, -0.0020322)
_MEAN, _SPREAD = (-1.5861, -0.31082, -0.083751, 0.0038915), (-0.4803, -0.082676, 0.0030302)
_LIMIT = (-2.273, 0.459)
_SMALL = 11


def levene_p(groups: Array) -> float:
    """p of Levene's test about medians that the rows of [groups, values] have equal variance.

    F of a one-way analysis of variance of |value - median of its group|. nan for groups that are constant.
    Source: Brown and Forsythe, Robust tests for the equality of variances, 1974.

    >>> round(levene_p(np.array([[1.0, 2.0, 3.0], [1.0, 5.0, 9.0]])), 4)
    0.2193
    """
    from scipy.special import fdtrc

    away = np.abs(groups - np.median(groups, axis=1, keepdims=True))
    means = away.mean(axis=1, keepdims=True)
    between = groups.shape[1] * float(((means - away.mean()) ** 2).sum())
    within = float(((away - means) ** 2).sum())
    free, rest = len(groups) - 1, groups.size - len(groups)
    if not within > 0:
        return 0.0 if between > 0 else np.nan
    return float(fdtrc(free, rest, between / free / (within / rest)))


def normality_p(values: Array) -> float:
    """p of Shapiro and Wilk's test that the values are normal, for 4 to 5,000 values; 1 for constant values.

    W is the squared correlation of the sorted values with Royston's weights. Its logarithm is about normal.
    Source: Royston, A remark on algorithm AS 181: the W test for normality, 1995 (AS R94).

    >>> round(normality_p(np.array([1.0, 2.0, 3.0, 4.0, 9.0])), 3)
    0.254
    """
    from scipy.special import ndtr

    count, ordered = len(values), np.sort(values)
    if ordered[0] == ordered[-1]:
        return 1.0
    centred, weights = ordered - ordered.mean(), _weights(count)
    left, right = (side / np.sqrt((side**2).sum()) for side in (centred, weights))
    short = float((left - right) @ (left - right)) / 2  # 1 - correlation, exact also where it is close to 0
    mean, spread, level = _scale(count, np.log(max(short * (2 - short), 1e-300)))
    return float(ndtr(-(level - mean) / spread))


def _scale(count: int, level: float) -> tuple[float, float, float]:
    """Mean and SD of the transformed W of normal values, and the transformed log(1 - W)."""
    if count > _SMALL:
        size = np.log(count)
        return _value(_MEAN, size), float(np.exp(_value(_SPREAD, size))), level
    room = _value(_LIMIT, count) - level
    small = _value(_SMALL_MEAN, count), float(np.exp(_value(_SMALL_SPREAD, count)))
    return *small, -float(np.log(room)) if room > 0 else np.inf


def _weights(count: int) -> Array:
    """The weights of the sorted values: antisymmetric, with a sum of squares of 1."""
    from scipy.special import ndtri

    scores: Array = ndtri((np.arange(1, count + 1) - 0.375) / (count + 0.25))
    total, root = float((scores**2).sum()), 1 / np.sqrt(count)
    outer = [_value(_FIRST, root) + scores[-1] / np.sqrt(total)]
    outer += [_value(_SECOND, root) + scores[-2] / np.sqrt(total)] if count > 5 else []
    fixed = len(outer)
    ends = float((scores[:fixed] ** 2).sum()), sum(weight**2 for weight in outer)
    weights: Array = scores / np.sqrt((total - 2 * ends[0]) / (1 - 2 * ends[1]))
    weights[:fixed], weights[count - fixed :] = [-weight for weight in outer], outer[::-1]
    return weights


def _value(coefficients: tuple[float, ...], at: float) -> float:
    return float(sum(factor * at**power for power, factor in enumerate(coefficients)))
