"""Pairs of ids joined with the tables they refer to, in the usual layouts of published data sets.

Magellan and DeepMatcher: tableA.csv and tableB.csv with a column id; train.csv, valid.csv and test.csv with ltable_id,
rtable_id and label. BEIR: queries.jsonl and corpus.jsonl with _id, text (and title); qrels/train.tsv, dev.tsv and
test.tsv with query-id, corpus-id and score.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from seqtwin.data.files.columns import as_written
from seqtwin.data.files.formats import ENDINGS
from seqtwin.data.files.rows import Quoting
from seqtwin.data.files.tables import Table, read_table
from seqtwin.data.reading.choose_columns import SidePair, side_pairs
from seqtwin.errors import DataError

ID_NAMES = ("id", "_id")
TABLE_NAMES = (("tableA", "tableB"), ("ltable", "rtable"), ("left", "right"), ("queries", "corpus"))
SPLIT_NAMES = {"train": ("train",), "dev": ("dev", "valid", "validation", "val"), "test": ("test",)}


@dataclass(frozen=True)
class Tables:
    """The two tables that the ids of pairs refer to."""

    left: Path
    right: Path


@dataclass(frozen=True)
class Layout:
    """The files of a data set. `files`: by split, or a single "file"; `tables`: None if the files contain the texts."""

    files: dict[str, Path]
    tables: Tables | None = None


def layout_of(path: Path) -> Layout:
    """The files of a path: a file, or a folder with one file per split and optionally two tables.

    Raises: DataError for a folder without such files.
    """
    if not path.is_dir():
        return Layout({"file": path})
    tables = next((pair for names in TABLE_NAMES if (pair := _tables(path, *names))), None)
    places = [path / "qrels", path] if tables else [path]
    partial = [files for place in places for ending in ENDINGS if (files := _splits(place, ending))]
    best = max(partial, key=len, default={})
    if {"train", "test"} <= set(best):
        return Layout(best, tables)
    if tables and len(best) == 1:  # small data sets in the BEIR format have only a test file
        return Layout({"file": next(iter(best.values()))}, tables)
    raise _incomplete(path, best)


def _tables(folder: Path, left: str, right: str) -> Tables | None:
    for ending in ENDINGS:
        tables = Tables(folder / f"{left}{ending}", folder / f"{right}{ending}")
        if tables.left.is_file() and tables.right.is_file():
            return tables
    return None


def _splits(folder: Path, ending: str) -> dict[str, Path]:
    """The files of a folder that are named after a split, such as train.csv or en_x-ud-train.conllu."""
    files = sorted(folder.glob(f"*{ending}"))
    splits = {}
    for split, names in SPLIT_NAMES.items():
        exact = [folder / f"{name}{ending}" for name in names if (folder / f"{name}{ending}").is_file()]
        ends = tuple(f"{sign}{name}" for name in names for sign in "-_.")
        alike = [path for path in files if path.name.removesuffix(ending).endswith(ends)]
        if exact or len(alike) == 1:
            splits[split] = (exact or alike)[0]
    return splits


def _incomplete(path: Path, most: dict[str, Path]) -> DataError:
    only = f"; found only {', '.join(file.name for file in most.values())}" if most else ""
    cause = f"this is a directory without train and test files of the same format{only}"
    config = path / "config.yaml"
    remedy = f"choose one file ({', '.join(ENDINGS)})"
    if config.is_file():
        remedy = f"this is the folder of a run: name its config, {config}, to repeat it"
    return DataError("DATA_FOLDER", cause, place=str(path), remedy=remedy)


def read_joined(path: Path, tables: Tables | None, quoting: Quoting | None = None) -> Table:
    """The table of a file. With `tables`, also the columns of the rows that its ids refer to: left_NAME, right_NAME.

    `quoting`: the meaning of quotes, None to infer it from the file.

    Raises: DataError for a file without two columns of ids, for an id that occurs twice in its table, and with all rows
    whose ids are missing in the tables.
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
        columns |= _columns_of(table, side, key, other)
    table.finish("correct these ids, or remove the rows")
    return Table(path, columns, table.lines, table.problems, list(dict.fromkeys(notes)))


def _keys(table: Table) -> SidePair:
    pairs = [pair for pair in side_pairs(list(table.columns)) if pair.of_ids]
    if len(pairs) != 1:
        names = ", ".join(table.columns)
        cause = f"expected two columns of ids, such as ltable_id and rtable_id; found: {names}"
        raise DataError("DATA_IDS", cause, place=table.place, remedy="rename the columns, or remove the tables")
    return pairs[0]


def _columns_of(table: Table, side: str, key: str, other: Table) -> dict[str, list[object]]:
    """The columns of the other table for each row of this one. Missing ids are reported as problems.

    Raises: DataError for a column that exists in both.
    """
    taken = [name for name in other.columns if f"{side}_{name}" in table.columns and f"{side}_{name}" != key]
    if taken:
        cause = f"the column {side}_{taken[0]} exists in this file and would also be added from {other.path.name}"
        raise DataError("DATA_JOIN", cause, place=table.place, remedy="rename one of them, or remove the tables")
    place = _places(other, key)
    rows = [place.get(_id_form(value) or "") for value in table.columns[key]]
    for row, match in enumerate(rows):
        if match is None:
            shown = str(table.columns[key][row])[:40]
            table.report(row, key, f"no row of {other.path.name} has the id {shown!r}")
    return {
        f"{side}_{name}": [None if row is None else values[row] for row in rows]
        for name, values in other.columns.items()
        if f"{side}_{name}" != key
    }


def _places(other: Table, key: str) -> Mapping[str, int]:
    names = (*ID_NAMES, key, key.partition("_")[2])
    name = next((candidate for candidate in names if candidate in other.columns), None)
    if name is None:
        cause = f"no column of ids; expected the name {' or '.join(ID_NAMES)}, found: {', '.join(other.columns)}"
        raise DataError("DATA_IDS", cause, place=other.place, remedy="rename the column that the pairs refer to")
    places: dict[str, int] = {}
    for row, value in enumerate(other.columns[name]):
        form = _id_form(value)
        if form is None:
            other.report(row, name, "the id is empty")
        elif form in places:
            other.report(row, name, f"the id {value!r} occurs twice")
        else:
            places[form] = row
    other.finish("make every id unique")
    return places


def _id_form(value: object) -> str | None:
    """The form in which ids are compared: without surrounding blanks, 7.0 as 7; None for a missing id."""
    text = as_written(value)
    return (str(value) if text is None else text).strip() or None
