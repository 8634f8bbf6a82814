"""The train x read matrix: each trained encoder read by every representation that adds no parameters."""

import pandas as pd

from seqtwin.published import READING
from seqtwin.reporting.table.planned_cells import Gathered, Pairing


def read_matrix(found: Gathered) -> pd.DataFrame:
    """One row per pairing and reading: `read`, and the primary metric on dev and test, means over finished seeds."""
    parts = [_means(one) for one in found.pairings() if one.finished]
    columns = [*found.keys, "read", READING.dev, READING.test]
    frame: pd.DataFrame = pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)
    return frame


def _means(pairing: Pairing) -> pd.DataFrame:
    every = pd.concat([measured.reads for _, measured in pairing.finished])
    values = every.groupby(READING.representation, sort=False)[[READING.dev, READING.test]]
    means = values.mean().reset_index(names="read")
    frame: pd.DataFrame = means.assign(**pairing.labels)
    return frame
