"""Each trained encoder with every representation that adds no parameters: the primary metric on dev and test."""

import pandas as pd

from seqtwin.published import READING
from seqtwin.reporting.table.frame_rows import joined
from seqtwin.reporting.table.planned_cells import Gathered, Pairing


def read_matrix(gathered: Gathered) -> pd.DataFrame:
    """One row per pairing and representation (`read`): the primary metric on dev and test, mean over finished seeds."""
    parts = [_means(pairing) for pairing in gathered.pairings() if pairing.finished]
    return joined(parts, [*gathered.keys, "read", READING.dev, READING.test])


def _means(pairing: Pairing) -> pd.DataFrame:
    every = pd.concat([measured.reads for _, measured in pairing.finished])
    values = every.groupby(READING.representation, sort=False)[[READING.dev, READING.test]]
    means = values.mean().reset_index(names="read")
    frame: pd.DataFrame = means.assign(**pairing.labels)
    return frame
