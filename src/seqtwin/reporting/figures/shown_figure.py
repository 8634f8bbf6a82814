"""A figure of matplotlib that a notebook shows without pyplot."""

from matplotlib.figure import Figure

from seqtwin.reporting.figures.style import svg_of


class ShownFigure(Figure):
    """A figure of matplotlib, with all its methods. A notebook shows it as SVG."""

    def _repr_svg_(self) -> str:
        return svg_of(self)
