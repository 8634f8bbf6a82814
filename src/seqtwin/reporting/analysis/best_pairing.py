"""The best pairing of a facet, chosen on dev: its intervals, its optimism, and the pairings that tie with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from seqtwin.reporting.analysis.facets import Facet
from seqtwin.reporting.analysis.judged_scores import on_z
from seqtwin.reporting.analysis.records import Best, Expected, Exploratory, Optimism, RopeShares, Tie, VersusBest
from seqtwin.reporting.statistics import Array, Interval, cluster_draws, simultaneous_reach, wilson
from seqtwin.reporting.statistics import significance_letters as tie_letters
from seqtwin.reporting.statistics.paired import adjusted, paired_t
from seqtwin.reporting.statistics.selection import expected_best, optimism

FALSE_DISCOVERIES = 0.10


@dataclass(frozen=True)
class Differences:
    """The differences between all measured members of a facet.

    `pairs`: positions in `members`; `observed` [pairs]; `replicates` [pairs, replicates]; `reach` [pairs]: half-width
    of the simultaneous intervals.
    """

    members: list[int]
    pairs: list[tuple[int, int]]
    observed: Array
    replicates: Array
    reach: Array

    def apart(self, rope: float) -> NDArray[np.bool_]:
        """Which members differ significantly: the interval excludes 0 and is not inside the rope. [members, members]"""
        apart = np.zeros((len(self.members),) * 2, dtype=bool)
        away, reach = np.abs(self.observed), np.nan_to_num(self.reach, nan=np.inf)
        clear = (away > reach) & (away + reach > rope)
        for (one, other), differs in zip(self.pairs, clear, strict=True):
            apart[one, other] = apart[other, one] = differs
        return apart


def differences_of(facet: Facet) -> Differences:
    """The metric of one member minus that of another, for every two measured members."""
    members = facet.measured
    pairs = list(combinations(range(len(members)), 2))
    contrasts = [facet.drawn.contrast({members[one]: 1.0, members[other]: -1.0}) for one, other in pairs]
    observed = np.array([statistic.observed for statistic in contrasts])
    replicates = np.array([statistic.replicates for statistic in contrasts])
    reach = simultaneous_reach(replicates, observed) if contrasts else np.empty(0)
    return Differences(members, pairs, observed, replicates, reach)


def ties(facet: Facet, differences: Differences, rope: float) -> list[Tie]:
    """The tie letters of every member; members without a measure have none."""
    means = [float(np.nanmean(facet.drawn.observed[m])) for m in differences.members]
    order = sorted(range(len(means)), key=lambda i: -means[i])
    named = dict(zip(differences.members, tie_letters.letters(differences.apart(rope), order), strict=True))
    return [{**facet.main(m), "letters": named.get(m, "")} for m in facet.members]


def best_on_dev(facet: Facet) -> int | None:
    """The measured member with the highest mean on dev."""
    dev = facet.judged.dev
    known = [m for m in facet.measured if not np.isnan(dev[m]).all()]
    return max(known, key=lambda m: float(np.nanmean(dev[m])), default=None)


def best(facet: Facet, chosen: int, rng: np.random.Generator) -> Best:
    """The chosen pairing: dev, test with its interval, the optimism of the choice, and how often it is best."""
    test = facet.drawn.contrast({chosen: 1.0})
    return {
        **facet.main(chosen), "dev": float(np.nanmean(facet.judged.dev[chosen])), "test": test.observed,
        "low": test.interval.low, "high": test.interval.high, **_optimism(facet, rng),
        "p_best": _p_best(facet, chosen),
    }  # fmt: skip


def _optimism(facet: Facet, rng: np.random.Generator) -> Optimism:
    members = facet.measured
    dev, test = facet.judged.dev[members], facet.drawn.observed[members]
    seeds = np.flatnonzero(np.isfinite(dev).all(axis=0) & np.isfinite(test).all(axis=0))
    if len(seeds) < 2:
        return {"optimism": np.nan, "optimism_low": np.nan, "optimism_high": np.nan}
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


def rope_shares(replicates: Array, rope: float) -> RopeShares:
    """Shares of the replicates in which left is better by more than the rope, within the rope, and worse."""
    known = replicates[~np.isnan(replicates)]
    if not len(known):
        return {"p_left": np.nan, "p_rope": np.nan, "p_right": np.nan}
    left, right = float((known > rope).mean()), float((known < -rope).mean())
    return {"p_left": left, "p_rope": max(1.0 - left - right, 0.0), "p_right": right}


@dataclass(frozen=True)
class BetterShare:
    """The share of seeds with a positive difference, ties counted as half, and Wilson's interval."""

    share: float
    interval: Interval


def p_better(differences: Array) -> BetterShare:
    """The share of seeds in which left is better; `differences` is [seeds]."""
    known = differences[~np.isnan(differences)]
    wins = float((known > 0).sum() + 0.5 * (known == 0).sum())
    return BetterShare(wins / len(known) if len(known) else np.nan, wilson(wins, len(known)))


def versus_best(facet: Facet, differences: Differences, chosen: int, rope: float) -> list[VersusBest]:
    """Best minus other for all other measured members, with intervals that are simultaneous over the facet."""
    here, apart = differences.members.index(chosen), differences.apart(rope)
    rows: list[VersusBest] = []
    for index, (one, other) in enumerate(differences.pairs):
        if here in (one, other):
            sign, place = (1.0, other) if one == here else (-1.0, one)
            member = differences.members[place]
            value, reach = sign * float(differences.observed[index]), float(differences.reach[index])
            better = p_better(facet.drawn.observed[chosen] - facet.drawn.observed[member])
            rows.append({
                **facet.main(member), "difference": value, "low": value - reach, "high": value + reach,
                **rope_shares(sign * differences.replicates[index], rope), "p_better": better.share,
                "p_better_low": better.interval.low, "p_better_high": better.interval.high,
                "apart": bool(apart[here, place]),
            })  # fmt: skip
    return rows


def exploratory(facet: Facet, differences: Differences) -> list[Exploratory]:
    """Every two members, not planned: paired t on the z scale, corrected by Benjamini and Hochberg."""
    z = on_z(facet.judged, facet.drawn.observed)[differences.members]
    p_values = [_p(z[one] - z[other]) for one, other in differences.pairs]
    q_values = adjusted(p_values, "fdr_bh")
    members = differences.members
    return [
        {"left": facet.main(members[one]), "right": facet.main(members[other]), "difference": d, "p": p, "q": q,
         "found": bool(q <= FALSE_DISCOVERIES)}
        for (one, other), d, p, q in zip(differences.pairs, differences.observed, p_values, q_values, strict=True)
    ]  # fmt: skip


def _p(differences: Array) -> float:
    known = differences[~np.isnan(differences)]
    return paired_t(known)[1] if len(known) > 1 else np.nan


def expected(facet: Facet, trials: Mapping[tuple[str, ...], Sequence[float]]) -> list[Expected]:
    """The expected best dev value of k trials, for every tuned member.

    `trials`: dev values of the trials by the labels of a pairing.
    """
    rows: list[Expected] = []
    for member in facet.members:
        values = expected_best(trials.get(tuple(map(str, facet.judged.pairings[member].values())), ()))
        if values:
            rows.append({**facet.main(member), "k": list(range(1, len(values) + 1)), "value": values})
    return rows
