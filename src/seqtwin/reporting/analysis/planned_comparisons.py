"""The planned comparisons: paired over seeds, corrected by Holm within each data set."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from seqtwin.comparisons import Comparison, matching_pairings, shared_labels
from seqtwin.reporting.analysis.best_pairing import p_better, rope_shares
from seqtwin.reporting.analysis.judged_scores import Judged, Replicates, on_z
from seqtwin.reporting.analysis.records import Part, Planned, RopeShares
from seqtwin.reporting.statistics import Array
from seqtwin.reporting.statistics.paired import adjusted, paired_t, sign_flip_p

_NAN = float("nan")


@dataclass(frozen=True)
class Outcome:
    """The tests of one comparison on one data set, not yet corrected for the others; nan where undefined."""

    dataset: str
    comparison: Comparison
    matched: int
    seeds: int
    refused: str
    t: float = _NAN
    p_t: float = _NAN
    p_flip: float = _NAN
    difference: float = _NAN
    low: float = _NAN
    high: float = _NAN
    shares: RopeShares = field(default_factory=lambda: RopeShares(p_left=_NAN, p_rope=_NAN, p_right=_NAN))
    p_better: float = _NAN
    per: list[Part] = field(default_factory=list)
    skewed: bool = False


def run_comparison(
    judged: Judged,
    drawn: Replicates,
    comparison: Comparison,
    *,
    rope: float,
    permutations: int,
    rng: np.random.Generator,
) -> Outcome:
    """Test one planned comparison."""
    pairs = matching_pairings(judged.pairings, comparison)
    differences = _by_seed(on_z(judged, drawn.observed), pairs) if pairs else np.empty(0)
    known = differences[~np.isnan(differences)]
    refused = _refusal(pairs, known)
    if refused:
        return Outcome(judged.dataset, comparison, len(pairs), len(known), refused)
    t, p_t = paired_t(known)
    p_flip = sign_flip_p(known, permutations, rng)
    whole = drawn.contrast(_weights(pairs))
    return Outcome(
        judged.dataset, comparison, len(pairs), len(known), whole.interval.refused, t, p_t, p_flip,
        difference=whole.observed, low=whole.interval.low, high=whole.interval.high,
        shares=rope_shares(whole.replicates, rope), p_better=p_better(_by_seed(drawn.observed, pairs)).share,
        per=[_part(drawn, i, j, shared_labels(judged.pairings[i], comparison)) for i, j in pairs],
        skewed=whole.interval.skewed,
    )  # fmt: skip


def _by_seed(values: Array, pairs: Sequence[tuple[int, int]]) -> Array:
    """Left minus right for each seed, averaged over the pairs of pairings."""
    differences: Array = np.mean([values[i] - values[j] for i, j in pairs], axis=0)
    return differences


def _refusal(pairs: Sequence[object], known: Array) -> str:
    if not pairs:
        return "no two pairings of this study match it"
    return "" if len(known) > 1 else f"needs 2 seeds that all its pairings finished, found {len(known)}"


def _weights(pairs: Sequence[tuple[int, int]]) -> dict[int, float]:
    weights: dict[int, float] = {}
    for left, right in pairs:
        weights[left] = weights.get(left, 0.0) + 1.0 / len(pairs)
        weights[right] = weights.get(right, 0.0) - 1.0 / len(pairs)
    return weights


def _part(drawn: Replicates, left: int, right: int, labels: dict[str, str]) -> Part:
    part = drawn.contrast({left: 1.0, right: -1.0})
    return {"labels": labels, "difference": part.observed, "low": part.interval.low, "high": part.interval.high}


def run_comparisons(
    judged: Sequence[Judged],
    drawn: Sequence[Replicates],
    comparisons: Sequence[Comparison],
    *,
    rope: float,
    permutations: int,
    rng: np.random.Generator,
) -> list[Outcome]:
    """Test every planned comparison on every data set."""
    return [
        run_comparison(own, replicates, comparison, rope=rope, permutations=permutations, rng=rng)
        for own, replicates in zip(judged, drawn, strict=True)
        for comparison in comparisons
    ]


def corrected(outcomes: Sequence[Outcome], *, alpha: float, rope: float) -> list[Planned]:
    """The outcomes with p corrected within each data set, and the claims that follow.

    p_holm is the larger of Holm's t and Holm's sign flip. A claim needs p_holm below alpha, and a two-level interval
    that excludes 0 and is not inside the rope.
    """
    families: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        families.setdefault(outcome.dataset, []).append(outcome)
    return [row for family in families.values() for row in _corrected_family(family, alpha, rope)]


def _corrected_family(family: Sequence[Outcome], alpha: float, rope: float) -> list[Planned]:
    by_t = adjusted([outcome.p_t for outcome in family], "holm")
    by_flip = adjusted([outcome.p_flip for outcome in family], "holm")
    return [_row(o, max(t, flip), alpha, rope) for o, t, flip in zip(family, by_t, by_flip, strict=True)]


def _row(o: Outcome, p_holm: float, alpha: float, rope: float) -> Planned:
    comparison = o.comparison
    return {
        "dataset": o.dataset, "name": comparison["name"], "letter": comparison.get("letter", ""),
        "left": comparison["left"], "right": comparison["right"], "within": comparison.get("within", {}),
        "matched": o.matched, "seeds": o.seeds, "difference": o.difference, "low": o.low, "high": o.high,
        "p_left": o.shares["p_left"], "p_rope": o.shares["p_rope"], "p_right": o.shares["p_right"],
        "p_better": o.p_better, "t": o.t, "p_t": o.p_t, "p_flip": o.p_flip, "p_holm": p_holm,
        "claim": _better_side(o, p_holm, alpha, rope), "refused": o.refused, "per": o.per,
    }  # fmt: skip


def _better_side(o: Outcome, p_holm: float, alpha: float, rope: float) -> str:
    clear = (o.low > 0 or o.high < 0) and not (-rope < o.low and o.high < rope)
    if o.refused or not (p_holm < alpha and clear):
        return ""
    return "left" if o.difference > 0 else "right"
