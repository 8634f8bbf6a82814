"""What a report may not say: fourteen refusals, each a small function over the StudyTable.

A claim is printed only when `of_comparison`, `of_pair` or `of_best` returns nothing for it; `of_study` lists what the
whole study leaves unsaid.
"""

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import pandas as pd

from seqtwin.reporting.findings import diagnose
from seqtwin.reporting.findings.refusals import differences, seeds, whole_study
from seqtwin.reporting.findings.refusals.claim import (
    CODES,
    Claim,
    Labels,
    Refusal,
    codes_of,
    keys_of,
    labels_of,
    named,
    rows_of,
)
from seqtwin.reporting.findings.refusals.whole_study import title_note
from seqtwin.reporting.table.study_table import StudyTable

__all__ = ["CODES", "Refusal", "codes_of", "of_best", "of_cause", "of_comparison", "of_pair", "of_study", "title_note"]

Row: TypeAlias = "Mapping[str, Any] | pd.Series[Any]"


def of_comparison(table: StudyTable, comparison: Mapping[str, Any]) -> list[Refusal]:
    """What forbids the claim of a planned comparison, an entry of `table.analysis["planned"]`."""
    return _of_claim(table, _planned_claim(table, comparison))


def of_pair(table: StudyTable, a: Row, b: Row) -> list[Refusal]:
    """What forbids saying that one of two pairings (their labels, or their rows) is better than the other."""
    left, right = labels_of(table, a), labels_of(table, b)
    return _of_claim(table, _pair_claim(table, left, right))


def of_best(table: StudyTable, facet: Mapping[str, Any]) -> list[Refusal]:
    """What forbids calling the first pairing of a facet (an entry of `table.analysis["facets"]`) the best."""
    best, dataset = facet.get("best") or {}, str(facet.get("dataset", ""))
    found = [differences.r09_best(table, facet)]
    if best:
        labels = _labels(table, {**(facet.get("labels") or {}), **best})
        alone = Claim(f"the best pairing, {named(labels)}", dataset, ((labels, labels),), {}, None)
        found = [
            seeds.r01_too_few_seeds(table, alone),
            whole_study.r13_leakage(table, [dataset]),
            *found,
            seeds.r06_mixed_seeds(table, labels),
            seeds.r07_undefined(table, labels),
            seeds.r14_still_on_plateau(table, labels),
        ]
    return _known(found)


def of_cause(table: StudyTable, pairing: Row) -> list[Refusal]:
    """What forbids naming a cause for where a pairing stands."""
    labels = labels_of(table, pairing)
    return _known(
        [whole_study.r12_unexplained(table, labels, diagnose.of_table(table, labels, rows_of(table, labels)))]
    )


def of_study(table: StudyTable) -> list[Refusal]:
    """All that the study as a whole leaves unsaid, by code; what concerns single pairings has one entry for each."""
    pairings = [labels_of(table, row) for _, row in table.pairings.iterrows()]
    datasets = sorted(set(table.pairings["dataset"]) - {""})
    found = [
        _fewest(table, pairings),
        _no_plan(table),
        whole_study.r05_pearson_alone(table),
        *(seeds.r06_mixed_seeds(table, labels) for labels in pairings),
        *(seeds.r07_undefined(table, labels) for labels in pairings),
        *(differences.r09_best(table, facet) for facet in table.analysis.get("facets") or ()),
        whole_study.r10_one_place(table),
        *whole_study.r11_published(table),
        *(refusal for labels in whole_study.bad_pairings(table) for refusal in of_cause(table, labels)),
        whole_study.r13_leakage(table, datasets),
        *(seeds.r14_still_on_plateau(table, labels) for labels in pairings),
    ]
    return _known(found)


def _known(found: Iterable[Refusal | None]) -> list[Refusal]:
    return sorted((one for one in found if one is not None), key=lambda one: one.code)


def _of_claim(table: StudyTable, claim: Claim) -> list[Refusal]:
    found = [
        seeds.r01_too_few_seeds(table, claim),
        differences.r02_not_declared(table, claim),
        differences.r03_one_loss(table, claim),
        differences.r04_unfair_loss(table, claim),
        *(seeds.r06_mixed_seeds(table, labels) for labels in claim.pairings),
        *(seeds.r07_undefined(table, labels) for labels in claim.pairings),
        differences.r08_no_difference(table, claim),
        whole_study.r13_leakage(table, [claim.dataset]),
        *(seeds.r14_still_on_plateau(table, labels) for labels in claim.pairings),
    ]
    return _known(found)


def _labels(table: StudyTable, labels: Mapping[str, Any]) -> dict[str, str]:
    return {key: str(labels[key]) for key in keys_of(table) if key in labels}


def _planned_claim(table: StudyTable, comparison: Mapping[str, Any]) -> Claim:
    dataset = str(comparison.get("dataset", ""))
    frame = table.pairings[table.pairings["dataset"] == dataset] if dataset else table.pairings
    pairings = [labels_of(table, row) for _, row in frame.iterrows()]
    sides = tuple(_matched(pairings, comparison))
    return Claim(str(comparison.get("name", "")), dataset, sides, comparison, comparison)


def _matched(pairings: list[dict[str, str]], comparison: Mapping[str, Any]) -> list[tuple[Labels, Labels]]:
    """Pairs of pairings that have the labels of the two sides and agree in every other factor."""
    left, right, within = (
        {k: str(v) for k, v in (comparison.get(s) or {}).items()} for s in ("left", "right", "within")
    )
    varied = {*left, *right}

    def rest(labels: Labels) -> frozenset[tuple[str, str]]:
        return frozenset((key, text) for key, text in labels.items() if key not in varied)

    partners = {rest(one): one for one in pairings if {**within, **right}.items() <= one.items()}
    lefts = [one for one in pairings if {**within, **left}.items() <= one.items()]
    return [(one, partners[rest(one)]) for one in lefts if rest(one) in partners]


def _pair_claim(table: StudyTable, left: Labels, right: Labels) -> Claim:
    dataset = str(next(iter(rows_of(table, left)["dataset"]), ""))
    declared = _declared(table, left, right)
    return Claim(
        f"{named(left)} against {named(right)}", dataset, ((left, right),), _measured(table, left, right), declared
    )


def _declared(table: StudyTable, left: Labels, right: Labels) -> Mapping[str, Any] | None:
    """The planned comparison that sets just these two pairings against each other."""
    pairings = [labels_of(table, row) for _, row in table.pairings.iterrows()]
    for one in (table.meta.get("plan") or {}).get("comparisons") or ():
        if _matched(pairings, one) in ([(left, right)], [(right, left)]):
            return dict(one)
    return None


def _measured(table: StudyTable, left: Labels, right: Labels) -> Mapping[str, Any]:
    """The difference left - right, where one of the two is the best of its facet."""
    for facet in table.analysis.get("facets") or ():
        best = _labels(table, {**(facet.get("labels") or {}), **(facet.get("best") or {})})
        for other in facet.get("versus_best") or ():
            there = _labels(table, {**(facet.get("labels") or {}), **other})
            if (best, there) == (left, right):
                return dict(other)
            if (best, there) == (right, left):
                return _turned(other)
    return {}


def _turned(found: Mapping[str, Any]) -> dict[str, Any]:
    numbers = {name: -differences.value(found, name) for name in ("difference", "low", "high")}
    return {**found, "difference": numbers["difference"], "low": numbers["high"], "high": numbers["low"]}


def _fewest(table: StudyTable, pairings: list[dict[str, str]]) -> Refusal | None:
    """The first pairing that is too thin for any verdict."""
    claims = (Claim("any two pairings", "", ((labels, labels),), {}, None) for labels in pairings)
    return next((found for claim in claims if (found := seeds.r01_too_few_seeds(table, claim)) is not None), None)


def _no_plan(table: StudyTable) -> Refusal | None:
    if (table.meta.get("plan") or {}).get("comparisons"):
        return None
    why = "No comparison was declared before training."
    return Refusal("R02", "No significance of anything.", why, str(table.meta.get("name", "")))
