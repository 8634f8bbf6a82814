"""Pairs of ids with the tables that they point to, in the layouts in which such sets are published.

Magellan and DeepMatcher: tableA.csv and tableB.csv with a column id; train.csv, valid.csv and test.csv with ltable_id,
rtable_id and label. BEIR: queries.jsonl and corpus.jsonl with _id, text (and title); qrels/train.tsv, dev.tsv and
test.tsv with query-id, corpus-id and score.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seqtwin.data.files.rows import Quoting
from seqtwin.data.files.tables import ENDINGS, Table, read_table
from seqtwin.data.reading.choose_columns import SidePair, side_pairs
from seqtwin.errors import DataError

ID_NAMES = ("id", "_id")
TABLE_NAMES = (("tableA", "tableB"), ("ltable", "rtable"), ("left", "right"), ("queries", "corpus"))
SPLIT_NAMES = {"train": ("train",), "dev": ("dev", "valid", "validation", "val"), "test": ("test",)}


@dataclass(frozen=True)
class Tables:
    """The two tables that the ids of a file of pairs point to."""

    left: Path
    right: Path


@dataclass(frozen=True)
class Layout:
    """The files of a data set. `files`: by split, or one under "file"; `tables`: None where the files hold texts."""

    files: dict[str, Path]
    tables: Tables | None = None


def layout_of(path: Path) -> Layout:
    """The files that a path names: one file, or a folder with a file for each split and perhaps two tables beside them.

    Raises: DataError for a folder that holds no such files.
    """
    if not path.is_dir():
        return Layout({"file": path})
    tables = next((found for names in TABLE_NAMES if (found := _tables(path, *names))), None)
    places = [path / "qrels", path] if tables else [path]
    partial = [files for place in places for ending in ENDINGS if (files := _splits(place, ending))]
    best = max(partial, key=len, default={})
    if {"train", "test"} <= set(best):
        return Layout(best, tables)
    if tables and len(best) == 1:  # BEIR's smaller sets have a test file alone
        return Layout({"file": next(iter(best.values()))}, tables)
    raise _incomplete(path, best)


def _tables(folder: Path, left: str, right: str) -> Tables | None:
    for ending in ENDINGS:
        found = folder / f"{left}{ending}", folder / f"{right}{ending}"
        if all(one.is_file() for one in found):
            return Tables(*found)
    return None


def _splits(folder: Path, ending: str) -> dict[str, Path]:
    """The files of a folder that are named as splits are: train.csv, or as published, en_x-ud-train.conllu."""
    files = sorted(folder.glob(f"*{ending}"))
    found = {}
    for split, names in SPLIT_NAMES.items():
        exact = [folder / f"{name}{ending}" for name in names if (folder / f"{name}{ending}").is_file()]
        ends = tuple(f"{sign}{name}" for name in names for sign in "-_.")
        alike = [path for path in files if path.name.removesuffix(ending).endswith(ends)]
        if exact or len(alike) == 1:
            found[split] = (exact or alike)[0]
    return found


def _incomplete(path: Path, most: dict[str, Path]) -> DataError:
    there = f"; found only {', '.join(one.name for one in most.values())}" if most else ""
    cause = f"this is a directory without train and test files of one kind{there}"
    return DataError("DATA_FOLDER", cause, place=str(path), remedy=f"name one file ({', '.join(ENDINGS)})")


def read_joined(path: Path, tables: Tables | None, quoting: Quoting | None = None) -> Table:
    """The table of a file; where `tables` are given, with the columns of the rows that its ids name: left_NAME and
    right_NAME. `quoting`: what quotes in the file itself mean, None where it decides.

    Raises: DataError for a file without two columns of ids, for an id that stands twice in its table, and with all rows
    whose ids are in no table.
    """
    table = read_table(path, quoting=quoting)
    if tables is None:
        return table
    keys = _keys(table)
    columns, notes = dict(table.columns), list(table.notes)
    for side, key, where in (("left", keys.left, tables.left), ("right", keys.right, tables.right)):
        other = read_table(where, quoting=quoting)
        other.finish("correct or remove these rows")
        notes += [f"{where.name}: {note}" for note in other.notes]
        columns |= _beside(table, side, key, other)
    table.finish("correct these ids, or remove the rows")
    return Table(path, columns, table.lines, table.problems, list(dict.fromkeys(notes)))


def _keys(table: Table) -> SidePair:
    known = [pair for pair in side_pairs(list(table.columns)) if pair.of_ids]
    if len(known) != 1:
        found = ", ".join(table.columns)
        cause = f"expected two columns of ids, one for each table (such as ltable_id and rtable_id); found: {found}"
        raise DataError("DATA_IDS", cause, place=table.place, remedy="rename them so, or leave the tables out")
    return known[0]


def _beside(table: Table, side: str, key: str, other: Table) -> dict[str, list[Any]]:
    """The columns of the other table, row for row; ids that it lacks are problems of their rows.

    Raises: DataError for a column that the file of pairs has already.
    """
    taken = [name for name in other.columns if f"{side}_{name}" in table.columns and f"{side}_{name}" != key]
    if taken:
        cause = f"the column {side}_{taken[0]} is in this file and comes from {other.path.name}, too"
        raise DataError("DATA_JOIN", cause, place=table.place, remedy="rename one of them, or leave the tables out")
    place = _places(other, key)
    rows = [place.get(_id_form(value) or "") for value in table.columns[key]]
    for row, found in enumerate(rows):
        if found is None:
            shown = str(table.columns[key][row])[:40]
            table.report(row, key, f"no row of {other.path.name} has the id {shown!r}")
    return {
        f"{side}_{name}": [None if row is None else values[row] for row in rows]
        for name, values in other.columns.items()
        if f"{side}_{name}" != key
    }


def _places(other: Table, key: str) -> Mapping[str, int]:
    name = next((one for one in (*ID_NAMES, key, key.partition("_")[2]) if one in other.columns), None)
    if name is None:
        cause = f"no column of ids; expected one called {' or '.join(ID_NAMES)}, found: {', '.join(other.columns)}"
        raise DataError("DATA_IDS", cause, place=other.place, remedy="rename the column that the pairs point to")
    found: dict[str, int] = {}
    for row, value in enumerate(other.columns[name]):
        form = _id_form(value)
        if form is None:
            other.report(row, name, "the id is empty")
        elif form in found:
            other.report(row, name, f"the id {value!r} occurs twice")
        else:
            found[form] = row
    other.finish("each id must name one row")
    return found


def _id_form(value: Any) -> str | None:
    """How ids are compared: without blanks around them, the number 7.0 of a column with gaps as 7; None for no id."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()
    return text or None
