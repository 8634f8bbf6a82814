"""Encoding and scoring of whole files: one vector per text or series, one score per pair.

Files of texts may be larger than memory. Such a file is read twice: first to check every row, then block by block. A
file of series is read at once. An interrupted run can be resumed, and its result has the same bytes.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

import numpy as np

from seqtwin.data.file_summary import columns_line
from seqtwin.data.files.formats import format_of
from seqtwin.data.files.rows import Quoting
from seqtwin.data.files.tables import Table
from seqtwin.data.reading.blocks import (
    Scanned,
    Source,
    check_unchanged,
    lines_in_errors,
    read_blocks,
    scan,
    stamp_of,
)
from seqtwin.data.reading.choose_columns import texts_named
from seqtwin.data.reading.column_options import Gaps
from seqtwin.data.reading.series import read_series_file
from seqtwin.data.reading.series_values import SeriesFile
from seqtwin.errors import ConfigError
from seqtwin.files import sha256
from seqtwin.inference.base_encoder import BaseEncoder
from seqtwin.inference.blank_texts import has_text, scores_in_place, vectors_in_place
from seqtwin.inference.kept_columns import (
    VectorTable,
    check_vector_format,
    series_block,
    series_vector_table,
    vector_table,
)
from seqtwin.inference.resumable_file import Key, Made, Part, Result, grow
from seqtwin.inference.vector_files import choose_file_sides, score_columns, scored_head, scored_rows, text_column
from seqtwin.model.vector_space import count_zero_vectors
from seqtwin.paths import expand

OnRows: TypeAlias = Callable[[int, int], None]
OnBlank: TypeAlias = Callable[[int], None]
OnUnderstood = Callable[[str], None]
SERIES = 512  # series per block


def encode_file(
    encoder: BaseEncoder,
    path: Path | str,
    out: Path | str,
    *,
    column: str | None = None,
    resume: bool = False,
    quoting: Quoting | None = None,
    gaps: Gaps = "error",
    scanned: Scanned | None = None,
    on_rows: OnRows = lambda _done, _total: None,
    on_blank: OnBlank = lambda _rows: None,
    on_zero: OnBlank = lambda _rows: None,
    on_understood: OnUnderstood = lambda _line: None,
) -> int:
    """Write one vector per row of the file to `out` (.npy, .csv or .parquet), in its order, and return their number.

    .csv and .parquet also have every column of the file. An encoder of series writes one vector per series, in the
    order of their first rows, next to its id (`series_id`) and its `label`, if there is one. A blank text has no vector
    (in .npy NaN), unless the encoder was trained with `tokens.empty: unk`. Memory does not grow with a file of texts.

    `quoting`, `gaps`: as in the data section of a config. `scanned`: the result of a first pass over a file of texts,
    which is then not read twice; a .parquet output gets its columns and kinds of values. After each block,
    `on_rows(done, total)` gets the progress, `on_blank(rows)` the number of its blank texts, and `on_zero(rows)` that
    of its zero vectors; the blocks of an interrupted run are counted too. `on_understood(line)` gets the columns used,
    as a sentence.

    Raises: DataError, ConfigError, DamagedError, InUseError, ResourceError.
    """
    path, out = expand(str(path)), expand(str(out))
    if encoder.inputs == "series":
        if column is not None:
            cause = "an encoder of series takes no column of texts"
            raise ConfigError("ENCODE_INPUTS", cause, place=str(path), remedy="leave --column out")
        return _encode_series(encoder, _SeriesInput(path, quoting, gaps), out, resume, on_rows, on_zero)
    source = _source(path, (text_column(path, column),), quoting)
    kept = vector_table(source, out, encoder.dim)

    def make(block: Table, present: np.ndarray) -> Made:
        vectors = vectors_in_place(encoder, _texts(block, source, 0), present)
        return Made(kept.rows(block, vectors), count_zero_vectors(vectors))

    work = _Work(source, _key(encoder, "encode"), kept.head, make, kept.finish, kept.see, kept.sign)
    return _stream(encoder, work, out, resume, _Listeners(on_rows, on_blank, on_understood, on_zero), scanned)


def encode_key(encoder: BaseEncoder, source: Source, scanned: Scanned) -> Key:
    """The inputs of the vectors of a file of texts: encoder, precision, checksum of the file, and columns."""
    return _file_key(encoder, _key(encoder, "encode"), source, scanned)


def score_file(
    encoder: BaseEncoder,
    path: Path | str,
    out: Path | str,
    *,
    left: str | None = None,
    right: str | None = None,
    resume: bool = False,
    quoting: Quoting | None = None,
    on_rows: OnRows = lambda _done, _total: None,
    on_blank: OnBlank = lambda _rows: None,
    on_understood: OnUnderstood = lambda _line: None,
) -> int:
    """Write every column of a table of pairs to `out` (.csv) with the score and the decision, and return the row count.

    The score and the decision (1 for the same) are empty for a pair with a blank text. Sides that are not named are
    chosen as `inspect_data` does. `on_rows`, `on_blank`, `on_understood`: as for `encode_file`.

    Raises: DataError, ConfigError, DamagedError, InUseError, ResourceError.
    """
    path, out = expand(str(path)), expand(str(out))
    check_score_format(out)
    if encoder.inputs == "series":
        cause = "this is an encoder of series, and a table cannot contain pairs of series"
        remedy = "encode both lists and compare their vectors, or seqtwin.load(folder).score(left, right)"
        raise ConfigError("ENCODE_INPUTS", cause, place=str(path), remedy=remedy)
    source = _source(path, choose_file_sides(path, left, right, quoting), quoting)
    names: list[str] = []  # set once the file is scanned

    def head(scanned: Scanned) -> bytes:
        names[:] = scanned.names
        return scored_head(score_columns(names, encoder.threshold))

    def make(block: Table, present: np.ndarray) -> Made:
        scores = scores_in_place(encoder, _texts(block, source, 0), _texts(block, source, 1), present)
        columns = [block.columns.get(name, [None] * len(block)) for name in names]
        return Made(scored_rows(columns, scores, encoder.threshold))

    listeners = _Listeners(on_rows, on_blank, on_understood)
    return _stream(encoder, _Work(source, _key(encoder, "score"), head, make), out, resume, listeners)


def check_score_format(out: Path) -> None:
    """Check that scores can be written to `out`. Raises: ConfigError for another ending than .csv."""
    if out.suffix.lower() != ".csv":
        cause = f"scores are written as .csv, not as '{out.suffix}'"
        raise ConfigError("SCORE_FORMAT", cause, place=str(out), remedy="name a file that ends in .csv")


@dataclass(frozen=True)
class _Listeners:
    """The callbacks for progress, for blank rows, for the columns used, and for zero vectors."""

    rows: OnRows
    blank: OnBlank
    understood: OnUnderstood
    zero: OnBlank = lambda _rows: None


@dataclass(frozen=True)
class _Work:
    """How a source becomes a file. `head`: the bytes before the first row; `make`: the bytes of each block, given which
    of its rows have all their texts; `finish`: an optional last step; `see`: gets every block before.
    """

    source: Source
    key: Key
    head: Callable[[Scanned], bytes]
    make: Callable[[Table, np.ndarray], Made]
    finish: Callable[[Path, Path], None] | None = None
    see: Callable[[Table], None] = lambda _block: None
    sign: Callable[[Key], None] = lambda _key: None


def _stream(
    encoder: BaseEncoder,
    work: _Work,
    out: Path,
    resume: bool,
    listeners: _Listeners,
    scanned: Scanned | None = None,
) -> int:
    source = work.source
    scanned = scanned or scan(source)
    for line in (_columns_line(source, scanned), *scanned.notes):
        listeners.understood(line)
    key = _file_key(encoder, work.key, source, scanned)
    work.sign(key)
    parts = _blocks(encoder, work, scanned, listeners.blank)
    result = Result(key, work.head(scanned), parts, scanned.rows, work.finish)
    return grow(result, out, resume, listeners.rows, listeners.zero)


def _file_key(encoder: BaseEncoder, work: Key, source: Source, scanned: Scanned) -> Key:
    key = {**work, "encoder": encoder.fingerprint, "input": scanned.sha256, "columns": list(source.columns)}
    return key | ({"quoting": source.quoting} if source.quoting else {})


def _columns_line(source: Source, scanned: Scanned) -> str:
    roles = ("left", "right") if len(source.columns) > 1 else ("text",)
    used = {name.strip() for option in source.columns for name in (option, *option.split(","))}
    others = [name for name in scanned.names if name not in used]
    named = source.columns if format_of(source.path) is not None else ("the whole line",)
    return columns_line(source.path.name, scanned.rows, dict(zip(roles, named, strict=True)), others)


def _blocks(encoder: BaseEncoder, work: _Work, scanned: Scanned, on_blank: OnBlank) -> Iterator[Part]:
    for block in read_blocks(work.source.path, quoting=work.source.quoting):
        sides = [_texts(block, work.source, place) for place in range(len(work.source.columns))]
        present = np.logical_and.reduce([has_text(encoder, side) for side in sides])
        on_blank(int((~present).sum()))
        work.see(block)
        yield Part(len(block), partial(_block_bytes, work, block, present, scanned))
    check_unchanged(work.source.path, scanned.stamp)


def _block_bytes(work: _Work, block: Table, present: np.ndarray, scanned: Scanned) -> Made:
    with lines_in_errors(work.source.path, block):
        made = work.make(block, present)
    check_unchanged(work.source.path, scanned.stamp)
    return made


@dataclass(frozen=True)
class _SeriesInput:
    """A file of series, and how its quotes and gaps are treated."""

    path: Path
    quoting: Quoting | None
    gaps: Gaps


def _encode_series(
    encoder: BaseEncoder, given: _SeriesInput, out: Path, resume: bool, on_rows: OnRows, on_zero: OnBlank
) -> int:
    check_vector_format(out)
    file = read_series_file(given.path, channels=encoder.channels, quoting=given.quoting, gaps=given.gaps)
    block = series_block(given.path, file)
    kept = series_vector_table(block, out, encoder.dim)
    digest = sha256(given.path)
    key = {**_key(encoder, "encode"), "encoder": encoder.fingerprint, "input": digest, "columns": []}
    key |= {"gaps": given.gaps} if given.gaps != "error" else {}
    head = kept.head(Scanned(len(block), tuple(block.columns), digest, stamp_of(given.path)))
    kept.see(block)
    result = Result(key, head, _series_parts(encoder, file, block, kept), len(block), kept.finish)
    return grow(result, out, resume, on_rows, on_zero)


def _key(encoder: BaseEncoder, work: str) -> Key:
    """The work and its precision: an interrupted result is continued only with the same ones."""
    used = encoder.usable_precision(encoder.precision)
    return {"work": work} if used == "fp32" else {"work": work, "precision": used}


def _series_parts(encoder: BaseEncoder, file: SeriesFile, block: Table, kept: VectorTable) -> Iterator[Part]:
    for start in range(0, len(block), SERIES):
        rows = slice(start, start + SERIES)
        columns = {name: values[rows] for name, values in block.columns.items()}
        part = Table(block.path, columns, block.lines[rows])
        yield Part(len(part), partial(_series_made, encoder, file.series[rows], part, kept))


def _series_made(encoder: BaseEncoder, series: list[np.ndarray], part: Table, kept: VectorTable) -> Made:
    vectors = encoder.encode(series)
    return Made(kept.rows(part, vectors), count_zero_vectors(vectors))


def _source(path: Path, columns: tuple[str, ...], quoting: Quoting | None) -> Source:
    # blank rows are never dropped: the vectors are in the order of the file
    return Source(path, columns, "unk", quoting)


def _texts(block: Table, source: Source, place: int) -> list[str]:
    return texts_named(block, source.columns[place], empty=source.empty)
