"""Scores of same and different test pairs as histograms, one panel per representation."""

from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from seqtwin.reporting.colours import hue, light
from seqtwin.reporting.figures.panels import Frame, panels, ticks_of, write_axes
from seqtwin.reporting.figures.style import ACROSS, FULL_WIDTH, Array, drawn

_FRAME = Frame(left=10, rows=[(20, 22)])


@dataclass(frozen=True)
class Histogram:
    """Test scores of one pairing: bin edges, counts of same and different pairs, the threshold fitted on dev."""

    title: str
    edges: Array
    same: Array
    different: Array
    threshold: float


def histograms(shown: Sequence[Histogram]) -> str:
    """Scores of same pairs (filled) and different pairs (outlined), one panel per representation."""
    across = min(len(shown), ACROSS)

    def draw(figure: Figure) -> None:
        for place, (axes,) in enumerate(panels(figure, len(shown), across, _FRAME, share=False)):
            _panel(axes, shown[place], named=place == 0)

    return drawn(FULL_WIDTH, 150 * -(-len(shown) // across), draw, placed=True)


def _panel(axes: Axes, panel: Histogram, *, named: bool) -> None:
    axes.stairs(panel.same / max(panel.same.sum(), 1), panel.edges, fill=True, color=hue(0), alpha=0.55)
    axes.stairs(panel.different / max(panel.different.sum(), 1), panel.edges, color=light("ink"), linewidth=1.2)
    axes.set_title(panel.title, color=light("ink"))
    axes.set_ylim(top=axes.get_ylim()[1] * 1.16)
    places = ticks_of(mpl.ticker.MaxNLocator(4), axes.get_xlim(), lambda value, _: f"{value:g}".replace("-", "−"))
    if np.isfinite(panel.threshold):
        axes.axvline(panel.threshold, color=light("soft"), linewidth=1, linestyle=(0, (3, 2)))
    if named:
        axes.text(0.02, 0.91, "different", transform=axes.transAxes, color=light("ink"), fontsize=10)
        axes.text(0.98, 0.91, "same", transform=axes.transAxes, color=hue(0), fontsize=10, ha="right")
    write_axes(axes, places, None, first=named)
