"""Texts and series with a class."""

from collections.abc import Sequence

import numpy as np

from seqtwin.data.examples import Examples
from seqtwin.data.files.columns import classes, texts
from seqtwin.data.files.rows import Quoting
from seqtwin.data.files.tables import Table, column, read_table
from seqtwin.data.reading.column_options import Gaps
from seqtwin.data.reading.pair_tables import REMEDY_EMPTY, USUAL_FRACTIONS, Files, by_split, check_settings, stem
from seqtwin.data.reading.series import channel_names, labelled_series
from seqtwin.data.reading.series_values import Columns
from seqtwin.data.split_examples import Collected, collected, cut, examples_of, firsts
from seqtwin.errors import DataError


def read_classes(
    files: Files,
    *,
    text: str = "text",
    label: str = "label",
    fractions: Sequence[float] = USUAL_FRACTIONS,
    seed: int = 0,
    empty: str = "error",
    name: str | None = None,
    quoting: Quoting | None = None,
) -> Examples:
    """Texts with a class, from one file or from one file per split.

    One file is split within each class; no text is in two splits. Repetitions of a text with the same class within a
    split are removed.

    Raises: DataError with all bad rows of a file, or for classes that do not occur in train.
    """
    check_settings(None, fractions, empty)
    tables = {split: read_table(path, quoting=quoting) for split, path in by_split(files).items()}
    rows = collected({split: _texts_of(table, text, label, empty) for split, table in tables.items()})
    if not rows.items:
        raise DataError("DATA_NO_ROWS", "no rows are left: every text is empty", place=stem(files))
    notes = [note for table in tables.values() for note in table.notes]
    return _classified(rows, [text, label], fractions, seed, name or stem(files), notes)


def _texts_of(table: Table, text: str, label: str, empty: str) -> tuple[list[str], list[str]]:
    column(table, label)  # report a missing column before problems of rows
    items, keep = texts(table, text, empty=empty)
    labels = classes(table, label)
    table.finish(REMEDY_EMPTY)
    rows = np.flatnonzero(keep)
    return [items[row] for row in rows], [labels[row] for row in rows]


def read_series_classes(
    files: Files,
    *,
    series: str = "series_id",
    time: str = "t",
    label: str = "label",
    channels: Sequence[str] | None = None,
    fractions: Sequence[float] = USUAL_FRACTIONS,
    seed: int = 0,
    name: str | None = None,
    quoting: Quoting | None = None,
    gaps: Gaps = "error",
) -> Examples:
    """Series with a class, split like texts with a class.

    `channels`: by default the columns ch0, ch1, ...; `gaps`: how to handle missing values and steps: `error`,
    `interpolate` or `carry` (repeat the last value).

    Raises: DataError with all bad rows of a file, or for classes that do not occur in train.
    """
    check_settings(None, fractions, "error")
    names = tuple(channels) if channels else None
    parts, notes = {}, list[str]()
    for split, path in by_split(files).items():
        table = read_table(path, quoting=quoting)
        names = names or tuple(channel_names(table))
        file = labelled_series(table, Columns(series, time, label, names), gaps)
        parts[split] = file.series, file.labels or []
        notes += table.notes
    columns = [series, time, label, *(names or ())]
    return _classified(collected(parts), columns, fractions, seed, name or stem(files), notes)


def _classified(
    collected_rows: Collected,
    columns: list[str],
    fractions: Sequence[float],
    seed: int,
    name: str,
    reading_notes: Sequence[str],
) -> Examples:
    distinct = collected_rows.where(firsts(collected_rows))
    rows, split_notes = cut(distinct, distinct.targets, fractions, seed, what="within each class")
    repeated = len(collected_rows.items) - len(rows.items)
    doubtful = len(rows.items) - sum(firsts(_without_targets(rows)))
    notes = [*reading_notes, *split_notes]
    if repeated:
        notes.append(f"{repeated} repeated items left out")
    if doubtful:
        notes.append(f"{doubtful} items repeat an item of their split with another class; they are kept")
    facts = {"columns": columns, "seed": seed, "repeated": repeated, "with_two_classes": doubtful}
    return examples_of("classify", rows, name=name, facts=facts, notes=notes)


def _without_targets(rows: Collected) -> Collected:
    return Collected(rows.items, [""] * len(rows.items), rows.split)
