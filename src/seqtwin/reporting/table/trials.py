"""What tuning tried: one row per pairing and trial."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from seqtwin import files
from seqtwin.reporting.table.planned_cells import Gathered
from seqtwin.reporting.table.read_cells import read_csv

KNOWN = ("trial", "state", "value", "seconds")


def tuning_trials(found: Gathered, folder: Path) -> pd.DataFrame:
    """One row per pairing and trial: `trial`, `state`, `value` (primary metric on dev), `seconds`, `params` (JSON).

    `folder` holds a published folder per tuned pairing, named by its id.
    Raises: DamagedError when one is missing or changed.
    """
    parts = []
    for pairing in found.pairings():
        name = next((cell.tuning["pairing"] for cell in pairing.cells if cell.tuning), "")
        parts += [_trials(folder / name).assign(**pairing.labels)] if name else []
    columns = [*found.keys, *KNOWN, "params"]
    frame: pd.DataFrame = pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)
    return frame


def _trials(folder: Path) -> pd.DataFrame:
    files.verify(folder, only=("trials.csv",))
    table = read_csv(folder / "trials.csv", KNOWN)
    params = [_params(row) for row in table.drop(columns=list(KNOWN)).to_dict("records")]
    frame: pd.DataFrame = table[list(KNOWN)].astype({"trial": float, "value": float, "seconds": float})
    return frame.assign(params=params)


def _params(row: dict[Any, Any]) -> str:
    return json.dumps({str(name): value for name, value in row.items() if not pd.isna(value)}, ensure_ascii=False)
