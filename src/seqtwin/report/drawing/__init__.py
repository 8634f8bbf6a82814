"""Which figures a study has, and the numbers each is given."""

from seqtwin.report.drawing.by_length import by_length
from seqtwin.report.drawing.drawn import Drawn, matrix
from seqtwin.report.drawing.grid import agreement, cost, expected_best, heatmap_files, interaction
from seqtwin.report.drawing.planned import forest
from seqtwin.report.drawing.scores import histograms, slices
from seqtwin.report.drawing.training import learning

__all__ = ["Drawn", "agreement", "by_length", "cost", "expected_best", "forest", "heatmap_files", "histograms",
           "interaction", "learning", "matrix", "slices"]  # fmt: skip
