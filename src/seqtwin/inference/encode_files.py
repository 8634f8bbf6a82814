"""Encoding and scoring of whole files: one vector per text or series, one score per pair.

Files of texts may be larger than memory. Such a file is read twice: first to check every row, then block by block. A
file of series is read at once. An interrupted run can be resumed, and its result has the same bytes.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

import numpy as np

from seqtwin.data.file_summary import columns_line
from seqtwin.data.files.formats import format_of
from seqtwin.data.files.rows import Quoting
from seqtwin.data.files.tables import Table
from seqtwin.data.reading.blocks import Scanned, Source, read_blocks, scan, stamp_of
from seqtwin.data.reading.choose_columns import texts_named
from seqtwin.data.reading.column_options import Gaps
from seqtwin.data.reading.series import read_series_file
from seqtwin.data.reading.series_values import SeriesFile
from seqtwin.errors import ConfigError, DataError
from seqtwin.files import sha256
from seqtwin.inference.base_encoder import BaseEncoder
from seqtwin.inference.blank_texts import has_text, scores_in_place, vectors_in_place
from seqtwin.inference.kept_columns import TABLES
from seqtwin.inference.resumable_file import publish_growing
from seqtwin.inference.vector_files import (
    FORMATS,
    VectorFormat,
    choose_file_sides,
    score_columns,
    scored_head,
    scored_rows,
    text_column,
)
from seqtwin.lookup import member
from seqtwin.version import __version__

OnRows = Callable[[int, int], None]
OnBlank = Callable[[int], None]
OnUnderstood = Callable[[str], None]
Key: TypeAlias = Mapping[str, object]
SERIES = 512  # series per block


def encode_file(
    encoder: BaseEncoder,
    path: Path,
    out: Path,
    *,
    column: str | None = None,
    resume: bool = False,
    quoting: Quoting | None = None,
    gaps: Gaps = "error",
    on_rows: OnRows = lambda _done, _total: None,
    on_blank: OnBlank = lambda _rows: None,
    on_zero: OnBlank = lambda _rows: None,
    on_understood: OnUnderstood = lambda _line: None,
) -> int:
    """Write one vector per row of the file to `out` (.npy, .csv or .parquet), in its order, and return their number.

    .csv and .parquet also have every column of the file. An encoder of series writes one vector per series, in the
    order of their first rows. A blank text has no vector (in .npy NaN), unless the encoder was trained with
    `tokens.empty: unk`. Memory does not grow with a file of texts.

    `quoting`, `gaps`: as in the data section of a config. After each block, `on_rows(done, total)` gets the progress,
    `on_blank(rows)` the number of its blank texts, and `on_zero(rows)` that of the zero vectors that were encoded.
    `on_understood(line)` gets the columns used, as a sentence.

    Raises: DataError, ConfigError, DamagedError, InUseError, ResourceError.
    """
    form = member(FORMATS, out.suffix.lower(), "vector format")
    form.require()
    if encoder.inputs == "series":
        if column is not None:
            cause = "an encoder of series takes no column of texts"
            raise ConfigError("ENCODE_INPUTS", cause, place=str(path), remedy="leave --column out")
        series = read_series_file(path, channels=encoder.channels, quoting=quoting, gaps=gaps)
        return _encode_series(encoder, series, out, _Settings(form, path, gaps), resume, on_rows)
    source = _source(path, (text_column(path, column),), quoting)

    kept = TABLES[ending](source, encoder.dim) if (ending := out.suffix.lower()) in TABLES else None

    def make(block: Table, present: np.ndarray) -> bytes:
        vectors = vectors_in_place(encoder, _texts(block, source, 0), present)
        on_zero(int((~vectors.any(axis=1)).sum()))
        return kept.rows(block, vectors) if kept else form.block(vectors)

    head, finish, see = (kept.head, kept.finish, kept.see) if kept else (_head_of(form, encoder.dim), None, _see)
    work = _Work(source, _key(encoder, "encode"), head, make, finish, see)
    return _stream(encoder, work, out, resume, _Listeners(on_rows, on_blank, on_understood))


def _head_of(form: VectorFormat, dim: int) -> Callable[[Scanned], bytes]:
    return lambda scanned: form.head(scanned.rows, dim)


def _see(_block: Table) -> None:
    pass


def score_file(
    encoder: BaseEncoder,
    path: Path,
    out: Path,
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
    if out.suffix.lower() != ".csv":
        cause = f"scores are written as .csv, not as '{out.suffix}'"
        raise ConfigError("SCORE_FORMAT", cause, place=str(out), remedy="name a file that ends in .csv")
    if encoder.inputs == "series":
        cause = "this is an encoder of series, and a table cannot contain pairs of series"
        remedy = "encode both lists and compare their vectors, or seqtwin.load(folder).score(left, right)"
        raise ConfigError("ENCODE_INPUTS", cause, place=str(path), remedy=remedy)
    source = _source(path, choose_file_sides(path, left, right, quoting), quoting)
    names: list[str] = []  # set once the file is scanned

    def head(scanned: Scanned) -> bytes:
        names[:] = scanned.names
        return scored_head(score_columns(names, encoder.threshold))

    def make(block: Table, present: np.ndarray) -> bytes:
        scores = scores_in_place(encoder, _texts(block, source, 0), _texts(block, source, 1), present)
        return scored_rows([block.columns.get(name, [None] * len(block)) for name in names], scores, encoder.threshold)

    listeners = _Listeners(on_rows, on_blank, on_understood)
    return _stream(encoder, _Work(source, _key(encoder, "score"), head, make), out, resume, listeners)


@dataclass(frozen=True)
class _Listeners:
    """The callbacks for progress, for blank rows, and for the columns used."""

    rows: OnRows
    blank: OnBlank
    understood: OnUnderstood


@dataclass(frozen=True)
class _Work:
    """How a source becomes a file. `head`: the bytes before the first row; `make`: the bytes of each block, given which
    of its rows have all their texts; `finish`: an optional last step; `see`: gets every block before.
    """

    source: Source
    key: Key
    head: Callable[[Scanned], bytes]
    make: Callable[[Table, np.ndarray], bytes]
    finish: Callable[[Path, Path], None] | None = None
    see: Callable[[Table], None] = lambda _block: None


@dataclass(frozen=True)
class _Part:
    """Some rows of a result, computed when they are needed."""

    rows: int
    make: Callable[[], bytes]


@dataclass(frozen=True)
class _Result:
    """A file under construction. `key`: its inputs; `head`: the bytes before its parts; `rows`: in all parts."""

    key: Key
    head: bytes
    parts: Iterator[_Part]
    rows: int
    finish: Callable[[Path, Path], None] | None


def _stream(encoder: BaseEncoder, work: _Work, out: Path, resume: bool, listeners: _Listeners) -> int:
    source = work.source
    scanned = scan(source)
    for line in (_columns_line(source, scanned), *scanned.notes):
        listeners.understood(line)
    key = {**work.key, "encoder": encoder.fingerprint, "input": scanned.sha256, "columns": list(source.columns)}
    key |= {"quoting": source.quoting} if source.quoting else {}
    parts = _blocks(encoder, work, scanned, listeners.blank)
    return _grow(_Result(key, work.head(scanned), parts, scanned.rows, work.finish), out, resume, listeners.rows)


def _columns_line(source: Source, scanned: Scanned) -> str:
    roles = ("left", "right") if len(source.columns) > 1 else ("text",)
    used = {name.strip() for option in source.columns for name in (option, *option.split(","))}
    others = [name for name in scanned.names if name not in used]
    named = source.columns if format_of(source.path) is not None else ("the whole line",)
    return columns_line(source.path.name, scanned.rows, dict(zip(roles, named, strict=True)), others)


def _blocks(encoder: BaseEncoder, work: _Work, scanned: Scanned, on_blank: OnBlank) -> Iterator[_Part]:
    for block in read_blocks(work.source.path, quoting=work.source.quoting):
        sides = [_texts(block, work.source, place) for place in range(len(work.source.columns))]
        present = np.logical_and.reduce([has_text(encoder, side) for side in sides])
        on_blank(int((~present).sum()))
        work.see(block)
        yield _Part(len(block), partial(_block_bytes, work, block, present, scanned))
    _check_unchanged(work.source.path, scanned.stamp)


def _block_bytes(work: _Work, block: Table, present: np.ndarray, scanned: Scanned) -> bytes:
    with _lines_in_errors(work.source.path, block):
        data = work.make(block, present)
    _check_unchanged(work.source.path, scanned.stamp)
    return data


@dataclass(frozen=True)
class _Settings:
    """The format of the vectors of series, the file of the series, and how its gaps are treated."""

    form: VectorFormat
    path: Path
    gaps: Gaps


def _encode_series(
    encoder: BaseEncoder, file: SeriesFile, out: Path, settings: _Settings, resume: bool, on_rows: OnRows
) -> int:
    key = {**_key(encoder, "encode"), "encoder": encoder.fingerprint, "input": sha256(settings.path), "columns": []}
    key |= {"gaps": settings.gaps} if settings.gaps != "error" else {}
    rows, form = len(file.series), settings.form
    parts = _series_parts(encoder, file, form)
    return _grow(_Result(key, form.head(rows, encoder.dim), parts, rows, form.finish), out, resume, on_rows)


def _key(encoder: BaseEncoder, work: str) -> Key:
    """The work and its precision: an interrupted result is continued only with the same ones."""
    used = encoder.usable_precision(encoder.precision)
    return {"work": work} if used == "fp32" else {"work": work, "precision": used}


def _series_parts(encoder: BaseEncoder, file: SeriesFile, form: VectorFormat) -> Iterator[_Part]:
    for start in range(0, len(file.series), SERIES):
        block = file.series[start : start + SERIES]
        yield _Part(len(block), partial(_series_bytes, encoder, block, form))


def _series_bytes(encoder: BaseEncoder, block: list[np.ndarray], form: VectorFormat) -> bytes:
    return form.block(encoder.encode(block))


def _grow(result: _Result, out: Path, resume: bool, on_rows: OnRows) -> int:
    with publish_growing(out, {**result.key, "version": __version__}, resume=resume, of=result.rows) as growing:
        done, start = 0, time.monotonic()
        for number, part in enumerate(result.parts):
            done += part.rows
            if number >= growing.blocks:
                data = part.make()
                start, before = time.monotonic(), start
                growing.add(data if number else result.head + data, rows=part.rows, seconds=start - before)
            on_rows(done, result.rows)
        if result.finish:
            growing.built = growing.folder / "finished"
            result.finish(growing.data, growing.built)
    return result.rows


def _source(path: Path, columns: tuple[str, ...], quoting: Quoting | None) -> Source:
    # blank rows are never dropped: the vectors are in the order of the file
    return Source(path, columns, "unk", quoting)


def _texts(block: Table, source: Source, place: int) -> list[str]:
    return texts_named(block, source.columns[place], empty=source.empty)


def _check_unchanged(path: Path, stamp: tuple[int, int]) -> None:
    if stamp_of(path) != stamp:
        cause = "the file changed while it was being read"
        raise DataError("DATA_CHANGED", cause, place=str(path), remedy="run the command again")


@contextmanager
def _lines_in_errors(path: Path, block: Table) -> Iterator[None]:
    """Adds the line numbers of the block to an error of the encoder."""
    try:
        yield
    except DataError as error:
        place = f"{path}, lines {block.lines[0]} to {block.lines[-1]}"
        raise DataError(error.code, error.cause, place=place, remedy=error.remedy) from error
