"""Sequences with a class for every step: words with their tags, series with a label a step."""

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
    """Lists of words with a tag each, from a long table: one row a word, in the order of the file.

    One file alone is cut at random by sequences, so that no sequence stands in two splits. `time`, where named, must
    rise within a sequence.

    Raises: DataError with all bad rows of a file: blank words and tags, a sequence that comes back after another.
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
    for needed in (sequence, token, label, *([time] if time else [])):
        column(table, needed)
    words, _ = texts(table, token, empty="error")
    tags = classes(table, label)
    runs = _runs(table, sequence)
    if time:
        _check_rising(table, time, runs)
    table.finish(REMEDY)
    return [words[own] for own in runs], [tags[own] for own in runs]


def _runs(table: Table, sequence: str) -> list[slice]:
    """The rows of each sequence; one without a name, or that comes back after another, is a problem of its row."""
    names = ["" if value is None else str(value).strip() for value in column(table, sequence)]
    for row in (row for row, name in enumerate(names) if not name):
        table.report(row, sequence, "the name of the sequence is empty")
    starts = [row for row, name in enumerate(names) if not row or name != names[row - 1]]
    begun: set[str] = set()
    for row in starts:
        if names[row] and names[row] in begun:
            table.report(row, sequence, f"the sequence '{names[row]}' had ended, and comes back after another")
        begun.add(names[row])
    return [slice(begin, end) for begin, end in pairwise([*starts, len(names)])]


def _check_rising(table: Table, time: str, runs: Sequence[slice]) -> None:
    steps = numbers(table, time)
    for own in runs:
        for row in range(own.start + 1, own.stop):
            if steps[row] <= steps[row - 1]:
                problem = f"time must rise within a sequence; {steps[row]:g} follows {steps[row - 1]:g}"
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
    """Series with a label for every step, one row a step; cut by series. Channels: ch0, ch1, ... unless named.

    `gaps`: what happens to missing values; a missing step has no label and is always a problem.

    Raises: DataError with all bad rows of a file: values that are not finite, time that does not rise, blank labels.
    """
    check_settings(None, fractions, "error")
    names = tuple(channels) if channels else None
    parts, notes = {}, list[str]()
    for split, path in by_split(files).items():
        table = read_table(path, quoting=quoting)
        names = names or tuple(channel_names(table))
        parts[split] = _series_tagged(table, Columns(series, time, label, names), label, gaps)
        notes += table.notes
    columns = [series, time, label, *(names or ())]
    return _labelled(collected(parts), columns, fractions, seed, name or stem(files), notes)


def _series_tagged(table: Table, columns: Columns, label: str, gaps: Gaps) -> tuple[list[np.ndarray], list[list[str]]]:
    column(table, label)
    found = series_of_table(table, columns, gaps)
    tags = classes(table, label)
    for own, one in zip(found.rows, found.series, strict=True):
        if len(own) < len(one):
            problem = "steps of this series are missing, and the label of a missing step cannot be filled in"
            table.report(int(own[0]), columns.time, problem)
    table.finish(REMEDY)
    return found.series, [[tags[row] for row in own] for own in found.rows]


def _labelled(
    found: Collected, columns: list[str], fractions: Sequence[float], seed: int, name: str, notes: Sequence[str]
) -> Examples:
    rows, how = cut(found, [""] * len(found.items), fractions, seed, what="by sequences")
    if WHOLE in found.split:
        rows, moved = _with_every_class(rows)
        how += [f"{moved} sequences went to train: they hold classes it lacked"] if moved else []
    facts = {"columns": columns, "seed": seed, "steps": dict(_steps(rows))}
    return examples_of("label_steps", rows, name=name, facts=facts, notes=[*notes, *how])


def _steps(rows: Collected) -> Counter[str]:
    counts: Counter[str] = Counter()
    for tags, split in zip(rows.targets, rows.split, strict=True):
        counts[split] += len(tags)
    return counts


def _with_every_class(rows: Collected) -> tuple[Collected, int]:
    """The rows with enough of them in train that it holds every class, and how many went there."""
    known = {tag for tags, split in zip(rows.targets, rows.split, strict=True) if split == "train" for tag in tags}
    wanted: set[Hashable] = set()
    for item, tags in zip(rows.items, rows.targets, strict=True):
        if not known.issuperset(tags):
            wanted.add(form(item))
            known.update(tags)
    moved = [form(item) in wanted for item in rows.items]
    split = ["train" if goes else here for goes, here in zip(moved, rows.split, strict=True)]
    return Collected(rows.items, rows.targets, split), sum(moved)
