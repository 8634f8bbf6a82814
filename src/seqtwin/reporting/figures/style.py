"""The style of all figures: colours and font of the page, small SVG text, the same bytes for the same numbers."""

import io
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import matplotlib as mpl
import matplotlib.ticker
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from seqtwin.reporting.colours import light, loss_hue
from seqtwin.reporting.figures.svg import lean
from seqtwin.reporting.formatting import digits

Array = NDArray[np.float64]
Panels: TypeAlias = list[list[Axes]]
Dash: TypeAlias = Literal["-"] | tuple[float, Sequence[float]]  # solid, or (offset, on-off lengths)

STYLE: dict[Any, Any] = {  # matplotlib types its keys as one long literal
    "svg.fonttype": "none", "svg.hashsalt": "seqtwin", "text.parse_math": False, "font.family": ["DejaVu Sans"],
    "font.size": 11, "axes.spines.top": False, "axes.spines.right": False, "axes.spines.left": False,
    "axes.edgecolor": light("line"), "axes.labelcolor": light("soft"), "xtick.color": light("soft"),
    "ytick.color": light("soft"), "text.color": light("ink"), "axes.grid": True, "axes.grid.axis": "y",
    "grid.color": light("line"), "grid.linewidth": 1.0, "ytick.left": False, "xtick.bottom": False,
    "axes.axisbelow": True, "figure.facecolor": light("paper"), "axes.facecolor": "none", "path.simplify": True,
    "axes.titley": 1.0, "axes.titlesize": 11, "axes.titleweight": "normal", "axes.titlelocation": "left",
    "axes.unicode_minus": True,
}  # fmt: skip
MARKERS = ("o", "s", "^", "D", "v", "P")
DASHES: tuple[Dash, ...] = ("-", (0, (4, 2)), (0, (1.5, 1.5)))
FULL_WIDTH = 1064
ACROSS = 5
_ACROSS_NAMES = 4
_NAME_LINE, _RIGHT, _BETWEEN = 18.0, 10.0, 21.0  # pixels: line of names, right of all panels, between two
_X_LABEL, _Y_LABEL = 19.0, 35.0  # pixels from the axes to a label: the tick labels are in between
_NO_METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}


def drawn(width: float, height: float, draw: Callable[[Figure], None]) -> str:
    """A figure of a size in pixels as lean SVG text; `draw` fills it."""
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    with mpl.rc_context(dict(STYLE)):
        figure = Figure(figsize=(width / 72, height / 72), layout="constrained")
        draw(figure)
    return svg_of(figure)


def svg_of(figure: Figure) -> str:
    """A finished figure as lean SVG text."""
    text = io.StringIO()
    with mpl.rc_context(dict(STYLE)):
        _lay_out(figure)
        figure.savefig(text, format="svg", metadata=_NO_METADATA)
    return lean(text.getvalue())


def _lay_out(figure: Figure) -> None:
    """Place the axes of a figure. Otherwise `savefig` draws it once more, only to find their places."""
    FigureCanvasSVG(figure)  # texts are measured as they are written
    figure.set_dpi(72)
    if engine := figure.get_layout_engine():
        engine.execute(figure)
    figure.set_layout_engine("none")


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
    figure.set_layout_engine("none")
    whole, down, each = figure.get_size_inches() * 72, -(-number // across), len(frame.rows)
    head = _NAME_LINE * -(-names // _ACROSS_NAMES)
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
    """Axes at a place in pixels, with labels at fixed distances; it shares y with the `first` of its row."""
    wide, high = figure.get_size_inches() * 72
    left, bottom, width, height = box
    axes = figure.add_axes((left / wide, bottom / high, width / wide, height / high), sharey=first)
    axes.xaxis.set_label_coords(0.5, -_X_LABEL / height)
    axes.yaxis.set_label_coords(-_Y_LABEL / width, 0.5)
    axes.tick_params(labelleft=first is None)
    return axes


def share_ticks(axes: Axes) -> None:
    """Few ticks on y, written as the page writes shares."""
    axes.yaxis.set_major_locator(mpl.ticker.MaxNLocator(5, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(_share_writer(axes.get_ylim()))


def share_ticks_across(axes: Axes) -> None:
    """Few ticks on x, written as the page writes shares."""
    axes.xaxis.set_major_locator(mpl.ticker.MaxNLocator(7, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(_share_writer(axes.get_xlim()))


def _share_writer(ends: tuple[float, float]) -> Callable[[float, float], str]:
    places = 2 if abs(ends[1] - ends[0]) > 0.04 else 3
    return lambda value, _: f"{value:.0f}" if value in (0, 1) else digits(value, places)


def series_names(figure: Figure, series: Sequence[str]) -> None:
    """The names of the series in their colour and dash, on one line above all panels."""
    lines = [Line2D([], [], color=loss_hue(i), linestyle=DASHES[i % len(DASHES)]) for i in range(len(series))]
    figure.legend(lines, series, loc="outside upper left", ncols=_ACROSS_NAMES, frameon=False, fontsize=10.5,
                  labelcolor="linecolor", handlelength=1.8, borderpad=0, columnspacing=1.6)  # fmt: skip


def apart(places: Sequence[float], least: float) -> list[float]:
    """The same places in their order, moved so neighbours are at least `least` from each other.

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
