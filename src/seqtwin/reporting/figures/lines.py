"""Lines over a few places: the interaction plot, and the expected best dev value after a number of trials."""

import re
from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from seqtwin.reporting.colours import hue, light, loss_hue
from seqtwin.reporting.figures.style import DASHES, MARKERS, Array, apart, drawn, share_ticks


def interaction(rows: Sequence[str], columns: Sequence[str], values: Array, metric: str) -> str:
    """The heat map as lines over its columns, each row named at its right end; parallel lines: no interaction."""

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        steps = np.arange(len(columns))
        for index, line in enumerate(values):
            marker = MARKERS[(index + index // len(MARKERS)) % len(MARKERS)]
            axes.plot(steps, line, color=hue(index), marker=marker, markersize=5, linewidth=2)
        narrow = len(columns) > 2
        axes.set_xticks(steps, [_broken(name) if narrow else name for name in columns], fontsize=9 if narrow else 11)
        axes.margins(x=0.08, y=0.08)
        axes.set_title(metric, color=light("soft"))
        share_ticks(axes)
        _name_ends(axes, rows, values)

    return drawn(430, 300 + 8 * max(len(rows) - 6, 0), draw)


def _broken(name: str) -> str:
    """A name on several short lines, for places close together."""
    return re.sub(r"([-_])(?=.)", r"\1\n", name)


def _name_ends(axes: Axes, rows: Sequence[str], values: Array) -> None:
    known = [
        (i, int(np.flatnonzero(np.isfinite(line))[-1])) for i, line in enumerate(values) if np.isfinite(line).any()
    ]
    right = values.shape[1] - 1 + 0.06 * values.shape[1]
    least = float(np.ptp(axes.get_ylim())) * 0.065
    ends = apart([float(values[i, last]) for i, last in known], least)
    for (i, last), place in zip(known, ends, strict=True):
        axes.annotate(rows[i], (last, values[i, last]), (right, place), color=hue(i),
                      va="center", fontsize=10.5, annotation_clip=False)  # fmt: skip


def expected_best(names: Sequence[str], groups: Sequence[int], values: Sequence[Array], metric: str) -> str:
    """The expected best dev value after 1, 2, ... tuning trials, one line per pairing, coloured by its loss."""

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        for group, line in zip(groups, values, strict=True):
            axes.plot(np.arange(1, len(line) + 1), line, color=loss_hue(group), linewidth=1.6,
                      linestyle=DASHES[group % len(DASHES)])  # fmt: skip
        ends = apart([float(line[-1]) for line in values], float(np.ptp(axes.get_ylim())) * 0.05)
        for name, group, line, place in zip(names, groups, values, ends, strict=True):
            axes.annotate(name, (len(line), line[-1]), (1.04 * max(map(len, values)), place), color=loss_hue(group),
                          va="center", fontsize=9.5, annotation_clip=False)  # fmt: skip
        axes.set_xlabel("tuning trials")
        axes.set_title(f"expected best dev {metric}", color=light("soft"))
        axes.xaxis.set_major_locator(mpl.ticker.MaxNLocator(6, integer=True))
        share_ticks(axes)

    return drawn(640, 260 + 14 * max(len(names) - 8, 0), draw)
