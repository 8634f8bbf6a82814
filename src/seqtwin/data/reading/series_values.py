"""A long table as series: the values of each as an array, with what is wrong with its rows noted."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from seqtwin.data.files.columns import numbers
from seqtwin.data.files.numerals import is_missing
from seqtwin.data.files.tables import Table, column
from seqtwin.data.reading.column_options import Gaps
from seqtwin.data.reading.series_gaps import LONGEST, UNFILLED, Rhythm, filled, rhythm_of

LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Columns:
    """What the columns of a long table are called. `label`: None where there is none."""

    series: str
    time: str
    label: str | None
    channels: tuple[str, ...]


@dataclass(frozen=True)
class SeriesFile:
    """The series of one file in the order of their first rows, each Float32[time channels].

    `labels`: the class of each series, None without a label column; `rows`: the table rows of each series; `named`:
    whether the ids are from the file, not numbers given by the reader.
    """

    ids: list[str]
    series: list[np.ndarray]
    labels: list[str] | None
    rows: list[np.ndarray]
    named: bool = True


def series_of_table(table: Table, columns: Columns, gaps: Gaps = "error") -> SeriesFile:
    """The series of a table, with or without a class; what is wrong with single rows is noted in the table.

    `gaps`: whether missing values and steps are reported or filled; a filled step has no row.

    Raises: DataError for a missing column.
    """
    ids = [str(value) for value in column(table, columns.series)]
    for needed in (columns.time, *columns.channels):
        column(table, needed)
    measured = Measured(numbers(table, columns.time), _values(table, columns, gaps), _rows_of(ids))
    for own in measured.rows:
        _check_time(table, columns.time, measured.times, own)
    series = _without_gaps(table, columns, measured, gaps)
    labels = None if columns.label is None else table.columns[columns.label]
    first = [int(own[0]) for own in measured.rows]
    return SeriesFile(
        ids=[ids[row] for row in first],
        series=[one.astype(np.float32) for one in series],
        labels=None if labels is None else [str(labels[row]).strip() for row in first],
        rows=measured.rows,
    )


@dataclass(frozen=True)
class Measured:
    """The columns of a long table: times [rows], values [rows channels] with NaN for gaps, the rows of each series."""

    times: np.ndarray
    values: np.ndarray
    rows: list[np.ndarray]


def _rows_of(ids: Sequence[str]) -> list[np.ndarray]:
    """The rows of each series, the series in the order of their first rows."""
    rows = [np.asarray(own) for own in pd.Series(range(len(ids))).groupby(list(ids), sort=False).indices.values()]
    return sorted(rows, key=lambda own: int(own[0]))


def _values(table: Table, columns: Columns, gaps: Gaps) -> np.ndarray:
    """The numbers of the channels as Float[rows channels], NaN where one is missing or wrong."""
    times = column(table, columns.time)
    return np.stack([_channel(table, name, times, gaps) for name in columns.channels], axis=1)


def _channel(table: Table, name: str, times: Sequence[Any], gaps: Gaps) -> np.ndarray:
    """The numbers of a channel as Float[rows]; each that is none is a problem of its row, unless gaps are filled."""
    values = column(table, name)
    missing = [row for row, value in enumerate(values) if is_missing(value)]
    if gaps == "error":
        for row in missing:
            table.report(row, name, f"the value at time {times[row]} is missing ({values[row]!r})")
    known = replace(table, columns={name: [0.0 if is_missing(value) else value for value in values]})
    found = numbers(known, name)  # it notes its problems in the table that both share
    found[missing] = np.nan
    for row in np.flatnonzero(np.abs(found) > LARGEST).tolist():
        table.report(row, name, f"{found[row]:g} is larger than any 32-bit number")
        found[row] = np.nan
    return found


def _without_gaps(table: Table, columns: Columns, found: Measured, gaps: Gaps) -> list[np.ndarray]:
    """The values of each series; gaps are filled, or are problems of their rows."""
    rhythm = rhythm_of([found.times[own] for own in found.rows])
    if not rhythm.size and rhythm.most > rhythm.least:
        steps = f"between {rhythm.least:g} and {rhythm.most:g}"
        table.notes.append(f"the steps of '{columns.time}' differ ({steps}); the series are read as if they were equal")
    left_out = [_missing_steps(found.times[own], rhythm) for own in found.rows]
    if gaps == "error":
        for own, missing in zip(found.rows, left_out, strict=True):
            _report_missing(table, columns.time, found.times, own, missing)
    if gaps == "error" or table.problems:
        return [found.values[own] for own in found.rows]
    return _filled(table, columns, found, left_out, gaps)


def _missing_steps(times: np.ndarray, rhythm: Rhythm) -> list[int]:
    """How many steps are left out behind each step."""
    return [*(rhythm.missing(step) for step in np.diff(times).tolist()), 0]


def _report_missing(table: Table, time: str, times: np.ndarray, own: np.ndarray, missing: Sequence[int]) -> None:
    for place in np.flatnonzero(missing).tolist():
        before, after = times[own[place]], times[own[place + 1]]
        steps = "1 step is" if missing[place] == 1 else f"{missing[place]} steps are"
        table.report(int(own[place + 1]), time, f"{steps} missing: {after:g} follows {before:g}")


def _filled(
    table: Table, columns: Columns, found: Measured, left_out: Sequence[Sequence[int]], gaps: Gaps
) -> list[np.ndarray]:
    series, cells, steps = [], 0, 0
    for own, missing in zip(found.rows, left_out, strict=True):
        if max(missing) > LONGEST:
            row = int(own[int(np.argmax(missing)) + 1])
            table.report(
                row, columns.time, f"{max(missing)} steps are missing, more than the {LONGEST} that are filled"
            )
            continue
        one = filled(found.times[own], found.values[own], missing, gaps)
        for step, channel in one.open:
            table.report(int(own[step]), columns.channels[channel], UNFILLED[gaps])
        series.append(one.values)
        cells, steps = cells + one.cells, steps + one.steps
    if cells or steps:
        table.notes.append(f"gaps filled by {gaps}: missing values {cells}, missing steps {steps}")
    return series


def _check_time(table: Table, time: str, steps: np.ndarray, own: np.ndarray) -> None:
    for before, row in pairwise(own):
        if steps[row] == steps[before]:
            problem = f"time must rise within a series; {steps[row]:g} comes twice"
            table.report(int(row), time, problem)
        elif steps[row] < steps[before]:
            table.report(int(row), time, f"time must rise within a series; {steps[row]:g} follows {steps[before]:g}")
