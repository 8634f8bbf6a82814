"""Histograms of the test scores of same and different pairs, per pairing, over all of its seeds."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from seqtwin.published import PREDICTION
from seqtwin.reporting.table.frame_rows import joined
from seqtwin.reporting.table.planned_cells import Gathered
from seqtwin.reporting.table.read_cells import Measured

BINS = 30


def score_histograms(gathered: Gathered) -> pd.DataFrame:
    """One row per pairing and bin of scores: `low`, `high`, `same`, `different`."""
    parts = [_histogram(own.measured).assign(**own.labels) for own in gathered.of_pairs() if own.measured]
    return joined(parts, [*gathered.keys, "low", "high", "same", "different"])


def _histogram(cells: Sequence[Measured]) -> pd.DataFrame:
    scores = np.concatenate([cell.test[PREDICTION.score].to_numpy(dtype=float) for cell in cells])
    same = np.concatenate([
        cell.test[PREDICTION.target].to_numpy(dtype=float) >= cell.facts.get("cut", 0.5) for cell in cells
    ])  # fmt: skip
    edges = np.histogram_bin_edges(scores, bins=BINS)
    counted = {"same": np.histogram(scores[same], edges)[0], "different": np.histogram(scores[~same], edges)[0]}
    frame: pd.DataFrame = pd.DataFrame({"low": edges[:-1], "high": edges[1:], **counted})
    return frame
