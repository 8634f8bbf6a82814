"""The claim that refusals check, and the facts about its pairings that they look up in a study."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from seqtwin.comparisons import Sides
from seqtwin.reporting.analysis.records import Part
from seqtwin.reporting.findings.base_rule import Known
from seqtwin.reporting.findings.diagnose import values_of_row
from seqtwin.reporting.findings.rules import RULES
from seqtwin.reporting.table.frame_rows import Labels, Row, records, rows_with
from seqtwin.reporting.table.study_table import StudyTable

FEWEST_SEEDS = 5
ROPE = 0.01  # if the study does not set one
RANKS = ("spearman", "roc_auc", "average_precision")


@dataclass(frozen=True)
class Measured:
    """The measured difference of a claim, left minus right; nan where unknown.

    `per`: the difference of each pair of pairings; `refused`: why there is no interval.
    """

    difference: float = math.nan
    low: float = math.nan
    high: float = math.nan
    per: tuple[Part, ...] = ()
    refused: str = ""

    def reversed(self) -> "Measured":
        """Right minus left."""
        return Measured(-self.difference, -self.high, -self.low)


UNKNOWN = Measured()


@dataclass(frozen=True)
class Claim:
    """A claim that one pairing, or group of pairings, is better than another.

    `sides`: labels of left and right of each pair. `declared`: the planned comparison it states; None if unplanned.
    """

    name: str
    dataset: str
    sides: tuple[tuple[Labels, Labels], ...]
    measured: Measured
    declared: Sides | None

    @property
    def pairings(self) -> list[Labels]:
        """The distinct pairings of the claim."""
        return list({tuple(sorted(labels.items())): labels for pair in self.sides for labels in pair}.values())

    @property
    def where(self) -> str:
        """The claim and its data set in words."""
        return f"{self.name} on {self.dataset}" if self.dataset else self.name


def keys_of(table: StudyTable) -> list[str]:
    """The columns that identify a pairing: further factors, representation, loss."""
    return [*table.meta.get("extra", ()), "representation", "loss"]


def labels_of(table: StudyTable, pairing: Row | Mapping[str, object]) -> dict[str, str]:
    """The labels of a pairing, from any row that contains them."""
    return {key: str(pairing[key]) for key in keys_of(table)}


def labels_in(table: StudyTable, values: Mapping[str, object]) -> dict[str, str]:
    """The labels of a pairing that are among these values."""
    return {key: str(values[key]) for key in keys_of(table) if key in values}


def named(labels: Labels) -> str:
    """A pairing in words.

    >>> named({"representation": "max_output", "loss": "mse"})
    'max_output + mse'
    """
    parts = [labels[key] for key in ("representation", "loss") if labels.get(key)]
    further = [f"{key} {value}" for key, value in labels.items() if key not in ("representation", "loss") and value]
    return " + ".join(parts) + (f" ({', '.join(further)})" if further else "")


def rows_of(table: StudyTable, labels: Labels) -> pd.DataFrame:
    """The rows of `results` of a pairing, one per study cell."""
    return rows_with(table.results, labels)


def pairing_of(table: StudyTable, labels: Labels) -> Row | None:
    """The row of a pairing in `pairings`; None where it has none."""
    rows = rows_with(table.pairings, labels)
    return rows.iloc[0] if len(rows) else None


def rope_of(table: StudyTable) -> float:
    """The half-width of the region of practical equality."""
    return table.meta.get("plan", {}).get("rope", ROPE)


def finished(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of finished study cells."""
    return rows[rows["status"] == "finished"]


def number(row: Row, name: str) -> float:
    """A number of a row; nan where it has none."""
    return float(row[name]) if name in row and row[name] is not None else math.nan


def stuck_seeds(rows: pd.DataFrame) -> list[int]:
    """Seeds whose loss ends on its plateau, or never left it (D1, D17)."""
    return [int(row["seed"]) for row in records(rows) if _stuck(Known(values_of_row(row)))]


def _stuck(values: Known) -> bool:
    return RULES["D1"].fires(values) or values["stuck"] == 1


def late_seeds(rows: pd.DataFrame) -> list[int]:
    """Seeds whose loss left its plateau in the last fifth of the step budget, or not at all (D17)."""
    return [int(row["seed"]) for row in records(rows) if RULES["D17"].fires(Known(values_of_row(row)))]
