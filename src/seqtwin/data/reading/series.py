"""Pairs of labelled series from a long table (one row per step). Series with the same label are the same."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from seqtwin.data.files.columns import classes
from seqtwin.data.files.formats import format_of
from seqtwin.data.files.rows import Quoting
from seqtwin.data.files.tables import Table, column, read_table
from seqtwin.data.pairs import LabelledItems, PairData
from seqtwin.data.reading.column_options import Gaps
from seqtwin.data.reading.pair_tables import USUAL_FRACTIONS, Files, by_split, check_settings, described, stem
from seqtwin.data.reading.pairs_from_classes import sampled
from seqtwin.data.reading.series_values import Columns, SeriesFile, series_of_table
from seqtwin.errors import DataError

REMEDY = (
    "fix or remove these rows; to fill missing values and steps, set data.gaps (--gaps) to interpolate or carry; "
    "nothing was read"
)
CHANNEL = re.compile(r"ch(\d+)")
IDS = ("series_id", "series", "id")
TIMES = ("t", "time", "step")
LABELS = ("label", "class", "category", "target", "y")


def read_series(
    files: Files,
    *,
    series: str = "series_id",
    time: str = "t",
    label: str = "label",
    channels: Sequence[str] | None = None,
    pairs: int | None = None,
    fractions: Sequence[float] = USUAL_FRACTIONS,
    seed: int = 0,
    name: str | None = None,
    quoting: Quoting | None = None,
    gaps: Gaps = "error",
) -> PairData:
    """Balanced pairs of labelled series, target 1 for the same label. `left` and `right` are positions in `series`.

    `channels`: by default the columns ch0, ch1, ...; `pairs`: as for texts with a class; `gaps`: how to handle missing
    values and steps: `error`, `interpolate` or `carry` (repeat the last value). Values are not scaled here.

    Raises: DataError with all bad rows of a file: values that are not finite, time that does not increase, two labels.
    """
    check_settings(None, fractions, "error")
    parts: list[SeriesFile] = []
    names = list(channels) if channels else None
    notes: list[str] = []
    for path in by_split(files).values():
        table = read_table(path, quoting=quoting)
        names = names or channel_names(table)
        parts.append(labelled_series(table, Columns(series, time, label, tuple(names)), gaps))
        notes += table.notes
    items = [item for part in parts for item in part.series]
    groups = np.asarray(pd.factorize(np.asarray([name for part in parts for name in part.labels or ()]), sort=True)[0])
    split = np.repeat(list(by_split(files)), [len(part.ids) for part in parts])
    drawn = sampled(groups, split, pairs, fractions, seed, place=stem(files))
    facts = {"channels": names, "items": len(items), "classes": int(groups.max()) + 1, "seed": seed}
    data = described(
        drawn.frame,
        cut=0.5,
        name=name or stem(files),
        facts=facts,
        notes=[*notes, *drawn.notes],
        series=tuple(items),
    )
    return replace(data, retrieval=drawn.search, labelled=LabelledItems(range(len(items)), groups, drawn.split))


def read_series_file(
    path: Path, *, channels: int | None = None, quoting: Quoting | None = None, gaps: Gaps = "error"
) -> SeriesFile:
    """The series of a file with the usual columns: series_id, t, ch0, ch1, ... and perhaps label.

    Raises: DataError with all bad rows, for a missing column, or for a number of channels other than `channels`.
    """
    table = read_table(path, quoting=quoting)
    names = tuple(channel_names(table))
    if channels is not None and len(names) != channels:
        cause = f"expected {channels} channels for this encoder, found {len(names)}: {', '.join(names)[:120]}"
        raise DataError("DATA_CHANNELS", cause, place=table.place, remedy="use an encoder trained on such series")
    columns = Columns(named(table, IDS) or IDS[0], named(table, TIMES) or TIMES[0], named(table, LABELS), names)
    file = series_of_table(table, columns, gaps)
    table.finish(REMEDY)
    form = format_of(path)
    return replace(file, named=form is not None and form.named_series)


def named(table: Table, wanted: Sequence[str]) -> str | None:
    """The first of these columns that a table has, in upper or lower case."""
    by_name = {name.lower(): name for name in table.columns}
    return next((by_name[name] for name in wanted if name in by_name), None)


def channel_scaling(steps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each channel, each Float32[channels]. `steps`: [steps channels].

    The deviation of a constant channel is exactly 0.

    >>> channel_scaling(np.array([[1.0, 5.0], [3.0, 5.0], [5.0, 5.0]]))
    (array([3., 5.], dtype=float32), array([1.6329932, 0.       ], dtype=float32))
    """
    exact = steps.astype(np.float64)
    # rounding can make the deviation of a constant channel nonzero
    deviation = np.where(np.ptp(exact, axis=0) > 0, exact.std(axis=0), 0.0)
    return exact.mean(axis=0).astype(np.float32), deviation.astype(np.float32)


def scaled_channels(series: Sequence[np.ndarray], train: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The series, scaled to mean 0 and standard deviation 1 per channel on the training series.

    Constant channels are only centred.

    >>> scaled_channels([np.array([[3.0]])], [np.array([[1.0], [2.0]])])
    [array([[3.]])]
    """
    mean, deviation = channel_scaling(np.concatenate(train))
    scale = np.where(deviation > 0, deviation, 1)
    return [(item - mean) / scale for item in series]


def channel_names(table: Table) -> list[str]:
    """The columns ch0, ch1, ... in the order of their numbers.

    Raises: DataError if there are none.
    """
    numbered = [(int(match.group(1)), name) for name in table.columns if (match := CHANNEL.fullmatch(name))]
    if not numbered:
        cause = f"no channel columns (ch0, ch1, ...); found: {', '.join(table.columns)}"
        raise DataError("DATA_COLUMN", cause, place=table.place, remedy="rename the columns of values to ch0, ch1, ...")
    return [name for _, name in sorted(numbered)]


def labelled_series(table: Table, columns: Columns, gaps: Gaps = "error") -> SeriesFile:
    """The series of a table with a class, which is the same in all rows of a series.

    Raises: DataError with all bad rows, or for a missing column.
    """
    assert columns.label is not None
    column(table, columns.label)
    file = series_of_table(table, columns, gaps)
    names = classes(table, columns.label)
    for rows in file.rows:
        _check_label(table, columns.label, names, rows)
    table.finish(REMEDY)
    return file


def _check_label(table: Table, label: str, names: Sequence[str], rows: np.ndarray) -> None:
    for row in rows[1:]:
        if names[row] != names[rows[0]]:
            table.report(int(row), label, f"'{names[row]}', but the first row of the series has '{names[rows[0]]}'")
