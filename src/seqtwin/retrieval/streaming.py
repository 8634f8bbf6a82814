"""Files larger than memory through an encoder: a text a row to its vector, a pair a row to its score.

The file is read twice: once to see that every row is good, then block by block. What was written so far survives a
kill; taken up again, the result has the same bytes.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seqtwin.data.streams import LINES, READERS, Scanned, Source, read_blocks, scan, stamp_of
from seqtwin.data.tables import Table
from seqtwin.data.values import texts
from seqtwin.errors import ConfigError, DataError
from seqtwin.lookup import member
from seqtwin.retrieval.encoding import TrainedEncoder
from seqtwin.retrieval.growing import publish_growing
from seqtwin.retrieval.tables import FORMATS, score_columns, scored_head, scored_rows
from seqtwin.version import __version__

OnRows = Callable[[int, int], None]


def encode_file(
    encoder: TrainedEncoder,
    path: Path,
    out: Path,
    *,
    column: str | None = None,
    resume: bool = False,
    on_rows: OnRows = lambda _done, _total: None,
) -> int:
    """How many vectors were written to `out` (.npy, .csv or .parquet), one a row of the file, in its order.

    `on_rows(done, total)` is called after each block. Memory does not grow with the file.

    Raises: DataError, ConfigError, DamagedError, InUseError, ResourceError.
    """
    form = member(FORMATS, out.suffix.lower(), "vector format")
    form.require()
    source = _source(encoder, path, (_text_column(path, column),))

    def make(block: Table) -> bytes:
        found: bytes = form.block(encoder.encode(_texts(block, source, 0)))
        return found

    work = _Work(source, {"work": "encode"}, lambda found: form.head(found.rows, encoder.dim), make, form.finish)
    return _stream(encoder, work, out, resume, on_rows)


def score_file(
    encoder: TrainedEncoder,
    path: Path,
    out: Path,
    *,
    left: str = "left",
    right: str = "right",
    resume: bool = False,
    on_rows: OnRows = lambda _done, _total: None,
) -> int:
    """How many pairs were written to `out` (.csv): every column of the file, then the score, then whether it is same.

    Raises: DataError, ConfigError, DamagedError, InUseError, ResourceError.
    """
    if out.suffix.lower() != ".csv":
        cause = f"scores are written as .csv, not as '{out.suffix}'"
        raise ConfigError("SCORE_FORMAT", cause, place=str(out), remedy="name a file that ends in .csv")
    source = _source(encoder, path, (left, right))
    names: list[str] = []  # known after the first look

    def head(found: Scanned) -> bytes:
        names[:] = found.names
        return scored_head(score_columns(names, encoder.threshold))

    def make(block: Table) -> bytes:
        scores = encoder.score(_texts(block, source, 0), _texts(block, source, 1))
        return scored_rows([block.columns.get(name, [None] * len(block)) for name in names], scores, encoder.threshold)

    return _stream(encoder, _Work(source, {"work": "score"}, head, make), out, resume, on_rows)


@dataclass(frozen=True)
class _Work:
    """What is made of a source: bytes in front of the first row, bytes of each block, and the last step if any."""

    source: Source
    key: Mapping[str, Any]
    head: Callable[[Scanned], bytes]
    make: Callable[[Table], bytes]
    finish: Callable[[Path, Path], None] | None = None


def _stream(encoder: TrainedEncoder, work: _Work, out: Path, resume: bool, on_rows: OnRows) -> int:
    source = work.source
    found = scan(source)
    head = work.head(found)
    key = {**work.key, "encoder": encoder.fingerprint, "input": found.sha256, "columns": list(source.columns)}
    with publish_growing(out, {**key, "version": __version__}, resume=resume) as growing:
        done = 0
        for number, block in enumerate(read_blocks(source.path)):
            done += len(block)
            if number >= growing.blocks:
                with _blamed(source.path, block):
                    made = work.make(block)
                _unchanged(source.path, found)
                growing.add(made if number else head + made)
            on_rows(done, found.rows)
        _unchanged(source.path, found)
        if work.finish:
            growing.built = growing.folder / "finished"
            work.finish(growing.data, growing.built)
    return found.rows


def _source(encoder: TrainedEncoder, path: Path, columns: tuple[str, ...]) -> Source:
    if encoder.inputs != "tokens":
        cause = "an encoder of series; files of texts are for encoders of texts"
        raise ConfigError("ENCODE_INPUTS", cause, place=str(path), remedy="seqtwin.load(folder).encode(series)")
    # rows are never dropped here: the vectors stand in the order of the file
    return Source(path, columns, "unk" if encoder.empty == "unk" else "error")


def _text_column(path: Path, column: str | None) -> str:
    """The column to encode: a table's is named by the user, a text file has but one."""
    table = path.suffix.lower() in READERS
    if table and column is None:
        cause = "a table needs the name of its column of texts"
        raise ConfigError("ENCODE_COLUMN", cause, place=str(path), remedy="--column NAME")
    if not table and column is not None:
        cause = f"'{path.suffix}' is read as a text a line and has no columns; tables: {', '.join(READERS)}"
        raise ConfigError("ENCODE_COLUMN", cause, place=str(path), remedy="leave --column out")
    return column or LINES


def _texts(block: Table, source: Source, place: int) -> list[str]:
    return texts(block, source.columns[place], empty=source.empty)[0]


def _unchanged(path: Path, found: Scanned) -> None:
    if stamp_of(path) != found.stamp:
        raise DataError("DATA_CHANGED", "the file changed while it was read", place=str(path), remedy="run it again")


@contextmanager
def _blamed(path: Path, block: Table) -> Iterator[None]:
    """Errors of an encoder name the lines of the file they come from."""
    try:
        yield
    except DataError as error:
        place = f"{path}, lines {block.lines[0]} to {block.lines[-1]}"
        raise DataError(error.code, error.cause, place=place, remedy=error.remedy) from error
