"""Which figures a study has, and the numbers each is given."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from seqtwin.report import figures
from seqtwin.report.heat import Facet
from seqtwin.report.svg import inlined
from seqtwin.report.table import StudyTable
from seqtwin.report.words import digits, listed, metric_name, slug


@dataclass(frozen=True)
class Drawn:
    """A figure: file name without ending, SVG, text for those who cannot see it, caption."""

    name: str
    svg: str
    label: str
    caption: str

    @property
    def inline(self) -> str:
        """The SVG as part of the page."""
        return inlined(self.svg, self.name, self.label)


def matrix(facet: Facet, column: str) -> figures.Array:
    """A column of the pairings as rows x columns of the heat map, nan where a pairing was not run."""
    found = [[facet.pairing(row, name) for name in facet.columns] for row in facet.rows]
    return np.array([[np.nan if p is None else float(p[column]) for p in line] for line in found])


def _file(kind: str, facet: Facet, *more: str) -> str:
    return slug("-".join([kind, *facet.labels.values(), *more]))


def interaction(facet: Facet) -> Drawn | None:
    """The heat map as lines; None when a factor has one level only, or nothing finished."""
    values = matrix(facet, "mean")
    if min(values.shape) < 2 or not np.isfinite(values).any():
        return None
    told = [f"{row}: {listed([f'{name} {digits(v)}' for name, v in zip(facet.columns, line, strict=True)])}"
            for row, line in zip(facet.rows, values, strict=True)]  # fmt: skip
    svg = figures.interaction(facet.rows, facet.columns, values, f"test {metric_name(facet.primary)}")
    caption = "The same numbers as lines: parallel lines would mean no interaction."
    return Drawn(_file("interaction", facet), svg, f"Interaction plot. {'; '.join(told)}.", caption)


def _belonging(table: StudyTable, facet: Facet) -> dict[str, list[figures.Curve]]:
    rows = table.results[table.results["primary"] != ""]
    for key, label in facet.labels.items():
        rows = rows[rows[key] == label]
    by_id = dict(list(table.curves.groupby("id", sort=False)))
    panels: dict[str, list[figures.Curve]] = {name: [] for name in facet.rows}
    for _, row in rows.iterrows():
        if row["id"] in by_id:
            part = by_id[row["id"]]
            loss = part["training_loss"].to_numpy()
            unit = row["plateau"] if row["plateau"] > 0 else abs(loss[0]) or 1.0
            dev = part["dev"].to_numpy()
            panels[row["representation"]].append(figures.Curve(row["loss"], part["epoch"].to_numpy(), dev, loss / unit))
    return {name: lines for name, lines in panels.items() if lines}


def learning(table: StudyTable, facet: Facet) -> Drawn | None:
    """Dev metric and training loss over epochs, one thin line per seed."""
    panels = _belonging(table, facet)
    if not panels:
        return None
    metric = metric_name(facet.primary)
    series = [name for name in facet.columns if any(line.series == name for lines in panels.values() for line in lines)]
    known = table.results["plateau"].notna().any()
    ends = [
        f"{name} ends at {digits(float(np.mean([line.dev[-1] for line in lines])))}" for name, lines in panels.items()
    ]
    caption = (
        "One thin line per seed, one colour and dash per loss. Above: the rank metric on dev. Below: training loss as "
        "a share of its no-information plateau (the line at 1: what one constant score would cost); a loss without a "
        "known plateau is shown as a share of its start."
    )
    label = f"Learning curves. Mean dev {metric}: {'; '.join(ends)}."
    return Drawn(_file("learning", facet), figures.curves(panels, series, metric, bool(known)), label, caption)


def histograms(table: StudyTable, facet: Facet) -> list[Drawn]:
    """Score histograms of same and different test pairs, one figure per loss."""
    rows = table.histograms
    for key, label in facet.labels.items():
        rows = rows[rows[key] == label]
    found = []
    for loss in facet.columns:
        panels = [p for p in (_panel(facet, rows, row, loss) for row in facet.rows) if p]
        if panels:
            label = "Histograms of test scores; same against different pairs. " + " ".join(_overlap(p) for p in panels)
            found.append(Drawn(_file("scores", facet, loss), figures.histograms(panels), label, loss))
    return found


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


def cost(facet: Facet) -> Drawn | None:
    """Quality against training seconds."""
    part = facet.pairings[facet.pairings["mean"].notna() & facet.pairings["seconds_train_mean"].notna()]
    if len(part) < 2:
        return None
    groups = [facet.columns.index(loss) for loss in part["loss"]]
    seconds, quality = part["seconds_train_mean"].to_numpy(), part["mean"].to_numpy()
    names = [str(row["representation"] or row["loss"]) for _, row in part.iterrows()]
    svg = figures.cost(names, groups, seconds, quality, f"test {metric_name(facet.primary)}")
    hues = listed([f"{name} {shape}" for name, shape in zip(facet.columns, _SHAPES, strict=False)])
    told = [f"{name} {s:.1f} s {digits(q)}" for name, s, q in zip(names, seconds, quality, strict=True)]
    caption = f"Up and to the left is better. Marks: {hues}."
    return Drawn(_file("cost", facet), svg, f"Quality against training seconds. {'; '.join(told)}.", caption)


def heatmap_files(facet: Facet) -> dict[str, str | bytes]:
    """The heat map's twins for a README: SVG and PNG by path."""
    halves = (matrix(facet, "high") - matrix(facet, "low")) / 2
    title = f"{facet.dataset}: test {metric_name(facet.primary)}\nmean over seeds ± half of the 95 % interval"
    figure = figures.heatmap(facet.rows, facet.columns, matrix(facet, "mean"), halves, title)
    name = f"figures/{_file('heatmap', facet)}"
    return {f"{name}.svg": figures.svg_of(figure), f"{name}.png": figures.png_of(figure)}


_SHAPES = ("circles", "squares", "triangles", "diamonds", "inverted triangles", "crosses")
