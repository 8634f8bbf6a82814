"""A map of vectors as a figure of matplotlib."""

import io
from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

_MOST_NAMES = 60  # points with their text beside them
_LONGEST = 24  # characters of a text in the figure
_MOST_GROUPS = 10


class MapFigure(Figure):
    """A figure of matplotlib, with all its methods. A notebook shows it as SVG."""

    def _repr_svg_(self) -> str:
        text = io.StringIO()
        self.savefig(text, format="svg", metadata={"Date": None})
        return text.getvalue()


def draw_map(points: np.ndarray, texts: Sequence[str], labels: Sequence[str], title: str) -> Figure:
    """The points of a map, with their texts if they are few, coloured by their labels (the ten most frequent)."""
    with mpl.rc_context({"svg.fonttype": "none", "text.parse_math": False, "font.size": 9}):
        figure = MapFigure(figsize=(7, 5.2), facecolor="white", layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.add_subplot()
        axes.set_title(title, loc="left", fontsize=9)
        axes.set(xticks=[], yticks=[])
        for name, rows in _groups(labels, len(texts)).items():
            x, y = points[rows].T
            axes.scatter(x, y, s=18, label=name or None, color="#999999" if name == "other" else None)
        if labels:
            axes.legend(frameon=False)
        if len(texts) <= _MOST_NAMES:
            for text, point in zip(texts, points, strict=True):
                axes.annotate(_short(text), tuple(point), xytext=(4, 3), textcoords="offset points", fontsize=8)
    return figure


def _groups(labels: Sequence[str], count: int) -> dict[str, np.ndarray]:
    """The rows of each label, most frequent first; rarer labels than the tenth are `other`."""
    if not labels:
        return {"": np.arange(count)}
    own = np.array(labels)
    names, counts = np.unique(own, return_counts=True)
    kept = [str(name) for name in names[np.argsort(-counts, kind="stable")][:_MOST_GROUPS]]
    groups = {name: np.flatnonzero(own == name) for name in kept}
    others = np.flatnonzero(~np.isin(own, kept))
    return {**groups, **({"other": others} if len(others) else {})}


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
