"""The tables of a published run as CSV text. Numbers have nine significant digits; an empty field means no value."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

import numpy as np

from seqtwin.guards.spreadsheets import safe_cell
from seqtwin.published import (
    EPOCH,
    PREDICTION,
    READING,
    TEXT_PAIR,
    WINDOW,
    dev_column,
)
from seqtwin.run.prepared_data import Prepared, Ready
from seqtwin.training.diagnostics.plateau import trace
from seqtwin.training.run_state import RunState

# watched on a sample of training rows, epoch by epoch
WATCHED = (
    EPOCH.gradient_norm,
    EPOCH.pair_distance,
    EPOCH.effective_rank,
    EPOCH.active_positives,
    EPOCH.active_negatives,
)

Columns = Mapping[str, Iterable[object]]


def as_csv(columns: Columns) -> str:
    """A table from its columns by name, which must have one length.

    >>> as_csv({"a": [1, 0.25], "b": [None, "x"]})
    'a,b\\n1,\\n0.25,x\\n'
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_field(value) for value in row] for row in zip(*columns.values(), strict=True))
    return text.getvalue()


def _field(value: object) -> object:
    if value is None:
        return ""
    return f"{value:.9g}" if isinstance(value, (float, np.floating)) else safe_cell(value)


def history_table(state: RunState, primary: str) -> str:
    """One row per epoch, the untrained encoder first."""
    rows = state.history
    return as_csv({
        **{name: [row[name] for row in rows] for name in (EPOCH.epoch, EPOCH.step, EPOCH.loss)},
        dev_column(primary): [row[EPOCH.dev] for row in rows],
        EPOCH.lr: [row[EPOCH.lr] for row in rows],
        EPOCH.seconds: [f"{row[EPOCH.seconds]:.3f}" for row in rows],
        **{name: [row.get(name) for row in rows] for name in WATCHED},
    })  # fmt: skip


def trace_table(losses: Sequence[float]) -> str:
    """The mean training loss of equal windows of steps."""
    windows = trace(losses)
    return as_csv({
        WINDOW.step: [step for step, _ in windows],
        WINDOW.loss: [loss for _, loss in windows],
    })  # fmt: skip


def reads_table(reads: Mapping[str, Mapping[str, float | None]]) -> str:
    """The primary metric of the trained encoder with every representation."""
    return as_csv({
        READING.representation: list(reads),
        READING.dev: [values["dev"] for values in reads.values()],
        READING.test: [values["test"] for values in reads.values()],
    })  # fmt: skip


def predictions_table(prepared: Ready, scores: Mapping[str, np.ndarray]) -> str:
    """One row per judged row of dev or test (a pair, a text or a step): its score and the facts of the row."""
    dev, test = (_judged(prepared, split, scores[split]) for split in ("dev", "test"))
    return as_csv({name: chain(dev[name], test[name]) for name in dev})


def _judged(prepared: Ready, split: str, scores: np.ndarray) -> Columns:
    rows, facts = len(scores), prepared.pair_facts[split]
    return {
        PREDICTION.split: [split] * rows,
        PREDICTION.row: range(rows),
        PREDICTION.cluster: prepared.clusters[split],
        PREDICTION.target: prepared.stores[split].target,
        PREDICTION.score: scores,
        PREDICTION.length: facts.length,
        PREDICTION.pad_share: facts.pad_share,
        PREDICTION.overlap: [None] * rows if facts.overlap is None else facts.overlap,
        PREDICTION.seen: facts.seen,
    }


def texts_table(prepared: Ready) -> str | None:
    """The texts of the test pairs; None for series and where the data must not be shown."""
    if not isinstance(prepared, Prepared) or not prepared.data.shareable or prepared.data.series is not None:
        return None
    part = prepared.data.part("test")
    return as_csv({
        TEXT_PAIR.row: range(len(part)),
        TEXT_PAIR.left: part["left"],
        TEXT_PAIR.right: part["right"],
    })  # fmt: skip
