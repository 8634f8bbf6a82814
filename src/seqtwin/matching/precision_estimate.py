"""The precision of linked pairs at a threshold, estimated from a stratified sample of labelled candidate pairs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from seqtwin.errors import ConfigError
from seqtwin.index.exact_search import Array

_Z = 1.959964  # 95 %


@dataclass(frozen=True)
class Share:
    """An estimated share with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Estimate:
    """The estimate at one threshold. `pairs`: the number of candidate pairs that reach it; `precision`: the share of
    them that are the same; `recall`: the share of the candidate pairs considered, among the same ones, that reach it.
    """

    threshold: float
    pairs: int
    precision: Share
    recall: Share


@dataclass(frozen=True)
class Strata:
    """Labelled pairs of each stratum. A stratum is a range of ranks of the candidate pairs, best score first.

    `edges`: Int[strata + 1], rising from 0: stratum h has the pairs of rank edges[h] + 1 to edges[h + 1]; `labelled`:
    Int[strata], how many of them, drawn at random, have a label; `same`: Int[strata], how many are the same.
    """

    edges: Array
    labelled: Array
    same: Array

    @property
    def sizes(self) -> Array:
        """The number of candidate pairs of each stratum: Int[strata]."""
        return np.diff(self.edges)

    def precision(self, pairs: int) -> Share:
        """The share of same pairs among the first `pairs` ranks: sum of W_h p_h over the strata.

        W_h is the share of the stratum, p_h the share of same pairs among its labelled ones. In a stratum that is only
        partly among the first ranks, p_h is that of the whole stratum. The interval is Wilson's with an effective
        number of labels, the one at which a simple random sample would have the variance of this sample.

        Source: Franco, Little, Louis and Slud, Comparative study of confidence intervals for proportions in complex
        sample surveys, 2019.

        >>> Strata(np.array([0, 10, 100]), np.array([10, 20]), np.array([10, 10])).precision(100).value
        0.55
        """
        inside = self._inside(pairs)
        value = float(inside @ self._rates()) / pairs
        smooth = float(inside @ self._smoothed()) / pairs
        variance = float((inside / pairs) ** 2 @ self._variances())
        return wilson(value, effective_size(smooth, variance))

    def recall(self, pairs: int) -> Share:
        """The share of the same pairs of all strata that are among the first `pairs` ranks: a ratio of two totals.

        Its variance is that of the linearised ratio. Without any same pair the value is NaN.
        """
        inside, rates, smoothed = self._inside(pairs), self._rates(), self._smoothed()
        total = float(self.sizes @ rates)
        if not total:
            return Share(float("nan"), 0.0, 1.0)
        smooth = float(inside @ smoothed) / float(self.sizes @ smoothed)
        pulls = (inside - smooth * self.sizes) / float(self.sizes @ smoothed)
        return wilson(float(inside @ rates) / total, effective_size(smooth, float(pulls**2 @ self._variances())))

    def _inside(self, pairs: int) -> Array:
        return np.clip(pairs - self.edges[:-1], 0, self.sizes)

    def _rates(self) -> Array:
        return self.same / self.labelled

    def _smoothed(self) -> Array:
        """The rates with half a pair added to either side: a rate of 0 or 1 in a few labels has a variance, too."""
        return np.where(self._complete, self._rates(), (self.same + 0.5) / (self.labelled + 1.0))

    def _variances(self) -> Array:
        smoothed = self._smoothed()
        return np.where(self._complete, 0.0, smoothed * (1.0 - smoothed) / self.labelled)

    @property
    def _complete(self) -> Array:
        # no correction for a stratum labelled in part: in simulations the intervals were too narrow with it
        return np.asarray(self.labelled >= self.sizes)


def effective_size(share: float, variance: float) -> float:
    """The size of a simple random sample in which this share has this variance; infinite without variance.

    >>> effective_size(0.5, 0.0025)
    100.0
    """
    return share * (1.0 - share) / variance if variance > 0 else float("inf")


def wilson(share: float, size: float) -> Share:
    """A share with Wilson's 95 % interval for a sample of `size`.

    >>> found = wilson(1.0, 10); round(found.low, 4), round(found.high, 4)
    (0.7225, 1.0)
    """
    square = _Z**2 / max(size, 1e-9)
    middle = share + square / 2
    reach = float(np.sqrt(square * share * (1.0 - share) + square**2 / 4))
    low, high = (middle - reach) / (1.0 + square), (middle + reach) / (1.0 + square)
    return Share(share, min(max(low, 0.0), share), max(min(high, 1.0), share))


def estimate_labelled(scores: Array, strata: Strata) -> list[Estimate]:
    """The estimates at the lower end of each stratum, lowest threshold first. `scores`: of all candidates, best first.

    A stratum without a labelled pair must not be among them.
    """
    return [_estimate(scores, strata, threshold_after(scores, int(end))) for end in strata.edges[:0:-1]]


def estimate_at(scores: Array, strata: Strata, threshold: float, place: str) -> Estimate:
    """The estimate at one threshold.

    Raises: ConfigError if no pair reaches it, or if it is below the pairs that were sampled.
    """
    pairs, sampled = int((scores >= threshold).sum()), int(strata.edges[-1])
    if not pairs:
        cause = f"no candidate pair reaches the threshold {threshold:.6g}: there is no precision to estimate"
        raise ConfigError("PRECISION_NO_PAIRS", cause, place=place, remedy="set a lower --threshold")
    if pairs > sampled:
        cause = f"{pairs} candidate pairs reach the threshold {threshold:.6g}, but only the best {sampled} were sampled"
        remedy = f"set --threshold {scores[sampled - 1]:.6g} or higher, or write a new sample with this --threshold"
        raise ConfigError("PRECISION_BELOW", cause, place=place, remedy=remedy)
    return _estimate(scores, strata, threshold)


def _estimate(scores: Array, strata: Strata, threshold: float) -> Estimate:
    pairs = int((scores >= threshold).sum())
    return Estimate(threshold, pairs, strata.precision(pairs), strata.recall(pairs))


def threshold_after(scores: Array, rank: int) -> float:
    """A threshold that the first `rank` scores reach and no lower one: halfway to the next lower score.

    >>> threshold_after(np.array([0.9, 0.5, 0.1]), 2), threshold_after(np.array([0.9, 0.5]), 2)
    (0.3, 0.5)
    """
    last = float(scores[rank - 1])
    if rank >= len(scores):
        return last
    # in the precision of the scores, in which they are compared with it
    middle = float(scores.dtype.type(last + (float(scores[rank]) - last) / 2))
    return middle if middle > float(scores[rank]) else last


def choose_estimate(estimates: Sequence[Estimate], target: float, place: str, remedy: str) -> Estimate:
    """The estimate with the lowest threshold at which the whole interval of the precision reaches the target.

    The lower end is used, not the estimate itself: the lowest of many thresholds whose estimate reaches the target is
    mostly one whose estimate is too high by chance.

    Raises: ConfigError if there is none. `remedy`: what the user can do then.
    """
    good = [estimate for estimate in estimates if estimate.precision.low >= target]
    if good:
        return min(good, key=lambda estimate: estimate.threshold)
    best = max(estimates, key=lambda estimate: estimate.precision.low)
    share = best.precision
    cause = (
        f"no threshold has a 95 % interval of the precision that is all at {target:g} or above; the best is "
        f"{share.low:.3f} to {share.high:.3f} (estimate {share.value:.3f}) at {best.threshold:.6g}"
    )
    raise ConfigError("PRECISION_UNREACHED", cause, place=place, remedy=remedy)


def check_target(target: float) -> float:
    """The value of --precision.

    Raises: ConfigError unless it is between 0 and 1.
    """
    if not 0.0 < target < 1.0:
        cause = f"expected a number between 0 and 1, got {target:g}"
        raise ConfigError("PRECISION_TARGET", cause, place="--precision", remedy="for example --precision 0.95")
    return target
