"""The omnibus tests of one facet: whether the effect of the loss depends on the representation.

Tests of representation, loss and interaction, shares of the variance, and interaction contrasts.
"""

import numpy as np

from seqtwin.reporting.analysis.facets import Facet, Grid
from seqtwin.reporting.analysis.judged_scores import on_z
from seqtwin.reporting.analysis.records import Contrast, MainLabels, Omnibus, Term, VarianceShare
from seqtwin.reporting.statistics import Array, Interval, seed_blocks, seed_means, simultaneous_reach
from seqtwin.reporting.statistics.assumptions import MOST_VALUES, levene_p, normality_p

COLLAPSED = "collapsed"


def refused_omnibus(reason: str) -> Omnibus:
    """The record of omnibus tests that were not made."""
    return {"method": "", "refused": reason, "why": "", "levene_p": np.nan, "normality_p": np.nan, "terms": []}


def omnibus(
    facet: Facet, grid: Grid, *, permutations: int, replicates: int, rng: np.random.Generator
) -> tuple[Omnibus, list[VarianceShare]]:
    """The tests of representation, loss and interaction, and the shares of the variance."""
    table = grid.take(on_z(facet.judged, facet.drawn.observed))
    if float(seed_blocks.squares_of(table)["residual"]) < 1e-18 * table.size:
        return refused_omnibus("pairings do not vary apart from their seeds"), []
    equal_p, normal_p = _assumptions(table)
    reasons = _unfit(facet, equal_p)
    terms = seed_blocks.permuted(table, permutations, rng) if reasons else seed_blocks.anova(table)
    intervals = seed_blocks.eta2_intervals(table, replicates, rng)
    tests: Omnibus = {
        "refused": "", "levene_p": equal_p, "normality_p": normal_p,
        "method": "permutation" if reasons else "anova", "why": "; ".join([*reasons, *grid.notes]),
        "terms": [_term(term, intervals[term.term]) for term in terms],
    }  # fmt: skip
    return tests, [{"source": name, "share": share} for name, share in seed_blocks.shares_of(table).items()]


def _term(term: seed_blocks.Term, interval: Interval) -> Term:
    return {
        "term": term.term, "df": term.df, "df_error": term.df_error, "f": term.f, "p": term.p, "eta2": term.eta2,
        "eta2_low": interval.low, "eta2_high": interval.high,
    }  # fmt: skip


def _assumptions(table: Array) -> tuple[float, float]:
    """p of equal variances and of normal residuals."""
    if table.shape[-1] < 3:
        return np.nan, np.nan
    rest = seed_blocks.parts_of(table)["residual"]
    return levene_p(rest.reshape(-1, table.shape[-1])), normality_p(rest.ravel()[:MOST_VALUES])


def _unfit(facet: Facet, equal_p: float) -> list[str]:
    """Why the F tests are replaced by permutations; empty where they are valid."""
    statuses = [status for member in facet.members for status in facet.judged.statuses[member]]
    collapsed = sum(status == COLLAPSED for status in statuses)
    unequal = ["variances differ between pairings"] if equal_p < seed_blocks.UNEQUAL else []
    return unequal + ([f"{collapsed} of {len(statuses)} study cells collapsed"] if collapsed else [])


def interaction(facet: Facet, grid: Grid) -> list[Contrast]:
    """cell - row mean - column mean + grand mean on the z scale, with simultaneous 95 % intervals.

    Replicates draw seeds and pairs; the width of the intervals comes from the largest t of each replicate.
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


def _contrast(labels: MainLabels, contrast: float, reach: float) -> Contrast:
    return {
        **labels, "contrast": contrast, "low": contrast - reach, "high": contrast + reach,
        "clear": bool(abs(contrast) > reach),
    }  # fmt: skip
