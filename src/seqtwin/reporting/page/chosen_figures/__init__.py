"""The figures of a study: which ones it has, and the numbers each is drawn from.

- `figure`: the record of a figure, and the data it is drawn from.
- `training`: learning curves.
- `grid`: heat map, interaction plot, costs, retrieval, tuning trials.
- `scores`: score histograms and slices.
- `by_length`: the primary metric over length.
- `planned_forest`: planned comparisons as a forest plot.
"""

from seqtwin.reporting.page.chosen_figures.by_length import by_length
from seqtwin.reporting.page.chosen_figures.figure import Drawn, matrix
from seqtwin.reporting.page.chosen_figures.grid import agreement, cost, expected_best, heatmap_files, interaction
from seqtwin.reporting.page.chosen_figures.planned_forest import forest
from seqtwin.reporting.page.chosen_figures.scores import histograms, slices
from seqtwin.reporting.page.chosen_figures.training import learning

__all__ = ["Drawn", "agreement", "by_length", "cost", "expected_best", "forest", "heatmap_files", "histograms",
           "interaction", "learning", "matrix", "slices"]  # fmt: skip
