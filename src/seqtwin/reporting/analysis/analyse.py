"""All statistics of a study in one record: numbers at six significant digits, None where undefined."""

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np

from seqtwin.comparisons import Plan
from seqtwin.reporting.analysis import best_pairing as selection
from seqtwin.reporting.analysis.facets import Facet, facets_of, grid_of
from seqtwin.reporting.analysis.judged_scores import Judged, Replicates, replicate
from seqtwin.reporting.analysis.omnibus import interaction, omnibus, refused_omnibus
from seqtwin.reporting.analysis.planned_comparisons import Outcome, corrected, run_comparisons
from seqtwin.reporting.analysis.rank_agreement import agreement
from seqtwin.reporting.analysis.records import Analysis, FacetAnalysis, Validity
from seqtwin.reporting.formatting import settled

ALPHA, ROPE, PERMUTATIONS = 0.05, 0.01, 9999
Trials = Mapping[tuple[str, ...], Sequence[float]]


def analyse(
    judged: Sequence[Judged],
    plan: Plan,
    trials: Trials,
    *,
    replicates: int,
    rng: np.random.Generator,
    drawn: Sequence[Replicates] = (),
) -> Analysis:
    """Facets (omnibus, variance, interaction, ties, best), planned comparisons, agreement, validity.

    `plan`: its missing entries default to alpha .05, rope .01, 9999 permutations and no comparisons. `trials`: dev
    values of the tuning trials by the labels of a pairing, in the order of its keys. `drawn`: the replicates of each
    judged, where the caller already has them.
    """
    drawn = drawn or [replicate(own, replicates, rng) for own in judged]
    rope, permutations = float(plan.get("rope", ROPE)), int(plan.get("permutations", PERMUTATIONS))
    parts = [facet for own, draws in zip(judged, drawn, strict=True) for facet in facets_of(own, draws)]
    facets = [_facet(f, trials, rope=rope, permutations=permutations, replicates=replicates, rng=rng) for f in parts]
    comparisons = plan.get("comparisons") or ()
    outcomes = run_comparisons(judged, drawn, comparisons, rope=rope, permutations=permutations, rng=rng)
    analysis: Analysis = {
        "facets": facets,
        "planned": corrected(outcomes, alpha=float(plan.get("alpha", ALPHA)), rope=rope),
        "agreement": [row for own, draws in zip(judged, drawn, strict=True) for row in agreement(own, draws)],
        "validity": _validity(drawn, parts, outcomes, replicates),
    }
    return cast("Analysis", rounded(analysis))


def _facet(
    facet: Facet, trials: Trials, *, rope: float, permutations: int, replicates: int, rng: np.random.Generator
) -> FacetAnalysis:
    subject: FacetAnalysis = {"labels": facet.labels, "dataset": facet.judged.dataset, "metric": facet.judged.metric}
    return {**subject, **_grid_part(facet, permutations, replicates, rng), **_best_part(facet, trials, rope, rng)}


def _grid_part(facet: Facet, permutations: int, replicates: int, rng: np.random.Generator) -> FacetAnalysis:
    grid = grid_of(facet)
    if isinstance(grid, str):
        return {"omnibus": refused_omnibus(grid), "variance": [], "interaction": []}
    tests, variance = omnibus(facet, grid, permutations=permutations, replicates=replicates, rng=rng)
    return {"omnibus": tests, "variance": variance, "interaction": interaction(facet, grid)}


def _best_part(facet: Facet, trials: Trials, rope: float, rng: np.random.Generator) -> FacetAnalysis:
    differences, chosen = selection.differences_of(facet), selection.best_on_dev(facet)
    return {
        "ties": selection.ties(facet, differences, rope),
        "best": selection.best(facet, chosen, rng) if chosen is not None else {},
        "versus_best": selection.versus_best(facet, differences, chosen, rope) if chosen is not None else [],
        "expected": selection.expected(facet, trials),
        "exploratory": selection.exploratory(facet, differences),
    }


def _validity(
    drawn: Sequence[Replicates], parts: Sequence[Facet], outcomes: Sequence[Outcome], replicates: int
) -> Validity:
    """Number of replicates, share of undefined values under them, and number of intervals that needed BCa."""
    known = [draws.values[~np.isnan(draws.observed)] for draws in drawn]
    undefined, total = sum(int(np.isnan(v).sum()) for v in known), sum(v.size for v in known)
    means = [facet.drawn.contrast({m: 1.0}).interval.skewed for facet in parts for m in facet.measured]
    skewed = sum(means) + sum(outcome.skewed for outcome in outcomes)
    return {"replicates": replicates, "undefined_share": undefined / total if total else 0.0, "skewed": skewed}


def rounded(value: object) -> object:
    """The value with its numbers at six significant digits and None for numbers that are not finite, at any depth.

    >>> rounded({"p": 0.123456789, "low": float("nan"), "k": [1, 2]})
    {'p': 0.123457, 'low': None, 'k': [1, 2]}
    """
    if isinstance(value, Mapping):
        return {key: rounded(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(part) for part in value]
    if isinstance(value, float | np.floating):
        return float(f"{settled(float(value)):.6g}") if np.isfinite(value) else None
    return int(value) if isinstance(value, np.integer) else value
