"""REFUSALS: the rules that withhold a claim, and the functions that check a claim against them.

A claim is printed only if `check_comparison`, `check_pair` or `check_best` returns nothing for it. `check_study` lists
what the study as a whole cannot claim. To add a refusal: a function and a `RefusalRule` in one of `seeds.py`,
`differences.py`, `rising.py`, `whole_study.py` and `no_contrast.py`. Everything here follows from the rules.
"""

from collections.abc import Iterable, Iterator

from seqtwin.comparisons import Sides, matching_pairings
from seqtwin.reporting.analysis.records import FacetAnalysis, Planned, VersusBest
from seqtwin.reporting.findings.refusals import differences, no_contrast, rising, seeds, whole_study
from seqtwin.reporting.findings.refusals.claim import UNKNOWN, Claim, Measured, labels_in, labels_of, named, rows_of
from seqtwin.reporting.findings.refusals.refusal import Refusal, RefusalRule, Refused
from seqtwin.reporting.findings.refusals.whole_study import title_note
from seqtwin.reporting.formatting import known
from seqtwin.reporting.objective_words import Nouns
from seqtwin.reporting.table.frame_rows import Labels, Row, records
from seqtwin.reporting.table.study_table import StudyTable

__all__ = [
    "CODES",
    "REFUSALS",
    "Refusal",
    "check_best",
    "check_cause",
    "check_comparison",
    "check_pair",
    "check_study",
    "codes_of",
    "title_note",
]

_ALL = (*seeds.RULES, *differences.RULES, *whole_study.RULES, *rising.RULES, *no_contrast.RULES)
_RULES = sorted(_ALL, key=lambda rule: rule.code)
REFUSALS: dict[str, RefusalRule] = {rule.code: rule for rule in _RULES}
CODES: dict[str, str] = {code: rule.refuses for code, rule in REFUSALS.items()}


def codes_of(nouns: Nouns) -> dict[str, str]:
    """The claim that each code withholds, and why, in the words of a study."""
    return {code: rule.refuses_for(nouns) for code, rule in REFUSALS.items()}


def check_comparison(table: StudyTable, comparison: Planned) -> list[Refusal]:
    """The refusals of the claim of a planned comparison, an entry of `table.analysis["planned"]`."""
    return _check_claim(table, _planned_claim(table, comparison))


def check_pair(table: StudyTable, a: Row | Labels, b: Row | Labels) -> list[Refusal]:
    """The refusals of the claim that one of two pairings (their labels, or their rows) is better than the other."""
    return _check_claim(table, _pair_claim(table, labels_of(table, a), labels_of(table, b)))


def check_best(table: StudyTable, facet: FacetAnalysis) -> list[Refusal]:
    """The refusals of the claim that the first pairing of a facet (of `table.analysis["facets"]`) is the best."""
    best, dataset = facet.get("best"), facet.get("dataset", "")
    labels = labels_in(table, {**facet.get("labels", {}), **best}) if best else None
    refusals = [rule.facet(table, facet) for rule in _RULES if rule.facet]
    if labels:
        refusals += [rule.pairing(table, labels) for rule in _RULES if rule.pairing]
        refusals += [rule.datasets(table, [dataset]) for rule in _RULES if rule.datasets]
    return _by_code(refusals)


def check_cause(table: StudyTable, pairing: Row | Labels) -> list[Refusal]:
    """The refusals of naming a cause for the score of a pairing."""
    labels = labels_of(table, pairing)
    return _by_code(rule.cause(table, labels) for rule in _RULES if rule.cause)


def check_study(table: StudyTable) -> list[Refusal]:
    """Everything that the study as a whole cannot claim, by code; refusals of single pairings have one entry each."""
    return _by_code(refusal for rule in _RULES for refusal in _in_study(table, rule))


def _in_study(table: StudyTable, rule: RefusalRule) -> Iterator[Refused]:
    if rule.study:
        yield from rule.study(table)
        return
    if rule.pairing:
        yield from (rule.pairing(table, labels_of(table, row)) for row in records(table.pairings))
    if rule.facet:
        yield from (rule.facet(table, facet) for facet in table.analysis.get("facets", []))
    if rule.datasets:
        yield rule.datasets(table, sorted(set(table.pairings["dataset"]) - {""}))
    if rule.cause:
        yield from (rule.cause(table, labels) for labels in whole_study.bad_pairings(table))


def _check_claim(table: StudyTable, claim: Claim) -> list[Refusal]:
    refusals = [rule.claim(table, claim) for rule in _RULES if rule.claim]
    refusals += [rule.pairing(table, labels) for rule in _RULES if rule.pairing for labels in claim.pairings]
    refusals += [rule.datasets(table, [claim.dataset]) for rule in _RULES if rule.datasets]
    return _by_code(refusals)


def _by_code(refusals: Iterable[Refused]) -> list[Refusal]:
    return sorted((refusal for refusal in refusals if refusal is not None), key=lambda refusal: refusal.code)


def _planned_claim(table: StudyTable, comparison: Planned) -> Claim:
    dataset = comparison["dataset"]
    frame = table.pairings[table.pairings["dataset"] == dataset] if dataset else table.pairings
    sides = _sides([labels_of(table, row) for row in records(frame)], comparison)
    low, high = known(comparison["low"]), known(comparison["high"])
    measured = Measured(
        known(comparison["difference"]), low, high, tuple(comparison["per"]), comparison.get("refused", "")
    )
    return Claim(comparison["name"], dataset, tuple(sides), measured, comparison)


def _sides(pairings: list[dict[str, str]], comparison: Sides) -> list[tuple[Labels, Labels]]:
    return [(pairings[left], pairings[right]) for left, right in matching_pairings(pairings, comparison)]


def _pair_claim(table: StudyTable, left: Labels, right: Labels) -> Claim:
    dataset = str(next(iter(rows_of(table, left)["dataset"]), ""))
    name = f"{named(left)} against {named(right)}"
    return Claim(name, dataset, ((left, right),), _measured(table, left, right), _declared(table, left, right))


def _declared(table: StudyTable, left: Labels, right: Labels) -> Sides | None:
    """The planned comparison of exactly these two pairings."""
    pairings = [labels_of(table, row) for row in records(table.pairings)]
    planned = table.meta.get("plan", {}).get("comparisons", [])
    either = ([(left, right)], [(right, left)])
    return next((comparison for comparison in planned if _sides(pairings, comparison) in either), None)


def _measured(table: StudyTable, left: Labels, right: Labels) -> Measured:
    """The difference left - right, where one of the two is the best of its facet."""
    for facet in table.analysis.get("facets", []):
        shared = facet.get("labels", {})
        best = labels_in(table, {**shared, **facet.get("best", {})})
        for other in facet.get("versus_best", []):
            there = labels_in(table, {**shared, **other})
            if (best, there) == (left, right):
                return _difference(other)
            if (best, there) == (right, left):
                return _difference(other).reversed()
    return UNKNOWN


def _difference(row: VersusBest) -> Measured:
    return Measured(known(row["difference"]), known(row["low"]), known(row["high"]))
