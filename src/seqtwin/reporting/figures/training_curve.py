"""The learning curve of one training as a picture: the metric on dev above, the training loss below."""

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure

from seqtwin.metrics import metric_name
from seqtwin.published import EPOCH, dev_column
from seqtwin.reporting.colours import hue, light
from seqtwin.reporting.figures.shown_figure import ShownFigure
from seqtwin.reporting.figures.style import STYLE, share_ticks


def training_curve(history: pd.DataFrame, primary: str) -> Figure:
    """The learning curve of a history, as history.csv has it. `primary`: the metric on dev."""
    with mpl.rc_context(dict(STYLE)):
        figure = ShownFigure(figsize=(6.4, 4.2), facecolor="white", layout="constrained")
        above, below = figure.subplots(2, 1, sharex=True)
        lines = ((above, dev_column(primary), f"dev {metric_name(primary)}"), (below, EPOCH.loss, "training loss"))
        for place, (axes, column, title) in enumerate(lines):
            axes.plot(history[EPOCH.epoch], history[column], color=hue(place), linewidth=1.6, marker="o", markersize=3)
            axes.set_title(title, color=light("ink"))
        share_ticks(above)
        below.set_xlabel("epoch")
        below.xaxis.set_major_locator(mpl.ticker.MaxNLocator(8, integer=True))
    return figure
