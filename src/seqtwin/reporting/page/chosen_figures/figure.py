"""A figure of a report: its file name, SVG, text alternative and caption; and the data a figure is drawn from."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from seqtwin.reporting.figures import Array
from seqtwin.reporting.figures.svg import inlined
from seqtwin.reporting.formatting import slug
from seqtwin.reporting.table.facet import Facet

SHAPES = ("circles", "squares", "triangles", "diamonds", "inverted triangles", "crosses")


@dataclass(frozen=True)
class Drawn:
    """A figure: file name without extension, SVG, text alternative, caption."""

    name: str
    svg: str
    label: str
    caption: str

    @property
    def inline(self) -> str:
        """The SVG as part of the page."""
        return inlined(self.svg, self.label)


def file_name(kind: str, facet: Facet, *more: str) -> str:
    """The name of a figure of a facet."""
    return slug("-".join([kind, *facet.labels.values(), *more]))


def matrix(facet: Facet, column: str) -> Array:
    """A column of the pairings as rows x columns of the heat map, nan where a pairing was not run."""
    grid = [[facet.pairing(row, name) for name in facet.columns] for row in facet.rows]
    return np.array([[np.nan if p is None else float(p[column]) for p in line] for line in grid])


def belonging(frame: pd.DataFrame, facet: Facet) -> pd.DataFrame:
    """The rows of a frame that have the labels of a facet."""
    for key, label in facet.labels.items():
        frame = frame[frame[key] == label] if key in frame else frame
    return frame


def point_name(pairing: "pd.Series[str]", facet: Facet) -> str:
    """The name next to a point: its representation, since its colour shows its loss."""
    return str(pairing["representation"] if len(facet.rows) > 1 else pairing["loss"] or pairing["representation"])
