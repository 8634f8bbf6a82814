"""Which figures a study has, and the numbers each is given."""

from seqtwin.reporting.page.chosen_figures.by_length import by_length
from seqtwin.reporting.page.chosen_figures.figure import Drawn, matrix
from seqtwin.reporting.page.chosen_figures.grid import agreement, cost, expected_best, heatmap_files, interaction
from seqtwin.reporting.page.chosen_figures.planned import forest
from seqtwin.reporting.page.chosen_figures.scores import histograms, slices
from seqtwin.reporting.page.chosen_figures.training import learning

__all__ = ["Drawn", "agreement", "by_length", "cost", "expected_best", "forest", "heatmap_files", "histograms",
           "interaction", "learning", "matrix", "slices"]  # fmt: skip
