"""Pairings as points: quality against costs, the primary metric against retrieval."""

from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from seqtwin.reporting.colours import light, loss_hue
from seqtwin.reporting.figures.style import MARKERS, Array, apart, drawn, share_ticks, share_ticks_across

MOST_NAMES = 14


@dataclass(frozen=True)
class Cloud:
    """Pairings as points: names, group (place of their loss), x, y, and which of them are named."""

    names: Sequence[str]
    groups: Sequence[int]
    x: Array
    y: Array
    named: Sequence[bool]


def front(x: Array, y: Array, *, high_x: bool) -> list[bool]:
    """Which points are not beaten on both axes (y: higher is better; x: lower is better unless `high_x`).

    >>> front(np.array([1.0, 2.0, 3.0]), np.array([0.5, 0.9, 0.7]), high_x=False)
    [True, True, False]
    """
    cost = -x if high_x else x
    return [not bool(((cost <= cost[i]) & (y >= y[i]) & ((cost < cost[i]) | (y > y[i]))).any()) for i in range(len(x))]


def cost(seconds: Cloud, speed: Cloud | None, metric: str, unit: str, encoded: str) -> str:
    """Quality against seconds of training (`unit`: CPU or wall seconds) and, if measured, `encoded` per second."""

    def draw(figure: Figure) -> None:
        shown = [seconds] + ([speed] if speed else [])
        grid = figure.subplots(1, len(shown), squeeze=False, sharey=True)[0]
        heads = (f"{unit} of training, mean over seeds", f"{encoded} encoded per second")
        for axes, cloud, head in zip(grid, shown, heads[: len(shown)], strict=True):
            _points(axes, cloud)
            axes.set_xlabel(head)
            axes.xaxis.set_major_locator(mpl.ticker.MaxNLocator(5))
            axes.xaxis.set_major_formatter(lambda value, _: f"{value:,g}")
        grid[0].set_title(metric, color=light("soft"))
        share_ticks(grid[0])

    return drawn(1000 if speed else 620, 330, draw)


def agreement(cloud: Cloud, metric: str, retrieval: str) -> str:
    """The pairings by their primary metric (x) and a retrieval metric (y)."""

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        _points(axes, cloud)
        axes.set_xlabel(f"test {metric}")
        axes.set_title(retrieval, color=light("soft"))
        share_ticks(axes)
        share_ticks_across(axes)

    return drawn(560, 320, draw)


def _points(axes: Axes, cloud: Cloud) -> None:
    for group, x, y in zip(cloud.groups, cloud.x, cloud.y, strict=True):
        axes.plot([x], [y], linestyle="", marker=MARKERS[group % 6], color=loss_hue(group), markersize=7)
    axes.margins(x=0.2, y=0.12)
    shown = [i for i, named in enumerate(cloud.named) if named]
    least = float(np.ptp(axes.get_ylim())) * 0.055
    places = apart([float(cloud.y[i]) for i in shown], least)
    span = float(np.ptp(axes.get_xlim()))
    for i, place in zip(shown, places, strict=True):
        hue = loss_hue(cloud.groups[i])
        if abs(place - cloud.y[i]) > least / 2:  # a line connects a moved name with its point
            axes.plot([cloud.x[i], cloud.x[i] + 0.035 * span], [cloud.y[i], place], color=hue, lw=0.6, alpha=0.6)
        axes.annotate(cloud.names[i], (cloud.x[i], cloud.y[i]), (float(cloud.x[i]) + 0.04 * span, place),
                      va="center", fontsize=9, color=hue, annotation_clip=False)  # fmt: skip
