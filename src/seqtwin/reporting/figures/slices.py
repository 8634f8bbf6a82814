"""The primary metric over slices of the test pairs: one panel per representation, one line per loss."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from seqtwin.reporting.colours import light, loss_hue
from seqtwin.reporting.figures.panels import Frame, Ticks, panels, share_places, write_axes
from seqtwin.reporting.figures.style import ACROSS, FULL_WIDTH, MARKERS, Array, drawn, series_names

_FRAME = Frame(left=52, rows=[(21, 20)])


@dataclass(frozen=True)
class Slices:
    """One pairing over the bins of a slice: its loss, place of each bin, mean, ends of the interval."""

    series: str
    order: Array
    mean: Array
    low: Array
    high: Array


def slices(shown: Mapping[str, Sequence[Slices]], bins: Sequence[str], series: Sequence[str], metric: str) -> str:
    """Small multiples with intervals: bins in order, losses slightly offset."""
    across = min(len(shown), ACROSS)

    def draw(figure: Figure) -> None:
        grid = panels(figure, len(shown), across, _FRAME, names=len(series))
        for (name, lines), (axes,) in zip(shown.items(), grid, strict=True):
            _panel(axes, lines, series)
            axes.set_title(name, color=light("ink"))
            axes.set_xlim(-0.5, len(bins) - 0.5)
        series_names(figure, series)
        for place, (axes,) in enumerate(grid):
            write_axes(axes, Ticks(range(len(bins)), bins), share_places(axes), first=not place % across, size=9,
                       y=f"test {metric}")  # fmt: skip

    return drawn(FULL_WIDTH, 20 + 190 * -(-len(shown) // across), draw, placed=True)


def _panel(axes: Axes, lines: Sequence[Slices], series: Sequence[str]) -> None:
    width = min(0.5, 0.12 * len(series))
    for line in lines:
        index = series.index(line.series)
        x = line.order + width * ((index + 0.5) / len(series) - 0.5)
        gaps = np.full(len(x), np.nan)  # one path for all intervals of a line keeps the figure small
        axes.plot(np.repeat(x, 3), np.stack([line.low, line.high, gaps], axis=1).ravel(), color=loss_hue(index), lw=1.3)
        axes.plot(x, line.mean, color=loss_hue(index), marker=MARKERS[index % 6], markersize=4, linewidth=1)
