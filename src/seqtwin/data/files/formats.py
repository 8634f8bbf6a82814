"""The formats of data files by their endings: the one table that every reader and every message uses."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from seqtwin.data.files.conllu import read_sentences, read_words
from seqtwin.data.files.decode import GZIP, ending_of, is_gzip, require_file, stream_lines
from seqtwin.data.files.delimited import check_header, read_csv, read_tsv
from seqtwin.data.files.headers import separator_of
from seqtwin.data.files.json_tables import read_json
from seqtwin.data.files.jsonl import read_jsonl
from seqtwin.data.files.rows import Opened, Quoting, Rows
from seqtwin.data.files.ts import read_ts
from seqtwin.errors import ConfigError, DataError, missing_extra

BATCH = 8192  # rows of a parquet file that are held at once
FIRST_LINES = 50  # looked at for a hint
LINES = "text"  # the one column of a file without columns
Reader = Callable[[Opened], Rows]


@dataclass(frozen=True)
class Format:
    """What a file with an ending is, and how its rows are read.

    `texts`: the reader for commands that work on texts, where a row of the table is no text of its own. `packable`: the
    file may be packed with gzip. `delimited`: it has quotes to decide about.
    """

    description: str
    rows: Reader
    texts: Reader | None = None
    packable: bool = True
    delimited: bool = False


def _read_parquet(file: Opened) -> Rows:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise missing_extra("pyarrow", "parquet") from error
    require_file(file.path)
    try:
        with parquet.ParquetFile(file.path) as content:
            names = list(content.schema_arrow.names)
            check_header(names, file.path)
            file.header.extend(names)
            batches = (batch.to_pylist() for batch in content.iter_batches(batch_size=BATCH))
            yield from enumerate(chain.from_iterable(batches), 1)  # rows have no lines here: their number
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError("DATA_PARQUET", f"not a readable parquet file: {error}", place=str(file.path)) from error


def read_lines(file: Opened) -> Rows:
    """One row per line, with the one column `text`."""
    file.header.append(LINES)
    for number, line in enumerate(file.lines(), 1):
        yield number, {LINES: line.removesuffix("\n")}


FORMATS: dict[str, Format] = {
    ".csv": Format("comma-separated table", read_csv, delimited=True),
    ".tsv": Format("tab-separated table", read_tsv, delimited=True),
    ".jsonl": Format("table of one JSON object per line", read_jsonl),
    ".json": Format("JSON list of objects, or a training file of dedupe", read_json),
    ".parquet": Format("parquet table", _read_parquet, packable=False),
    ".ts": Format("series of the UEA and UCR archives", read_ts),
    ".conllu": Format("sentences of Universal Dependencies", read_words, texts=read_sentences),
}
ENDINGS = (*FORMATS, *(f"{ending}{GZIP}" for ending, form in FORMATS.items() if form.packable))
KNOWN = f"{', '.join(FORMATS)} (and .csv{GZIP}, .tsv{GZIP}, ...)"
FOREIGN = {  # what these are, and what to do with them
    ".txt": "has one text per line and no columns; labelled data need a table",
    ".xlsx": "is a spreadsheet; save it as .csv",
    ".xls": "is a spreadsheet; save it as .csv",
    ".ods": "is a spreadsheet; save it as .csv",
    ".npy": "contains an array; write a table",
    ".npz": "contains arrays; write a table",
    ".pkl": "is a Python pickle, which is never read; write a table",
    ".arff": "is not read; the archives offer the same data as .ts",
    ".yaml": "is a config, not data",
    ".yml": "is a config, not data",
}


def format_of(path: Path) -> Format | None:
    """The format of a table by the ending of its name; None for any other ending.

    Raises: DataError for one that cannot be packed with gzip and is.

    >>> format_of(Path("a.tsv.gz")).description, format_of(Path("a.txt"))
    ('tab-separated table', None)
    """
    form = FORMATS.get(ending_of(path))
    if form is not None and is_gzip(path) and not form.packable:
        cause = f"a {ending_of(path)} file is compressed by itself; packed with gzip it is not read"
        raise DataError("DATA_FORMAT", cause, place=str(path), remedy=f"unpack it: gunzip {path.name}")
    return form


def described(path: Path) -> str:
    """What the file is by its name, for messages: the format, and whether it is packed.

    >>> described(Path("a.csv.gz"))
    'comma-separated table (gzip)'
    """
    form = format_of(path)
    return ("text" if form is None else form.description) + (" (gzip)" if is_gzip(path) else "")


def unknown_format(path: Path) -> DataError:
    """The error for a file that is no table by its ending."""
    ending = ending_of(path)
    if ending in FOREIGN:
        cause = f"a {ending} file {FOREIGN[ending]}; known: {KNOWN}"
    else:
        cause = f"unknown ending '{path.suffix}'; known: {KNOWN}"
    seen = _looks_like(path)
    usual = "name a data file" if ending in FOREIGN else "a config ends in .yaml or .yml"
    remedy = f"its lines look like those of a {seen} file: rename it so" if seen else usual
    return DataError("DATA_FORMAT", cause, place=str(path), remedy=remedy)


def _looks_like(path: Path) -> str | None:
    """The ending that the first lines of a text file suggest."""
    try:
        return separator_of([line for line in islice(stream_lines(path), FIRST_LINES) if line.strip()])
    except DataError:
        return None


def refuse_quoting(path: Path, quoting: Quoting | None) -> None:
    """Nothing, where a file has quotes to decide about, or nobody decided.

    Raises: ConfigError.
    """
    form = format_of(path)
    if quoting is not None and (form is None or not form.delimited):
        cause = f"quoting: {quoting} is for .csv and .tsv files; this is a {described(path)} file"
        raise ConfigError("CONFIG_DATA", cause, place="data.quoting", remedy="leave data.quoting out")


def refuse_foreign(path: Path) -> None:
    """Nothing for a file that may contain one text per line.

    Raises: DataError for a known kind of file that does not.
    """
    if ending_of(path) in FOREIGN.keys() - {".txt"}:
        raise unknown_format(path)
