"""Advice from data sets for another one: which pairing to start with, and what following it loses."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SAME_KIND, SAME_UNIT = 2.0, 1.0  # added to the weight of 1 that every data set has
Pairing = tuple[str, str]
Array = NDArray[np.float64]


@dataclass(frozen=True)
class DataSet:
    """A data set with the mean scores of all pairings over seeds. `kind`: of labels; `unit`: of steps."""

    name: str
    kind: str
    unit: str
    dev: Mapping[Pairing, float]
    test: Mapping[Pairing, float]


Rule = Callable[[DataSet, Sequence[DataSet]], Pairing]


def distances(scores: Mapping[Pairing, float]) -> dict[Pairing, float]:
    """How far each pairing is below the best one.

    >>> distances({("max_output", "mse"): 0.75, ("final_hidden", "mse"): 0.5})
    {('max_output', 'mse'): 0.0, ('final_hidden', 'mse'): 0.25}
    """
    best = max(scores.values())
    return {pairing: best - score for pairing, score in scores.items()}


def likeness(asked: tuple[str, str], other: DataSet) -> float:
    """The weight of a data set in the advice for a kind of labels and a unit of steps."""
    kind, unit = asked
    return 1 + SAME_KIND * (other.kind == kind) + SAME_UNIT * (other.unit == unit)


def expected_distances(asked: tuple[str, str], others: Sequence[DataSet]) -> dict[Pairing, float]:
    """The weighted mean distance of each pairing from the best one, on dev, over pairings that all data sets have."""
    weights = np.array([likeness(asked, other) for other in others])
    by_set = [distances(other.dev) for other in others]
    common = [pairing for pairing in by_set[0] if all(pairing in own for own in by_set)]
    return {pairing: float(weights @ np.array([own[pairing] for own in by_set]) / weights.sum()) for pairing in common}


def advise(data: DataSet, others: Sequence[DataSet]) -> Pairing:
    """The pairing with the smallest expected distance, by data sets that are like this one."""
    expected = expected_distances((data.kind, data.unit), others)
    return min(expected, key=lambda pairing: expected[pairing])


def advise_all_alike(data: DataSet, others: Sequence[DataSet]) -> Pairing:
    """The same without weights."""
    alike = [DataSet(own.name, "", "", own.dev, own.test) for own in others]
    return advise(data, alike)


def always(pairing: Pairing) -> Rule:
    """A rule that does not look at the data."""
    return lambda data, others: pairing


def losses(rule: Rule, data_sets: Sequence[DataSet]) -> dict[str, float]:
    """What following the rule loses on each data set that is left out: best test score minus that of the advice."""
    found = {}
    for place, data in enumerate(data_sets):
        others = [*data_sets[:place], *data_sets[place + 1 :]]
        found[data.name] = distances(data.test)[rule(data, others)]
    return found


def random_losses(data_sets: Sequence[DataSet]) -> dict[str, float]:
    """The expected loss of a pairing drawn at random."""
    return {data.name: float(np.mean(list(distances(data.test).values()))) for data in data_sets}
