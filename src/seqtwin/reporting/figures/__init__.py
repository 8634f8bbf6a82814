"""Drawing with matplotlib, one kind of figure per file; `page.chosen_figures` decides which numbers are drawn.

- `style`: fonts, ticks and the size of all figures.
- `panels`: small multiples with fixed margins, and their axes.
- `svg_paths`: paths of SVG shapes with relative coordinates.
- `svg`: smaller SVG text, and SVG inside a page.
- `shown_figure`: a figure that a notebook shows.
- `heat_map`: the heat map as a picture.
- `lines`: interaction plot and expected best tuning result.
- `learning`: learning curves.
- `training_curve`: the learning curve of one training.
- `scores`: histograms of scores.
- `slices`: a metric over slices of the test data.
- `by_length`: a metric over length.
- `scatter`: pairings as points: costs, retrieval.
- `forest`: planned comparisons.
"""

from seqtwin.reporting.figures.by_length import LengthLine, by_length
from seqtwin.reporting.figures.forest import Branch, forest
from seqtwin.reporting.figures.heat_map import heatmap, png_of
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
