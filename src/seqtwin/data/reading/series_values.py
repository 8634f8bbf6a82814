"""The series of a long table as arrays. Problems of rows are recorded in the table."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pandas as pd

from seqtwin.data.files.columns import numbers
from seqtwin.data.files.number_formats import is_missing
from seqtwin.data.files.tables import Table, column
from seqtwin.data.reading.column_options import Gaps
from seqtwin.data.reading.series_gaps import LONGEST, UNFILLED, Rhythm, filled, rhythm_of

LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Columns:
    """The column names of a long table. `label`: None if there is no such column."""

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
    """The series of a table, with or without a class. Problems of rows are recorded in the table.

    `gaps`: report missing values and steps (`error`) or fill them. A filled step has no row.

    Raises: DataError for a missing column.
    """
    ids = [str(value) for value in column(table, columns.series)]
    for needed in (columns.time, *columns.channels):
        column(table, needed)
    measured = Measured(numbers(table, columns.time), _values(table, columns, gaps), _rows_of(ids))
    for rows in measured.rows:
        _check_time(table, columns.time, measured.times, rows)
    series = _without_gaps(table, columns, measured, gaps)
    labels = None if columns.label is None else table.columns[columns.label]
    first = [int(rows[0]) for rows in measured.rows]
    return SeriesFile(
        ids=[ids[row] for row in first],
        series=[values.astype(np.float32) for values in series],
        labels=None if labels is None else [str(labels[row]).strip() for row in first],
        rows=measured.rows,
    )


@dataclass(frozen=True)
class Measured:
    """A long table as arrays: times [rows], values [rows channels] with NaN for gaps, and the rows of each series."""

    times: np.ndarray
    values: np.ndarray
    rows: list[np.ndarray]


def _rows_of(ids: Sequence[str]) -> list[np.ndarray]:
    """The rows of each series. The series are in the order of their first rows."""
    rows = [np.asarray(group) for group in pd.Series(range(len(ids))).groupby(list(ids), sort=False).indices.values()]
    return sorted(rows, key=lambda group: int(group[0]))


def _values(table: Table, columns: Columns, gaps: Gaps) -> np.ndarray:
    """The values of the channels: Float[rows channels], NaN for missing and wrong ones."""
    times = column(table, columns.time)
    return np.stack([_channel(table, name, times, gaps) for name in columns.channels], axis=1)


def _channel(table: Table, name: str, times: Sequence[object], gaps: Gaps) -> np.ndarray:
    """The values of a channel: Float[rows]. Missing ones are problems, unless gaps are filled."""
    values = column(table, name)
    missing = [row for row, value in enumerate(values) if is_missing(value)]
    if gaps == "error":
        for row in missing:
            table.report(row, name, f"the value at time {times[row]} is missing ({values[row]!r})")
    known = replace(table, columns={name: [0.0 if is_missing(value) else value for value in values]})
    channel = numbers(known, name)  # both tables share their list of problems
    channel[missing] = np.nan
    for row in np.flatnonzero(np.abs(channel) > LARGEST).tolist():
        table.report(row, name, f"{channel[row]:g} is too large for a 32-bit number")
        channel[row] = np.nan
    return channel


def _without_gaps(table: Table, columns: Columns, measured: Measured, gaps: Gaps) -> list[np.ndarray]:
    """The values of each series. Gaps are filled or reported as problems."""
    rhythm = rhythm_of([measured.times[rows] for rows in measured.rows])
    if not rhythm.size and rhythm.most > rhythm.least:
        steps = f"between {rhythm.least:g} and {rhythm.most:g}"
        table.notes.append(f"the time steps of '{columns.time}' differ ({steps}) and are treated as equal")
    missing = [_missing_steps(measured.times[rows], rhythm) for rows in measured.rows]
    if gaps == "error":
        for rows, steps_after in zip(measured.rows, missing, strict=True):
            _report_missing(table, columns.time, measured.times, rows, steps_after)
    if gaps == "error" or table.problems:
        return [measured.values[rows] for rows in measured.rows]
    return _filled(table, columns, measured, missing, gaps)


def _missing_steps(times: np.ndarray, rhythm: Rhythm) -> list[int]:
    """The number of missing steps after each step."""
    return [*(rhythm.missing(step) for step in np.diff(times).tolist()), 0]


def _report_missing(table: Table, time: str, times: np.ndarray, rows: np.ndarray, missing: Sequence[int]) -> None:
    for place in np.flatnonzero(missing).tolist():
        before, after = times[rows[place]], times[rows[place + 1]]
        steps = "1 step is" if missing[place] == 1 else f"{missing[place]} steps are"
        table.report(int(rows[place + 1]), time, f"{steps} missing: {after:g} follows {before:g}")


def _filled(
    table: Table, columns: Columns, measured: Measured, missing: Sequence[Sequence[int]], gaps: Gaps
) -> list[np.ndarray]:
    series, cells, steps = [], 0, 0
    for rows, steps_after in zip(measured.rows, missing, strict=True):
        most = max(steps_after)
        if most > LONGEST:
            row = int(rows[steps_after.index(most) + 1])
            table.report(row, columns.time, f"{most} steps are missing, but at most {LONGEST} can be filled")
            continue
        whole = filled(measured.times[rows], measured.values[rows], steps_after, gaps)
        for step, channel in whole.open:
            table.report(int(rows[step]), columns.channels[channel], UNFILLED[gaps])
        series.append(whole.values)
        cells, steps = cells + whole.cells, steps + whole.steps
    if cells or steps:
        table.notes.append(f"gaps filled with {gaps}: {cells} missing values, {steps} missing steps")
    return series


def _check_time(table: Table, time: str, times: np.ndarray, rows: np.ndarray) -> None:
    for before, row in pairwise(rows):
        if times[row] == times[before]:
            table.report(int(row), time, f"time must increase within a series; {times[row]:g} occurs twice")
        elif times[row] < times[before]:
            table.report(
                int(row), time, f"time must increase within a series; {times[row]:g} follows {times[before]:g}"
            )
