"""Figures of the pairings of a facet: the heat map as lines and as a picture, costs, retrieval, tuning trials."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from seqtwin.metrics import metric_name
from seqtwin.reporting import figures
from seqtwin.reporting.formatting import count, digits, listed
from seqtwin.reporting.objective_words import Nouns
from seqtwin.reporting.page.chosen_figures.figure import SHAPES, Drawn, file_name, matrix, point_name
from seqtwin.reporting.table.facet import Facet
from seqtwin.reporting.table.pairings import training_clock


def interaction(facet: Facet) -> Drawn | None:
    """The heat map as lines; None if fewer than two levels of a factor have a value."""
    values = matrix(facet, "mean")
    known = np.isfinite(values)
    if min(known.any(axis=0).sum(), known.any(axis=1).sum()) < 2:
        return None
    lines = [f"{row}: {listed([f'{name} {digits(v)}' for name, v in zip(facet.columns, line, strict=True)])}"
            for row, line in zip(facet.rows, values, strict=True)]  # fmt: skip
    svg = figures.interaction(facet.rows, facet.columns, values, f"test {metric_name(facet.primary)}")
    caption = "The same numbers as lines. Parallel lines would mean no interaction."
    return Drawn(file_name("interaction", facet), svg, f"Interaction plot. {'; '.join(lines)}.", caption)


def cost(facet: Facet, nouns: Nouns) -> Drawn | None:
    """Quality against seconds of training and against items encoded per second."""
    clock = training_clock(facet.pairings)
    part = facet.pairings[facet.pairings["mean"].notna() & facet.pairings[clock.column].notna()]
    if len(part) < 2:
        return None
    seconds = _cloud(facet, part, clock.column, high_x=False)
    known = part["encode_texts_per_second_mean"].notna().all()
    speed = _cloud(facet, part, "encode_texts_per_second_mean", high_x=True) if known else None
    values = [f"{name} {x:.1f} s {digits(y)}" for name, x, y in zip(seconds.names, seconds.x, seconds.y, strict=True)]
    svg = figures.cost(seconds, speed, f"test {metric_name(facet.primary)}", clock.unit, nouns.encoded)
    sides = "Left: higher and further left is better. Right: higher and further right is better."
    caption = f"{sides if speed else 'Higher and further left is better.'} {_shapes(facet)}"
    caption += " Named: pairings that no other beats on both axes." if len(part) > figures.MOST_NAMES else ""
    label = f"Quality against {clock.unit} of training. {'; '.join(values)}."
    return Drawn(file_name("cost", facet), svg, label, caption)


def _shapes(facet: Facet) -> str:
    shown = zip(facet.columns, SHAPES, strict=False)
    return f"Markers: {listed([f'{name} {shape}' for name, shape in shown])}." if len(facet.columns) > 1 else ""


def _cloud(facet: Facet, part: pd.DataFrame, x: str, *, high_x: bool) -> figures.Cloud:
    across, up = part[x].to_numpy(dtype=float), part["mean"].to_numpy(dtype=float)
    many = len(part) > figures.MOST_NAMES
    named = figures.front(across, up, high_x=high_x) if many else [True] * len(part)
    groups = [facet.columns.index(loss) for loss in part["loss"]]
    return figures.Cloud([point_name(row, facet) for _, row in part.iterrows()], groups, across, up, named)


def agreement(facet: Facet, retrieval: str, nouns: Nouns) -> Drawn | None:
    """The pairings by their primary metric and by a retrieval metric; None with fewer than three pairings."""
    column = f"retrieval_{retrieval}_mean"
    if column not in facet.pairings:
        return None
    part = facet.pairings[facet.pairings["mean"].notna() & facet.pairings[column].notna()]
    if len(part) < 3:
        return None
    many, groups = len(part) > figures.MOST_NAMES, [facet.columns.index(loss) for loss in part["loss"]]
    x, y = part["mean"].to_numpy(dtype=float), part[column].to_numpy(dtype=float)
    named = figures.front(x, y, high_x=True) if many else [True] * len(part)
    cloud = figures.Cloud([point_name(row, facet) for _, row in part.iterrows()], groups, x, y, named)
    values = [f"{name} {digits(a)} {digits(b)}" for name, a, b in zip(cloud.names, x, y, strict=True)]
    svg = figures.agreement(cloud, metric_name(facet.primary), metric_name(retrieval))
    label = f"{metric_name(facet.primary)} on {nouns.judged} and {metric_name(retrieval)}: {'; '.join(values)}."
    return Drawn(file_name("agreement", facet), svg, label, f"One mark per pairing. {_shapes(facet)}")


def expected_best(facet: Facet) -> Drawn | None:
    """The expected best dev value after k trials; None if nothing was tuned."""
    lines = [line for line in facet.analysis.get("expected", []) if len(line["value"]) > 1]
    if not lines:
        return None
    lines.sort(key=lambda line: -line["value"][-1])
    names = [" · ".join(part for part in (line["representation"], line["loss"]) if part) for line in lines]
    groups = [facet.columns.index(line["loss"]) for line in lines]
    curves = [np.array(line["value"], dtype=float) for line in lines]
    svg = figures.expected_best(names, groups, curves, metric_name(facet.primary))
    values = [f"{name} {digits(v[0])} after 1 and {digits(v[-1])} after {count(len(v))} trials"
            for name, v in zip(names, curves, strict=True)]  # fmt: skip
    caption = "A line still rising at its right end would gain from more trials. Compare lines at equal trials."
    return Drawn(file_name("expected", facet), svg, f"Expected best dev value. {'; '.join(values)}.", caption)


def heatmap_files(facet: Facet, *, png: bool) -> dict[str, str | bytes]:
    """The heat map as image files for a README: SVG, and PNG if `png`, by path."""
    figure = heat_map_of(facet)
    name = f"figures/{file_name('heatmap', facet)}"
    return {f"{name}.svg": figures.svg_of(figure), **({f"{name}.png": figures.png_of(figure)} if png else {})}


def heat_map_of(facet: Facet) -> Figure:
    """The heat map as a figure of matplotlib."""
    halves = (matrix(facet, "high") - matrix(facet, "low")) / 2
    title = f"{facet.dataset}: test {metric_name(facet.primary)}\nmean over seeds ± half of the 95 % interval"
    letters = [[facet.letters(row, name) for name in facet.columns] for row in facet.rows]
    title += "\npairings that share a letter do not differ significantly" if any(map(any, letters)) else ""
    return figures.heatmap(facet.rows, facet.columns, matrix(facet, "mean"), halves, letters, title)
