"""The primary metric over length, for studies that measured it."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from seqtwin.metrics import metric_name
from seqtwin.reporting import figures
from seqtwin.reporting.formatting import digits, plain
from seqtwin.reporting.page.chosen_figures.figure import Drawn, belonging, file_name
from seqtwin.reporting.table.facet import Facet
from seqtwin.reporting.table.study_table import StudyTable


def by_length(table: StudyTable, facets: Sequence[Facet]) -> Drawn | None:
    """One line per pairing of these facets; None if fewer than two lengths were measured."""
    lines = [line for place, facet in enumerate(facets) for line in _lines(table, facet, place, alone=len(facets) < 2)]
    if not lines:
        return None
    metric, nouns = f"test {metric_name(facets[0].primary)}", table.nouns
    ends = [f"{line.name} {digits(float(line.mean[0]))} at length {plain(float(line.length[0]))}, "
            f"{digits(float(line.mean[-1]))} at {plain(float(line.length[-1]))}" for line in lines]  # fmt: skip
    caption = f"Mean over seeds at each length of the test {nouns.judged}. Shaded: two-level 95 % intervals."
    name = file_name("by-length", facets[0]) if len(facets) < 2 else "by-length"
    svg = figures.by_length(lines, metric, f"length of the {nouns.judged}, in tokens")
    return Drawn(name, svg, f"{metric} by length. {'; '.join(ends)}.", caption)


def _lines(table: StudyTable, facet: Facet, place: int, *, alone: bool) -> list[figures.LengthLine]:
    """The lines of a facet; with several facets, each is named and coloured by its labels."""
    rows = belonging(table.lengths, facet)
    lines = [line for pair in _pairs(facet) if len(rows) and (line := _line(facet, rows, *pair))]
    named = ", ".join(facet.labels.values())
    return lines if alone else [replace(line, name=named, row=place) for line in lines]


def _pairs(facet: Facet) -> list[tuple[int, int]]:
    return [(row, column) for row in range(len(facet.rows)) for column in range(len(facet.columns))]


def _line(facet: Facet, rows: pd.DataFrame, row: int, column: int) -> figures.LengthLine | None:
    name, head = facet.rows[row], facet.columns[column]
    own = rows[(rows["representation"] == name) & (rows["loss"] == head) & rows["mean"].notna()]
    if len(own) < 2:
        return None
    values = (own[key].to_numpy(dtype=np.float64) for key in ("length", "mean", "low", "high"))
    shown = f"{name} · {head}" if len(facet.columns) > 1 else name
    return figures.LengthLine(shown, row, column, *values)
