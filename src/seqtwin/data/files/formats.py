"""FORMATS: the file formats by file name ending. All readers and messages use this table."""

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

from seqtwin.data.files.conllu import read_sentences, read_words
from seqtwin.data.files.delimited import check_header, read_csv, read_tsv
from seqtwin.data.files.headers import separator_of
from seqtwin.data.files.json_tables import read_json
from seqtwin.data.files.jsonl import read_jsonl
from seqtwin.data.files.parquet import open_parquet, read_batches
from seqtwin.data.files.read_text import GZIP, ending_of, is_gzip, require_file, stream_lines
from seqtwin.data.files.rows import Opened, Quoting, Row, Rows
from seqtwin.data.files.ts import read_ts
from seqtwin.errors import ConfigError, DataError, missing_extra

BATCH = 8192  # rows of a parquet file in memory at a time
FIRST_LINES = 50  # inspected for a hint
LINES = "text"  # the name of the column of a file without columns
Reader = Callable[[Opened], Rows]


@dataclass(frozen=True)
class Format:
    """A file format.

    `description`: for messages; `rows`: the reader; `texts`: another reader for commands that expect one text per row,
    if a row is less than a text; `delimiter`: of a file with quotes; `packable`: may be compressed with gzip; `binary`:
    the reader opens the file itself; `named_series`: the file has ids of its series.
    """

    description: str
    rows: Reader
    texts: Reader | None = None
    delimiter: str | None = None
    packable: bool = True
    binary: bool = False
    named_series: bool = True


def _read_parquet(file: Opened) -> Rows:
    try:
        import pyarrow
    except ImportError as error:
        raise missing_extra("pyarrow", "parquet") from error
    require_file(file.path)
    try:
        with open_parquet(file.path) as content:
            names = list(content.schema_arrow.names)
            check_header(names, file.path)
            file.header.extend(names)
            batches = (_rows_of(batch) for batch in read_batches(content, BATCH))
            yield from enumerate(chain.from_iterable(batches), 1)  # rows have numbers here, not lines
    except (pyarrow.ArrowException, OSError) as error:
        cause, remedy = f"not a readable parquet file: {error}", "write it again, or leave it out"
        raise DataError("DATA_PARQUET", cause, place=str(file.path), remedy=remedy) from error


def _rows_of(batch: Any) -> list[Row]:
    """The rows of a batch. A row with a value that Python lacks, such as a date in the year 20000, is a problem."""
    try:
        return list(batch.to_pylist())
    except (ValueError, OverflowError):
        return [_row_of(batch, row) for row in range(batch.num_rows)]


def _row_of(batch: Any, row: int) -> Row:
    values: dict[str, object] = {}
    for name, cells in zip(batch.schema.names, batch.columns, strict=True):
        try:
            values[name] = cells[row].as_py()
        except (ValueError, OverflowError) as error:
            return f"column '{name}': cannot be read: {error}"
    return values


def read_lines(file: Opened) -> Rows:
    """One row per line, with the single column `text`."""
    file.header.append(LINES)
    for number, line in enumerate(file.lines(), 1):
        yield number, {LINES: line.removesuffix("\n")}


FORMATS: dict[str, Format] = {
    ".csv": Format("comma-separated table", read_csv, delimiter=","),
    ".tsv": Format("tab-separated table", read_tsv, delimiter="\t"),
    ".jsonl": Format("table of one JSON object per line", read_jsonl),
    ".json": Format("JSON list of objects, or a training file of dedupe", read_json),
    ".parquet": Format("parquet table", _read_parquet, packable=False, binary=True),
    ".ts": Format("series of the UEA and UCR archives", read_ts, named_series=False),
    ".conllu": Format("sentences of Universal Dependencies", read_words, texts=read_sentences),
}
ENDINGS = (*FORMATS, *(f"{ending}{GZIP}" for ending, form in FORMATS.items() if form.packable))
KNOWN = f"{', '.join(FORMATS)} (and .csv{GZIP}, .tsv{GZIP}, ...)"
LIST = ".txt"
FOREIGN = {  # other formats, and what to do with them
    LIST: "has one text per line and no columns; seqtwin init makes labelled pairs from it; other data need a table",
    ".xlsx": "is a spreadsheet; save it as .csv",
    ".xls": "is a spreadsheet; save it as .csv",
    ".ods": "is a spreadsheet; save it as .csv",
    ".npy": "contains an array; write a table",
    ".npz": "contains arrays; write a table",
    ".pkl": "is a Python pickle, which is never loaded; write a table",
    ".arff": "is not supported; the archives offer the same data as .ts",
    ".yaml": "is a config, not data",
    ".yml": "is a config, not data",
}


def format_of(path: Path) -> Format | None:
    """The format of a file by its ending, None for an unknown ending.

    Raises: DataError for .gz after the ending of a format that is not read from gzip.

    >>> format_of(Path("a.tsv.gz")).description, format_of(Path("a.txt"))
    ('tab-separated table', None)
    """
    form = FORMATS.get(ending_of(path))
    if form is not None and is_gzip(path) and not form.packable:
        cause = f"a {ending_of(path)} file is compressed by itself and is not read from gzip"
        raise DataError("DATA_FORMAT", cause, place=str(path), remedy=f"unpack it: gunzip {path.name}")
    return form


def has_words(path: Path) -> bool:
    """Whether each row of a file is one word of a sentence, by its ending.

    >>> has_words(Path("a.conllu")), has_words(Path("a.csv"))
    (True, False)
    """
    form = format_of(path)
    return form is not None and form.texts is not None


def described(path: Path) -> str:
    """A description of a file by its ending, for messages.

    >>> described(Path("a.csv.gz"))
    'comma-separated table (gzip)'
    """
    form = format_of(path)
    return ("text" if form is None else form.description) + (" (gzip)" if is_gzip(path) else "")


def unknown_format(path: Path) -> DataError:
    """The error for a file whose ending is not that of a table."""
    ending = ending_of(path)
    if ending in FOREIGN:
        cause = f"a {ending} file {FOREIGN[ending]}; known: {KNOWN}"
    else:
        cause = f"unknown ending '{path.suffix}'; known: {KNOWN}"
    seen = _looks_like(path)
    usual = "choose a data file" if ending in FOREIGN else "a config ends in .yaml or .yml"
    if ending == LIST:
        usual = f"make labelled pairs of it: seqtwin init {shlex.quote(str(path))}; or choose a table"
    remedy = f"its lines look like those of a {seen} file: rename it" if seen else usual
    return DataError("DATA_FORMAT", cause, place=str(path), remedy=remedy)


def _looks_like(path: Path) -> str | None:
    """The ending that fits the first lines of a text file."""
    try:
        return separator_of([line for line in islice(stream_lines(path), FIRST_LINES) if line.strip()])
    except DataError:
        return None


def refuse_quoting(path: Path, quoting: Quoting | None) -> None:
    """Check that `quoting` is only set for formats with quotes.

    Raises: ConfigError.
    """
    form = format_of(path)
    if quoting is not None and (form is None or form.delimiter is None):
        quoted = " and ".join(ending for ending, known in FORMATS.items() if known.delimiter)
        cause = f"quoting: {quoting} is for {quoted} files; this is a {described(path)} file"
        raise ConfigError("CONFIG_DATA", cause, place="data.quoting", remedy="remove data.quoting (--quoting)")


def refuse_foreign(path: Path) -> None:
    """Check that a file can have one text per line: its format is not a known other one.

    Raises: DataError.
    """
    if ending_of(path) in FOREIGN.keys() - {LIST}:
        raise unknown_format(path)
