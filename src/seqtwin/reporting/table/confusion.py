"""Which class is taken for which: the test rows of the chosen pairing of each data set, all of its seeds together."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from seqtwin.published import PREDICTION
from seqtwin.reporting.table.planned_cells import Gathered, Pairing

MOST_CLASSES = 20
COLUMNS = ["true", "predicted", "rows"]


def confusion_rows(found: Gathered, pairings: pd.DataFrame) -> pd.DataFrame:
    """One row per chosen pairing, true class and predicted class: how many `rows`; of at most 20 classes."""
    chosen = [tuple(row) for row in pairings[pairings["chosen"] == 1][found.keys].to_numpy()]
    own = [(one, _classes(one)) for one in found.pairings() if tuple(one.labels.values()) in chosen]
    parts = [_counted(one, names).assign(**one.labels) for one, names in own if 0 < len(names) <= MOST_CLASSES]
    columns = [*found.keys, *COLUMNS]
    frame: pd.DataFrame = pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)
    return frame


def _classes(pairing: Pairing) -> list[str]:
    return list(map(str, pairing.measured[0].facts.get("classes") or ()))


def _counted(pairing: Pairing, names: Sequence[str]) -> pd.DataFrame:
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
