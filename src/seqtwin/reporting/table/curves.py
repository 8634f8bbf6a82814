"""How training went: one row per study cell and epoch, and the loss by step, thinned for the page."""

import numpy as np
import pandas as pd

from seqtwin.published import EPOCH, WINDOW, dev_column
from seqtwin.reporting.table.planned_cells import Gathered
from seqtwin.reporting.table.read_cells import Measured

POINTS = 24
EPOCHS = [
    "id", EPOCH.epoch, "training_loss", EPOCH.dev, EPOCH.seconds, EPOCH.gradient_norm, EPOCH.pair_distance,
    EPOCH.effective_rank, EPOCH.active_positives, EPOCH.active_negatives,
]  # fmt: skip
STEPS = ["id", *WINDOW]


def epoch_curves(found: Gathered) -> pd.DataFrame:
    """One row per study cell and epoch: loss, primary metric on dev, seconds, what was watched on training pairs."""
    parts = [_epochs(cell.id, cell.measured) for cell in found.cells if cell.measured]
    joined = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    frame: pd.DataFrame = joined.reindex(columns=EPOCHS).astype(dict.fromkeys(EPOCHS[1:], float))
    return frame


def _epochs(name: str, measured: Measured) -> pd.DataFrame:
    history, dev = measured.history, dev_column(measured.scores["primary"])
    return history.assign(id=name, training_loss=history[EPOCH.loss], **{EPOCH.dev: history.get(dev, np.nan)})


def step_traces(found: Gathered) -> pd.DataFrame:
    """At most 24 rows per study cell: the mean training loss of neighbouring windows and the last step of them."""
    parts = [_thinned(cell.measured.trace).assign(id=cell.id) for cell in found.cells if cell.measured]
    frame: pd.DataFrame = pd.concat(parts, ignore_index=True)[STEPS] if parts else pd.DataFrame(columns=STEPS)
    return frame


def _thinned(trace: pd.DataFrame) -> pd.DataFrame:
    together = -(-len(trace) // POINTS) or 1
    group = np.arange(len(trace)) // together
    frame: pd.DataFrame = trace.groupby(group).agg({WINDOW.step: "last", WINDOW.loss: "mean"})
    return frame
