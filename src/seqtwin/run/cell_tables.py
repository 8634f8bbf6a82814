"""The tables of a published run as CSV text. Numbers have nine digits; an empty field stands for no value."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from seqtwin.run.prepared import Prepared, Ready
from seqtwin.training.diagnostics.plateau import trace
from seqtwin.training.fit import RunState

# what is watched of a sample of training pairs, epoch by epoch
WATCHED = ("gradient_norm", "pair_distance", "effective_rank", "active_positives", "active_negatives")


def as_csv(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table with this header.

    >>> as_csv(["a", "b"], [[1, None], [0.25, "x"]])
    'a,b\\n1,\\n0.25,x\\n'
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([_field(value) for value in row] for row in rows)
    return text.getvalue()


def _field(value: Any) -> Any:
    if value is None:
        return ""
    return f"{value:.9g}" if isinstance(value, (float, np.floating)) else value


def history_table(state: RunState, primary: str) -> str:
    """One row an epoch, the untrained encoder first."""
    header = ["epoch", "step", "loss", f"dev_{primary}", "lr", "seconds", *WATCHED]
    return as_csv(header, [_epoch(row) for row in state.history])


def _epoch(row: Mapping[str, Any]) -> list[Any]:
    known = [row["epoch"], row["step"], row["loss"], row["dev"], row["lr"], f"{row['seconds']:.3f}"]
    return [*known, *(row.get(name) for name in WATCHED)]


def trace_table(losses: Sequence[float]) -> str:
    """Mean training loss of equal windows of steps."""
    return as_csv(["step", "loss"], trace(losses))


def reads_table(reads: Mapping[str, Mapping[str, float | None]]) -> str:
    """The primary metric of every reading of the trained encoder."""
    rows = [[name, values["dev"], values["test"]] for name, values in reads.items()]
    return as_csv(["representation", "dev", "test"], rows)


def predictions_table(prepared: Ready, scores: Mapping[str, np.ndarray]) -> str:
    """One row a judged row of dev or test (a pair, a text, a step): its score, and what is known of the row itself."""
    header = ["split", "row", "cluster", "target", "score", "length", "pad_share", "overlap", "seen"]
    return as_csv(header, [row for split in ("dev", "test") for row in _judged(prepared, split, scores[split])])


def _judged(prepared: Ready, split: str, scores: np.ndarray) -> Iterable[list[Any]]:
    facts = prepared.pair_facts[split]
    overlap = [None] * len(scores) if facts.overlap is None else facts.overlap
    known = (facts.length, facts.pad_share, overlap, facts.seen)
    columns = (prepared.clusters[split], prepared.stores[split].target, scores, *known)
    return ([split, i, *row] for i, row in enumerate(zip(*columns, strict=True)))


def texts_table(prepared: Ready) -> str | None:
    """The texts of the test pairs, where they may be shown; None where not, and for series."""
    if not isinstance(prepared, Prepared) or not prepared.data.shareable or prepared.data.series is not None:
        return None
    part = prepared.data.part("test")
    rows = zip(part["left"], part["right"], strict=True)
    return as_csv(["row", "left", "right"], ([i, *row] for i, row in enumerate(rows)))
