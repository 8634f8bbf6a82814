"""Which figures a study has, and the numbers each is given."""

from seqtwin.reporting.drawing.by_length import by_length
from seqtwin.reporting.drawing.drawn import Drawn, matrix
from seqtwin.reporting.drawing.grid import agreement, cost, expected_best, heatmap_files, interaction
from seqtwin.reporting.drawing.planned import forest
from seqtwin.reporting.drawing.scores import histograms, slices
from seqtwin.reporting.drawing.training import learning

__all__ = ["Drawn", "agreement", "by_length", "cost", "expected_best", "forest", "heatmap_files", "histograms",
           "interaction", "learning", "matrix", "slices"]  # fmt: skip
