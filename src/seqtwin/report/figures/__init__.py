"""Matplotlib draws what it is given, one kind of figure per file; which numbers it is given is decided elsewhere."""

from seqtwin.report.figures.by_length import LengthLine, by_length
from seqtwin.report.figures.forest import Branch, forest
from seqtwin.report.figures.heatmap import heatmap, png_of
from seqtwin.report.figures.learning import Curve, curves
from seqtwin.report.figures.lines import expected_best, interaction
from seqtwin.report.figures.scatter import MOST_NAMES, Cloud, agreement, cost, front
from seqtwin.report.figures.scores import Histogram, histograms
from seqtwin.report.figures.slices import Slices, slices
from seqtwin.report.figures.style import Array, apart, svg_of

__all__ = [
    "MOST_NAMES", "Array", "Branch", "Cloud", "Curve", "Histogram", "LengthLine", "Slices", "agreement", "apart",
    "by_length", "cost", "curves", "expected_best", "forest", "front", "heatmap", "histograms", "interaction", "png_of",
    "slices", "svg_of",
]  # fmt: skip
