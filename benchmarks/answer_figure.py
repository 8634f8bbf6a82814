"""The figure of reports/answer: differences on every data set, and what they tell about a further one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from answer_statistics import Further
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from seqtwin.reporting.colours import light
from seqtwin.reporting.figures.style import drawn

SHAPES = {"graded": ("o", "c1"), "pairs": ("s", "c5"), "classes": ("^", "c3")}


@dataclass(frozen=True)
class Row:
    """One difference: its name, its value on each data set with the kind of labels, and the mean over data sets."""

    name: str
    values: Sequence[tuple[str, float]]
    further: Further


def draw_differences(panels: Mapping[str, Sequence[Row]]) -> str:
    """A panel for each group of differences, as SVG text."""
    rows = sum(len(own) for own in panels.values())

    def draw(figure: Figure) -> None:
        heights = [len(own) for own in panels.values()]
        for place, (title, own) in enumerate(panels.items()):
            shared = {"sharex": figure.axes[0]} if figure.axes else {}
            axes = figure.add_subplot(len(panels), 1, place + 1, **shared)
            axes.set_title(title)
            _panel(axes, own)
        figure.axes[0].get_gridspec().set_height_ratios(heights)
        figure.axes[-1].set_xlabel("difference of test scores (Spearman or ROC-AUC)")
        handles = [
            Line2D([], [], linestyle="", marker=mark, color=light(colour), label=kind)
            for kind, (mark, colour) in SHAPES.items()
        ]
        bar = Line2D([], [], color=light("ink"), marker="D", label="mean over data sets, 95 % interval")
        figure.legend(handles=[*handles, bar], loc="outside upper center", ncols=4, frameon=False)

    return drawn(760, 110 + 34 * rows, draw)


def _panel(axes: Axes, rows: Sequence[Row]) -> None:
    axes.axvline(0, color=light("soft"), linewidth=1)
    axes.grid(visible=False)
    for place, row in enumerate(rows):
        for kind, value in row.values:
            mark, colour = SHAPES[kind]
            axes.plot(value, place - 0.18, mark, color=light(colour), markersize=5, alpha=0.75)
        axes.plot([row.further.low, row.further.high], [place + 0.2] * 2, color=light("ink"), linewidth=2)
        axes.plot(row.further.mean, place + 0.2, "D", color=light("ink"), markersize=5)
    axes.set_yticks(range(len(rows)), [row.name for row in rows])
    axes.set_ylim(len(rows) - 0.5, -0.6)
