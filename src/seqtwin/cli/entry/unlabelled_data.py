"""Labelled pairs for `init`, from a list of texts or from pairs that are all the same, in a file next to the config."""

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from seqtwin.errors import ConfigError

if TYPE_CHECKING:
    from seqtwin.data.inspect_file import Inspection
    from seqtwin.data.made_pairs import MadePair
    from seqtwin.data.reading.column_options import ColumnOptions

PLAIN = {".txt", ".txt.gz"}


@dataclass(frozen=True)
class Labelled:
    """Data with labels. `path`: of the data; `options`: its columns; `notes`: what was made; `then`: a last command."""

    path: Path
    options: "ColumnOptions"
    notes: tuple[str, ...] = ()
    then: str = ""


def labelled_data(data: Path, options: "ColumnOptions", out: Path, *, all_same: bool) -> Labelled:
    """The data, or a file of pairs made from them: from a list of texts, or with `all_same` from pairs without labels.

    `out`: the config, next to which the file is written.

    Raises: ConfigError, DataError.
    """
    if all_same:
        rows = _same_pairs(data, options)
        note = f"all {len(rows):,} pairs are labelled as the same (--all-same), in {{path}}"
        return _written(rows, out, options, note)
    texts = _list_of(data, options)
    if texts is None:
        return Labelled(data, options)
    from seqtwin.data.made_pairs import pairs_from_list

    rows = pairs_from_list(texts)
    same = sum(row.label for row in rows)
    note = (
        f"a list of {sum(bool(text.strip()) for text in texts):,} texts without labels: {same:,} same pairs were made "
        f"by changing texts (typos, swapped and left-out words), and {len(rows) - same:,} different pairs of similar "
        "texts, in {path}. Real duplicates may differ in other ways: label a --sample with seqtwin dedupe"
    )
    column = f" --column {shlex.quote(options.text)}" if options.text else ""
    encoder = shlex.quote(f"runs/{out.stem}")  # where train writes it
    then = f"seqtwin dedupe {encoder} {shlex.quote(str(data))}{column} -o clusters.csv"
    return _written(rows, out, options, note, then)


def _written(rows: "Sequence[MadePair]", out: Path, options: "ColumnOptions", note: str, then: str = "") -> Labelled:
    from seqtwin.files import publish_text, refuse_existing

    path = out.with_name(f"{out.stem}.pairs.jsonl")
    refuse_existing(path)
    publish_text(path, "".join(json.dumps(vars(row), ensure_ascii=False) + "\n" for row in rows))
    return Labelled(path, replace(options, left=None, right=None, text=None), (note.format(path=path),), then)


def _same_pairs(data: Path, options: "ColumnOptions") -> "list[MadePair]":
    """The pairs of a table without labels, as same pairs. Raises: ConfigError for a table with labels; DataError."""
    from seqtwin.data.files.columns import joined_texts
    from seqtwin.data.files.tables import read_table
    from seqtwin.data.made_pairs import MadePair
    from seqtwin.data.reading.choose_columns import choose_sides, choose_target

    table = read_table(data, quoting=options.quoting)
    target = choose_target(table, options)
    sides = choose_sides(table, options, target)
    if target is not None or sides is None:
        cause = f"column '{target}' has labels" if target else "there are no two columns of texts"
        remedy = "leave out --all-same" if target else "name them: --left NAME --right NAME"
        raise ConfigError(
            "INIT_ALL_SAME", f"{cause}, but --all-same is for pairs without labels", place=str(data), remedy=remedy
        )
    lefts, rights = (joined_texts(table, side, empty="unk")[0] for side in sides)
    table.finish("correct or remove these rows first")
    return [MadePair(a, b, 1) for a, b in zip(lefts, rights, strict=True) if a.strip() and b.strip()]


def _list_of(data: Path, options: "ColumnOptions") -> list[str] | None:
    """The texts of a .txt file, of a table with a single column, or of the column --text of a table without classes."""
    from seqtwin.data.files.columns import joined_texts
    from seqtwin.data.files.formats import format_of
    from seqtwin.data.files.read_text import read_text
    from seqtwin.data.files.tables import read_table
    from seqtwin.data.inspect_file import CLASSES

    if data.is_dir() or options.pair or options.label:
        return None
    if data.name.lower().endswith(tuple(PLAIN)):
        return read_text(data).split("\n")
    form = format_of(data)
    if form is None or form.texts is not None:
        return None
    table = read_table(data, quoting=options.quoting)
    table.finish("correct or remove these rows first")
    has_classes = any(name.lower() in CLASSES for name in table.columns)
    if has_classes or (options.text is None and len(table.columns) != 1):
        return None
    return list(joined_texts(table, (options.text or next(iter(table.columns)),), empty="unk")[0])


def classify_hint(inspection: "Inspection", data: Path, *, classify: bool) -> list[str]:
    """A line about --classify, for texts or series with a class from which pairs are drawn."""
    from seqtwin.data.starter_config import OF_CLASSES

    if classify or inspection.kind not in OF_CLASSES:
        return []
    return [f"to predict the class instead: seqtwin init {shlex.quote(str(data))} --classify"]


def refuse_without_classes(inspection: "Inspection", data: Path) -> None:
    """Check that there is a class per text or series. Raises: ConfigError."""
    from seqtwin.data.starter_config import KINDS, OF_CLASSES

    if inspection.kind not in OF_CLASSES:
        cause = f"expected texts or series with a class, found {KINDS[inspection.kind]}"
        raise ConfigError("INIT_CLASSIFY", cause, place=str(data), remedy="leave out --classify")
