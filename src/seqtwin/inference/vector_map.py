"""A map of vectors: two coordinates per text, as a figure and as a page that works without a server."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from seqtwin.errors import ConfigError, DataError
from seqtwin.files import publish_text, refuse_existing
from seqtwin.paths import expand

if TYPE_CHECKING:
    from matplotlib.figure import Figure

METHODS = ("pca", "tsne")
MOST_POINTS = 20_000  # of a page
PERPLEXITY = 30.0


@dataclass(frozen=True, repr=False)
class VectorMap:
    """Two coordinates of each text.

    `points`: Float[texts, 2]. `labels`: the group of each text, which sets its colour; empty without groups. `share`:
    of the variance of the vectors that the map shows; None for t-SNE. In a notebook it is shown as an interactive page.
    """

    texts: tuple[str, ...]
    points: np.ndarray
    labels: tuple[str, ...]
    method: str
    share: float | None

    @property
    def frame(self) -> pd.DataFrame:
        """One row per text: text, x, y, and label if there are labels."""
        columns = {"text": self.texts, "x": self.points[:, 0], "y": self.points[:, 1]}
        return pd.DataFrame({**columns, **({"label": self.labels} if self.labels else {})})

    @property
    def title(self) -> str:
        """The method in words, with the share of the variance that is shown."""
        if self.share is None:
            return f"t-SNE of {len(self.texts):,} vectors: near texts are near in the map, far distances mean nothing"
        return f"{len(self.texts):,} vectors: the two main directions, with {self.share:.0%} of their variance"

    def figure(self) -> "Figure":
        """The map as a figure of matplotlib."""
        from seqtwin.inference.vector_map_figure import draw_map

        return draw_map(self.points, self.texts, self.labels, self.title)

    def html(self) -> str:
        """The map as one HTML page without any other file: it zooms, pans, searches and shows the text of a point.

        Raises: DataError for more than 20,000 texts.
        """
        if len(self.texts) > MOST_POINTS:
            cause = f"{len(self.texts):,} texts; a page has at most {MOST_POINTS:,}"
            raise DataError("MAP_SIZE", cause, place="map", remedy="map a sample of the texts, or use figure()")
        groups = list(dict.fromkeys(self.labels))
        places = [groups.index(label) for label in self.labels]
        numbers = np.round(self.points, 5).tolist()
        data = {"title": self.title, "texts": self.texts, "points": numbers, "groups": groups, "group": places}
        safe = json.dumps(data, ensure_ascii=False).replace("<", "\\u003c").replace("\u2028", "\\u2028")
        template = (Path(__file__).parent / "templates" / "map.html").read_text(encoding="utf-8")
        return template.replace("/*DATA*/null", safe, 1)

    def save(self, path: Path | str) -> Path:
        """Write the page to a new file. Raises: ConfigError if the file exists; DataError; ResourceError."""
        place = expand(str(path))
        refuse_existing(place)
        publish_text(place, self.html())
        return place

    def __repr__(self) -> str:
        return f"VectorMap({self.title})"

    def _repr_html_(self) -> str:
        from html import escape

        page = escape(self.html(), quote=True)
        return f'<iframe srcdoc="{page}" sandbox="allow-scripts" style="width:100%;height:480px;border:0"></iframe>'


def map_vectors(
    vectors: np.ndarray, texts: Sequence[str], labels: Sequence[object] | None, method: str, seed: int
) -> VectorMap:
    """The map of these vectors, one per text.

    Raises: ConfigError for an unknown method; DataError for fewer than three texts, or another number of labels.
    """
    if method not in METHODS:
        raise ConfigError("MAP_METHOD", f"expected {' or '.join(METHODS)}, got '{method}'", place="map")
    if len(texts) < 3 or (labels is not None and len(labels) != len(texts)):
        cause = f"{len(texts)} texts" + ("" if labels is None else f" and {len(labels)} labels")
        raise DataError("MAP_TEXTS", cause, place="map", remedy="expected three or more texts, and one label per text")
    centred = (vectors - vectors.mean(axis=0)).astype(np.float64)
    points, share = _main_directions(centred) if method == "pca" else (_neighbours(centred, seed), None)
    return VectorMap(tuple(texts), points, tuple(map(str, labels or ())), method, share)


def _main_directions(centred: np.ndarray) -> tuple[np.ndarray, float]:
    """The coordinates on the two main directions, and their share of the variance. The largest weight is positive."""
    _, scales, directions = np.linalg.svd(centred, full_matrices=False)
    first = directions[:2]
    signs = np.sign(first[np.arange(len(first)), np.abs(first).argmax(axis=1)])
    points = np.zeros((len(centred), 2))
    points[:, : len(first)] = centred @ (first * signs[:, None]).T
    total = float((scales**2).sum())
    return points, float((scales[:2] ** 2).sum()) / total if total else 1.0


def _neighbours(centred: np.ndarray, seed: int) -> np.ndarray:
    from sklearn.manifold import TSNE

    perplexity = min(PERPLEXITY, (len(centred) - 1) / 3)
    points: np.ndarray = TSNE(2, perplexity=perplexity, init="pca", random_state=seed).fit_transform(centred)
    return points.astype(np.float64)
