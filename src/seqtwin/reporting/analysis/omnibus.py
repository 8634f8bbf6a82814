"""Does the effect of the loss depend on the representation? Tests, variance shares and contrasts of one facet."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from seqtwin.reporting.analysis.facets import Facet, Grid
from seqtwin.reporting.analysis.judged import on_z
from seqtwin.reporting.statistics import Array, blocks, seed_means, simultaneous_reach

COLLAPSED = "collapsed"


def refused_omnibus(reason: str) -> dict[str, Any]:
    """The shape of an omnibus test that was not made."""
    return {"method": "", "refused": reason, "why": "", "levene_p": np.nan, "normality_p": np.nan, "terms": []}


def omnibus(
    facet: Facet, grid: Grid, *, permutations: int, replicates: int, rng: np.random.Generator
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The tests of representation, loss and interaction, and the variance shares."""
    table = grid.take(on_z(facet.judged, facet.drawn.observed))
    if float(blocks.squares_of(table)["residual"]) < 1e-18 * table.size:
        return refused_omnibus("pairings do not vary apart from their seeds"), []
    found: dict[str, Any] = {"refused": "", **_validity(table)}
    reasons = _unfit(facet, found["levene_p"])
    terms = blocks.permuted(table, permutations, rng) if reasons else blocks.anova(table)
    found |= {"method": "permutation" if reasons else "anova", "why": "; ".join([*reasons, *grid.notes])}
    reaches = blocks.eta2_intervals(table, replicates, rng)
    found["terms"] = [
        vars(term) | {"eta2_low": reaches[term.term].low, "eta2_high": reaches[term.term].high} for term in terms
    ]
    return found, [{"source": name, "share": share} for name, share in blocks.shares_of(table).items()]


def _validity(table: Array) -> dict[str, float]:
    if table.shape[-1] < 3:
        return {"levene_p": np.nan, "normality_p": np.nan}
    return {"levene_p": blocks.levene_p(table), "normality_p": blocks.normality_p(table)}


def _unfit(facet: Facet, levene_p: float) -> list[str]:
    statuses = [status for member in facet.members for status in facet.judged.statuses[member]]
    collapsed = sum(status == COLLAPSED for status in statuses)
    found = ["variances differ between pairings"] if levene_p < blocks.UNEQUAL else []
    return found + ([f"{collapsed} of {len(statuses)} study cells collapsed"] if collapsed else [])


def interaction(facet: Facet, grid: Grid) -> list[dict[str, Any]]:
    """cell - row mean - column mean + grand mean on the z scale, with intervals that hold together.

    Replicates draw seeds and pairs; the reach of all intervals comes from the largest t of each replicate.
    """
    observed = _centred(grid.take(on_z(facet.judged, facet.drawn.observed)).mean(axis=2)).ravel()
    values = grid.take(on_z(facet.judged, facet.drawn.values))
    means = seed_means(values, facet.drawn.seed_counts[:, grid.seeds])
    reach = simultaneous_reach(_centred(means).reshape(len(observed), -1), observed)
    members = [member for row in grid.members for member in row]
    return [_contrast(facet.main(m), c, r) for m, c, r in zip(members, observed, reach, strict=True)]


def _centred(means: Array) -> Array:
    rows, columns = means.mean(axis=1, keepdims=True), means.mean(axis=0, keepdims=True)
    return means - rows - columns + means.mean(axis=(0, 1), keepdims=True)


def _contrast(labels: Mapping[str, str], contrast: float, reach: float) -> dict[str, Any]:
    found = {"contrast": contrast, "low": contrast - reach, "high": contrast + reach}
    return {**labels, **found, "clear": bool(abs(contrast) > reach)}
