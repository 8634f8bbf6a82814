"""Confused classes: counts of true and predicted classes on test, for the chosen pairing of each data set."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from seqtwin.published import PREDICTION
from seqtwin.reporting.table.frame_rows import joined
from seqtwin.reporting.table.planned_cells import Gathered, Pairing

MOST_CLASSES = 20
COLUMNS = ["true", "predicted", "rows"]


def confusion_rows(gathered: Gathered, pairings: pd.DataFrame) -> pd.DataFrame:
    """One row per chosen pairing, true class and predicted class, with the number of `rows`; at most 20 classes.

    All seeds of a pairing are counted together.
    """
    chosen = [tuple(row) for row in pairings[pairings["chosen"] == 1][gathered.keys].to_numpy()]
    own = [(pairing, _classes(pairing)) for pairing in gathered.pairings() if tuple(pairing.labels.values()) in chosen]
    parts = [
        _counts(pairing, names).assign(**pairing.labels) for pairing, names in own if 0 < len(names) <= MOST_CLASSES
    ]
    return joined(parts, [*gathered.keys, *COLUMNS])


def _classes(pairing: Pairing) -> list[str]:
    return pairing.measured[0].facts.get("classes", []) if pairing.measured else []


def _counts(pairing: Pairing, names: Sequence[str]) -> pd.DataFrame:
    size, counts = len(names), np.zeros(len(names) ** 2, dtype=np.intp)
    for _, measured in pairing.finished:
        true, predicted = (
            measured.test[name].to_numpy(dtype=np.intp) for name in (PREDICTION.target, PREDICTION.score)
        )
        counts += np.bincount(true * size + predicted, minlength=size**2)
    frame: pd.DataFrame = pd.DataFrame({
        "true": np.repeat(names, size), "predicted": np.tile(names, size), "rows": counts,
    })  # fmt: skip
    return frame
