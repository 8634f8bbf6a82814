"""Refusals of studies in which nothing can be compared: R16 (a tie of everything), R17 (a ceiling), R18 (a tiny test).

They come before all others on the page: while one of them applies, no other statistic has a meaning.
"""

from collections.abc import Sequence

import pandas as pd

from seqtwin.reporting.analysis.records import FacetAnalysis
from seqtwin.reporting.findings.refusals.claim import Claim, pairing_of, rope_of
from seqtwin.reporting.findings.refusals.refusal import Refusal, RefusalRule, Refused
from seqtwin.reporting.formatting import digits, known, listed, many
from seqtwin.reporting.table.frame_rows import Labels, Row, rows_with
from seqtwin.reporting.table.study_table import StudyTable

PERFECT = 1.0
FEWEST_ROWS = 10
_SHOWN_EQUAL = 5e-4  # two values that a report prints alike


def all_tied(table: StudyTable, facet: FacetAnalysis) -> Refused:
    """No two pairings of a heat map differ: their values are printed alike, or no difference is significant."""
    pairings = _measured(table, facet)
    if len(pairings) < 2:
        return None
    alike, tested = _spread(pairings) < _SHOWN_EQUAL, table.meta.get("tier") != "quick"
    if not alike and not (tested and _share_a_letter(facet)):
        return None
    value = digits(float(pairings["mean"].mean()))
    what = f"score the same ({value})" if alike else "do not differ significantly from each other"
    why = f"All {len(pairings)} pairings {what}, so none of them is better."
    if not alike and _claims(table, facet.get("dataset", "")):
        why = (f"No two of all {len(pairings)} pairings differ significantly when each is compared with each. Planned "
               "comparisons are fewer, so their correction is smaller: some of them do differ.")  # fmt: skip
    return Refusal("R16", "No best pairing.", why, facet.get("dataset", ""))


def _share_a_letter(facet: FacetAnalysis) -> bool:
    groups = [set(tie["letters"]) for tie in facet.get("ties", []) if tie["letters"]]
    return len(groups) > 1 and bool(set.intersection(*groups))


def _claims(table: StudyTable, dataset: str) -> bool:
    """Whether a planned comparison on a data set is significant."""
    return any(row["claim"] and row["dataset"] == dataset for row in table.analysis.get("planned", []))


def all_at_ceiling(table: StudyTable, facet: FacetAnalysis) -> Refused:
    """Every pairing of a heat map is within the region of practical equality of the highest possible value."""
    pairings = _measured(table, facet)
    if len(pairings) < 2 or not all(at_ceiling(table, row) for _, row in pairings.iterrows()):
        return None
    low = digits(float(pairings["mean"].min()))
    why = f"All {len(pairings)} pairings score {low} or more, so this test is too easy to compare them."
    return Refusal("R17", "No comparison at the ceiling.", why, facet.get("dataset", ""))


def claim_at_ceiling(table: StudyTable, claim: Claim) -> Refused:
    """Both sides of every pair are at the ceiling."""
    rows = [pairing_of(table, labels) for labels in claim.pairings]
    if not rows or not all(row is not None and at_ceiling(table, row) for row in rows):
        return None
    why = "Both sides score as high as this test allows, so it is too easy to compare them."
    return Refusal("R17", f"No comparison at the ceiling: {claim.name}.", why, claim.where)


def at_ceiling(table: StudyTable, pairing: Row) -> bool:
    """Whether a row of `pairings` is within the region of practical equality of the highest possible value."""
    ceilings = table.meta.get("datasets", {}).get(str(pairing["dataset"]), {}).get("ceilings") or {}
    return float(pairing["mean"]) > known(ceilings.get("any", PERFECT)) - rope_of(table)


def labels_at_ceiling(table: StudyTable, labels: Labels) -> bool:
    """Whether a pairing, given by its labels, is at the ceiling."""
    row = pairing_of(table, labels)
    return row is not None and at_ceiling(table, row)


def tiny_test(table: StudyTable, datasets: Sequence[str]) -> Refused:
    """The test split of one of these data sets has fewer than ten same or different pairs, or ten rows in all."""
    small = {name: few for name in datasets if (few := few_test_rows(table, name))}
    if not small:
        return None
    shown = listed([f"{few} of {name}" for name, few in small.items()])
    why = f"The test split has only {shown}. One more right answer would change every score."
    return Refusal("R18", "No comparison on a tiny test split.", why, listed([*small]))


def few_test_rows(table: StudyTable, dataset: str) -> str:
    """The number of test rows in words if there are too few to compare pairings, else empty."""
    facts = table.meta.get("datasets", {}).get(dataset) or {}
    rows, nouns = int((facts.get("pairs") or {}).get("test", FEWEST_ROWS)), table.nouns
    if rows < FEWEST_ROWS:
        return many(rows, nouns.one) if nouns.one != nouns.judged else f"{rows} {nouns.judged}"
    kinds = (facts.get("counts") or {}).get("test", {}) if nouns.paired else {}
    few = [many(count, f"{kind} {nouns.one}") for kind, count in kinds.items() if count < FEWEST_ROWS]
    return listed(few)


def _measured(table: StudyTable, facet: FacetAnalysis) -> pd.DataFrame:
    """The pairings of a heat map that have a test value."""
    rows = rows_with(table.pairings, facet.get("labels", {}))
    rows = rows[rows["dataset"] == facet.get("dataset", "")] if facet.get("dataset") else rows
    return rows[rows["mean"].notna()]


def _spread(pairings: pd.DataFrame) -> float:
    return float(pairings["mean"].max() - pairings["mean"].min())


RULES = (
    RefusalRule(
        "R16",
        "a best pairing: all pairings of the heat map score the same, or none differs significantly from another",
        urgency=0,
        facet=all_tied,
    ),
    RefusalRule(
        "R17",
        "a comparison of pairings that all score as high as the test allows",
        urgency=0,
        claim=claim_at_ceiling,
        facet=all_at_ceiling,
    ),
    RefusalRule(
        "R18",
        "any comparison: the test split has fewer than ten same pairs, ten different pairs or ten rows in all",
        refuses_of_items="any comparison: the test split has fewer than ten rows",
        urgency=0,
        datasets=tiny_test,
    ),
)
