"""Learning curves: one row per study cell and epoch, and the loss by step, thinned for the page."""

import numpy as np
import pandas as pd

from seqtwin.published import EPOCH, WINDOW, dev_column
from seqtwin.reporting.table.frame_rows import joined
from seqtwin.reporting.table.planned_cells import Gathered
from seqtwin.reporting.table.read_cells import Measured

POINTS = 24
EPOCHS = [
    "id", EPOCH.epoch, "training_loss", EPOCH.dev, EPOCH.seconds, EPOCH.gradient_norm, EPOCH.pair_distance,
    EPOCH.effective_rank, EPOCH.active_positives, EPOCH.active_negatives,
]  # fmt: skip
STEPS = ["id", *WINDOW]


def epoch_curves(gathered: Gathered) -> pd.DataFrame:
    """One row per study cell and epoch: loss, primary metric on dev, seconds, and measures of some training rows."""
    parts = [_epochs(cell.id, cell.measured) for cell in gathered.cells if cell.measured]
    epochs = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    frame: pd.DataFrame = epochs.reindex(columns=EPOCHS).astype(dict.fromkeys(EPOCHS[1:], float))
    return frame


def _epochs(name: str, measured: Measured) -> pd.DataFrame:
    history, dev = measured.history, dev_column(measured.scores["primary"])
    return history.assign(id=name, training_loss=history[EPOCH.loss], **{EPOCH.dev: history.get(dev, np.nan)})


def step_traces(gathered: Gathered) -> pd.DataFrame:
    """At most 24 rows per study cell: the mean training loss of neighbouring windows, and their last step."""
    parts = [_thinned(cell.measured.trace).assign(id=cell.id) for cell in gathered.cells if cell.measured]
    return joined(parts, STEPS)


def _thinned(trace: pd.DataFrame) -> pd.DataFrame:
    together = -(-len(trace) // POINTS) or 1
    starts = np.arange(0, len(trace), together)
    step, loss = trace[WINDOW.step].to_numpy(), trace[WINDOW.loss].to_numpy(dtype=float)
    last, sizes = np.append(starts[1:], len(trace)) - 1, np.diff(np.append(starts, len(trace)))
    means = np.add.reduceat(loss, starts) / sizes if len(starts) else loss
    frame: pd.DataFrame = pd.DataFrame({WINDOW.step: step[last], WINDOW.loss: means})
    return frame
