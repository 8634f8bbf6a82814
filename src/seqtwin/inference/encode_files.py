"""Files through an encoder: a text a row to its vector, a pair a row to its score, a series to its vector.

Texts may be more than memory holds: their file is read twice, once to see that every row is good, then block by block.
A file of series is read at once. What was written so far survives a kill; taken up again, the result has the same
bytes.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

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
from seqtwin.inference.blank_texts import has_text, scores_in_place, vectors_in_place
from seqtwin.inference.resumable_file import publish_growing
from seqtwin.inference.trained_encoder import TrainedEncoder
from seqtwin.inference.vector_files import (
    FORMATS,
    VectorFormat,
    score_columns,
    scored_head,
    scored_rows,
    sides_of_file,
    text_column,
)
from seqtwin.lookup import member
from seqtwin.version import __version__

OnRows = Callable[[int, int], None]
OnBlank = Callable[[int], None]
OnUnderstood = Callable[[str], None]
SERIES = 512  # of one block


def encode_file(
    encoder: TrainedEncoder,
    path: Path,
    out: Path,
    *,
    column: str | None = None,
    resume: bool = False,
    quoting: Quoting | None = None,
    gaps: Gaps = "error",
    on_rows: OnRows = lambda _done, _total: None,
    on_blank: OnBlank = lambda _rows: None,
    on_understood: OnUnderstood = lambda _line: None,
) -> int:
    """How many vectors were written to `out` (.npy, .csv or .parquet), one a row of the file, in its order.

    For an encoder of series: one a series, in the order of their first rows. `on_rows(done, total)` is called after
    each block, `on_blank(rows)` with the number of blank texts in it. A blank text has a vector of NaN, unless the
    encoder was trained with `tokens.empty: unk`. Memory does not grow with a file of texts.

    `quoting`, `gaps`: as in the data section of a config. `on_understood(line)` hears which columns are read.

    Raises: DataError, ConfigError, DamagedError, InUseError, ResourceError.
    """
    form = member(FORMATS, out.suffix.lower(), "vector format")
    form.require()
    if encoder.inputs == "series":
        if column is not None:
            cause = "an encoder of series reads no column of texts"
            raise ConfigError("ENCODE_INPUTS", cause, place=str(path), remedy="leave --column out")
        found = read_series_file(path, channels=encoder.channels, quoting=quoting, gaps=gaps)
        return _encode_series(encoder, found, out, _Settings(form, path, gaps), resume, on_rows)
    source = _source(path, (text_column(path, column),), quoting)

    def make(block: Table, there: np.ndarray) -> bytes:
        found: bytes = form.block(vectors_in_place(encoder, _texts(block, source, 0), there))
        return found

    work = _Work(source, {"work": "encode"}, lambda found: form.head(found.rows, encoder.dim), make, form.finish)
    return _stream(encoder, work, out, resume, _Told(on_rows, on_blank, on_understood))


def score_file(
    encoder: TrainedEncoder,
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
    """How many pairs were written to `out` (.csv): every column of the file, then the score, then whether it is same.

    Both are empty for a pair with a blank text; `on_blank(rows)` hears of these. Sides that are not named are chosen as
    `inspect_data` does; `on_understood(line)` hears which.

    Raises: DataError, ConfigError, DamagedError, InUseError, ResourceError.
    """
    if out.suffix.lower() != ".csv":
        cause = f"scores are written as .csv, not as '{out.suffix}'"
        raise ConfigError("SCORE_FORMAT", cause, place=str(out), remedy="name a file that ends in .csv")
    if encoder.inputs == "series":
        cause = "an encoder of series: no table holds pairs of them"
        remedy = "encode both lists and compare their vectors, or seqtwin.load(folder).score(left, right)"
        raise ConfigError("ENCODE_INPUTS", cause, place=str(path), remedy=remedy)
    source = _source(path, sides_of_file(path, left, right, quoting), quoting)
    names: list[str] = []  # known after the first look

    def head(found: Scanned) -> bytes:
        names[:] = found.names
        return scored_head(score_columns(names, encoder.threshold))

    def make(block: Table, there: np.ndarray) -> bytes:
        scores = scores_in_place(encoder, _texts(block, source, 0), _texts(block, source, 1), there)
        return scored_rows([block.columns.get(name, [None] * len(block)) for name in names], scores, encoder.threshold)

    told = _Told(on_rows, on_blank, on_understood)
    return _stream(encoder, _Work(source, {"work": "score"}, head, make), out, resume, told)


@dataclass(frozen=True)
class _Told:
    """Who hears of rows that are done, of blank rows, and of what was understood."""

    rows: OnRows
    blank: OnBlank
    understood: OnUnderstood


@dataclass(frozen=True)
class _Work:
    """What is made of a source: bytes in front of the first row, bytes of each block (given which of its rows have all
    their texts), and the last step if any.
    """

    source: Source
    key: Mapping[str, Any]
    head: Callable[[Scanned], bytes]
    make: Callable[[Table, np.ndarray], bytes]
    finish: Callable[[Path, Path], None] | None = None


@dataclass(frozen=True)
class _Part:
    """Some rows of a result, made when they are needed."""

    rows: int
    make: Callable[[], bytes]


@dataclass(frozen=True)
class _Result:
    """A file of so many rows: `key` says what it is made from, `head` stands in front of its parts."""

    key: Mapping[str, Any]
    head: bytes
    parts: Iterator[_Part]
    rows: int
    finish: Callable[[Path, Path], None] | None


def _stream(encoder: TrainedEncoder, work: _Work, out: Path, resume: bool, told: _Told) -> int:
    source = work.source
    found = scan(source)
    for line in (_understood(source, found), *found.notes):
        told.understood(line)
    key = {**work.key, "encoder": encoder.fingerprint, "input": found.sha256, "columns": list(source.columns)}
    key |= {"quoting": source.quoting} if source.quoting else {}
    parts = _blocks(encoder, work, found, told.blank)
    return _grow(_Result(key, work.head(found), parts, found.rows, work.finish), out, resume, told.rows)


def _understood(source: Source, found: Scanned) -> str:
    parts = ("left", "right") if len(source.columns) > 1 else ("text",)
    used = {name.strip() for option in source.columns for name in (option, *option.split(","))}
    others = [name for name in found.names if name not in used]
    named = source.columns if format_of(source.path) is not None else ("the whole line",)
    return columns_line(source.path.name, found.rows, dict(zip(parts, named, strict=True)), others)


def _blocks(encoder: TrainedEncoder, work: _Work, found: Scanned, on_blank: OnBlank) -> Iterator[_Part]:
    for block in read_blocks(work.source.path, quoting=work.source.quoting):
        sides = [_texts(block, work.source, place) for place in range(len(work.source.columns))]
        there = np.logical_and.reduce([has_text(encoder, side) for side in sides])
        on_blank(int((~there).sum()))
        yield _Part(len(block), partial(_made, work, block, there, found))
    _unchanged(work.source.path, found.stamp)


def _made(work: _Work, block: Table, there: np.ndarray, found: Scanned) -> bytes:
    with _blamed(work.source.path, block):
        made = work.make(block, there)
    _unchanged(work.source.path, found.stamp)
    return made


@dataclass(frozen=True)
class _Settings:
    """How vectors of series are written, the file they are of, and what became of its gaps."""

    form: VectorFormat
    path: Path
    gaps: Gaps


def _encode_series(
    encoder: TrainedEncoder, found: SeriesFile, out: Path, settings: _Settings, resume: bool, on_rows: OnRows
) -> int:
    key = {"work": "encode", "encoder": encoder.fingerprint, "input": sha256(settings.path), "columns": []}
    key |= {"gaps": settings.gaps} if settings.gaps != "error" else {}
    rows, form = len(found.series), settings.form
    parts = _series_parts(encoder, found, form)
    return _grow(_Result(key, form.head(rows, encoder.dim), parts, rows, form.finish), out, resume, on_rows)


def _series_parts(encoder: TrainedEncoder, found: SeriesFile, form: VectorFormat) -> Iterator[_Part]:
    for start in range(0, len(found.series), SERIES):
        some = found.series[start : start + SERIES]
        yield _Part(len(some), partial(_series_block, encoder, some, form))


def _series_block(encoder: TrainedEncoder, some: list[np.ndarray], form: VectorFormat) -> bytes:
    return form.block(encoder.encode(some))


def _grow(result: _Result, out: Path, resume: bool, on_rows: OnRows) -> int:
    with publish_growing(out, {**result.key, "version": __version__}, resume=resume) as growing:
        done = 0
        for number, part in enumerate(result.parts):
            done += part.rows
            if number >= growing.blocks:
                made = part.make()
                growing.add(made if number else result.head + made)
            on_rows(done, result.rows)
        if result.finish:
            growing.built = growing.folder / "finished"
            result.finish(growing.data, growing.built)
    return result.rows


def _source(path: Path, columns: tuple[str, ...], quoting: Quoting | None) -> Source:
    # rows are never dropped here: the vectors are in the order of the file, blank ones too
    return Source(path, columns, "unk", quoting)


def _texts(block: Table, source: Source, place: int) -> list[str]:
    return texts_named(block, source.columns[place], empty=source.empty)


def _unchanged(path: Path, stamp: tuple[int, int]) -> None:
    if stamp_of(path) != stamp:
        raise DataError("DATA_CHANGED", "the file changed while it was read", place=str(path), remedy="run it again")


@contextmanager
def _blamed(path: Path, block: Table) -> Iterator[None]:
    """Errors of an encoder name the lines of the file they come from."""
    try:
        yield
    except DataError as error:
        place = f"{path}, lines {block.lines[0]} to {block.lines[-1]}"
        raise DataError(error.code, error.cause, place=place, remedy=error.remedy) from error
