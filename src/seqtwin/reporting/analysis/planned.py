"""Comparisons declared before training: paired over seeds, one Holm family a data set."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from seqtwin.reporting.analysis.best import p_better, rope_shares
from seqtwin.reporting.analysis.judged import Judged, Replicates, on_z
from seqtwin.reporting.statistics import Array
from seqtwin.reporting.statistics.paired import adjusted, paired_t, sign_flip_p

Comparison = Mapping[str, Any]
_TESTS = ("t", "p_t", "p_flip", "p_holm")
_SIZES = ("difference", "low", "high", "p_left", "p_rope", "p_right", "p_better")


def matched(judged: Judged, comparison: Comparison) -> list[tuple[int, int, dict[str, str]]]:
    """Places of left and right and the labels they share: all further factors agree and `within` holds."""
    left, right, within = (dict(comparison.get(side) or {}) for side in ("left", "right", "within"))
    varied = {*left, *right}
    wanted = {**within, **right}
    partners = {_rest(labels, varied): i for i, labels in enumerate(judged.pairings) if _has(labels, wanted)}
    found = []
    for index, labels in enumerate(judged.pairings):
        rest = _rest(labels, varied)
        if _has(labels, {**within, **left}) and rest in partners:
            found.append((index, partners[rest], dict(rest)))
    return found


def _has(labels: Mapping[str, str], wanted: Mapping[str, Any]) -> bool:
    return all(str(labels.get(key)) == str(value) for key, value in wanted.items())


def _rest(labels: Mapping[str, str], varied: set[str]) -> tuple[tuple[str, str], ...]:
    return tuple((key, str(value)) for key, value in labels.items() if key not in varied)


def compare(
    judged: Judged, drawn: Replicates, comparison: Comparison, *, rope: float, permutations: int,
    rng: np.random.Generator,
) -> dict[str, Any]:  # fmt: skip
    """One planned comparison, not yet corrected for the others."""
    pairs = matched(judged, comparison)
    row: dict[str, Any] = {
        "dataset": judged.dataset,
        "name": comparison["name"],
        "letter": comparison.get("letter", ""),
    }
    row |= {side: dict(comparison.get(side) or {}) for side in ("left", "right", "within")}
    z = on_z(judged, drawn.observed)
    seed_by_seed = np.mean([z[one] - z[other] for one, other, _ in pairs], axis=0) if pairs else np.empty(0)
    known = seed_by_seed[~np.isnan(seed_by_seed)]
    row |= {"matched": len(pairs), "seeds": len(known)} | dict.fromkeys((*_SIZES, *_TESTS), np.nan)
    row |= {"claim": "", "refused": _refused(pairs, known), "per": []}
    if row["refused"]:
        return row
    t, p_t = paired_t(known)
    row |= {"t": t, "p_t": p_t, "p_flip": sign_flip_p(known, permutations, rng)}
    return row | _sizes(drawn, pairs, rope)


def _refused(pairs: Sequence[object], known: Array) -> str:
    if not pairs:
        return "no two pairings of this study match it"
    return "" if len(known) > 1 else f"needs 2 seeds that all its pairings finished, found {len(known)}"


def _sizes(drawn: Replicates, pairs: list[tuple[int, int, dict[str, str]]], rope: float) -> dict[str, Any]:
    weights: dict[int, float] = {}
    for one, other, _ in pairs:
        weights[one] = weights.get(one, 0.0) + 1.0 / len(pairs)
        weights[other] = weights.get(other, 0.0) - 1.0 / len(pairs)
    whole = drawn.contrast(weights)
    seeds = np.mean([drawn.observed[one] - drawn.observed[other] for one, other, _ in pairs], axis=0)
    found: dict[str, Any] = {"difference": whole.observed, "low": whole.interval.low, "high": whole.interval.high}
    found |= rope_shares(whole.replicates, rope) | {"p_better": p_better(seeds)["p_better"]}
    found["per"] = [_part(drawn, one, other, labels) for one, other, labels in pairs]
    return found | {"refused": whole.interval.refused, "skewed": whole.interval.skewed}


def _part(drawn: Replicates, one: int, other: int, labels: dict[str, str]) -> dict[str, Any]:
    found = drawn.contrast({one: 1.0, other: -1.0})
    return {"labels": labels, "difference": found.observed, "low": found.interval.low, "high": found.interval.high}


def corrected(rows: list[dict[str, Any]], *, alpha: float, rope: float) -> list[dict[str, Any]]:
    """The rows of one family with p_holm, the larger of Holm's t and Holm's sign flip, and the claims that follow.

    A claim needs p_holm below alpha, and a two-level interval that lacks 0 and does not lie inside the rope.
    """
    by_t, by_flip = (adjusted([row[name] for row in rows], "holm") for name in ("p_t", "p_flip"))
    return [
        {**row, "p_holm": max(t, flip), "claim": _claim({**row, "p_holm": max(t, flip)}, alpha, rope)}
        for row, t, flip in zip(rows, by_t, by_flip, strict=True)
    ]


def _claim(row: Mapping[str, Any], alpha: float, rope: float) -> str:
    low, high = row["low"], row["high"]
    clear = (low > 0 or high < 0) and not (-rope < low and high < rope)
    if row["refused"] or not (row["p_holm"] < alpha and clear):
        return ""
    return "left" if row["difference"] > 0 else "right"


def planned(
    judged: Sequence[Judged], drawn: Sequence[Replicates], comparisons: Sequence[Comparison], *, alpha: float,
    rope: float, permutations: int, rng: np.random.Generator,
) -> list[dict[str, Any]]:  # fmt: skip
    """All planned comparisons on all data sets."""
    families: dict[str, list[dict[str, Any]]] = {}
    for one, replicates in zip(judged, drawn, strict=True):
        for comparison in comparisons:
            row = compare(one, replicates, comparison, rope=rope, permutations=permutations, rng=rng)
            families.setdefault(one.dataset, []).append(row)
    return [row for rows in families.values() for row in corrected(rows, alpha=alpha, rope=rope)]
