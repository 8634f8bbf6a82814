"""The test plan: the differences that will be tested, and how. It is fixed before the first training."""

from collections.abc import Mapping
from itertools import combinations
from typing import TypedDict

from seqtwin.comparisons import Comparison, Labels, matching_pairings, same_sides
from seqtwin.config import ComparisonConfig, StudyConfig
from seqtwin.errors import ConfigError, nearest
from seqtwin.run.part_labels import factor_label, label
from seqtwin.study.grid import PAIRING, Grid
from seqtwin.study.tiers import TIERS

ALPHA, ROPE, PERMUTATIONS = 0.05, 0.01, 9999


class Plan(TypedDict):
    """The test plan as study.json has it. `declared`: when; `rope`: the smallest relevant difference."""

    declared: str
    alpha: float
    rope: float
    replicates: int
    permutations: int
    interaction: bool
    comparisons: list[Comparison]


# letter, left, right: the standard comparisons (b) to (d); (a) is about padding, (e) about losses
REPRESENTATION_PAIRS = (
    ("b", "final_hidden", "mean_output"),
    ("c", "final_hidden", "max_output"),
    ("d", "final_cell", "final_hidden"),
)


def make_plan(study: StudyConfig, grid: Grid, declared: str) -> Plan:
    """The plan of a study. Its comparisons are one family per data set. `declared`: the time of declaration.

    Raises: ConfigError for a comparison that the grid cannot make.
    """
    return {
        "declared": declared,
        "alpha": ALPHA,
        "rope": ROPE,
        "replicates": TIERS[study.tier].replicates,
        "permutations": PERMUTATIONS,
        "interaction": all(len(grid.factors[key]) > 1 for key in PAIRING),
        "comparisons": _all_comparisons(study, grid),
    }


def _all_comparisons(study: StudyConfig, grid: Grid) -> list[Comparison]:
    pairings = list({cell.pairing: cell.labels for cell in grid.cells}.values())
    comparisons = [comparison for comparison in _standard(grid) if matching_pairings(pairings, comparison)]
    for config in study.comparisons:
        own = _own(config, grid)
        if not matching_pairings(pairings, own):
            cause = f"no two pairings of the grid differ only as in '{own['name']}'"
            raise ConfigError("PLAN_EMPTY", cause, place="comparisons")
        if not any(same_sides(own, other) for other in comparisons):
            comparisons.append(own)
    return comparisons


def _standard(grid: Grid) -> list[Comparison]:
    """The standard comparisons of these factors; the grid may not be able to make all of them."""
    ends = [({"representation": a}, {"representation": b}, letter) for letter, a, b in REPRESENTATION_PAIRS]
    losses = combinations(grid.factors["loss"], 2)
    within = [{"representation": name} for name in grid.factors["representation"]]
    return [
        *_padding_comparisons(grid),
        *(_comparison(letter, left, right, {}) for left, right, letter in ends),
        *(_comparison("e", {"loss": a}, {"loss": b}, here) for a, b in losses for here in within),
    ]


def _padding_comparisons(grid: Grid) -> list[Comparison]:
    """(a) the last step including padding against the true last step, which may be merged into an equal one."""
    key, name = "encoder.padding", "last_output"
    merged_into = next((kept for gone, kept, _ in grid.merged if gone == name), None)
    if merged_into is None:
        return [_comparison("a", {key: "read"}, {key: "masked"}, {"representation": name})]
    return [_comparison("a", {"representation": name, key: "read"}, {"representation": merged_into, key: "masked"}, {})]


def _comparison(letter: str, left: Labels, right: Labels, within: Labels, name: str = "") -> Comparison:
    name = name or _name(left, right, within)
    return {"name": name, "letter": letter, "left": dict(left), "right": dict(right), "within": dict(within)}


def _name(left: Labels, right: Labels, within: Labels) -> str:
    """
    >>> _name({"loss": "mse"}, {"loss": "bce"}, {"representation": "max_output"})
    'mse vs bce with max_output'
    """
    end = f" with {_words(within)}" if within else ""
    return f"{_words(left)} vs {_words(right)}{end}"


def _words(labels: Labels) -> str:
    return ", ".join(labels.values())


def _own(own: ComparisonConfig, grid: Grid) -> Comparison:
    left, right, within = (_labels(side, grid) for side in (own.left, own.right, own.within))
    return _comparison("", left, right, within, own.name)


def _labels(side: Mapping[str, object], grid: Grid) -> dict[str, str]:
    return {factor: _label(factor, value, grid) for factor, value in side.items()}


def _label(factor: str, value: object, grid: Grid) -> str:
    """The label of a value in the grid. The value may be given as the label itself."""
    if factor not in grid.factors:
        factors = list(grid.factors)
        cause = f"the grid does not vary '{factor}'; it varies {', '.join(factors)}{nearest(factor, factors)}"
        raise ConfigError("PLAN_FACTOR", cause, place="comparisons")
    name, known = label(value) if factor in PAIRING else factor_label(factor, value), grid.factors[factor]
    if name not in known:
        cause = f"{factor} is never '{name}' in this grid; known: {', '.join(known)}{nearest(name, known)}"
        raise ConfigError("PLAN_LABEL", cause, place="comparisons")
    return name
