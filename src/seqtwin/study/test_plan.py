"""The test plan: which differences will be tested, and how, said before the first training and never changed."""

from collections.abc import Mapping
from itertools import combinations
from typing import Any

from seqtwin.comparisons import Comparison, Labels, matching_pairings, same_sides
from seqtwin.config import ComparisonConfig, StudyConfig
from seqtwin.errors import ConfigError, nearest
from seqtwin.run.part_labels import factor_label, label
from seqtwin.study.grid import PAIRING, Grid
from seqtwin.study.tiers import TIERS

ALPHA, ROPE, PERMUTATIONS = 0.05, 0.01, 9999

# letter, left, right: (b) to (d) of the standard comparisons; (a) is about padding, (e) about losses
OF_REPRESENTATIONS = (
    ("b", "final_hidden", "mean_output"),
    ("c", "final_hidden", "max_output"),
    ("d", "final_cell", "final_hidden"),
)


def make_plan(study: StudyConfig, grid: Grid, declared: str) -> dict[str, Any]:
    """The plan as `study.json` holds it; all its comparisons are one family (per data set).

    Raises: ConfigError for a comparison of what the grid does not hold.
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
    found = [one for one in _standard(grid) if matching_pairings(pairings, one)]
    for own in study.comparisons:
        one = _own(own, grid)
        if not matching_pairings(pairings, one):
            raise ConfigError("PLAN_EMPTY", f"no two pairings differ as '{one['name']}' asks", place="comparisons")
        if not any(same_sides(one, other) for other in found):
            found.append(one)
    return found


def _standard(grid: Grid) -> list[Comparison]:
    """Those that every study of these factors makes, whether or not the grid can make all of them."""
    ends = [({"representation": a}, {"representation": b}, letter) for letter, a, b in OF_REPRESENTATIONS]
    losses = combinations(grid.factors["loss"], 2)
    within = [{"representation": name} for name in grid.factors["representation"]]
    return [
        *_of_padding(grid),
        *(_comparison(letter, left, right, {}) for left, right, letter in ends),
        *(_comparison("e", {"loss": a}, {"loss": b}, here) for a, b in losses for here in within),
    ]


def _of_padding(grid: Grid) -> list[Comparison]:
    """(a) the last step after the pads, against the true last step (which may stand under another name)."""
    key, name = "encoder.padding", "last_output"
    stands = next((kept for gone, kept, _ in grid.merged if gone == name), None)
    if stands is None:
        return [_comparison("a", {key: "read"}, {key: "masked"}, {"representation": name})]
    return [_comparison("a", {"representation": name, key: "read"}, {"representation": stands, key: "masked"}, {})]


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


def _labels(side: Mapping[str, Any], grid: Grid) -> dict[str, str]:
    return {factor: _label(factor, value, grid) for factor, value in side.items()}


def _label(factor: str, value: Any, grid: Grid) -> str:
    """The label that the grid gives to a value, which may be written as the label itself."""
    if factor not in grid.factors:
        known = list(grid.factors)
        cause = f"the grid does not vary '{factor}'; it varies {', '.join(known)}{nearest(factor, known)}"
        raise ConfigError("PLAN_FACTOR", cause, place="comparisons")
    found, known = label(value) if factor in PAIRING else factor_label(factor, value), grid.factors[factor]
    if found not in known:
        cause = f"{factor} is never '{found}' in this grid; known: {', '.join(known)}{nearest(found, known)}"
        raise ConfigError("PLAN_LABEL", cause, place="comparisons")
    return found
