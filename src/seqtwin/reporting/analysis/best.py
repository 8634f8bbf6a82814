"""The best pairing of a facet, chosen on dev: how sure, how much too good, and what cannot be told from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqtwin.reporting.analysis.facets import Facet
from seqtwin.reporting.analysis.judged import on_z
from seqtwin.reporting.statistics import Array, cluster_draws, simultaneous_reach, wilson
from seqtwin.reporting.statistics import letters as tie_letters
from seqtwin.reporting.statistics.paired import adjusted, paired_t
from seqtwin.reporting.statistics.selection import expected_best, optimism

FALSE_DISCOVERIES = 0.10


@dataclass(frozen=True)
class Differences:
    """All differences of two measured members: `pairs` of places, observed, replicates and the reach that holds for
    all of them together."""

    members: list[int]
    pairs: list[tuple[int, int]]
    observed: Array
    replicates: Array
    reach: Array

    def apart(self, rope: float) -> NDArray[np.bool_]:
        """[members, members]: the interval lacks 0 and does not lie inside the rope."""
        found = np.zeros((len(self.members),) * 2, dtype=bool)
        away, reach = np.abs(self.observed), np.nan_to_num(self.reach, nan=np.inf)
        clear = (away > reach) & (away + reach > rope)
        for (one, other), yes in zip(self.pairs, clear, strict=True):
            found[one, other] = found[other, one] = yes
        return found


def differences_of(facet: Facet) -> Differences:
    """The metric of one member minus that of another, for every two members that were measured."""
    members = facet.measured
    pairs = list(combinations(range(len(members)), 2))
    found = [facet.drawn.contrast({members[one]: 1.0, members[other]: -1.0}) for one, other in pairs]
    observed = np.array([statistic.observed for statistic in found])
    replicates = np.array([statistic.replicates for statistic in found])
    reach = simultaneous_reach(replicates, observed) if found else np.empty(0)
    return Differences(members, pairs, observed, replicates, reach)


def ties(facet: Facet, found: Differences, rope: float) -> list[dict[str, Any]]:
    """The letters of every member, best mean first; a member that was not measured has none."""
    means = [float(np.nanmean(facet.drawn.observed[m])) for m in found.members]
    order = sorted(range(len(means)), key=lambda i: -means[i])
    named = dict(zip(found.members, tie_letters.letters(found.apart(rope), order), strict=True))
    return [{**facet.main(m), "letters": named.get(m, "")} for m in facet.members]


def best_on_dev(facet: Facet) -> int | None:
    """The measured member with the highest mean on dev."""
    dev = facet.judged.dev
    known = [m for m in facet.measured if not np.isnan(dev[m]).all()]
    return max(known, key=lambda m: float(np.nanmean(dev[m])), default=None)


def best(facet: Facet, chosen: int, rng: np.random.Generator) -> dict[str, Any]:
    """The chosen pairing: dev, test with its interval, optimism of having been chosen, and how often it is best."""
    test = facet.drawn.contrast({chosen: 1.0})
    found = {"dev": float(np.nanmean(facet.judged.dev[chosen])), "test": test.observed}
    found |= {"low": test.interval.low, "high": test.interval.high}
    return {**facet.main(chosen), **found, **_optimism(facet, rng), "p_best": _p_best(facet, chosen)}


def _optimism(facet: Facet, rng: np.random.Generator) -> dict[str, float]:
    nothing = {"optimism": np.nan, "optimism_low": np.nan, "optimism_high": np.nan}
    members = facet.measured
    dev, test = facet.judged.dev[members], facet.drawn.observed[members]
    seeds = np.flatnonzero(np.isfinite(dev).all(axis=0) & np.isfinite(test).all(axis=0))
    if len(seeds) < 2:
        return nothing
    counts = cluster_draws(len(seeds), len(facet.drawn.seed_counts), rng)
    drawn = optimism(dev[:, seeds], test[:, seeds], counts)
    drawn = drawn[~np.isnan(drawn)]
    low, high = np.quantile(drawn, [0.025, 0.975]) if len(drawn) else (np.nan, np.nan)
    mean = float(drawn.mean()) if len(drawn) else np.nan
    return {"optimism": mean, "optimism_low": float(low), "optimism_high": float(high)}


def _p_best(facet: Facet, chosen: int) -> float:
    members = facet.measured
    means = np.array([facet.drawn.contrast({m: 1.0}).replicates for m in members])
    means = np.where(np.isnan(means), -np.inf, means)
    highest = means == means.max(axis=0)
    return float((highest[members.index(chosen)] / highest.sum(axis=0)).mean())


def rope_shares(replicates: Array, rope: float) -> dict[str, float]:
    """P(left better by more than the rope), P(inside the rope), P(right better), as shares of the replicates."""
    known = replicates[~np.isnan(replicates)]
    if not len(known):
        return {"p_left": np.nan, "p_rope": np.nan, "p_right": np.nan}
    left, right = float((known > rope).mean()), float((known < -rope).mean())
    return {"p_left": left, "p_rope": max(1.0 - left - right, 0.0), "p_right": right}


def p_better(differences: Array) -> dict[str, float]:
    """Share of seeds with a difference above 0, ties as half, with Wilson's interval."""
    known = differences[~np.isnan(differences)]
    wins = float((known > 0).sum() + 0.5 * (known == 0).sum())
    reach = wilson(wins, len(known))
    share = wins / len(known) if len(known) else np.nan
    return {"p_better": share, "p_better_low": reach.low, "p_better_high": reach.high}


def versus_best(facet: Facet, found: Differences, chosen: int, rope: float) -> list[dict[str, Any]]:
    """Best minus other for all other measured members; the intervals hold together for all pairs of the facet."""
    here, apart, rows = found.members.index(chosen), found.apart(rope), []
    for index, (one, other) in enumerate(found.pairs):
        if here in (one, other):
            sign, place = (1.0, other) if one == here else (-1.0, one)
            value, reach = sign * float(found.observed[index]), float(found.reach[index])
            row = {"difference": value, "low": value - reach, "high": value + reach}
            row |= rope_shares(sign * found.replicates[index], rope)
            row |= p_better(facet.drawn.observed[chosen] - facet.drawn.observed[found.members[place]])
            rows.append({**facet.main(found.members[place]), **row, "apart": bool(apart[here, place])})
    return rows


def exploratory(facet: Facet, found: Differences) -> list[dict[str, Any]]:
    """Every two members: paired t on z, corrected by Benjamini and Hochberg; nothing here was declared beforehand."""
    z = on_z(facet.judged, facet.drawn.observed)[found.members]
    p_values = [_p(z[one] - z[other]) for one, other in found.pairs]
    q_values = adjusted(p_values, "fdr_bh")
    return [
        {"left": facet.main(found.members[one]), "right": facet.main(found.members[other]), "difference": d, "p": p,
         "q": q, "found": bool(q <= FALSE_DISCOVERIES)}
        for (one, other), d, p, q in zip(found.pairs, found.observed, p_values, q_values, strict=True)
    ]  # fmt: skip


def _p(differences: Array) -> float:
    known = differences[~np.isnan(differences)]
    return paired_t(known)[1] if len(known) > 1 else np.nan


def expected(facet: Facet, trials: Mapping[tuple[str, ...], Sequence[float]]) -> list[dict[str, Any]]:
    """The expected best dev value of k trials, for every member that was tuned."""
    found = []
    for member in facet.members:
        values = expected_best(trials.get(tuple(map(str, facet.judged.pairings[member].values())), ()))
        if values:
            found.append({**facet.main(member), "k": list(range(1, len(values) + 1)), "value": values})
    return found
