"""Learning curves: one panel per representation, dev metric on top, training loss over its plateau below."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from seqtwin.reporting.colours import light, loss_hue
from seqtwin.reporting.figures.panels import Frame, panels, share_places, ticks_of, write_axes
from seqtwin.reporting.figures.style import ACROSS, DASHES, FULL_WIDTH, Array, drawn, series_names

_FRAME = Frame(left=52, rows=[(21, 22), (10, 36)])
_MOST_LINES = 24
_MOST_IN_ALL = 60
_POINTS = 40
_POINTS_IN_ALL = 800
_MOST_RANGES = 3


@dataclass(frozen=True)
class Curve:
    """One training: its series (a loss), dev metric over `epochs`, training loss as a share of `unit` over `loss_at`.

    `left`: the epoch at which the loss left its plateau; nan = never, or not known.
    """

    series: str
    epochs: Array
    dev: Array
    loss_at: Array
    loss: Array
    left: float


def curves(shown: Mapping[str, Sequence[Curve]], series: Sequence[str], metric: str, thresholds: bool) -> str:
    """One thin line per training, or mean and range of each series if there are many lines.

    A triangle on the plateau marks the median epoch at which a loss left it.
    """
    across = min(len(shown), ACROSS)
    numbers = [len(lines) for lines in shown.values()]
    many = max(numbers) > _MOST_LINES or sum(numbers) > _MOST_IN_ALL
    points = min(_POINTS, max(6, _POINTS_IN_ALL // (len(shown) * len(series)))) if many else 0

    def draw(figure: Figure) -> None:
        grid = panels(figure, len(shown), across, _FRAME, names=len(series))
        for (name, lines), (above, below) in zip(shown.items(), grid, strict=True):
            _panel(above, below, lines, series, points)
            above.set_title(name, color=light("ink"))
        series_names(figure, series)
        for place, (above, below) in enumerate(grid):
            _axes(above, first=not place % across, y=f"dev {metric}")
            _axes(below, first=not place % across, x="epoch", y="loss / plateau" if thresholds else "loss / start")

    return drawn(FULL_WIDTH, 20 + 330 * -(-len(shown) // across), draw, placed=True)


def _panel(above: Axes, below: Axes, lines: Sequence[Curve], series: Sequence[str], points: int) -> None:
    for name in dict.fromkeys(line.series for line in lines):
        own, index = [line for line in lines if line.series == name], series.index(name)
        both = ((above, [(c.epochs, c.dev) for c in own]), (below, [(c.loss_at, c.loss) for c in own]))
        for axes, drawn_lines in both:
            if points and len(own) > 1:
                _band(axes, drawn_lines, index, points, ranged=len(series) <= _MOST_RANGES)
            else:
                _thin(axes, drawn_lines, index)
        _departure(below, [line.left for line in own], index)
    below.axhline(1.0, color=light("warn"), linewidth=1, zorder=1)
    highest = max(float(np.nanmax(line.loss)) for line in lines)
    below.set_ylim(0, max(below.get_ylim()[1], min(max(1.3, 1.05 * highest), 3.0)))
    last = max(float(line.epochs[-1]) for line in lines)  # explicit, since a dev metric of nan has no limits
    for axes in (above, below):
        axes.set_xlim(0, 1.04 * last)


def _axes(axes: Axes, *, first: bool, y: str, x: str = "") -> None:
    epochs = ticks_of(mpl.ticker.MaxNLocator(4, integer=True), axes.get_xlim(), lambda value, _: f"{value:g}")
    write_axes(axes, epochs, share_places(axes), first=first, x=x, y=y)


def _thin(axes: Axes, lines: Sequence[tuple[Array, Array]], index: int) -> None:
    for x, y in lines:
        axes.plot(x, y, color=loss_hue(index), linewidth=1, linestyle=DASHES[index % len(DASHES)])


def _band(axes: Axes, lines: Sequence[tuple[Array, Array]], index: int, points: int, *, ranged: bool) -> None:
    """Mean and range at each place over the trainings that reach it."""
    known = [(x[np.isfinite(y)], y[np.isfinite(y)]) for x, y in lines if np.isfinite(y).any()]
    if not known:
        return
    ends = min(x[0] for x, _ in known), max(x[-1] for x, _ in known)
    grid = np.linspace(*ends, max(min(max(len(x) for x, _ in known), points), 2))
    table = np.stack([np.interp(grid, x, y, left=np.nan, right=np.nan) for x, y in known])
    grid, table = grid[np.isfinite(table).any(axis=0)], table[:, np.isfinite(table).any(axis=0)]
    if ranged:
        ends_of = np.nanmin(table, axis=0), np.nanmax(table, axis=0)
        axes.fill_between(grid, *ends_of, color=loss_hue(index), alpha=0.2, linewidth=0)
    axes.plot(grid, np.nanmean(table, axis=0), color=loss_hue(index), lw=1.4, linestyle=DASHES[index % len(DASHES)])


def _departure(axes: Axes, left: Sequence[float], index: int) -> None:
    known = [value for value in left if np.isfinite(value)]
    if known:
        axes.plot([float(np.median(known))], [1.0], marker="v", markersize=6, color=loss_hue(index), linestyle="",
                  clip_on=False, zorder=3)  # fmt: skip
