"""The config that a data file gets where a command expects a config."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from seqtwin.cli.arguments import names_start, other_overrides

if TYPE_CHECKING:
    from seqtwin.config import RunConfig
    from seqtwin.data.inspect_file import Inspection
    from seqtwin.data.reading.column_options import ColumnOptions
    from seqtwin.run.prepared_data import Ready


@dataclass(frozen=True)
class Starter:
    """An inspected data file, its starter config and the prepared data. `text`: the config without the overrides."""

    inspection: "Inspection"
    run: "RunConfig"
    prepared: "Ready"
    text: str


def read_starter(data: Path, options: "ColumnOptions", overrides: Sequence[str], folder: Path) -> Starter:
    """The starter config of a data file with overrides, and the prepared data.

    Raises: ConfigError, DataError.
    """
    from seqtwin import api
    from seqtwin.config import objective_of
    from seqtwin.data.inspect_file import inspect_data
    from seqtwin.run.prepare import DataSets

    rest, sets = other_overrides(overrides), DataSets()
    finish = partial(api.run_over, overrides=rest, place=str(data))
    inspection = inspect_data(data, options)
    raw, text = api.config_for_data(
        inspection, folder, objective_of({}, rest), start=names_start(rest), finish=finish, data=sets
    )
    run = finish(raw)
    return Starter(inspection, run, sets.prepare(run), text)
