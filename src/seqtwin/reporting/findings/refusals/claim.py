"""What a refusal is, what it is asked about, and the few questions it puts to a table."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from seqtwin.reporting.findings.diagnose import values_of_row
from seqtwin.reporting.findings.rule import Known
from seqtwin.reporting.findings.rules import RULES
from seqtwin.reporting.objective_words import Nouns
from seqtwin.reporting.table.study_table import StudyTable

Labels = Mapping[str, str]

FEWEST_SEEDS = 5
ROPE = 0.01  # where a study names none
RANKS = ("spearman", "roc_auc", "average_precision")

CODES: dict[str, str] = {
    "R01": "any verdict of better or worse: fewer than five finished paired seeds, or tier quick",
    "R02": "significance: the comparison was not declared in the study's plan before training",
    "R03": "that one representation beats another: it holds under one loss only, and no interaction is reported",
    "R04": "that a loss is bad: fewer tuning trials than the others, best margin at the edge, or margin never rescaled",
    "R05": "a ranking of losses by Pearson: neither a calibrated Pearson nor a rank metric stands next to it",
    "R06": "a mean over seeds: some of them collapsed, diverged or never left the plateau",
    "R07": "a correlation or AUC: predictions or labels are constant",
    "R08": "a difference: its interval contains 0 or lies inside the region of practical equality",
    "R09": "the best pairing: chosen on test, or how much too good it looks is not shown",
    "R10": "that it holds elsewhere: one data set, or one kind of cell",
    "R11": "a comparison with a published number: split, scale, vectors, preprocessing or metric differ",
    "R12": "an explanation of a bad pairing: no diagnostic fired",
    "R13": "any claim: training and test share items, and nobody said why that is accepted",
    "R14": "a comparison with a pairing that still stands on its plateau at the end of its step budget",
}
_OF_ITEMS = {
    "R03": "that one representation beats another: it holds under one head only, and no interaction is reported",
    "R04": "that a head is bad: fewer tuning trials than the others, or its best value at the edge of the search",
    "R07": "a metric: it is undefined for what was measured",
}


def codes_of(nouns: Nouns) -> dict[str, str]:
    """What each code refuses, in the words of a study."""
    return CODES if nouns.paired else {**CODES, **_OF_ITEMS}


@dataclass(frozen=True)
class Refusal:
    """A sentence the report does not say: its code, the sentence, why in plain words with numbers, and where."""

    code: str
    sentence: str
    why: str
    where: str


@dataclass(frozen=True)
class Claim:
    """A difference somebody might state: the pairings it sets against each other, and what was measured of it.

    `sides`: labels of left and right of each pair. `measured`: difference, low, high, `per`; empty where unknown.
    """

    name: str
    dataset: str
    sides: tuple[tuple[Labels, Labels], ...]
    measured: Mapping[str, Any]
    declared: Mapping[str, Any] | None

    @property
    def pairings(self) -> list[Labels]:
        """Every pairing of the claim, once."""
        return list({tuple(sorted(one.items())): one for pair in self.sides for one in pair}.values())

    @property
    def where(self) -> str:
        """The claim and its data set in words."""
        return f"{self.name} on {self.dataset}" if self.dataset else self.name


def keys_of(table: StudyTable) -> list[str]:
    """The labels of a pairing: further factors, representation, loss."""
    return [*table.meta.get("extra", ()), "representation", "loss"]


def labels_of(table: StudyTable, pairing: "Mapping[str, Any] | pd.Series[Any]") -> dict[str, str]:
    """The labels of a pairing among whatever else is known of it."""
    return {key: str(pairing[key]) for key in keys_of(table)}


def named(labels: Labels) -> str:
    """A pairing in words.

    >>> named({"representation": "max_output", "loss": "mse"})
    'max_output + mse'
    """
    parts = [labels[key] for key in ("representation", "loss") if labels.get(key)]
    further = [f"{key} {value}" for key, value in labels.items() if key not in ("representation", "loss") and value]
    return " + ".join(parts) + (f" ({', '.join(further)})" if further else "")


def rows_of(table: StudyTable, labels: Labels) -> pd.DataFrame:
    """The study cells of a pairing."""
    return _where(table.results, labels)


def pairing_of(table: StudyTable, labels: Labels) -> "pd.Series[Any] | None":
    """Its row among the pairings, None where it has none."""
    found = _where(table.pairings, labels)
    return found.iloc[0] if len(found) else None


def _where(frame: pd.DataFrame, labels: Labels) -> pd.DataFrame:
    chosen = pd.Series(True, index=frame.index)
    for key, value in labels.items():
        chosen &= frame[key].astype(str) == value
    return frame[chosen]


def finished(rows: pd.DataFrame) -> pd.DataFrame:
    """The study cells that ended well."""
    return rows[rows["status"] == "finished"]


def number(row: "pd.Series[Any]", name: str) -> float:
    """A number of a row; nan where it has none."""
    return float(row[name]) if name in row and row[name] is not None else float("nan")


def stuck_seeds(rows: pd.DataFrame) -> list[int]:
    """Seeds whose loss ends on its plateau, or never left it (D1, D17)."""
    return [int(row["seed"]) for _, row in rows.iterrows() if _stuck(Known(values_of_row(row)))]


def _stuck(values: Known) -> bool:
    return RULES["D1"].fires(values) or values["stuck"] == 1


def late_seeds(rows: pd.DataFrame) -> list[int]:
    """Seeds whose loss left its plateau in the last fifth of the step budget, or not at all (D17)."""
    return [int(row["seed"]) for _, row in rows.iterrows() if RULES["D17"].fires(Known(values_of_row(row)))]


def first(found: Iterable[Refusal | None]) -> Refusal | None:
    """The first refusal there is."""
    return next((one for one in found if one is not None), None)
