"""Sequences with a class per step: tagged words, and series with one label per step."""

from collections import Counter
from collections.abc import Hashable, Sequence
from itertools import pairwise

import numpy as np

from seqtwin.data.examples import Examples
from seqtwin.data.files.columns import classes, numbers, texts
from seqtwin.data.files.rows import Quoting
from seqtwin.data.files.tables import Table, column, read_table
from seqtwin.data.reading.column_options import Gaps
from seqtwin.data.reading.pair_tables import USUAL_FRACTIONS, Files, by_split, check_settings, stem
from seqtwin.data.reading.series import REMEDY, channel_names
from seqtwin.data.reading.series_values import Columns, series_of_table
from seqtwin.data.split_examples import WHOLE, Collected, collected, cut, examples_of, form


def read_steps(
    files: Files,
    *,
    sequence: str = "sent_id",
    token: str = "token",
    label: str = "upos",
    time: str | None = None,
    fractions: Sequence[float] = USUAL_FRACTIONS,
    seed: int = 0,
    name: str | None = None,
    quoting: Quoting | None = None,
) -> Examples:
    """Tagged words from a long table with one row per word, in the order of the file.

    One file is split at random by sequences. `time`: column that must increase within a sequence, if given.

    Raises: DataError with all bad rows of a file: blank words and tags, a sequence that continues after another.
    """
    check_settings(None, fractions, "error")
    tables = {split: read_table(path, quoting=quoting) for split, path in by_split(files).items()}
    parts = {split: _tagged(table, sequence, token, label, time) for split, table in tables.items()}
    columns = [sequence, *([time] if time else []), token, label]
    notes = [note for table in tables.values() for note in table.notes]
    return _labelled(collected(parts), columns, fractions, seed, name or stem(files), notes)


def _tagged(
    table: Table, sequence: str, token: str, label: str, time: str | None
) -> tuple[list[list[str]], list[list[str]]]:
    for name in (sequence, token, label, *([time] if time else [])):
        column(table, name)
    words, _ = texts(table, token, empty="error")
    tags = classes(table, label)
    runs = _runs(table, sequence)
    if time:
        _check_increasing(table, time, runs)
    table.finish(REMEDY)
    return [words[rows] for rows in runs], [tags[rows] for rows in runs]


def _runs(table: Table, sequence: str) -> list[slice]:
    """The rows of each sequence. Empty names and sequences that continue after another are reported as problems."""
    names = ["" if value is None else str(value).strip() for value in column(table, sequence)]
    for row in (row for row, name in enumerate(names) if not name):
        table.report(row, sequence, "the name of the sequence is empty")
    starts = [row for row, name in enumerate(names) if not row or name != names[row - 1]]
    seen: set[str] = set()
    for row in starts:
        if names[row] and names[row] in seen:
            table.report(row, sequence, f"the sequence '{names[row]}' continues after another sequence")
        seen.add(names[row])
    return [slice(start, end) for start, end in pairwise([*starts, len(names)])]


def _check_increasing(table: Table, time: str, runs: Sequence[slice]) -> None:
    steps = numbers(table, time)
    for rows in runs:
        for row in range(rows.start + 1, rows.stop):
            if steps[row] <= steps[row - 1]:
                problem = f"time must increase within a sequence; {steps[row]:g} follows {steps[row - 1]:g}"
                table.report(row, time, problem)


def read_series_steps(
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
    """Series with one label per step, from a long table with one row per step. One file is split by series.

    `channels`: by default the columns ch0, ch1, ...; `gaps`: how to handle missing values. A missing step is always a
    problem, because it has no label.

    Raises: DataError with all bad rows of a file: values that are not finite, time that decreases, blank labels.
    """
    check_settings(None, fractions, "error")
    names = tuple(channels) if channels else None
    parts, notes = {}, list[str]()
    for split, path in by_split(files).items():
        table = read_table(path, quoting=quoting)
        names = names or tuple(channel_names(table))
        parts[split] = _labelled_steps(table, Columns(series, time, label, names), label, gaps)
        notes += table.notes
    columns = [series, time, label, *(names or ())]
    return _labelled(collected(parts), columns, fractions, seed, name or stem(files), notes)


def _labelled_steps(table: Table, columns: Columns, label: str, gaps: Gaps) -> tuple[list[np.ndarray], list[list[str]]]:
    column(table, label)
    file = series_of_table(table, columns, gaps)
    tags = classes(table, label)
    for rows, values in zip(file.rows, file.series, strict=True):
        if len(rows) < len(values):
            problem = "steps of this series are missing; their labels cannot be filled in"
            table.report(int(rows[0]), columns.time, problem)
    table.finish(REMEDY)
    return file.series, [[tags[row] for row in rows] for rows in file.rows]


def _labelled(
    unsplit: Collected, columns: list[str], fractions: Sequence[float], seed: int, name: str, notes: Sequence[str]
) -> Examples:
    rows, split_notes = cut(unsplit, [""] * len(unsplit.items), fractions, seed, what="by sequences")
    if WHOLE in unsplit.split:
        rows, moved = _with_every_class(rows)
        count = "1 sequence was" if moved == 1 else f"{moved} sequences were"
        split_notes += [f"{count} moved to train, which lacked some of their classes"] if moved else []
    facts = {"columns": columns, "seed": seed, "steps": dict(_step_counts(rows))}
    return examples_of("label_steps", rows, name=name, facts=facts, notes=[*notes, *split_notes])


def _step_counts(rows: Collected) -> Counter[str]:
    counts: Counter[str] = Counter()
    for tags, split in zip(rows.targets, rows.split, strict=True):
        counts[split] += len(tags)
    return counts


def _with_every_class(rows: Collected) -> tuple[Collected, int]:
    """The rows, some of them moved to train to give it every class, and the number of moved rows."""
    known = {tag for tags, split in zip(rows.targets, rows.split, strict=True) if split == "train" for tag in tags}
    wanted: set[Hashable] = set()
    for item, tags in zip(rows.items, rows.targets, strict=True):
        if not known.issuperset(tags):
            wanted.add(form(item))
            known.update(tags)
    moved = [form(item) in wanted for item in rows.items]
    split = ["train" if move else old for move, old in zip(moved, rows.split, strict=True)]
    return Collected(rows.items, rows.targets, split), sum(moved)
