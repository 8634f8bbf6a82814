"""Small multiples with fixed margins, and their axes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import matplotlib as mpl
import matplotlib.ticker
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from seqtwin.reporting.colours import light
from seqtwin.reporting.figures.style import ACROSS_NAMES, share_writer

Panels: TypeAlias = list[list[Axes]]

_NAME_LINE, _RIGHT, _BETWEEN = 18.0, 10.0, 21.0  # pixels: line of names, right of all panels, between two
_X_LABEL, _Y_LABEL = 19.0, 35.0  # pixels from the axes to a label: the tick labels are in between
_PAD = 3.5  # from the axes to the text of a tick


@dataclass(frozen=True)
class Frame:
    """Pixels around the axes of small multiples: `left` of the first column, `rows` above and below each axes.

    With these, no text has to be measured, which takes longer than drawing. A panel has one axes for each of its rows.
    """

    left: float
    rows: Sequence[tuple[float, float]]


def panels(figure: Figure, number: int, across: int, frame: Frame, *, names: int = 0, share: bool = True) -> Panels:
    """Axes for small multiples: per panel one for each row of the frame, top to bottom.

    `names`: the series that `series_names` will write above all panels. `share`: axes next to each other share y.
    """
    whole, down, each = figure.get_size_inches() * 72, -(-number // across), len(frame.rows)
    head = _NAME_LINE * -(-names // ACROSS_NAMES)
    width = (whole[0] - frame.left - _RIGHT - _BETWEEN * (across - 1)) / across
    height = (whole[1] - head - down * sum(map(sum, frame.rows))) / (down * each)
    grid: list[list[Axes]] = []
    for place in range(number):
        row, column = divmod(place, across)
        top, own = whole[1] - head - row * (sum(map(sum, frame.rows)) + each * height), list[Axes]()
        for k, (above, below) in enumerate(frame.rows):
            first = grid[row * across][k] if share and column else None
            box = (frame.left + column * (width + _BETWEEN), top - above - height, width, height)
            own.append(_panel_axes(figure, box, first))
            top -= above + height + below
        grid.append(own)
    return grid


def _panel_axes(figure: Figure, box: tuple[float, float, float, float], first: Axes | None) -> Axes:
    """Axes at a place in pixels; it shares y with the `first` of its row."""
    wide, high = figure.get_size_inches() * 72
    left, bottom, width, height = box
    axes = figure.add_axes((left / wide, bottom / high, width / wide, height / high), sharey=first)
    axes.set_axis_off()
    return axes


@dataclass(frozen=True)
class Ticks:
    """Places on an axis with their texts."""

    places: Sequence[float]
    texts: Sequence[str]


def ticks_of(locator: mpl.ticker.Locator, ends: tuple[float, float], write: Callable[[float, float], str]) -> Ticks:
    """The ticks of a locator between two ends, written by `write`."""
    places = [float(place) for place in locator.tick_values(*ends) if min(ends) <= place <= max(ends)]
    return Ticks(places, [write(place, 0) for place in places])


def share_places(axes: Axes) -> Ticks:
    """Few places on y, written as the page writes shares."""
    ends = axes.get_ylim()
    return ticks_of(mpl.ticker.MaxNLocator(5, steps=[1, 2, 5, 10]), ends, share_writer(ends))


def write_axes(
    axes: Axes, across: Ticks, up: Ticks | None, *, first: bool, size: float = 11, x: str = "", y: str = ""
) -> None:
    """Base line, grid, texts of the ticks and labels (`x`, `y`) of a panel, as two lines and plain texts.

    A tick of matplotlib is five objects, and most of the time of a figure. `up`: places of the grid; their texts and
    `y` are written only if this is the `first` panel of its row. Call it when the limits of all panels are known.
    """
    axes.set(xlim=axes.get_xlim(), ylim=axes.get_ylim())
    plain: dict[str, Any] = {"color": light("soft"), "clip_on": False}
    axes.plot([0, 1], [0, 0], transform=axes.transAxes, color=light("line"), linewidth=0.8, clip_on=False, zorder=2.5)
    transform, vertical, horizontal = axes.get_xaxis_text1_transform(_PAD)
    for place, text in zip(across.places, across.texts, strict=True):
        axes.text(place, 0, text, transform=transform, va=vertical, ha=horizontal, fontsize=size, **plain)
    if up:
        _grid(axes, up.places)
        transform, vertical, horizontal = axes.get_yaxis_text1_transform(_PAD)
        for place, text in zip(up.places, up.texts, strict=True) if first else ():
            axes.text(0, place, text, transform=transform, va=vertical, ha=horizontal, **plain)
    beside: dict[str, Any] = {"xycoords": "axes fraction", "textcoords": "offset points", **plain}
    if x:
        axes.annotate(x, (0.5, 0), (0, -_X_LABEL), va="top", ha="center", **beside)
    if y and first:
        axes.annotate(
            y, (0, 0.5), (-_Y_LABEL, 0), va="bottom", ha="center", rotation=90, rotation_mode="anchor", **beside
        )


def _grid(axes: Axes, places: Sequence[float]) -> None:
    """Lines at these places of y, as one path."""
    across, up = np.tile([0.0, 1.0, np.nan], len(places)), np.repeat(places, 3)
    axes.plot(across, up, transform=axes.get_yaxis_transform(), color=light("line"), linewidth=1.0, zorder=0.5)
