"""The style of all figures: colours and font of the page, small SVG text, the same bytes for the same numbers."""

import io
import logging
from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeAlias

import matplotlib as mpl
import matplotlib.ticker
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from seqtwin.reporting.colours import light, loss_hue
from seqtwin.reporting.figures.svg import lean
from seqtwin.reporting.formatting import digits

Array = NDArray[np.float64]
Dash: TypeAlias = Literal["-"] | tuple[float, Sequence[float]]  # solid, or (offset, on-off lengths)

STYLE: dict[Any, Any] = {  # matplotlib types its keys as one long literal
    "svg.fonttype": "none", "svg.hashsalt": "seqtwin", "text.parse_math": False, "font.family": ["DejaVu Sans"],
    "font.size": 11, "axes.spines.top": False, "axes.spines.right": False, "axes.spines.left": False,
    "axes.edgecolor": light("line"), "axes.labelcolor": light("soft"), "xtick.color": light("soft"),
    "ytick.color": light("soft"), "text.color": light("ink"), "axes.grid": True, "axes.grid.axis": "y",
    "grid.color": light("line"), "grid.linewidth": 1.0, "ytick.major.size": 0, "xtick.major.size": 0,
    "ytick.left": False, "xtick.bottom": False,
    "axes.axisbelow": True, "figure.facecolor": light("paper"), "axes.facecolor": "none", "path.simplify": True,
    "axes.titley": 1.0, "axes.titlesize": 11, "axes.titleweight": "normal", "axes.titlelocation": "left",
    "axes.unicode_minus": True,
}  # fmt: skip
MARKERS = ("o", "s", "^", "D", "v", "P")
DASHES: tuple[Dash, ...] = ("-", (0, (4, 2)), (0, (1.5, 1.5)))
FULL_WIDTH = 1064
ACROSS = 5
ACROSS_NAMES = 4
_NO_METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}


def drawn(width: float, height: float, draw: Callable[[Figure], None], *, placed: bool = False) -> str:
    """A figure of a size in pixels as lean SVG text; `draw` fills it. `placed`: it also gives all axes their places."""
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    with mpl.rc_context(dict(STYLE)):
        figure = Figure(figsize=(width / 72, height / 72))
        draw(figure)
        if not placed:
            lay_out(figure)
    return svg_of(figure)


def svg_of(figure: Figure) -> str:
    """A finished figure as lean SVG text."""
    text = io.StringIO()
    with mpl.rc_context(dict(STYLE)):
        figure.savefig(text, format="svg", metadata=_NO_METADATA)
    return lean(text.getvalue())


def lay_out(figure: Figure) -> None:
    """Place the axes of a figure by constrained layout.

    A figure that has this layout engine is drawn one time more by `savefig`, only to place its axes.
    """
    FigureCanvasSVG(figure)  # texts are measured as they will be written
    figure.set_dpi(72)
    ConstrainedLayoutEngine().execute(figure)


def share_ticks(axes: Axes) -> None:
    """Few ticks on y, written as the page writes shares; no room above 1 for values that cannot be there."""
    low, high = axes.get_ylim()
    if high > 1 >= axes.dataLim.y1:
        axes.set_ylim(low, 1 + 0.03 * (1 - low))
    axes.yaxis.set_major_locator(mpl.ticker.MaxNLocator(5, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(share_writer(axes.get_ylim()))


def share_ticks_across(axes: Axes) -> None:
    """Few ticks on x, written as the page writes shares."""
    axes.xaxis.set_major_locator(mpl.ticker.MaxNLocator(7, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(share_writer(axes.get_xlim()))


def share_writer(ends: tuple[float, float]) -> Callable[[float, float], str]:
    """How shares between these ends are written: with two digits, or three if the ends are close together."""
    places = 2 if abs(ends[1] - ends[0]) > 0.04 else 3
    return lambda value, _: f"{value:.0f}" if value in (0, 1) else digits(value, places)


def series_names(figure: Figure, series: Sequence[str]) -> None:
    """The names of the series in their colour and dash, on one line above all panels."""
    lines = [Line2D([], [], color=loss_hue(i), linestyle=DASHES[i % len(DASHES)]) for i in range(len(series))]
    figure.legend(lines, series, loc="outside upper left", ncols=ACROSS_NAMES, frameon=False, fontsize=10.5,
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
