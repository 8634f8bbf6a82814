"""Texts with a text to write of each: themselves (an auto-encoder), or another one (a translation)."""

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
REMEDY_SEEN = "give texts that training does not hold, or one file, which is cut so"


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
    """Every distinct text of some columns, to be written again. No text of test stands in train or dev, none of dev in
    train, whatever its case and white space: those that would are left out and counted.

    `more`: files of further training texts, read from those of the columns that they have; what stands in dev or test
    is left out.

    Raises: DataError with all bad rows of a file, or when no text is left in a split.
    """
    check_settings(None, fractions, empty)
    tables = {split: read_text_table(path, quoting=quoting) for split, path in by_split(files).items()}
    found = collected({split: _itself(_distinct(table, texts, empty)) for split, table in tables.items()})
    rows, how = cut(found, [""] * len(found.items), fractions, seed, what="by texts")
    unseen, removed = _unseen(rows)
    further = [read_text_table(path, quoting=quoting) for path in more]
    whole, said, facts = _with_more(unseen, further, texts, empty)
    notes = [*_reading_notes([*tables.values(), *further]), *how, *_removed_notes(rows, removed), *said]
    settings = {"columns": list(texts), "seed": seed, "removed": removed, "more": facts}
    return examples_of("decode", whole, name=name or stem(files), facts=settings, notes=notes)


def _itself(items: list[str]) -> tuple[list[str], list[str]]:
    return items, items


def _reading_notes(tables: Iterable[Table]) -> list[str]:
    return [note for table in tables for note in table.notes]


def _distinct(table: Table, columns: Sequence[str], empty: str) -> list[str]:
    for name in columns:
        column(table, name)
    return _texts_of(table, columns, empty)


def _texts_of(table: Table, columns: Sequence[str], empty: str) -> list[str]:
    """The distinct texts in the order of the rows; of a blank one nothing is to be written."""
    read = [column_texts(table, name, empty=empty)[0] for name in columns]
    table.finish(REMEDY_EMPTY)
    found = list(dict.fromkeys(text for row in zip(*read, strict=True) for text in row if text.strip()))
    if not found:
        raise DataError("DATA_NO_ROWS", "no texts are left: all are empty", place=table.place)
    return found


def _unseen(rows: Collected) -> tuple[Collected, dict[str, int]]:
    """The rows without those of dev that stand in train, and those of test that stand in either; how many these were.

    Raises: DataError for a split of which nothing is left.
    """
    forms = [form(item) for item in rows.items]
    held = {split: {key for key, at in zip(forms, rows.split, strict=True) if at == split} for split in SPLITS}
    known: dict[str, set[Hashable]] = {"train": set(), "dev": held["train"], "test": held["train"] | held["dev"]}
    keep = [key not in known[split] for key, split in zip(forms, rows.split, strict=True)]
    kept = rows.where(keep)
    removed = {split: rows.split.count(split) - kept.split.count(split) for split in SPLITS[1:]}
    for split, count in removed.items():
        if count and count == rows.split.count(split):
            cause = f"each of the {count} texts of {split} stands in the training texts (or in dev)"
            raise DataError("DATA_NO_ROWS", cause, place=split, remedy=REMEDY_SEEN)
    return kept, removed


def _removed_notes(rows: Collected, removed: dict[str, int]) -> list[str]:
    where = {"dev": "train", "test": "train or dev"}
    return [
        f"{count} of {rows.split.count(split)} texts of {split} stand in {where[split]} too and were left out"
        for split, count in removed.items()
        if count
    ]


def _with_more(
    rows: Collected, more: Sequence[Table], columns: Sequence[str], empty: str
) -> tuple[Collected, list[str], dict[str, int]]:
    """The rows with further training texts, a sentence for each thing decided, and how many texts there were."""
    if not more:
        return rows, [], {}
    found = list(dict.fromkeys(text for table in more for text in _further(table, columns, empty)))
    kept_back = {form(item) for item, split in zip(rows.items, rows.split, strict=True) if split != "train"}
    free = [text for text in found if form(text) not in kept_back]
    known = set(rows.items)
    fresh = [text for text in free if text not in known]
    notes = [f"{len(fresh)} further training texts from {len(more)} file(s)"]
    if len(found) > len(free):
        notes.append(f"{len(found) - len(free)} of the further texts stand in dev or test and were left out")
    added = Collected([*rows.items, *fresh], [*rows.targets, *fresh], [*rows.split, *["train"] * len(fresh)])
    return added, notes, {"files": len(more), "texts": len(fresh), "left_out": len(found) - len(free)}


def _further(table: Table, columns: Sequence[str], empty: str) -> list[str]:
    own = [name for name in columns if name in table.columns]
    if not own:
        column(table, columns[0])  # says which columns there are
    return _texts_of(table, own, empty)


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
    """Texts of one column with those of another to be written of them; of pairs with a `label` those that are the same.

    One file alone is cut so that no left text stands in two splits. A pair that repeats in its split counts once.

    Raises: DataError with all bad rows of a file, or when no pair is left.
    """
    check_settings(None, fractions, empty)
    tables = {split: read_text_table(path, quoting=quoting) for split, path in by_split(files).items()}
    found = collected({split: _pairs_of(table, left, right, label, empty) for split, table in tables.items()})
    distinct = found.where(firsts(found))
    rows, how = cut(distinct, [""] * len(distinct.items), fractions, seed, what="by left texts")
    notes = [*_reading_notes(tables.values()), *how]
    repeated = len(found.items) - len(rows.items)
    notes += [f"{repeated} repeated pairs left out"] if repeated else []
    facts = {"columns": [left, right, *([label] if label else [])], "seed": seed, "repeated": repeated}
    return examples_of("decode", rows, name=name or stem(files), facts=facts, notes=notes)


def _pairs_of(table: Table, left: str, right: str, label: str | None, empty: str) -> tuple[list[str], list[str]]:
    for needed in (left, right, *([label] if label else [])):
        column(table, needed)
    lefts, keep_left = column_texts(table, left, empty=empty)
    rights, keep_right = column_texts(table, right, empty="error" if empty == "error" else "drop")  # nothing to write
    same = read_labels(table, label) == 1 if label else np.ones(len(table), dtype=bool)
    table.finish(REMEDY_EMPTY)
    rows = np.flatnonzero(keep_left & keep_right & same)
    if not len(rows):
        cause = "no pairs are left: a text of each is empty" + (f", or '{label}' calls it different" if label else "")
        raise DataError("DATA_NO_ROWS", cause, place=table.place)
    return [lefts[row] for row in rows], [rights[row] for row in rows]


def up_to(data: Examples, longest: int) -> Examples:
    """The examples, of dev and test only those whose text to be written has at most so many words and signs.

    >>> up_to(Examples("decode", ["a b", "c!?"], ["a b", "c!?"], ["train", "test"], "tiny"), 2).items
    ['a b']
    """
    rows = enumerate(zip(data.targets, data.split, strict=True))
    kept = [row for row, (text, split) in rows if split == "train" or len(PIECE.findall(text)) <= longest]
    left_out = len(data.targets) - len(kept)
    return replace(
        data,
        items=[data.items[row] for row in kept],
        targets=[data.targets[row] for row in kept],
        split=[data.split[row] for row in kept],
        notes=(*data.notes, f"{left_out:,} texts of dev and test are left out: they have more than {longest} words"),
    )
