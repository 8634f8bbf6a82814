"""The optimism of selection: the best of several looks better than it is."""

from collections.abc import Sequence

import numpy as np

from seqtwin.reporting.statistics.weighted import Array, ratio


def best_of_equals(count: int) -> float:
    """How many SD better than it is the best of `count` equal cells looks: the mean of the largest normal deviate.

    >>> round(best_of_equals(14), 2), round(best_of_equals(2), 4)
    (1.7, 0.5642)
    """
    from scipy.integrate import quad
    from scipy.stats import norm

    return float(quad(lambda x: x * count * norm.pdf(x) * norm.cdf(x) ** (count - 1), -12, 12)[0])


def optimism(dev: Array, value: Array, counts: Array) -> Array:
    """How much the value of the pairing chosen on dev is too high because it was chosen: [replicates].

    `dev`, `value`: tables [pairings, seeds] without gaps; `counts` [replicates, seeds]: how often each seed was drawn.
    In each replicate the pairing that is best on dev over the drawn seeds is chosen. The optimism of that draw is its
    value there minus its value on the seeds left out. A draw that counts seed s k_s times is as noisy as
    n^2 / sum k_s^2 seeds, so the difference is scaled by sqrt(n / sum k_s^2) to n seeds. nan where no seed was left
    out.
    """
    share = counts / counts.sum(axis=1, keepdims=True)
    chosen = (dev @ share.T).argmax(axis=0)
    drawn = np.einsum("bs,bs->b", value[chosen], share)
    out = (counts == 0).astype(float)
    rest = ratio(np.einsum("bs,bs->b", value[chosen], out), out.sum(axis=1), out.any(axis=1))
    scale = np.sqrt(1.0 / (value.shape[1] * (share**2).sum(axis=1)))
    differences: Array = (drawn - rest) * scale
    return differences


def expected_best(values: Sequence[float]) -> list[float]:
    """The expected best of k = 1, 2, ... trials: sum over i of v_(i) [ (i/n)^k - ((i-1)/n)^k ].

    Trials without a value (nan) count as the worst one. The list is empty if no trial has a value.
    Source: Dodge et al., Show your work, 2019.

    >>> expected_best([0.2, 0.6])
    [0.4, 0.5]
    """
    known = np.asarray(values, dtype=float)
    if np.isnan(known).all():
        return []
    ordered = np.sort(np.where(np.isnan(known), np.nanmin(known), known))
    count = len(ordered)
    share, k = np.arange(count + 1) / count, np.arange(1, count + 1)[:, None]
    best: Array = (np.diff(share**k, axis=1) * ordered).sum(axis=1)
    return [float(round(value, 12)) for value in best]
