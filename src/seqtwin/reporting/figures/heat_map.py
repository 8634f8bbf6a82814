"""The heat map as a picture, for a README and other places without HTML."""

import io
from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from seqtwin.reporting.colours import contrast, light
from seqtwin.reporting.figures.shown_figure import ShownFigure
from seqtwin.reporting.figures.style import STYLE, Array, lay_out
from seqtwin.reporting.formatting import digits


def heatmap(
    rows: Sequence[str],
    columns: Sequence[str],
    values: Array,
    halves: Array,
    letters: Sequence[Sequence[str]],
    title: str,
) -> Figure:
    """Value, half-width and tie letters of every pairing; dark = good."""
    with mpl.rc_context(dict(STYLE) | {"axes.grid": False, "axes.spines.bottom": False}):
        size = (2.2 + 1.55 * len(columns), 1.1 + 0.62 * len(rows))
        figure = ShownFigure(figsize=size, facecolor="white")
        axes = figure.add_subplot()
        shades = LinearSegmentedColormap.from_list("seqtwin", ["#e9f0f4", light("accent")]).with_extremes(bad="#ffffff")
        span = (np.nanmin(values), np.nanmax(values)) if np.isfinite(values).any() else (0.0, 1.0)
        edges = [np.arange(number + 1) - 0.5 for number in reversed(values.shape)]
        top = max(span[1], span[0] + 1e-9)
        image = axes.pcolormesh(*edges, values, cmap=shades, vmin=span[0], vmax=top, antialiased=False, zorder=0)
        axes.invert_yaxis()
        axes.set_xticks(range(len(columns)), columns)
        axes.set_yticks(range(len(rows)), rows)
        axes.tick_params(top=True, labeltop=True, bottom=False, labelbottom=False, length=0, colors=light("ink"))
        axes.set_xticks(np.arange(len(columns)) - 0.5, minor=True)
        axes.set_yticks(np.arange(len(rows)) - 0.5, minor=True)
        axes.grid(which="minor", axis="both", color="white", linewidth=4)
        axes.tick_params(which="minor", length=0)
        for (i, j), value in np.ndenumerate(values):
            _write_value(axes, (i, j), value, halves[i, j], letters[i][j], np.asarray(image.cmap(image.norm(value))))
        figure.suptitle(title, fontsize=11, color=light("soft"), x=0.02, ha="left")
        lay_out(figure)
    return figure


def _write_value(axes: Axes, place: tuple[int, ...], value: float, half: float, letters: str, ground: Array) -> None:
    """Value, tie letters and half-width of one cell. `ground`: its background, red, green, blue from 0 to 1."""
    row, column = place
    red, green, blue = (round(255 * float(part)) for part in ground[:3])
    ink = "white" if contrast((red, green, blue), (255, 255, 255)) >= 4.5 else "black"
    shown = f"{digits(value)} {letters}".strip()
    axes.text(column, row - 0.12, shown, ha="center", va="center", color=ink, fontsize=13, fontweight="bold")
    if np.isfinite(half):
        axes.text(column, row + 0.27, f"± {digits(half)}", ha="center", va="center", color=ink, fontsize=9)


def png_of(figure: Figure) -> bytes:
    """A finished figure as PNG bytes at twice the size of a screen."""
    data = io.BytesIO()
    FigureCanvasAgg(figure)
    figure.savefig(data, format="png", dpi=160, metadata={"Software": None})
    return data.getvalue()
