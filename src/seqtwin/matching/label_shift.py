"""The precision of linked pairs without labels of the list, from labelled pairs of another list: their share of same
pairs is replaced by the one under which the scores of this list are most likely.

The estimate assumes that the same pairs of both lists have scores of one distribution, and so have the different ones.
A list of another kind or of a very different length breaks this: a longer list has more near neighbours that differ.
The fit is tested, and the estimate refused where the scores contradict it. Labels of the list itself need no assumption
and are to be trusted more.
"""

from dataclasses import dataclass

import numpy as np

from seqtwin.errors import ConfigError
from seqtwin.index.exact_search import Array
from seqtwin.matching.precision_estimate import Estimate, Share, threshold_after

BINS = 20
LEAST_PAIRS, LEAST_OF_LABEL = 100, 30
LEAST_FIT = 0.01
_REPLICATES = 400
_STEPS, _CLOSE = 5000, 1e-9
_REMEDY = "label pairs of this list: --sample, then --labels"


@dataclass(frozen=True)
class Reference:
    """Labelled candidate pairs of another list. `scores`: Float[pairs]; `same`: Bool[pairs]."""

    scores: Array
    same: Array


@dataclass(frozen=True)
class Shifted:
    """The estimates without labels, lowest threshold first. `prevalence`: the estimated share of same pairs among the
    candidates; `fit`: the p-value of the test that the scores of the list are a mixture of those of both labels.
    """

    prevalence: float
    fit: float
    estimates: list[Estimate]


def estimate_unlabelled(
    scores: Array, reference: Reference, generator: np.random.Generator, *, limit: float | None = None
) -> Shifted:
    """The precision and recall of the candidate pairs with these scores (best first), at up to 20 thresholds.

    The scores are cut into bins at quantiles of both lists. f1 and f0 are the shares of the same and the different
    reference pairs in each bin. The prevalence pi maximises the likelihood of the list under pi f1 + (1 - pi) f0, by
    EM. P(same | bin) = pi f1 / (pi f1 + (1 - pi) f0); a precision is its mean over the pairs that reach a threshold.
    The intervals are percentiles of replicates: f1 and f0 drawn from their Dirichlet posteriors, the counts of the list
    from a multinomial, the number of same pairs in each bin from a binomial distribution. Pairs are taken as
    independent. The error of the assumption is not in the intervals.

    `limit`: a further threshold at which to estimate.

    Raises: ConfigError for too few pairs, or if the scores do not fit the reference.
    Source: Saerens, Latinne and Decaestecker, Adjusting the outputs of a classifier to new a priori probabilities:
    a simple procedure, 2002.
    """
    _check_sizes(scores, reference)
    thresholds = bin_thresholds(scores, reference, limit)
    edges = np.concatenate([[-np.inf], thresholds])
    same, different = (_histogram(reference.scores[reference.same == label], edges) for label in (True, False))
    listed = _histogram(scores, edges)
    prevalence = fit_prevalence(listed, _density(same), _density(different))
    fit = _fit_of(listed, same, different, float(prevalence))
    if fit < LEAST_FIT:
        cause = (
            f"the scores of this list are no mixture of those of the same and the different pairs of the labelled file "
            f"(p = {fit:.1g}): without labels of this list its precision cannot be estimated"
        )
        raise ConfigError("PRECISION_FIT", cause, place="--dev", remedy=_REMEDY)
    found = listed * _posterior(prevalence, _density(same), _density(different))
    curves = [_curves(listed, found), _curves(*_draw_replicates(listed, same, different, generator))]
    return Shifted(float(prevalence), fit, _estimates(scores, thresholds, curves))


def _check_sizes(scores: Array, reference: Reference) -> None:
    same = int(reference.same.sum())
    counts = {
        "candidate pairs in this list": (len(scores), LEAST_PAIRS),
        "candidate pairs of the labelled file that are the same": (same, LEAST_OF_LABEL),
        "candidate pairs of the labelled file that are different": (len(reference.same) - same, LEAST_OF_LABEL),
    }
    for name, (count, least) in counts.items():
        if count < least:
            cause = f"too few pairs for an estimate without labels of this list: {count} {name}, expected {least}"
            raise ConfigError("PRECISION_FEW", cause, place="--dev", remedy=_REMEDY)


def bin_thresholds(scores: Array, reference: Reference, limit: float | None = None) -> Array:
    """The lower ends of all bins but the lowest: Float[bins - 1], rising.

    The bins have equally many pairs if a pair of the list and one of the reference count such that both lists have the
    same weight.
    """
    both = np.concatenate([scores, reference.scores])
    weights = np.repeat([1.0 / len(scores), 1.0 / len(reference.scores)], [len(scores), len(reference.scores)])
    order = np.argsort(both, kind="stable")
    shares = np.cumsum(weights[order]) / 2.0
    places = np.searchsorted(shares, np.arange(1, BINS) / BINS)
    ends = both[order][np.minimum(places, len(both) - 1)]
    # in the list's own scores, such that the count of pairs at a threshold is exact
    counts = np.searchsorted(-scores, -ends, side="right")
    found = {threshold_after(scores, int(count)) for count in counts if count} | (
        {limit} if limit is not None else set()
    )
    return np.array(sorted(found))


def _histogram(scores: Array, edges: Array) -> Array:
    return np.bincount(np.searchsorted(edges, scores, side="right") - 1, minlength=len(edges))


def _density(counts: Array) -> Array:
    """The share of each bin, with half a pair added to each: Float[... bins]."""
    return np.asarray((counts + 0.5) / (counts.sum(axis=-1, keepdims=True) + 0.5 * counts.shape[-1]))


def fit_prevalence(listed: Array, same: Array, different: Array) -> Array:
    """The prevalence that maximises the likelihood of the counts: Float[...] for counts and densities [... bins].

    >>> round(float(fit_prevalence(np.array([30, 70]), np.array([0.0, 1.0]), np.array([0.5, 0.5]))), 6)
    0.4
    """
    prevalence = np.full(listed.shape[:-1], 0.5)
    for _ in range(_STEPS):
        updated = (listed * _posterior(prevalence, same, different)).sum(axis=-1) / listed.sum(axis=-1)
        done = np.abs(updated - prevalence).max() < _CLOSE
        prevalence = updated
        if done:
            break
    return prevalence


def _posterior(prevalence: Array, same: Array, different: Array) -> Array:
    ours = np.expand_dims(prevalence, -1) * same
    others = np.expand_dims(1.0 - prevalence, -1) * different
    return np.asarray(ours / np.maximum(ours + others, 1e-300))


def _fit_of(listed: Array, same: Array, different: Array, prevalence: float) -> float:
    """The p-value of the chi-square test of the counts against the mixture, whose own sampling variance is added."""
    from scipy.stats import chi2

    total = float(listed.sum())
    f1, f0 = _density(same), _density(different)
    expected = prevalence * f1 + (1.0 - prevalence) * f0
    own = prevalence**2 * f1 * (1 - f1) / same.sum() + (1 - prevalence) ** 2 * f0 * (1 - f0) / different.sum()
    distance = float(((listed - total * expected) ** 2 / (total * expected + total**2 * own)).sum())
    return float(chi2.sf(distance, max(len(listed) - 2, 1)))


def _draw_replicates(
    listed: Array, same: Array, different: Array, generator: np.random.Generator
) -> tuple[Array, Array]:
    """The pairs of each bin, and how many of them are the same: both Int[replicates bins]."""
    f1, f0 = (generator.dirichlet(counts + 0.5, _REPLICATES) for counts in (same, different))
    drawn = generator.multinomial(int(listed.sum()), listed / listed.sum(), _REPLICATES)
    return drawn, generator.binomial(drawn, _posterior(fit_prevalence(drawn, f1, f0), f1, f0))


def _curves(listed: Array, found: Array) -> tuple[Array, Array]:
    """Precision and recall at the lower end of each bin but the lowest: Float[... bins - 1] for counts [... bins]."""
    above, pairs = (np.cumsum(counts[..., ::-1], axis=-1)[..., ::-1] for counts in (found, listed))
    return (above / np.maximum(pairs, 1))[..., 1:], (above / np.maximum(above[..., :1], 1e-9))[..., 1:]


def _estimates(scores: Array, thresholds: Array, curves: list[tuple[Array, Array]]) -> list[Estimate]:
    shares = []
    for value, replicates in zip(*curves, strict=True):
        low, high = np.percentile(replicates, [2.5, 97.5], axis=0)
        shares.append([Share(*map(float, own)) for own in zip(value, low, high, strict=True)])
    pairs = [int((scores >= threshold).sum()) for threshold in thresholds.tolist()]
    return [
        Estimate(threshold, count, precision, recall)
        for threshold, count, precision, recall in zip(thresholds.tolist(), pairs, *shares, strict=True)
    ]
