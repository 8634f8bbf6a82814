"""What index and search read from files and the command line: texts, or series for an encoder of them."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqtwin.errors import ConfigError, DataError

if TYPE_CHECKING:
    from seqtwin.data.reading.column_options import Gaps
    from seqtwin.index.hits import Encoder


@dataclass(frozen=True)
class Listed:
    """Items of a corpus; ids where the file has them, columns of metadata by name."""

    items: list[Any]
    ids: list[str] | None
    metadata: dict[str, list[Any]]


@dataclass(frozen=True)
class Asked:
    """Queries, and what each is called: a text is its own name, a series has its id."""

    items: list[Any]
    names: list[str]


def read_corpus(
    encoder: "Encoder",
    path: Path,
    column: str | None,
    id_column: str | None,
    metadata: Sequence[str],
    gaps: "Gaps" = "error",
) -> Listed:
    """The items of a file for an index of this encoder; series keep their ids and, where they have one, their label.

    Raises: DataError, ConfigError.
    """
    if encoder.inputs == "series":
        return _series(encoder, path, [column, id_column, *metadata], gaps)
    texts = read_lines(path, column, blank=True)
    if column is None:
        if id_column or metadata:
            raise ConfigError("INDEX_COLUMN", "--id and --metadata need a table", place=str(path), remedy="--column")
        return Listed(texts, None, {})
    from seqtwin.data.reading.pair_tables import read_columns

    ids = _ids(path, id_column, texts) if id_column else None
    kept = read_columns(path, metadata, empty="unk") if metadata else []  # a blank field stays blank
    return Listed(texts, ids, dict(zip(metadata, kept, strict=True)))


def corpus_line(path: Path, rows: Listed, column: str | None, id_column: str | None) -> str:
    """What was understood of the file of a corpus."""
    from seqtwin.data.file_summary import columns_line

    roles: dict[str, str | Sequence[str]] = {"text": column or "the whole line"}
    if rows.items and not isinstance(rows.items[0], str):
        roles = {"series": "one per id"}
    roles |= {"id": id_column or "the row number"} if rows.ids is None or id_column else {"id": "series_id"}
    return columns_line(
        path.name, len(rows.items), roles | ({"metadata": list(rows.metadata)} if rows.metadata else {})
    )


def _ids(path: Path, column: str, texts: Sequence[str]) -> list[str]:
    """The ids of the items; a row without a text needs none.

    Raises: DataError.
    """
    from seqtwin.data.reading.pair_tables import read_columns

    found = read_columns(path, [column], empty="unk")[0]
    bad = [row for row, (one, text) in enumerate(zip(found, texts, strict=True), 1) if text.strip() and not one.strip()]
    if bad:
        cause = f"column '{column}': the id is empty in {len(bad)} rows with a text, the first is row {bad[0]}"
        raise DataError("INDEX_IDS", cause, place=str(path), remedy="fill them in, or name another column with --id")
    return found


def _series(encoder: "Encoder", path: Path, named: Sequence[str | None], gaps: "Gaps") -> Listed:
    from seqtwin.data.files.decode import ending_of
    from seqtwin.data.reading.series import read_series_file

    if any(named):
        cause = "series bring their ids and labels with them; --column, --id and --metadata are for texts"
        raise ConfigError("INDEX_COLUMN", cause, place=str(path), remedy="leave these options out")
    found = read_series_file(path, channels=encoder.channels, gaps=gaps)
    # the series of a .ts file have no names: they get the numbers that are next in the index
    ids = None if ending_of(path) == ".ts" else found.ids
    return Listed(found.series, ids, {} if found.labels is None else {"label": found.labels})


def read_queries(encoder: "Encoder", queries: list[str], file: Path | None, column: str | None) -> Asked | None:
    """The queries; None where they are to be asked for.

    Raises: DataError; ConfigError for none, for two sources of them, and for a series on the command line.
    """
    if queries and file:
        raise ConfigError("SEARCH_WHAT", "expected queries or --queries FILE, got both", place="search")
    if encoder.inputs == "series":
        return _asked_series(encoder, file, column)
    if file is not None or queries:
        texts = queries or read_lines(file or Path(), column)
        return Asked(texts, texts)
    if sys.stdin.isatty():
        return None
    remedy = "name them, or a file: --queries FILE"
    raise ConfigError("SEARCH_NO_QUERY", "no query, and no terminal to ask for one", place="search", remedy=remedy)


def _asked_series(encoder: "Encoder", file: Path | None, column: str | None) -> Asked:
    if file is None or column:
        cause = "an index of series is asked with a file of series"
        raise ConfigError("SEARCH_SERIES", cause, place="search", remedy="--queries FILE, without --column")
    from seqtwin.data.reading.series import read_series_file

    found = read_series_file(file, channels=encoder.channels)
    return Asked(found.series, found.ids)


def read_lines(path: Path, column: str | None, *, blank: bool = False) -> list[str]:
    """The lines of a text file, or a column of a table; blank ones where they are allowed.

    Raises: DataError, ConfigError.
    """
    from seqtwin.inference.vector_files import read_texts

    return list(read_texts(path, column, blank=blank))
