"""Texts with a text to generate: the text itself (an auto-encoder) or another one (a translation)."""

import re
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from seqtwin.data.examples import Examples
from seqtwin.data.files.columns import texts as column_texts
from seqtwin.data.files.rows import Quoting
from seqtwin.data.files.tables import Table, column, read_text_table
from seqtwin.data.pairs import SPLITS
from seqtwin.data.reading.pair_tables import REMEDY_EMPTY, USUAL_FRACTIONS, Files, by_split, check_settings, stem
from seqtwin.data.reading.score_scales import read_labels
from seqtwin.data.split_examples import Collected, collected, cut, examples_of, firsts, form
from seqtwin.errors import DataError

PIECE = re.compile(r"\w+|[^\w\s]")
REMEDY_SEEN = "use texts that do not occur in train, or one file, which is then split without overlap"


def read_texts(
    files: Files,
    *,
    texts: Sequence[str],
    more: Sequence[Path] = (),
    fractions: Sequence[float] = USUAL_FRACTIONS,
    seed: int = 0,
    empty: str = "error",
    name: str | None = None,
    quoting: Quoting | None = None,
) -> Examples:
    """The distinct texts of some columns, each with itself as target.

    Splits share no text, ignoring case and white space: texts of dev that occur in train, and texts of test that occur
    in train or dev, are left out and counted. `more`: files of additional training texts, from the same columns as far
    as they exist; texts of dev or test are left out.

    Raises: DataError with all bad rows of a file, or if a split has no texts left.
    """
    check_settings(None, fractions, empty)
    tables = {split: read_text_table(path, quoting=quoting) for split, path in by_split(files).items()}
    distinct = {split: _distinct(table, texts, empty) for split, table in tables.items()}
    unsplit = collected({split: (items, items) for split, items in distinct.items()})
    rows, split_notes = cut(unsplit, [""] * len(unsplit.items), fractions, seed, what="by texts")
    unseen, removed = _unseen(rows)
    further = [read_text_table(path, quoting=quoting) for path in more]
    whole, further_notes, counts = _with_more(unseen, further, texts, empty)
    reading_notes = _reading_notes([*tables.values(), *further])
    notes = [*reading_notes, *split_notes, *_removed_notes(rows, removed), *further_notes]
    facts = {"columns": list(texts), "seed": seed, "removed": removed, "more": counts}
    return examples_of("decode", whole, name=name or stem(files), facts=facts, notes=notes)


def _reading_notes(tables: Iterable[Table]) -> list[str]:
    return [note for table in tables for note in table.notes]


def _distinct(table: Table, columns: Sequence[str], empty: str) -> list[str]:
    for name in columns:
        column(table, name)
    return _texts_of(table, columns, empty)


def _texts_of(table: Table, columns: Sequence[str], empty: str) -> list[str]:
    """The distinct texts in the order of the rows, without blank ones."""
    values = [column_texts(table, name, empty=empty)[0] for name in columns]
    table.finish(REMEDY_EMPTY)
    distinct = list(dict.fromkeys(text for row in zip(*values, strict=True) for text in row if text.strip()))
    if not distinct:
        raise DataError("DATA_NO_ROWS", "no texts are left: all are empty", place=table.place)
    return distinct


def _unseen(rows: Collected) -> tuple[Collected, dict[str, int]]:
    """The rows without texts of dev that occur in train and of test that occur in either, and the removed counts.

    Raises: DataError for a split without texts left.
    """
    forms = [form(item) for item in rows.items]
    by_split = {split: {key for key, at in zip(forms, rows.split, strict=True) if at == split} for split in SPLITS}
    train, dev = by_split["train"], by_split["dev"]
    barred: dict[str, set[Hashable]] = {"train": set(), "dev": train, "test": train | dev}
    remaining = rows.where([key not in barred[split] for key, split in zip(forms, rows.split, strict=True)])
    removed = {split: rows.split.count(split) - remaining.split.count(split) for split in SPLITS[1:]}
    for split, count in removed.items():
        if count and count == rows.split.count(split):
            cause = f"all {count} texts of {split} also occur in the training texts (or in dev)"
            raise DataError("DATA_NO_ROWS", cause, place=split, remedy=REMEDY_SEEN)
    return remaining, removed


def _removed_notes(rows: Collected, removed: dict[str, int]) -> list[str]:
    where = {"dev": "train", "test": "train or dev"}
    return [
        f"{count} of {rows.split.count(split)} texts of {split} also occur in {where[split]} and were left out"
        for split, count in removed.items()
        if count
    ]


def _with_more(
    rows: Collected, more: Sequence[Table], columns: Sequence[str], empty: str
) -> tuple[Collected, list[str], dict[str, int]]:
    """The rows with further training texts, notes on what was decided, and counts."""
    if not more:
        return rows, [], {}
    further = list(dict.fromkeys(text for table in more for text in _further(table, columns, empty)))
    reserved = {form(item) for item, split in zip(rows.items, rows.split, strict=True) if split != "train"}
    free = [text for text in further if form(text) not in reserved]
    known = set(rows.items)
    fresh = [text for text in free if text not in known]
    left_out = len(further) - len(free)
    notes = [f"{len(fresh)} further training texts from {len(more)} file(s)"]
    if left_out:
        notes.append(f"{left_out} of the further texts also occur in dev or test and were left out")
    added = Collected([*rows.items, *fresh], [*rows.targets, *fresh], [*rows.split, *["train"] * len(fresh)])
    return added, notes, {"files": len(more), "texts": len(fresh), "left_out": left_out}


def _further(table: Table, columns: Sequence[str], empty: str) -> list[str]:
    present = [name for name in columns if name in table.columns]
    if not present:
        column(table, columns[0])  # its error lists the columns of the file
    return _texts_of(table, present, empty)


def read_translations(
    files: Files,
    *,
    left: str = "left",
    right: str = "right",
    label: str | None = None,
    fractions: Sequence[float] = USUAL_FRACTIONS,
    seed: int = 0,
    empty: str = "error",
    name: str | None = None,
    quoting: Quoting | None = None,
) -> Examples:
    """Texts of the column `left` with the texts of the column `right` as targets.

    `label`: column of labels; only pairs that are the same are used. One file is split; no left text is in two splits.
    Repetitions of a pair within a split are removed.

    Raises: DataError with all bad rows of a file, or if no pair is left.
    """
    check_settings(None, fractions, empty)
    tables = {split: read_text_table(path, quoting=quoting) for split, path in by_split(files).items()}
    pairs = collected({split: _pairs_of(table, left, right, label, empty) for split, table in tables.items()})
    distinct = pairs.where(firsts(pairs))
    rows, split_notes = cut(distinct, [""] * len(distinct.items), fractions, seed, what="by left texts")
    notes = [*_reading_notes(tables.values()), *split_notes]
    repeated = len(pairs.items) - len(rows.items)
    notes += [f"{repeated} repeated pairs left out"] if repeated else []
    facts = {"columns": [left, right, *([label] if label else [])], "seed": seed, "repeated": repeated}
    return examples_of("decode", rows, name=name or stem(files), facts=facts, notes=notes)


def _pairs_of(table: Table, left: str, right: str, label: str | None, empty: str) -> tuple[list[str], list[str]]:
    for name in (left, right, *([label] if label else [])):
        column(table, name)
    lefts, keep_left = column_texts(table, left, empty=empty)
    rights, keep_right = column_texts(table, right, empty="error" if empty == "error" else "drop")
    same = read_labels(table, label) == 1 if label else np.ones(len(table), dtype=bool)
    table.finish(REMEDY_EMPTY)
    rows = np.flatnonzero(keep_left & keep_right & same)
    if not len(rows):
        cause = "no pairs are left: each has an empty text" + (f", or is different by '{label}'" if label else "")
        raise DataError("DATA_NO_ROWS", cause, place=table.place)
    return [lefts[row] for row in rows], [rights[row] for row in rows]


def up_to(data: Examples, longest: int) -> Examples:
    """The examples without those of dev and test whose target has more than `longest` words and punctuation marks.

    >>> up_to(Examples("decode", ["a b", "c!?"], ["a b", "c!?"], ["train", "test"], "tiny"), 2).items
    ['a b']
    """
    rows = enumerate(zip(data.targets, data.split, strict=True))
    keep = [row for row, (text, split) in rows if split == "train" or len(PIECE.findall(text)) <= longest]
    left_out = len(data.targets) - len(keep)
    return replace(
        data,
        items=[data.items[row] for row in keep],
        targets=[data.targets[row] for row in keep],
        split=[data.split[row] for row in keep],
        notes=(*data.notes, f"{left_out:,} texts of dev and test with more than {longest} words are left out"),
    )
