"""The inputs of index and search, from files and the command line: texts, or series."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from seqtwin.cli import console
from seqtwin.errors import ConfigError, DataError

if TYPE_CHECKING:
    import numpy as np

    from seqtwin.data.files.rows import Quoting
    from seqtwin.data.reading.column_options import Gaps
    from seqtwin.index.hits import Encoder
    from seqtwin.index.index import Index

Item: TypeAlias = "str | np.ndarray"  # a text, or a series [time channels]


def check_column(encoder: Path, path: Path, column: str | None, quoting: "Quoting | None" = None) -> None:
    """Check the column of texts before the encoder is loaded, which takes seconds. An encoder of series has none.

    Raises: ConfigError, DataError.
    """
    from seqtwin.data.reading.blocks import read_blocks
    from seqtwin.data.reading.choose_columns import texts_named
    from seqtwin.inference.vector_files import text_column
    from seqtwin.paths import takes_texts

    if not takes_texts(encoder):
        return
    name = text_column(path, column)
    first = next(read_blocks(path, quoting=quoting), None)
    if first is not None and len(first):
        texts_named(first, name, empty="unk")


@dataclass(frozen=True)
class Corpus:
    """Texts or series to index. `ids`: None if the file has none; `metadata`: column name -> values."""

    items: Sequence[Item]
    ids: list[str] | None
    metadata: Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Read:
    """How a corpus is read, as typed."""

    path: Path
    column: str | None
    id_column: str | None
    metadata: Sequence[str]
    gaps: str


@dataclass(frozen=True)
class Queries:
    """Queries and their names in the output: the text itself, or the id of a series."""

    items: Sequence[Item]
    names: list[str]


def read_corpus(
    encoder: "Encoder",
    path: Path,
    column: str | None,
    id_column: str | None,
    metadata: Sequence[str],
    gaps: "Gaps" = "error",
) -> Corpus:
    """The texts or series of a file. Series keep their ids and, as metadata, their labels.

    Raises: DataError, ConfigError.
    """
    if encoder.inputs == "series":
        return _series(encoder, path, [column, id_column, *metadata], gaps)
    texts = read_lines(path, column, blank=True)
    if column is None:
        if id_column or metadata:
            raise ConfigError(
                "INDEX_COLUMN", "--id and --metadata need a table", place=str(path), remedy="add --column NAME"
            )
        return Corpus(texts, None, {})
    from seqtwin.data.reading.pair_tables import read_values

    ids = _ids(path, id_column, texts) if id_column else None
    values = read_values(path, metadata) if metadata else []
    return Corpus(texts, ids, dict(zip(metadata, values, strict=True)))


def corpus_line(path: Path, rows: Corpus, column: str | None, id_column: str | None) -> str:
    """A summary of the file of a corpus: rows, and the columns used."""
    from seqtwin.data.file_summary import columns_line

    roles: dict[str, str | Sequence[str]] = {"text": column or "the whole line"}
    if rows.items and not isinstance(rows.items[0], str):
        roles = {"series": "one per id"}
    roles |= {"id": id_column or "the row number"} if rows.ids is None or id_column else {"id": "series_id"}
    return columns_line(
        path.name, len(rows.items), roles | ({"metadata": list(rows.metadata)} if rows.metadata else {})
    )


def refuse_index(out: Path, changed: "Index | None", kind: str | None) -> None:
    """Check the output of `index`. `changed`: the index that it changes, None for a new one; `kind`: as typed.

    Raises: ConfigError for an output that exists, or for another kind than that of the index.
    """
    from seqtwin.files import refuse_existing
    from seqtwin.index.generations import is_index

    if changed is not None and kind not in (None, changed.kind):
        cause = f"the index is of kind {changed.kind}, which --add and --remove do not change to {kind}"
        remedy = "leave --kind out, or build a new index of all texts"
        raise ConfigError("INDEX_KIND", cause, place=str(out), remedy=remedy)
    if changed is None and is_index(out):
        cause = "an index exists in this folder and is never overwritten"
        raise ConfigError("OUT_EXISTS", cause, place=str(out), remedy="use --add or --remove, or choose another --out")
    if changed is None:
        refuse_existing(out)


def note_numbered_ids(index: "Index", ids: Sequence[str] | None) -> None:
    """A note if new items get row numbers in an index whose ids are of another form."""
    other = next((id_ for id_ in index.ids if not id_.isdecimal()), None) if ids is None else None
    if other is not None:
        cause = f"the index has ids such as '{other[:72]}', but the new texts get row numbers as ids"
        console.print_notice(f"note: {cause}; --id NAME reads ids from a column")


def _ids(path: Path, column: str, texts: Sequence[str]) -> list[str]:
    """The ids of the items. A row with no text needs no id.

    Raises: DataError.
    """
    from seqtwin.data.reading.pair_tables import read_values

    ids = read_values(path, [column])[0]
    rows = enumerate(zip(ids, texts, strict=True), 1)
    bad = [row for row, (name, text) in rows if text.strip() and not name.strip()]
    if bad:
        cause = f"column '{column}': the id is empty in {len(bad)} rows with a text, first in row {bad[0]}"
        raise DataError("INDEX_IDS", cause, place=str(path), remedy="add the ids, or name another column with --id")
    return ids


def _series(encoder: "Encoder", path: Path, named: Sequence[str | None], gaps: "Gaps") -> Corpus:
    from seqtwin.data.reading.series import read_series_file

    if any(named):
        cause = "--column, --id and --metadata are for texts; a file of series has its own ids and labels"
        raise ConfigError("INDEX_COLUMN", cause, place=str(path), remedy="remove these options")
    file = read_series_file(path, channels=encoder.channels, gaps=gaps)
    # series without names get the next numbers of the index
    ids = file.ids if file.named else None
    return Corpus(file.series, ids, {} if file.labels is None else {"label": file.labels})


def check_search(queries: list[str], file: Path | None, k: int) -> None:
    """The arguments of `search`, before the index and its encoder are loaded, which takes seconds.

    Raises: ConfigError for two sources of queries, and for k.
    """
    from seqtwin.index.check_input import check_k

    check_k(k)
    if queries and file:
        raise ConfigError("SEARCH_WHAT", "expected queries or --queries FILE, got both", place="search")


def read_queries(encoder: "Encoder", queries: list[str], file: Path | None, column: str | None) -> Queries | None:
    """The queries from the command line or a file. None: prompt for them on the terminal.

    Raises: DataError; ConfigError for no queries, and for a series on the command line.
    """
    if encoder.inputs == "series":
        return _series_queries(encoder, file, column)
    if file is not None or queries:
        texts = queries or read_lines(file or Path(), column)
        return Queries(texts, texts)
    if sys.stdin.isatty():
        return None
    remedy = "add queries, or a file with --queries FILE"
    raise ConfigError("SEARCH_NO_QUERY", "no query, and no terminal to prompt for one", place="search", remedy=remedy)


def _series_queries(encoder: "Encoder", file: Path | None, column: str | None) -> Queries:
    if file is None or column:
        cause = "an index of series expects a file of series as queries"
        raise ConfigError("SEARCH_SERIES", cause, place="search", remedy="use --queries FILE, without --column")
    from seqtwin.data.reading.series import read_series_file

    series = read_series_file(file, channels=encoder.channels)
    return Queries(series.series, series.ids)


def read_lines(path: Path, column: str | None, *, blank: bool = False) -> list[str]:
    """The lines of a text file, or one column of a table. `blank`: keep blank texts instead of refusing them.

    Raises: DataError, ConfigError.
    """
    from seqtwin.inference.vector_files import read_texts

    return list(read_texts(path, column, blank=blank))


def read_ids(path: Path, column: str | None) -> list[str]:
    """The ids in the lines of a text file, or in one column of a table; those of numbers, too. Blank ones are left out.

    Raises: DataError, ConfigError.
    """
    from seqtwin.data.files.formats import format_of
    from seqtwin.data.reading.pair_tables import read_values
    from seqtwin.inference.vector_files import text_column

    name = text_column(path, column)
    ids = read_values(path, [name])[0] if format_of(path) is not None else read_lines(path, None)
    return [id_ for id_ in ids if id_.strip()]
