"""A metric over length: one line with its interval per representation."""

from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from seqtwin.reporting.colours import hue, light
from seqtwin.reporting.figures.style import DASHES, MARKERS, Array, apart, drawn, share_ticks


@dataclass(frozen=True)
class LengthLine:
    """One pairing: its name, the place of its representation (colour) and of its column (dash), values by length."""

    name: str
    row: int
    column: int
    length: Array
    mean: Array
    low: Array
    high: Array


def by_length(lines: Sequence[LengthLine], metric: str, across: str) -> str:
    """Means over length with shaded intervals, each line named at its right end."""

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        for line in lines:
            _line(axes, line)
        axes.set_ylim(-0.02, 1.02)
        axes.set_xlabel(across)
        axes.set_title(metric, color=light("soft"))
        axes.xaxis.set_major_locator(mpl.ticker.MaxNLocator(10, integer=True))
        share_ticks(axes)
        _name_ends(axes, lines)

    return drawn(760, 320 + 12 * max(len(lines) - 8, 0), draw)


def _line(axes: Axes, line: LengthLine) -> None:
    colour = hue(line.row)
    axes.fill_between(line.length, line.low, line.high, color=colour, alpha=0.14, linewidth=0)
    axes.plot(line.length, line.mean, color=colour, linewidth=1.8, linestyle=DASHES[line.column % len(DASHES)],
              marker=MARKERS[line.row % len(MARKERS)], markersize=4)  # fmt: skip


def _name_ends(axes: Axes, lines: Sequence[LengthLine]) -> None:
    span = float(np.ptp(axes.get_xlim()))
    places = apart([float(line.mean[-1]) for line in lines], 0.062)
    for line, place in zip(lines, places, strict=True):
        axes.annotate(line.name, (line.length[-1], line.mean[-1]), (float(axes.get_xlim()[1]) + 0.01 * span, place),
                      color=hue(line.row), va="center", fontsize=10.5, annotation_clip=False)  # fmt: skip
