"""The threshold for a stated precision, or the precision at a given one: from labels of the list, or without them."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from seqtwin.errors import ConfigError
from seqtwin.index.exact_search import Array
from seqtwin.matching.label_sample import LabelFile
from seqtwin.matching.label_shift import Reference, estimate_unlabelled
from seqtwin.matching.precision_estimate import Estimate, choose_estimate, estimate_at, estimate_labelled

Basis = Literal["labels", "dev"]
_MORE_LABELS = "label a larger sample (--ask), or one with a higher --threshold, or ask for a lower --precision"
_LABEL_THIS = "ask for a lower --precision, or label pairs of this list: --sample, then --labels"


@dataclass(frozen=True)
class Choice:
    """A threshold and its estimated precision. `others`: the estimates at other thresholds, lowest first; `labelled`:
    the number of labelled pairs of the list (basis `labels`); `prevalence`: the estimated share of same pairs among all
    candidate pairs (basis `dev`).
    """

    estimate: Estimate
    others: list[Estimate]
    basis: Basis
    candidates: int
    labelled: int = 0
    prevalence: float | None = None


def choose_by_labels(scores: Array, file: LabelFile, *, target: float | None, limit: float, place: str) -> Choice:
    """The lowest threshold for the precision `target`, or the estimate at `limit` if `target` is None.

    `scores`: of all candidate pairs, best first. Labels of the list are needed, but no assumption about its scores.

    Raises: ConfigError if no threshold reaches the target, or if `limit` is below the sampled pairs.
    """
    others = estimate_labelled(scores, file.strata)
    if target is None:
        estimate = estimate_at(scores, file.strata, limit, place)
    else:
        estimate = choose_estimate(others, target, place, _MORE_LABELS)
    return Choice(estimate, others, "labels", int(file.strata.edges[-1]), labelled=int(file.strata.labelled.sum()))


def choose_unlabelled(
    scores: Array,
    reference: Reference,
    generator: np.random.Generator,
    *,
    target: float | None,
    limit: float,
    place: str,
) -> Choice:
    """The same without labels of the list, from the candidate pairs of a labelled file.

    Raises: ConfigError if the estimate is refused, if no threshold reaches the target, or no pair reaches `limit`.
    """
    if target is None and not (scores >= limit).any():
        cause = f"no candidate pair reaches the threshold {limit:.6g}: there is no precision to estimate"
        raise ConfigError("PRECISION_NO_PAIRS", cause, place=place, remedy="set a lower --threshold")
    shifted = estimate_unlabelled(scores, reference, generator, limit=limit if target is None else None)
    if target is None:
        [estimate] = [estimate for estimate in shifted.estimates if estimate.threshold == limit]
    else:
        estimate = choose_estimate(shifted.estimates, target, place, _LABEL_THIS)
    return Choice(estimate, shifted.estimates, "dev", len(scores), prevalence=shifted.prevalence)
