"""A facet of a study: the pairings that share every further factor, shown as one heat map."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from seqtwin.reporting.analysis.records import FacetAnalysis
from seqtwin.reporting.table.frame_rows import Row
from seqtwin.reporting.table.study_table import StudyTable

Ends = tuple[float, float]
Pairing = Row | Mapping[str, object]


@dataclass(frozen=True)
class Facet:
    """One heat map: the pairings with these labels of the further factors, and their analysis.

    `unlettered`: pairings (row, column) that may not be compared, whose tie letters are not shown.
    """

    labels: dict[str, str]
    rows: list[str]
    columns: list[str]
    pairings: pd.DataFrame
    analysis: FacetAnalysis = field(default_factory=FacetAnalysis)
    unlettered: frozenset[tuple[str, str]] = frozenset()

    @property
    def title(self) -> str:
        """The labels as text (`encoder.hidden = 64, ...`); empty when there is no further factor."""
        return ", ".join(f"{key} = {label}" for key, label in self.labels.items())

    @property
    def dataset(self) -> str:
        """The data set its study cells were trained on; empty if unknown."""
        known = [name for name in self.pairings["dataset"] if name]
        return known[0] if known else ""

    @property
    def primary(self) -> str:
        """The primary metric, empty when no study cell finished."""
        known = [name for name in self.pairings["primary"] if name]
        return known[0] if known else ""

    @property
    def widths(self) -> list[int]:
        """The distinct widths of the compared vectors, smallest first."""
        return sorted({int(width) for width in self.pairings["dim_mean"].dropna()})

    def pairing(self, row: str, column: str) -> Row | None:
        """The pairing of a representation with a loss; None when it was not run."""
        rows = self.pairings[(self.pairings["representation"] == row) & (self.pairings["loss"] == column)]
        return rows.iloc[0] if len(rows) else None

    def letters(self, row: str, column: str) -> str:
        """The tie letters of a pairing; empty if ties were not computed or no two pairings differ significantly."""
        every = self.analysis.get("ties", [])
        ties = [tie for tie in every if (tie["representation"], tie["loss"]) not in self.unlettered]
        if len({tie["letters"] for tie in ties if tie["letters"]}) < 2:
            return ""
        letters = [tie["letters"] for tie in ties if (tie["representation"], tie["loss"]) == (row, column)]
        return letters[0] if letters else ""

    def share(self, pairing: Row) -> float:
        """The position of a pairing's mean between the worst (0) and the best (1) of this heat map."""
        worst, best = self.pairings["mean"].min(), self.pairings["mean"].max()
        return float((pairing["mean"] - worst) / (best - worst)) if best > worst else float(pairing["mean"] * 0 + 1)


def facets_of(table: StudyTable) -> list[Facet]:
    """One facet per combination of the further factors, in the order of the study; best rows and columns first.

    Rows and columns are ordered over the whole study, so they are the same in every heat map.
    """
    extra, pairings = table.meta["extra"], table.pairings
    known = [table.meta["factors"].get(key, []) for key in extra]
    facets = []
    for labels in itertools.product(*known):
        part = pairings
        for key, label in zip(extra, labels, strict=True):
            part = part[part[key] == label]
        if len(part):
            facets.append(_facet(table, dict(zip(extra, labels, strict=True)), part))
    return facets


def _facet(table: StudyTable, labels: dict[str, str], part: pd.DataFrame) -> Facet:
    facets = table.analysis.get("facets", [])
    analysis: FacetAnalysis = next((own for own in facets if own["labels"] == labels), FacetAnalysis())
    if table.meta.get("tier") == "quick":  # descriptive only: readers would take letters for verdicts
        analysis = {**analysis, "ties": []}
    return Facet(labels, _ranked(table, part, "representation"), _ranked(table, part, "loss"), part, analysis)


def _ranked(table: StudyTable, part: pd.DataFrame, key: str) -> list[str]:
    """The labels of a heat map, sorted by their mean over all heat maps: best first, those without a value last."""
    means = table.pairings.groupby(key, sort=True)["mean"].mean().fillna(float("-inf"))
    there = set(part[key])
    return [str(name) for name in means.sort_values(ascending=False, kind="stable").index if name in there]


def spoken(table: StudyTable, pairing: Pairing) -> list[str]:
    """The labels that name a pairing in a sentence: its representation, and its loss or head if these vary."""
    keys = ("representation", "loss") if _columns_differ(table) else ("representation",)
    return [str(pairing[key]) for key in keys if pairing[key]]


def _columns_differ(table: StudyTable) -> bool:
    return table.nouns.paired or table.pairings["loss"].nunique() > 1


def pairing_name(table: StudyTable, pairing: Pairing) -> str:
    """The name of a pairing, as in `max_output with mse`; one label if only one is known."""
    return " with ".join(spoken(table, pairing)) or "the one pairing"


def strip_ends(values: "pd.Series[float]") -> tuple[float, float]:
    """Round ends of a scale that contains all values of a heat map.

    >>> strip_ends(pd.Series([0.912, 0.951]))
    (0.91, 0.96)
    """
    known = values.dropna()
    if not len(known):
        return 0.0, 1.0
    span = max(float(known.max() - known.min()), 0.01)
    step = next(s for s in (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 10.0) if span / s <= 6 or s == 10.0)
    low, high = (known.min() // step) * step, -(-known.max() // step) * step
    return round(float(low), 6), round(float(high if high > low else low + step), 6)
