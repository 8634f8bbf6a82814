"""Rank agreement of two metrics over the same pairings: Kendall's tau-b and Spearman, many tables at a time."""

import numpy as np

from seqtwin.reporting.statistics.weighted import Array, ratio


def kendall(a: Array, b: Array) -> Array:
    """Kendall tau-b of each row of [replicates, pairings]; nan where a side is constant.

    >>> kendall(np.array([[1.0, 2.0, 3.0]]), np.array([[1.0, 3.0, 2.0]])).round(4)
    array([0.3333])
    """
    left = np.sign(a[:, :, None] - a[:, None, :])
    right = np.sign(b[:, :, None] - b[:, None, :])
    shared = np.einsum("bij,bij->b", left, right)
    spread = np.abs(left).sum(axis=(1, 2)) * np.abs(right).sum(axis=(1, 2))
    return ratio(shared, np.sqrt(spread), spread > 0)


def _ranks(values: Array) -> Array:
    ranked: Array = np.sign(values[:, :, None] - values[:, None, :]).sum(axis=2)
    return ranked


def spearman(a: Array, b: Array) -> Array:
    """Spearman correlation of each row of [replicates, pairings]; nan where a side is constant.

    >>> spearman(np.array([[1.0, 2.0, 3.0]]), np.array([[1.0, 3.0, 2.0]])).round(4)
    array([0.5])
    """
    left, right = _ranks(a), _ranks(b)  # twice the centred average rank
    spread = (left**2).sum(axis=1) * (right**2).sum(axis=1)
    return ratio((left * right).sum(axis=1), np.sqrt(spread), spread > 0)
