"""Planned comparisons as a forest plot: one interval per row, the rope shaded, the verdict at its end."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from seqtwin.reporting.colours import light
from seqtwin.reporting.figures.style import FULL_WIDTH, Array, drawn, share_ticks_across

_ROW = 30
_HEAD = 76


@dataclass(frozen=True)
class Branch:
    """One row: its name, mean difference with interval, the matched pairings' own differences, its verdict."""

    name: str
    difference: float
    low: float
    high: float
    each: Array
    verdict: str
    claimed: bool


def forest(branches: Sequence[Branch], rope: float, metric: str) -> str:
    """Differences left - right with their two-level intervals; filled = a claim, small dots = each matched pair."""
    names = [branch.name for branch in reversed(branches)]

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.axvspan(-rope, rope, color=light("line"), alpha=0.6, lw=0)
        axes.axvline(0.0, color=light("soft"), linewidth=1)
        _matched(axes, branches)
        for claimed in (False, True):
            _branches(axes, [(len(branches) - 1 - i, b) for i, b in enumerate(branches) if b.claimed is claimed])
        axes.set_yticks(range(len(branches)), names, color=light("ink"), fontsize=12)
        axes.set_ylim(-0.7, len(branches) - 0.3)
        axes.grid(visible=False)
        axes.margins(x=0.06)
        axes.set_xlabel(f"difference in test {metric}: right is better  ◂  ▸  left is better")
        share_ticks_across(axes)

    return drawn(FULL_WIDTH, _HEAD + _ROW * len(branches), draw)


def _matched(axes: Axes, branches: Sequence[Branch]) -> None:
    places = [(value, len(branches) - 1.27 - i) for i, branch in enumerate(branches) for value in branch.each]
    axes.plot([x for x, _ in places], [y for _, y in places], linestyle="", marker="o", markersize=2.6,
              color=light("soft"), alpha=0.6)  # fmt: skip


def _branches(axes: Axes, placed: Sequence[tuple[int, Branch]]) -> None:
    """Intervals and markers of one kind, each kind as one path, since a plan can have a hundred comparisons."""
    if not placed:
        return
    claimed = placed[0][1].claimed
    colour, words = light("accent" if claimed else "soft"), light("ink" if claimed else "soft")
    ends = [(end, y) for y, branch in placed for end in (branch.low, branch.high, np.nan)]
    axes.plot([x for x, _ in ends], [y for _, y in ends], color=colour, linewidth=2.2 if claimed else 1.5)
    axes.plot([branch.difference for _, branch in placed], [y for y, _ in placed], marker="o", markersize=7,
              color=colour, linestyle="", markeredgewidth=1.5,
              markerfacecolor=colour if claimed else light("paper"))  # fmt: skip
    for y, branch in placed:
        axes.text(
            1.02, y, branch.verdict, transform=axes.get_yaxis_transform(), va="center", fontsize=11.5, color=words
        )
