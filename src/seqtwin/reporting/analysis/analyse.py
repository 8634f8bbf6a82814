"""All statistics of a study in one dict, numbers at six significant digits, undefined ones None."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from seqtwin.reporting.analysis import best as selection
from seqtwin.reporting.analysis.facets import Facet, facets_of, grid_of
from seqtwin.reporting.analysis.judged import Judged, Replicates, replicate
from seqtwin.reporting.analysis.omnibus import interaction, omnibus, refused_omnibus
from seqtwin.reporting.analysis.planned import planned
from seqtwin.reporting.analysis.rank_agreement import agreement

ALPHA, ROPE, PERMUTATIONS = 0.05, 0.01, 9999
Trials = Mapping[tuple[str, ...], Sequence[float]]


def analyse(
    judged: Sequence[Judged],
    plan: Mapping[str, Any],
    trials: Trials,
    *,
    replicates: int,
    rng: np.random.Generator,
    drawn: Sequence[Replicates] = (),
) -> dict[str, Any]:
    """Facets (omnibus, variance, interaction, ties, best), planned comparisons, agreement, validity.

    `plan`: alpha, rope, permutations, comparisons; what it lacks is .05, .01, 9999, none. `trials`: dev values of the
    tuning trials by the labels of a pairing, in the order of its keys. `drawn`: the replicates of each judged, where
    the caller has them already.
    """
    drawn = drawn or [replicate(one, replicates, rng) for one in judged]
    rope, permutations = float(plan.get("rope", ROPE)), int(plan.get("permutations", PERMUTATIONS))
    parts = [facet for one, own in zip(judged, drawn, strict=True) for facet in facets_of(one, own)]
    facets = [_facet(f, trials, rope=rope, permutations=permutations, replicates=replicates, rng=rng) for f in parts]
    alpha, comparisons = float(plan.get("alpha", ALPHA)), plan.get("comparisons") or ()
    claims = planned(judged, drawn, comparisons, alpha=alpha, rope=rope, permutations=permutations, rng=rng)
    return rounded({
        "facets": facets,
        "planned": [{name: value for name, value in row.items() if name != "skewed"} for row in claims],
        "agreement": [row for one, own in zip(judged, drawn, strict=True) for row in agreement(one, own)],
        "validity": _validity(drawn, parts, claims, replicates),
    })  # fmt: skip


def _facet(
    facet: Facet, trials: Trials, *, rope: float, permutations: int, replicates: int, rng: np.random.Generator
) -> dict[str, Any]:
    found: dict[str, Any] = {"labels": facet.labels, "dataset": facet.judged.dataset, "metric": facet.judged.metric}
    return found | _grid_part(facet, permutations, replicates, rng) | _best_part(facet, trials, rope, rng)


def _grid_part(facet: Facet, permutations: int, replicates: int, rng: np.random.Generator) -> dict[str, Any]:
    grid = grid_of(facet)
    if isinstance(grid, str):
        return {"omnibus": refused_omnibus(grid), "variance": [], "interaction": []}
    tests, variance = omnibus(facet, grid, permutations=permutations, replicates=replicates, rng=rng)
    return {"omnibus": tests, "variance": variance, "interaction": interaction(facet, grid)}


def _best_part(facet: Facet, trials: Trials, rope: float, rng: np.random.Generator) -> dict[str, Any]:
    differences, chosen = selection.differences_of(facet), selection.best_on_dev(facet)
    found: dict[str, Any] = {"ties": selection.ties(facet, differences, rope), "best": {}, "versus_best": []}
    if chosen is not None:
        found["best"] = selection.best(facet, chosen, rng)
        found["versus_best"] = selection.versus_best(facet, differences, chosen, rope)
    exploratory = selection.exploratory(facet, differences)
    return found | {"expected": selection.expected(facet, trials), "exploratory": exploratory}


def _validity(
    drawn: Sequence[Replicates], parts: Sequence[Facet], claims: Sequence[Mapping[str, Any]], replicates: int
) -> dict[str, Any]:
    """How many replicates, which share of the values under them was undefined, how many intervals needed BCa."""
    known = [own.values[~np.isnan(own.observed)] for own in drawn]
    undefined, total = sum(int(np.isnan(v).sum()) for v in known), sum(v.size for v in known)
    means = [facet.drawn.contrast({m: 1.0}).interval.skewed for facet in parts for m in facet.measured]
    skewed = sum(means) + sum(bool(row.get("skewed")) for row in claims)
    return {"replicates": replicates, "undefined_share": undefined / total if total else 0.0, "skewed": skewed}


def rounded(value: Any) -> Any:
    """Numbers at six significant digits, None for what is not finite; containers all the way down.

    >>> rounded({"p": 0.123456789, "low": float("nan"), "k": [1, 2]})
    {'p': 0.123457, 'low': None, 'k': [1, 2]}
    """
    if isinstance(value, Mapping):
        return {key: rounded(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(part) for part in value]
    if isinstance(value, float | np.floating):
        return float(f"{value:.6g}") if np.isfinite(value) else None
    return int(value) if isinstance(value, np.integer) else value
