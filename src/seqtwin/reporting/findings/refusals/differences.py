"""Refusals that look at the statistics of a claim: R02, R03, R04, R08, R09."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from seqtwin.reporting.findings.refusals.claim import (
    ROPE,
    Claim,
    Labels,
    Refusal,
    first,
    named,
    number,
    pairing_of,
    rows_of,
)
from seqtwin.reporting.objective_words import nouns_of
from seqtwin.reporting.table.study_table import StudyTable


def value(found: Mapping[str, Any], name: str) -> float:
    """A number of the analysis, nan where it is undefined."""
    known = found.get(name)
    return math.nan if known is None else float(known)


def r02_not_declared(table: StudyTable, claim: Claim) -> Refusal | None:
    """The comparison does not stand in the plan."""
    plan = table.meta.get("plan") or {}
    if claim.declared is not None and any(_same(claim.declared, one) for one in plan.get("comparisons") or ()):
        return None
    planned = len(plan.get("comparisons") or ())
    why = f"It is not among the {planned} comparisons that were declared before training; what is seen here is a hint."
    return Refusal("R02", f"No significance of {claim.name}.", why, claim.where)


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return all(dict(one.get(side) or {}) == dict(other.get(side) or {}) for side in ("left", "right", "within"))


def r03_one_loss(table: StudyTable, claim: Claim) -> Refusal | None:
    """Representations are compared in general, the difference holds under one loss, and no interaction is shown."""
    declared = claim.declared or {}
    sides, within = ({**(declared.get("left") or {}), **(declared.get("right") or {})}, declared.get("within") or {})
    if "representation" not in sides or "loss" in {*sides, *within} or _interaction(table, claim.dataset):
        return None
    per = claim.measured.get("per") or ()
    losses = list(dict.fromkeys(str(part["labels"].get("loss", "")) for part in per))
    holding = [loss for loss in losses if _holds(claim, [p for p in per if str(p["labels"].get("loss", "")) == loss])]
    if len(holding) > 1 or not losses:
        return None
    column = nouns_of(table.meta).column
    where = f"{f'under {holding[0]} only' if holding else f'under no {column} by itself'}, of {len(losses)} trained"
    why = f"It holds {where}, and whether the {column} matters to it (interaction) is not tested."
    return Refusal("R03", f"That one representation beats the other ({claim.name}).", why, claim.where)


def _interaction(table: StudyTable, dataset: str) -> bool:
    facets = table.analysis.get("facets") or ()
    return any(facet.get("interaction") for facet in facets if facet.get("dataset") == dataset)


def _holds(claim: Claim, parts: Iterable[Mapping[str, Any]]) -> bool:
    sign = 1.0 if value(claim.measured, "difference") > 0 else -1.0
    return all((value(part, "low") if sign > 0 else -value(part, "high")) > 0 for part in parts)


def r04_unfair_loss(table: StudyTable, claim: Claim) -> Refusal | None:
    """The loss that would be called bad was tuned less, at the edge of its space, or on a margin of foreign scale."""
    differs = [(a, b) for a, b in claim.sides if a.get("loss") != b.get("loss")]
    ordered = [(a, b) if value(claim.measured, "difference") < 0 else (b, a) for a, b in differs]
    return first(_unfair(table, claim, worse, better) for worse, better in ordered)


def _unfair(table: StudyTable, claim: Claim, worse: Labels, better: Labels) -> Refusal | None:
    reasons = [*_less_tuned(table, worse, better), *_at_edge(table, worse), *_fixed_margin(table, worse)]
    if not reasons:
        return None
    sentence = f"That {worse['loss']} is the worse {nouns_of(table.meta).column}."
    return Refusal("R04", sentence, f"{named(worse)}: {'; '.join(reasons)}.", claim.where)


def _trials(table: StudyTable, labels: Labels) -> float:
    found = [number(row, "tuned_trials") for _, row in rows_of(table, labels).iterrows()]
    known = [trials for trials in found if not math.isnan(trials)]
    return max(known, default=0.0)


def _less_tuned(table: StudyTable, worse: Labels, better: Labels) -> list[str]:
    ours, theirs = _trials(table, worse), _trials(table, better)
    return [f"tuned with {ours:.0f} trials, the other with {theirs:.0f}"] if ours < theirs else []


def _at_edge(table: StudyTable, labels: Labels) -> list[str]:
    rows = rows_of(table, labels)
    edges = {key for text in rows.get("edge", ()) for key in str(text).split(";") if key.startswith("loss.")}
    return [f"its best {key} lies at the edge of what was searched" for key in sorted(edges)]


def _fixed_margin(table: StudyTable, labels: Labels) -> list[str]:
    """A margin written as a number, never set from the distances that this representation starts with."""
    for entry in table.meta.get("formulas") or ():
        settings = entry.get("settings") or {}
        if all(str(entry.get(key)) == text for key, text in labels.items()) and "margin" in settings:
            auto = settings.get("auto") or settings["margin"] == "auto"
            return [] if auto else [f"its margin {settings['margin']} was never set to the scale of the embedding"]
    return []


def r08_no_difference(table: StudyTable, claim: Claim) -> Refusal | None:
    """The two-level interval contains 0, lies inside the rope, or is unknown."""
    low, high = value(claim.measured, "low"), value(claim.measured, "high")
    rope = float((table.meta.get("plan") or {}).get("rope", ROPE))
    sentence = f"No difference in {claim.name}."
    if math.isnan(low) or math.isnan(high):
        reason = str(claim.measured.get("refused") or "no interval was computed")
        return Refusal("R08", sentence, f"The interval of the difference is unknown: {reason}.", claim.where)
    shown = f"The interval of the difference, {low:.3f} to {high:.3f},"
    if low <= 0 <= high:
        return Refusal("R08", sentence, f"{shown} contains 0.", claim.where)
    if -rope <= low and high <= rope:
        return Refusal("R08", sentence, f"{shown} lies within {rope:g} of 0: too small to matter.", claim.where)
    return None


def r09_best(table: StudyTable, facet: Mapping[str, Any]) -> Refusal | None:
    """The best pairing was not chosen on dev, or its optimism is not known."""
    best, where = facet.get("best") or {}, str(facet.get("dataset", ""))
    if not best:
        return Refusal("R09", "No best pairing.", "None has a dev value to choose it by.", where)
    name = f"{best.get('representation')} + {best.get('loss')}"
    labels = {**facet.get("labels", {}), **{key: str(best.get(key)) for key in ("representation", "loss")}}
    higher = _higher_on_dev(table, facet, labels)
    if higher:
        return Refusal("R09", f"{name} is not the best.", f"On dev {higher} is higher: it was not chosen there.", where)
    if math.isnan(value(best, "optimism")):
        why = "How much too good the first of many looks (its optimism) is not known."
        return Refusal("R09", f"{name} is not called the best.", why, where)
    return None


def _higher_on_dev(table: StudyTable, facet: Mapping[str, Any], best: Labels) -> str:
    """The pairing of the facet with a dev mean above the best one's, beyond what six digits round."""
    mine = pairing_of(table, best)
    if mine is None:
        return ""
    others = table.pairings[table.pairings["dataset"] == mine["dataset"]]
    for key, text in facet.get("labels", {}).items():
        others = others[others[key].astype(str) == str(text)]
    known = others[others["dev_mean"].notna()].sort_values("dev_mean", ascending=False, kind="stable")
    if not len(known) or known.iloc[0]["dev_mean"] <= number(mine, "dev_mean") + 1e-5:
        return ""
    return f"{known.iloc[0]['representation']} + {known.iloc[0]['loss']}"
