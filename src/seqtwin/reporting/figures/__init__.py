"""Matplotlib draws what it is given, one kind of figure per file; which numbers it is given is decided elsewhere."""

from seqtwin.reporting.figures.by_length import LengthLine, by_length
from seqtwin.reporting.figures.forest import Branch, forest
from seqtwin.reporting.figures.heatmap import heatmap, png_of
from seqtwin.reporting.figures.learning import Curve, curves
from seqtwin.reporting.figures.lines import expected_best, interaction
from seqtwin.reporting.figures.scatter import MOST_NAMES, Cloud, agreement, cost, front
from seqtwin.reporting.figures.scores import Histogram, histograms
from seqtwin.reporting.figures.slices import Slices, slices
from seqtwin.reporting.figures.style import Array, apart, svg_of

__all__ = [
    "MOST_NAMES", "Array", "Branch", "Cloud", "Curve", "Histogram", "LengthLine", "Slices", "agreement", "apart",
    "by_length", "cost", "curves", "expected_best", "forest", "front", "heatmap", "histograms", "interaction", "png_of",
    "slices", "svg_of",
]  # fmt: skip
