"""The tuning trials: one row per pairing and trial."""

import json
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import TypeAlias

import pandas as pd

from seqtwin import files
from seqtwin.errors import DamagedError
from seqtwin.guards.seals import is_inside
from seqtwin.reporting.table.frame_rows import joined
from seqtwin.reporting.table.planned_cells import Gathered
from seqtwin.reporting.table.read_cells import read_csv

Scalar: TypeAlias = str | float | int | bool | None

KNOWN = ("trial", "state", "value", "seconds")


def tuning_trials(gathered: Gathered, folder: Path) -> pd.DataFrame:
    """One row per pairing and trial: `trial`, `state`, `value` (primary metric on dev), `seconds`, `params` (JSON).

    `folder` contains one published folder per tuned pairing, named by its id.

    Raises: DamagedError when one is missing or changed.
    """
    parts: list[pd.DataFrame] = []
    for pairing in gathered.pairings():
        name = next((cell.tuning["pairing"] for cell in pairing.cells if cell.tuning), "")
        parts += [_trials(folder, name).assign(**pairing.labels)] if name else []
    return joined(parts, [*gathered.keys, *KNOWN, "params"])


def _trials(tunings: Path, name: str) -> pd.DataFrame:
    if not is_inside(name):
        raise DamagedError("TUNING_NAME", f"{ascii(name)[:60]} is not the name of a tuning", place=str(tunings))
    folder = tunings / name
    files.verify(folder, only=("trials.csv",))
    table = read_csv(folder / "trials.csv", KNOWN)
    params = [_params(row) for row in table.drop(columns=list(KNOWN)).to_dict("records")]
    frame: pd.DataFrame = table[list(KNOWN)].astype({"trial": float, "value": float, "seconds": float})
    return frame.assign(params=params)


def _params(row: Mapping[Hashable, Scalar]) -> str:
    return json.dumps({str(name): value for name, value in row.items() if not pd.isna(value)}, ensure_ascii=False)
