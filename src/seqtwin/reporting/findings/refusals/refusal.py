"""The records of a refusal: the rule that withholds a claim, and one claim withheld."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from seqtwin.reporting.analysis.records import FacetAnalysis
from seqtwin.reporting.findings.refusals.claim import Claim
from seqtwin.reporting.objective_words import Nouns
from seqtwin.reporting.table.frame_rows import Labels
from seqtwin.reporting.table.study_table import StudyTable


@dataclass(frozen=True)
class Refusal:
    """A claim that the report withholds: the code, the claim, the reason in plain words with numbers, and where."""

    code: str
    sentence: str
    why: str
    where: str


Refused: TypeAlias = Refusal | None


@dataclass(frozen=True)
class RefusalRule:
    """A reason to withhold claims, and the functions that check it.

    A rule has one function for each kind of subject that it can be checked on: a `claim` (two pairings or more are
    compared), a `pairing` (its labels), some `datasets` (their names), a `facet` (its best pairing), the `cause` of a
    bad pairing (its labels), or the whole `study`. A rule without a `study` function is checked there on every pairing
    and facet, on all data sets together, and on the bad pairings.

    `refuses`: the claim it withholds, and why; `refuses_of_items`: the same for objectives that judge single items, if
    it differs. `urgency`: the report lists refusals in ascending order of it. `narrows`: it limits a claim without
    blocking it.
    """

    code: str
    refuses: str
    refuses_of_items: str = ""
    urgency: int = 1
    narrows: bool = False
    claim: Callable[[StudyTable, Claim], Refused] | None = None
    pairing: Callable[[StudyTable, Labels], Refused] | None = None
    datasets: Callable[[StudyTable, Sequence[str]], Refused] | None = None
    facet: Callable[[StudyTable, FacetAnalysis], Refused] | None = None
    cause: Callable[[StudyTable, Labels], Refused] | None = None
    study: Callable[[StudyTable], Iterable[Refused]] | None = None

    def refuses_for(self, nouns: Nouns) -> str:
        """The claim that it withholds, and why, in the words of a study."""
        return self.refuses if nouns.paired else self.refuses_of_items or self.refuses


def first_refusal(refusals: Iterable[Refused]) -> Refused:
    """The first refusal among these; None where there is none."""
    return next((refusal for refusal in refusals if refusal is not None), None)
