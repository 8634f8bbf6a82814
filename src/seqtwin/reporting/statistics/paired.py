"""Paired tests over seeds: t and sign flips, and corrections of p for several tests."""

from collections.abc import Callable, Sequence

import numpy as np

from seqtwin.reporting.statistics.weighted import Array

EXACT_SEEDS = 13
ROUNDING = 1e-13  # rounding error of metrics, whose values are of the order of 1


def paired_t(differences: Array) -> tuple[float, float]:
    """t and its two-sided p for the mean of paired differences; p is 1 if all differences are 0 up to rounding.

    Equal differences other than 0 have no t: the result is (nan, 0).
    """
    from scipy.special import stdtr

    count, mean = len(differences), float(differences.mean())
    spread = float(differences.std(ddof=1))
    if max(abs(mean), spread) <= ROUNDING:
        return 0.0, 1.0
    if spread <= 1e-12 * max(abs(mean), 1e-300):
        return (np.nan, 0.0) if mean else (0.0, 1.0)
    value = mean / (spread / np.sqrt(count))
    return value, float(2.0 * stdtr(count - 1, -abs(value)))


def _signs(count: int, draws: int, rng: np.random.Generator) -> Array:
    if count <= EXACT_SEEDS:
        patterns = np.arange(2**count)[:, None] >> np.arange(count)
        return (1.0 - 2.0 * (patterns & 1)).astype(np.float64)
    drawn = 1.0 - 2.0 * rng.integers(0, 2, (draws, count))
    return np.concatenate([np.ones((1, count)), drawn])


def sign_flip_p(differences: Array, draws: int, rng: np.random.Generator) -> float:
    """Two-sided p of the mean of paired differences, if each sign is equally likely under the null hypothesis.

    It is exact for up to 13 seeds; with more, it uses `draws` random sign patterns and the observed one.

    >>> sign_flip_p(np.ones(5), 0, np.random.default_rng(0))
    0.0625
    """
    sums = np.abs(_signs(len(differences), draws, rng) @ differences)
    observed = abs(float(differences.sum()))
    return float((sums >= observed - 1e-9 * max(observed, 1e-300)).mean())


def _holm(ordered: Array) -> Array:
    """Ascending p values corrected by Holm: the largest so far of p x (number of those not smaller)."""
    corrected: Array = np.maximum.accumulate(ordered * np.arange(len(ordered), 0, -1))
    return corrected


def _false_discoveries(ordered: Array) -> Array:
    """Ascending p values corrected by Benjamini and Hochberg: the smallest from here on of p x n / rank."""
    shares = np.arange(1, len(ordered) + 1) / len(ordered)
    corrected: Array = np.minimum.accumulate((ordered / shares)[::-1])[::-1]
    return corrected


CORRECTIONS: dict[str, Callable[[Array], Array]] = {"holm": _holm, "fdr_bh": _false_discoveries}


def adjusted(p_values: Sequence[float], method: str) -> list[float]:
    """p values corrected for multiple tests by `method` (`holm` or `fdr_bh`); nan stays nan and is not counted.

    Source: Holm, A simple sequentially rejective multiple test procedure, 1979; Benjamini and Hochberg, Controlling the
    false discovery rate, 1995.

    >>> adjusted([0.01, 0.04, 0.03], "holm")
    [0.03, 0.06, 0.06]
    """
    values = np.asarray(p_values, dtype=float)
    known = np.flatnonzero(~np.isnan(values))
    order = known[np.argsort(values[known], kind="stable")]
    values[order] = np.minimum(CORRECTIONS[method](values[order]), 1.0)
    return values.tolist()
