"""Test scores of a facet as histograms, and its primary metric over slices of the test pairs."""

import re

import numpy as np
import pandas as pd

from seqtwin.metrics import metric_name
from seqtwin.reporting import figures
from seqtwin.reporting.formatting import digits
from seqtwin.reporting.page.chosen_figures.figure import Drawn, belonging, file_name
from seqtwin.reporting.table.facet import Facet
from seqtwin.reporting.table.study_table import StudyTable


def histograms(table: StudyTable, facet: Facet) -> list[Drawn]:
    """Score histograms of same and different test pairs, one figure per loss."""
    rows, drawn = belonging(table.histograms, facet), []
    for loss in facet.columns:
        panels = [p for p in (_panel(facet, rows, row, loss) for row in facet.rows) if p]
        if panels:
            label = "Histograms of test scores of same and different pairs. " + " ".join(_overlap(p) for p in panels)
            drawn.append(Drawn(file_name("scores", facet, loss), figures.histograms(panels), label, loss))
    return drawn


def _panel(facet: Facet, rows: pd.DataFrame, row: str, loss: str) -> figures.Histogram | None:
    part = rows[(rows["representation"] == row) & (rows["loss"] == loss)]
    if not len(part):
        return None
    pairing = facet.pairing(row, loss)
    threshold = float("nan") if pairing is None else float(pairing["threshold_mean"])
    edges = np.append(part["low"].to_numpy(), part["high"].iloc[-1])
    return figures.Histogram(row, edges, part["same"].to_numpy(), part["different"].to_numpy(), threshold)


def _overlap(panel: figures.Histogram) -> str:
    same, different = (counts / max(counts.sum(), 1) for counts in (panel.same, panel.different))
    return f"{panel.title}: {100 * np.minimum(same, different).sum():.0f} % of the areas overlap."


def slices(table: StudyTable, facet: Facet) -> list[Drawn]:
    """The primary metric over each kind of slice with at least two measured bins; one figure per kind."""
    rows, titles = belonging(table.slices, facet), table.nouns.slices
    kinds = [
        kind for kind in dict.fromkeys(rows["kind"]) if kind in titles and not (kind == "length" and len(table.lengths))
    ]
    drawn = [_sliced(facet, rows[rows["kind"] == kind], kind, titles[kind]) for kind in kinds]
    return [figure for figure in drawn if figure]


def _sliced(facet: Facet, rows: pd.DataFrame, kind: str, words: tuple[str, str]) -> Drawn | None:
    rows = rows[rows["mean"].notna()]
    orders = sorted(rows["order"].unique())
    if len(orders) < 2:
        return None
    # bins without a value leave no gap
    rows = rows.assign(order=rows["order"].map({order: float(place) for place, order in enumerate(orders)}))
    names = [_short(str(rows[rows["order"] == place]["bin"].iloc[0])) for place in range(len(orders))]
    shown = {name: _lines(facet, rows[rows["representation"] == name]) for name in facet.rows}
    shown = {name: lines for name, lines in shown.items() if lines}
    series = [loss for loss in facet.columns if (rows["loss"] == loss).any()]
    values = [f"{name} {_values(line, names)}" for name, lines in shown.items() for line in lines]
    svg = figures.slices(shown, names, series, metric_name(facet.primary))
    title, caption = words
    return Drawn(file_name("slices", facet, kind), svg, f"{title}. {'; '.join(values)}.", f"{title}. {caption}")


def _values(line: figures.Slices, names: list[str]) -> str:
    values = [f"{names[int(place)]} {digits(mean)}" for place, mean in zip(line.order, line.mean, strict=True)]
    return f"{line.series} {', '.join(values)}"


def _short(name: str) -> str:
    """`0.25 to 0.4` as `.25–.4`, since bins are close together."""
    return re.sub(r"\b0\.", ".", name.replace(" to ", "–"))


def _lines(facet: Facet, rows: pd.DataFrame) -> list[figures.Slices]:
    parts = [(loss, rows[rows["loss"] == loss].sort_values("order")) for loss in facet.columns]
    columns = ("order", "mean", "low", "high")
    return [
        figures.Slices(loss, *(part[name].to_numpy(dtype=float) for name in columns))
        for loss, part in parts
        if len(part)
    ]
