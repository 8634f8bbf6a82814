"""Matplotlib draws what it is given: SVG text in the page's own colours, small, the same bytes for the same numbers."""

import io
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import matplotlib.ticker
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

from seqtwin.report.heat import contrast
from seqtwin.report.svg import lean
from seqtwin.report.words import digits, hue, light, loss_hue

Array = NDArray[np.float64]

_STYLE: Any = {
    "svg.fonttype": "none", "svg.hashsalt": "seqtwin", "text.parse_math": False, "font.family": ["DejaVu Sans"],
    "font.size": 11, "axes.spines.top": False, "axes.spines.right": False, "axes.spines.left": False,
    "axes.edgecolor": light("line"), "axes.labelcolor": light("soft"), "xtick.color": light("soft"),
    "ytick.color": light("soft"), "text.color": light("ink"), "axes.grid": True, "axes.grid.axis": "y",
    "grid.color": light("line"), "grid.linewidth": 1.0, "ytick.major.size": 0, "xtick.major.size": 0,
    "axes.axisbelow": True, "figure.facecolor": light("paper"), "axes.facecolor": "none", "path.simplify": True,
    "axes.titlesize": 11, "axes.titleweight": "normal", "axes.titlelocation": "left", "axes.unicode_minus": True,
}  # fmt: skip
_MARKERS = ("o", "s", "^", "D", "v", "P")
_MOST_LINES = 120


@dataclass(frozen=True)
class Curve:
    """One training: its series (a loss), epochs, dev metric and training loss as a share of `unit`."""

    series: str
    epochs: Array
    dev: Array
    loss: Array


@dataclass(frozen=True)
class Histogram:
    """Test scores of one pairing: bin edges, counts of same and different pairs, the threshold fitted on dev."""

    title: str
    edges: Array
    same: Array
    different: Array
    threshold: float


def _drawn(width: float, height: float, draw: Callable[[Figure], None]) -> str:
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    with mpl.rc_context(dict(_STYLE)):
        figure = Figure(figsize=(width / 72, height / 72), layout="constrained")
        draw(figure)
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return lean(text.getvalue())


def _share_ticks(axes: Axes) -> None:
    axes.yaxis.set_major_locator(mpl.ticker.MaxNLocator(5, steps=[1, 2, 5, 10]))
    places = 2 if abs(np.subtract(*axes.get_ylim())) > 0.04 else 3
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0f}" if value in (0, 1) else digits(value, places))


def apart(places: Sequence[float], least: float) -> list[float]:
    """The same places pushed apart so that neighbours keep a least distance, in their order.

    >>> apart([1.0, 1.0, 5.0], 1.0)
    [0.5, 1.5, 5.0]
    """
    order = sorted(range(len(places)), key=lambda i: (places[i], i))
    groups: list[list[int]] = []
    centre: list[float] = []
    for index in order:
        groups.append([index])
        centre.append(places[index])
        while len(groups) > 1 and centre[-1] - centre[-2] < least * (len(groups[-1]) + len(groups[-2])) / 2:
            merged = groups[-2] + groups[-1]
            groups[-2:], centre[-2:] = [merged], [sum(places[i] for i in merged) / len(merged)]
    moved = [0.0] * len(places)
    for group, middle in zip(groups, centre, strict=True):
        for rank, index in enumerate(group):
            moved[index] = middle + least * (rank - (len(group) - 1) / 2)
    return moved


def interaction(rows: Sequence[str], columns: Sequence[str], values: Array, metric: str) -> str:
    """The heat map as lines: one per row over the columns, named at its right end; parallel = no interaction."""

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        steps = np.arange(len(columns))
        for index, line in enumerate(values):
            marker = _MARKERS[(index + index // len(_MARKERS)) % len(_MARKERS)]
            axes.plot(steps, line, color=hue(index), marker=marker, markersize=5, linewidth=2)
        axes.set_xticks(steps, columns)
        axes.margins(x=0.08, y=0.08)
        axes.set_title(metric, color=light("soft"))
        _share_ticks(axes)
        _name_ends(axes, rows, values)

    return _drawn(430, 300 + 8 * max(len(rows) - 6, 0), draw)


def _name_ends(axes: Axes, rows: Sequence[str], values: Array) -> None:
    known = [
        (i, int(np.flatnonzero(np.isfinite(line))[-1])) for i, line in enumerate(values) if np.isfinite(line).any()
    ]
    right = values.shape[1] - 1 + 0.06 * values.shape[1]
    least = float(np.ptp(axes.get_ylim())) * 0.065
    ends = apart([float(values[i, last]) for i, last in known], least)
    for (i, last), place in zip(known, ends, strict=True):
        axes.annotate(rows[i], (last, values[i, last]), (right, place), color=hue(i),
                      va="center", fontsize=10.5, annotation_clip=False)  # fmt: skip


def curves(panels: Mapping[str, Sequence[Curve]], series: Sequence[str], metric: str, thresholds: bool) -> str:
    """Learning curves: one panel per representation, dev metric above, training loss over its plateau below."""
    across = min(len(panels), 5)
    down = -(-len(panels) // across)
    thin = sum(len(lines) for lines in panels.values()) > _MOST_LINES

    def draw(figure: Figure) -> None:
        grid = figure.subplots(2 * down, across, squeeze=False, sharex=True, sharey="row")
        for axes in grid.flat[:]:
            axes.set_visible(False)
        for place, (name, lines) in enumerate(panels.items()):
            row, column = 2 * (place // across), place % across
            above, below = grid[row, column], grid[row + 1, column]
            _curve_panel(above, below, _means(lines) if thin else lines, series)
            above.set_title(name, color=light("ink"))
            if not column:
                above.set_ylabel(f"dev {metric}")
                below.set_ylabel("loss / plateau" if thresholds else "loss / start")
        _series_names(grid[0, 0], series)

    return _drawn(1064, 330 * down, draw)


def _means(lines: Sequence[Curve]) -> list[Curve]:
    found = []
    for name in dict.fromkeys(line.series for line in lines):
        own = [line for line in lines if line.series == name]
        steps = min(len(line.epochs) for line in own)
        dev, loss = (np.mean([getattr(line, key)[:steps] for line in own], axis=0) for key in ("dev", "loss"))
        found.append(Curve(name, own[0].epochs[:steps], dev, loss))
    return found


def _curve_panel(above: Axes, below: Axes, lines: Sequence[Curve], series: Sequence[str]) -> None:
    for axes in (above, below):
        axes.set_visible(True)
    for line in lines:
        colour = loss_hue(series.index(line.series))
        style = ("-", (0, (4, 2)), (0, (1.5, 1.5)))[series.index(line.series) % 3]
        above.plot(line.epochs, line.dev, color=colour, linewidth=1, linestyle=style)
        below.plot(line.epochs, line.loss, color=colour, linewidth=1, linestyle=style)
    below.axhline(1.0, color=light("warn"), linewidth=1)
    highest = max(float(np.nanmax(line.loss)) for line in lines)
    below.set_ylim(0, max(below.get_ylim()[1], min(max(1.3, 1.05 * highest), 3.0)))
    below.set_xlabel("epoch")
    below.xaxis.set_major_locator(mpl.ticker.MaxNLocator(4, integer=True))
    _share_ticks(above)
    _share_ticks(below)


def _series_names(axes: Axes, series: Sequence[str]) -> None:
    for index, name in enumerate(series):
        axes.text(0.98, 0.04 + 0.12 * (len(series) - 1 - index), name, transform=axes.transAxes, ha="right",
                  color=loss_hue(index), fontsize=10.5)  # fmt: skip


def histograms(panels: Sequence[Histogram]) -> str:
    """Scores of same pairs (filled) and different pairs (outlined), one panel per representation."""
    across = min(len(panels), 5)
    down = -(-len(panels) // across)

    def draw(figure: Figure) -> None:
        grid = figure.subplots(down, across, squeeze=False)
        for axes in grid.flat:
            axes.set_visible(False)
        for place, panel in enumerate(panels):
            _histogram_panel(grid.flat[place], panel, named=place == 0)

    return _drawn(1064, 150 * down, draw)


def _histogram_panel(axes: Axes, panel: Histogram, *, named: bool) -> None:
    axes.set_visible(True)
    axes.stairs(panel.same / max(panel.same.sum(), 1), panel.edges, fill=True, color=hue(0), alpha=0.55)
    axes.stairs(panel.different / max(panel.different.sum(), 1), panel.edges, color=light("ink"), linewidth=1.2)
    axes.set_title(panel.title, color=light("ink"))
    axes.set_yticks([])
    axes.set_ylim(top=axes.get_ylim()[1] * 1.16)
    axes.xaxis.set_major_locator(mpl.ticker.MaxNLocator(4))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}".replace("-", "−"))
    if np.isfinite(panel.threshold):
        axes.axvline(panel.threshold, color=light("soft"), linewidth=1, linestyle=(0, (3, 2)))
    if named:
        axes.text(0.02, 0.91, "different", transform=axes.transAxes, color=light("ink"), fontsize=10)
        axes.text(0.98, 0.91, "same", transform=axes.transAxes, color=hue(0), fontsize=10, ha="right")


def cost(names: Sequence[str], groups: Sequence[int], seconds: Array, quality: Array, metric: str) -> str:
    """Quality against training seconds, one mark per pairing, its colour and shape that of its loss."""

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        for name, group, x, y in zip(names, groups, seconds, quality, strict=True):
            axes.plot([x], [y], linestyle="", marker=_MARKERS[group % 6], color=loss_hue(group), markersize=7)
            axes.annotate(
                name, (x, y), (6, 0), textcoords="offset points", va="center", fontsize=9, color=loss_hue(group)
            )
        axes.margins(x=0.16, y=0.1)
        axes.set_xlabel("training seconds, mean over seeds")
        axes.set_title(metric, color=light("soft"))
        _share_ticks(axes)

    return _drawn(620, 330, draw)


def heatmap(rows: Sequence[str], columns: Sequence[str], values: Array, halves: Array, title: str) -> Figure:
    """The heat map as a picture, for where HTML does not reach (a README)."""
    with mpl.rc_context(dict(_STYLE) | {"axes.grid": False, "axes.spines.bottom": False}):
        size = (2.2 + 1.55 * len(columns), 1.1 + 0.62 * len(rows))
        figure = Figure(figsize=size, layout="constrained", facecolor="white")
        axes = figure.add_subplot()
        shades = LinearSegmentedColormap.from_list("seqtwin", ["#e9f0f4", light("accent")]).with_extremes(bad="#ffffff")
        span = (np.nanmin(values), np.nanmax(values)) if np.isfinite(values).any() else (0.0, 1.0)
        image = axes.imshow(values, cmap=shades, vmin=span[0], vmax=max(span[1], span[0] + 1e-9), aspect="auto")
        axes.set_xticks(range(len(columns)), columns)
        axes.set_yticks(range(len(rows)), rows)
        axes.tick_params(top=True, labeltop=True, bottom=False, labelbottom=False, length=0, colors=light("ink"))
        axes.set_xticks(np.arange(len(columns)) - 0.5, minor=True)
        axes.set_yticks(np.arange(len(rows)) - 0.5, minor=True)
        axes.grid(which="minor", axis="both", color="white", linewidth=4)
        axes.tick_params(which="minor", length=0)
        for (i, j), value in np.ndenumerate(values):
            _write_value(axes, (i, j), value, halves[i, j], image.cmap(image.norm(value)))
        figure.suptitle(title, fontsize=11, color=light("soft"), x=0.02, ha="left")
    return figure


def _write_value(axes: Axes, place: tuple[int, ...], value: float, half: float, ground: Any) -> None:
    row, column = place
    shade = tuple(round(255 * part) for part in ground[:3])
    ink = "white" if contrast(shade, (255, 255, 255)) >= 4.5 else "black"
    axes.text(column, row - 0.12, digits(value), ha="center", va="center", color=ink, fontsize=13, fontweight="bold")
    if np.isfinite(half):
        axes.text(column, row + 0.27, f"± {digits(half)}", ha="center", va="center", color=ink, fontsize=9)


def svg_of(figure: Figure) -> str:
    """A finished figure as lean SVG text."""
    text = io.StringIO()
    with mpl.rc_context(dict(_STYLE)):
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return lean(text.getvalue())


def png_of(figure: Figure) -> bytes:
    """A finished figure as PNG bytes at twice the size of a screen."""
    data = io.BytesIO()
    FigureCanvasAgg(figure)
    figure.savefig(data, format="png", dpi=160, metadata={"Software": None})
    return data.getvalue()
