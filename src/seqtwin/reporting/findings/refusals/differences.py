"""Refusals that check the statistics of a claim: R02, R03, R04, R08, R09."""

import math
from collections.abc import Iterable, Iterator

from seqtwin.comparisons import same_sides
from seqtwin.reporting.analysis.records import FacetAnalysis, Part
from seqtwin.reporting.findings.refusals.claim import (
    Claim,
    labels_in,
    named,
    number,
    pairing_of,
    rope_of,
    rows_of,
)
from seqtwin.reporting.findings.refusals.refusal import Refusal, RefusalRule, Refused, first_refusal
from seqtwin.reporting.formatting import known, settled
from seqtwin.reporting.table.frame_rows import Labels, rows_with
from seqtwin.reporting.table.study_table import StudyTable


def not_planned(table: StudyTable, claim: Claim) -> Refused:
    """The comparison is not in the plan."""
    planned = table.meta.get("plan", {}).get("comparisons", [])
    if claim.declared is not None and any(same_sides(claim.declared, comparison) for comparison in planned):
        return None
    why = f"It is not among the {len(planned)} comparisons planned before training, so it is exploratory."
    return Refusal("R02", f"No significance of {claim.name}.", why, claim.where)


def nothing_planned(table: StudyTable) -> Iterator[Refused]:
    """The study has no plan."""
    if not table.meta.get("plan", {}).get("comparisons"):
        why = "No comparison was planned before training."
        yield Refusal("R02", "No significance of anything.", why, str(table.meta.get("name", "")))


def under_one_loss(table: StudyTable, claim: Claim) -> Refused:
    """A general claim about representations is true under at most one loss, and the interaction was not tested."""
    if claim.declared is None or _interaction_known(table, claim.dataset):
        return None
    sides = {*claim.declared["left"], *claim.declared["right"]}
    if "representation" not in sides or "loss" in {*sides, *claim.declared.get("within", {})}:
        return None
    losses = list(dict.fromkeys(_loss(part) for part in claim.measured.per))
    clear = [loss for loss in losses if _all_clear(claim, (p for p in claim.measured.per if _loss(p) == loss))]
    if len(clear) > 1 or not losses:
        return None
    column = table.nouns.column
    where = f"{f'under {clear[0]} only' if clear else f'under no {column} alone'}, of {len(losses)} trained"
    why = f"The difference is clear {where}, and the interaction with the {column} was not tested."
    return Refusal("R03", f"Not claimed: one representation beats the other ({claim.name}).", why, claim.where)


def _loss(part: Part) -> str:
    return part["labels"].get("loss", "")


def _interaction_known(table: StudyTable, dataset: str) -> bool:
    facets = table.analysis.get("facets", [])
    return any(facet.get("interaction") for facet in facets if facet.get("dataset") == dataset)


def _all_clear(claim: Claim, parts: Iterable[Part]) -> bool:
    positive = claim.measured.difference > 0
    return all((known(part["low"]) if positive else -known(part["high"])) > 0 for part in parts)


def unfair_to_loss(table: StudyTable, claim: Claim) -> Refused:
    """The worse loss was tuned less, is best at the edge of its search space, or has a margin of another scale."""
    differs = [(a, b) for a, b in claim.sides if a.get("loss") != b.get("loss")]
    ordered = [(a, b) if claim.measured.difference < 0 else (b, a) for a, b in differs]
    return first_refusal(_unfair(table, claim, worse, better) for worse, better in ordered)


def _unfair(table: StudyTable, claim: Claim, worse: Labels, better: Labels) -> Refused:
    reasons = [*_less_tuned(table, worse, better), *_at_edge(table, worse), *_fixed_margin(table, worse)]
    if not reasons:
        return None
    sentence = f"Not claimed: {worse['loss']} is the worse {table.nouns.column}."
    return Refusal("R04", sentence, f"{named(worse)}: {'; '.join(reasons)}.", claim.where)


def _trials(table: StudyTable, labels: Labels) -> float:
    trials = [number(row, "tuned_trials") for _, row in rows_of(table, labels).iterrows()]
    return max((count for count in trials if not math.isnan(count)), default=0.0)


def _less_tuned(table: StudyTable, worse: Labels, better: Labels) -> list[str]:
    ours, theirs = _trials(table, worse), _trials(table, better)
    return [f"tuned with {ours:.0f} trials, the other with {theirs:.0f}"] if ours < theirs else []


def _at_edge(table: StudyTable, labels: Labels) -> list[str]:
    rows = rows_of(table, labels)
    edges = {key for text in rows.get("edge", ()) for key in str(text).split(";") if key.startswith("loss.")}
    return [f"its best {key} is at the edge of the search space" for key in sorted(edges)]


def _fixed_margin(table: StudyTable, labels: Labels) -> list[str]:
    """A margin given as a number, and not set from the distances that this representation starts with."""
    for entry in table.meta.get("formulas", []):
        settings = entry.get("settings") or {}
        if all(str(entry.get(key)) == text for key, text in labels.items()) and "margin" in settings:
            auto = settings.get("auto") or settings["margin"] == "auto"
            return [] if auto else [f"its margin {settings['margin']} was not set to the scale of the embedding"]
    return []


def no_difference(table: StudyTable, claim: Claim) -> Refused:
    """The two-level interval contains 0, is inside the rope, or is unknown."""
    low, high, rope = claim.measured.low, claim.measured.high, rope_of(table)
    sentence = f"No difference in {claim.name}."
    if math.isnan(low) or math.isnan(high):
        reason = claim.measured.refused or "no interval was computed"
        return Refusal("R08", sentence, f"The interval of the difference is unknown: {reason}.", claim.where)
    shown = f"The interval of the difference, {settled(low):.3f} to {settled(high):.3f},"
    if low <= 0 <= high:
        return Refusal("R08", sentence, f"{shown} contains 0.", claim.where)
    if -rope <= low and high <= rope:
        return Refusal("R08", sentence, f"{shown} is within {rope:g} of 0: too small to matter.", claim.where)
    return None


def not_best(table: StudyTable, facet: FacetAnalysis) -> Refused:
    """The best pairing was not chosen on dev, or its optimism is unknown."""
    best, where = facet.get("best"), facet.get("dataset", "")
    if not best:
        return Refusal("R09", "No best pairing.", "No pairing has a value on validation data to choose it by.", where)
    name = f"{best['representation']} + {best['loss']}"
    higher = _higher_on_dev(table, facet, labels_in(table, {**facet.get("labels", {}), **best}))
    if higher:
        why = f"{higher} is higher on validation data, so this one was not chosen there."
        return Refusal("R09", f"{name} is not the best.", why, where)
    if math.isnan(known(best.get("optimism"))):
        why = "How much the choice of the best of many inflates its score (its optimism) is unknown."
        return Refusal("R09", f"{name} is not called the best.", why, where)
    return None


def _higher_on_dev(table: StudyTable, facet: FacetAnalysis, best: Labels) -> str:
    """The pairing of the facet with a dev mean above that of the best one, beyond rounding to six digits."""
    mine = pairing_of(table, best)
    if mine is None:
        return ""
    others = rows_with(table.pairings[table.pairings["dataset"] == mine["dataset"]], facet.get("labels", {}))
    known_dev = others[others["dev_mean"].notna()].sort_values("dev_mean", ascending=False, kind="stable")
    if not len(known_dev) or known_dev.iloc[0]["dev_mean"] <= number(mine, "dev_mean") + 1e-5:
        return ""
    return f"{known_dev.iloc[0]['representation']} + {known_dev.iloc[0]['loss']}"


RULES = (
    RefusalRule(
        "R02",
        "significance: the comparison was not in the study's plan before training",
        urgency=0,
        claim=not_planned,
        study=nothing_planned,
    ),
    RefusalRule(
        "R03",
        "that one representation beats another: it does so under one loss only, and no interaction is reported",
        refuses_of_items="that one representation beats another: it does so under one head only, and no interaction is "
        "reported",
        claim=under_one_loss,
    ),
    RefusalRule(
        "R04",
        "that a loss is bad: it had fewer tuning trials than the others, its best margin is at the edge of the search, "
        "or its margin was never rescaled",
        refuses_of_items="that a head is bad: it had fewer tuning trials than the others, or its best value is at the "
        "edge of the search",
        claim=unfair_to_loss,
    ),
    RefusalRule(
        "R08",
        "a difference: its interval contains 0 or is inside the region of practical equality",
        claim=no_difference,
    ),
    RefusalRule(
        "R09",
        "the best pairing: it was not chosen on dev, or how much the choice inflates its score is unknown",
        facet=not_best,
    ),
)
