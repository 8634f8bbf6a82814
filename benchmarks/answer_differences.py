"""The planned differences of the answer study: their mean over data sets, what they depend on, and a verdict."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from answer_figure import Row
from answer_statistics import Further, average_ranks, critical_difference, friedman_p, further_difference

SURE = 0.95
LEAST_ERROR = 1e-4  # of a difference that is the same in all replicates
KINDS = {"graded": "graded scores", "pairs": "labelled pairs", "classes": "pairs made of classes"}
HEAD = (
    "| difference | mean over data sets (95 %) | spread | further data set: below -.01 / within / above .01 "
    "| graded | pairs | classes | so |\n| --- | ---: | ---: | --- | ---: | ---: | ---: | --- |"
)
Results = Mapping[str, Any]
Pairing = tuple[str, str]  # representation, loss
Estimates = Mapping[str, tuple[float, float]]  # by data set: a difference and its standard error


def real(results: Results) -> dict[str, Any]:
    """The data sets without the synthetic ones."""
    return {name: own for name, own in results.items() if not own["synthetic"]}


def mean_scores(own: Mapping[str, Any], split: str) -> dict[Pairing, float]:
    """The mean over seeds of each pairing with two directions that has a score."""
    rows = zip(own["pairings"], own[split], strict=True)
    return {
        (view, loss): float(np.nanmean(np.array(values, dtype=float)))
        for (direction, view, loss), values in rows
        if direction == "two" and any(value is not None for value in values)
    }


def planned(results: Results, start: str, end: str = "") -> list[str]:
    """The planned differences whose name starts and ends so, in their order."""
    names = dict.fromkeys(name for own in results.values() for name in own["differences"])
    found = [name for name in names if name.startswith(start) and name.endswith(end)]
    return [name for name in found if len(estimates(real(results), name)) >= 3]


def estimates(results: Results, difference: str) -> dict[str, tuple[float, float]]:
    """A planned difference on each data set that has it."""
    found = {name: own["differences"][difference] for name, own in results.items() if difference in own["differences"]}
    return {name: (value, max(error, LEAST_ERROR)) for name, (value, error) in found.items()}


def further(found: Estimates) -> Further:
    """What a difference on these data sets tells about a further one."""
    return further_difference(np.array([d for d, _ in found.values()]), np.array([e for _, e in found.values()]))


def verdict(found: Further) -> str:
    """What the plan says about such a difference.

    >>> verdict(Further(0.03, 0.02, 0.04, 0.005, 0.0, 0.01, 0.99))
    'higher in general'
    """
    if found.above >= SURE:
        return "higher in general"
    if found.below >= SURE:
        return "lower in general"
    return "no relevant difference" if found.within >= SURE else "depends on the data"


def signed(value: float) -> str:
    """Three digits with a sign.

    >>> signed(0.0123), signed(-0.5)
    ('+.012', '-.500')
    """
    return f"{value:+.3f}".replace("0.", ".", 1)


def label(name: str) -> str:
    """A planned difference as the page has it.

    >>> label("two: max_output - final_hidden")
    '`max_output` - `final_hidden`'
    """
    _, _, rest = name.partition(": ")
    sides = rest.split(" - ")
    return f"two directions - one, `{rest}`" if len(sides) == 1 else f"`{sides[0]}` - `{sides[1]}`"


def difference_table(results: Results, names: Sequence[str]) -> str:
    """A line for each planned difference."""
    return "\n".join([HEAD, *(_line(results, name) for name in names)])


def _line(results: Results, name: str) -> str:
    own = further(estimates(real(results), name))
    groups = " | ".join(_mean_of_kind(results, name, kind) for kind in KINDS)
    return (
        f"| {label(name)} | {signed(own.mean)} ({signed(own.low)} to {signed(own.high)}) | {own.spread:.3f} | "
        f"{own.below:.2f} / {own.within:.2f} / {own.above:.2f} | {groups} | {verdict(own)} |"
    )


def _mean_of_kind(results: Results, difference: str, kind: str) -> str:
    own = {name: data for name, data in real(results).items() if data["kind"] == kind}
    values = [value for value, _ in estimates(own, difference).values()]
    return signed(float(np.mean(values))) if values else ""


def figure_rows(results: Results, names: Sequence[str]) -> list[Row]:
    """The rows of a panel of the figure."""
    rows = []
    for name in names:
        found = estimates(real(results), name)
        values = [(results[own]["kind"], value) for own, (value, _) in found.items()]
        rows.append(Row(label(name).replace("`", ""), values, further(found)))
    return rows


def rank_line(results: Results, axis: int) -> str:
    """Average ranks of the representations (axis 0) or losses (axis 1), best first, with both tests."""
    by_set = [mean_scores(own, "test") for own in real(results).values()]
    names = list(dict.fromkeys(pairing[axis] for own in by_set for pairing in own))
    values = np.array(
        [[np.mean([v for pairing, v in own.items() if pairing[axis] == name]) for name in names] for own in by_set]
    )
    ranks = average_ranks(values)
    listed = ", ".join(f"`{names[place]}` {ranks[place]:.1f}" for place in np.argsort(ranks))
    least = critical_difference(len(names), len(by_set))
    return f"{listed}. Friedman's p is {friedman_p(values):.2g}; Nemenyi's critical difference is {least:.1f}."
