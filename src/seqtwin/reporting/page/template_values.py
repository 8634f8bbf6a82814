"""The typed mappings that the templates show: tables, pairings, marks, answers and the parts of a heat map."""

from typing import Any, NamedTuple, TypeAlias, TypedDict

import pandas as pd

from seqtwin.reporting.findings.refusals.check_claims import Refusal
from seqtwin.reporting.page.chosen_figures.figure import Drawn
from seqtwin.reporting.table.facet import Facet

Row: TypeAlias = "pd.Series[Any]"  # one row of a frame; its columns have different types
Context: TypeAlias = dict[str, object]  # values that only a template reads


class Entry(NamedTuple):
    """A field of a table: text, sort key (None = unknown, sorted last), whether it is marked as a warning."""

    text: str
    key: str | float | None
    marked: bool = False


class Sheet(TypedDict):
    """A sortable table. `heads`: name of each column and whether it is numeric; `by`: column it is sorted by, or -1."""

    id: str
    caption: str
    heads: list[tuple[str, bool]]
    rows: list[list[Entry]]
    by: int


class Named(TypedDict):
    """A pairing: its labels, its further factors other than the data set, its test value."""

    parts: list[str]
    further: str
    value: str


class Mark(Named):
    """A pairing that a cause marks, with the values that were measured."""

    evidence: str


class Cause(TypedDict):
    """Why cells are marked: what it means and what to do. `rank`: 0 is shown first."""

    id: str
    code: str
    cause: str
    means: str
    remedy: str
    rank: int


class Card(Cause):
    """A cause with the pairings it marks."""

    marks: list[Mark]


class Near(Named):
    """The closest pairing that is significantly worse: its difference and the interval of the difference."""

    difference: str
    span: str


class Compared(TypedDict):
    """The other pairings of a heat map by how they compare with the chosen one.

    `tied`: not significantly different; `ahead`: significantly better; `apart`: how many are significantly worse.
    """

    tied: list[Named]
    ahead: list[Named]
    apart: int
    nearest: Near | None
    tested: bool


class Optimism(TypedDict):
    """How much choosing the best pairing inflates its score, and how often it is the best on test."""

    optimism: str
    p_best: str
    optimism_span: str


class Answer(Compared, Optimism):
    """The pairing chosen on dev for a data set, its test value, and how the others compare with it."""

    dataset: str
    metric: str
    best: Named
    dev: str
    test: str
    seeds: int
    low: str
    high: str
    interval: str
    meaning: str
    others: int
    above: list[Named]
    within: list[Named]
    lowest: Named | None
    refused: list[Refusal]
    taken: bool
    facet: Facet
    scope: str
    floor: dict[str, str] | None


class MapRow(TypedDict):
    """A row of a heat map; a cell is None where the pairing was not run."""

    label: str
    cells: list[Context | None]
    untrained: str
    gloss: str


class Figures(TypedDict):
    """The figures of a heat map."""

    interaction: Drawn | None
    expected: Drawn | None
    learning: Drawn | None
    scores: list[Drawn]
    slices: list[Drawn]
    cost: Drawn | None
    by_length: Drawn | None
    agreement: Drawn | None


class FacetPart(Figures):
    """The sections of one heat map. `figures`: all of its figures in one list."""

    name: str
    title: str
    dataset: str
    metric: str
    columns: list[str]
    rows: list[MapRow]
    low: str
    high: str
    floors: list[dict[str, str]]
    best_floor: dict[str, str] | None
    ceilings: list[dict[str, str]]
    within: str
    lettered: bool
    omnibus: Context | None
    readings: Context | None
    figures: list[Drawn]
