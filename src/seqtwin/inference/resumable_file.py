"""A file written block by block. It appears under its name only when complete; an interrupted run can be resumed.

Until then it is in a hidden folder next to its final place, with a record of its finished blocks and of its inputs.
Only one process can write it at a time.
"""

import shutil
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from seqtwin.errors import ConfigError, DamagedError
from seqtwin.files import driver_lock, dump_json, publish_file, publish_text, read_json, refuse_existing, writing
from seqtwin.guards.typed_command import origin
from seqtwin.paths import check_file_name
from seqtwin.version import __version__

FORMAT = 1
RECORD, DATA = "record.json", "data"
BLOCK = 2**20  # bytes read at once
AGAIN = "run the same command without --resume to start over"
Key: TypeAlias = Mapping[str, object]


@dataclass
class Growing:
    """A file under construction. `key`: its inputs; `blocks`: how many are on disk, with `zero_vectors` among their
    rows; `built`: the file to publish.

    `rows`, `of`: the finished rows and all of them, and `seconds`: the time for them; for `seqtwin status` alone.
    """

    folder: Path
    key: Key
    built: Path
    blocks: int = 0
    size: int = 0
    checksum: int = 0
    zero_vectors: int = 0
    rows: int = 0
    of: int = 0
    seconds: float = 0.0

    @property
    def data(self) -> Path:
        """The file with all blocks so far, one after the other."""
        return self.folder / DATA

    def add(self, block: bytes, zero_vectors: int = 0, *, rows: int = 0, seconds: float = 0.0) -> None:
        """Append a block with so many rows and zero vectors. On return, the block and the record are on disk.

        Raises: ResourceError.
        """
        with writing(self.data, start=self.size) as file:
            file.write(block)
        self.blocks, self.size = self.blocks + 1, self.size + len(block)
        self.checksum = zlib.crc32(block, self.checksum)
        self.zero_vectors += zero_vectors
        self.rows, self.seconds = self.rows + rows, self.seconds + seconds
        self.record()

    def record(self) -> None:
        """Write the record of the progress so far."""
        state = {"blocks": self.blocks, "size": self.size, "checksum": self.checksum}
        state["zero_vectors"] = self.zero_vectors
        shown = {"rows": self.rows, "of": self.of, "seconds": round(self.seconds, 3), "origin": origin()}
        publish_text(self.folder / RECORD, dump_json({"format": FORMAT, "key": dict(self.key), **state, **shown}))


@dataclass(frozen=True)
class Made:
    """The bytes of a block, and the number of its zero vectors."""

    data: bytes
    zero_vectors: int = 0


@dataclass(frozen=True)
class Part:
    """Some rows of a result, computed when they are needed."""

    rows: int
    make: Callable[[], Made]


@dataclass(frozen=True)
class Result:
    """A file under construction. `key`: its inputs; `head`: the bytes before its parts; `rows`: in all parts."""

    key: Key
    head: bytes
    parts: Iterator[Part]
    rows: int
    finish: Callable[[Path, Path], None] | None


@contextmanager
def publish_growing(final: Path, key: Key, *, resume: bool, of: int = 0) -> Iterator[Growing]:
    """A file that is published under its name if the `with` block ends without an error; otherwise it stays hidden.

    `key`: the inputs of the file. `resume`: continue an interrupted file that has the same key. `of`: all its rows.

    Raises: ConfigError if `final` exists or its name is too long, or the interrupted file has another key; DamagedError
    if that file does not match its record; InUseError if another process is writing it.
    """
    check_file_name(final)
    refuse_existing(final)
    folder = final.with_name(f".{final.name}.growing")
    with driver_lock(folder, what="file"):
        growing = Growing(folder, key, folder / DATA, of=of)
        if resume and (folder / RECORD).exists():
            _resume(growing)
        else:
            growing.record()  # before any block of an older file is overwritten
        yield growing
        publish_file(growing.built, final)
        shutil.rmtree(folder, ignore_errors=True)


def _resume(growing: Growing) -> None:
    path = growing.folder / RECORD
    record = read_json(path)
    try:
        key, state = record["key"], [int(record[name]) for name in ("blocks", "size", "checksum", "zero_vectors")]
    except (KeyError, TypeError, ValueError) as error:
        cause = f"not a record of progress: {error}"
        raise DamagedError("RECORD_DAMAGED", cause, place=str(path), remedy=AGAIN) from error
    other = [name for name in {**growing.key, **key} if growing.key.get(name) != key.get(name)]
    if other:
        cause = f"the interrupted run had another {', '.join(other)}"
        raise ConfigError("RESUME_CHANGED", cause, place=str(path), remedy=AGAIN)
    growing.blocks, growing.size, growing.checksum, growing.zero_vectors = state
    growing.rows, growing.seconds = int(_count(record, "rows")), _count(record, "seconds")
    if _checksum(growing) != growing.checksum:
        cause = "the blocks on disk do not match their record"
        raise DamagedError("GROWN_DAMAGED", cause, place=str(growing.data), remedy=AGAIN)


def _count(record: Mapping[str, object], name: str) -> float:
    """A number of the record that only `seqtwin status` shows; 0 where it is missing."""
    value = record.get(name)
    return value if isinstance(value, int | float) else 0


def _checksum(growing: Growing) -> int | None:
    """The checksum of the recorded part of the data; None if the data is shorter."""
    left, checksum = growing.size, 0
    if left and not growing.data.is_file():
        return None
    while left:
        with growing.data.open("rb") as file:
            file.seek(growing.size - left)
            block = file.read(min(left, BLOCK))
        if not block:
            return None
        left, checksum = left - len(block), zlib.crc32(block, checksum)
    return checksum


def grow(
    result: Result, out: Path, resume: bool, on_rows: Callable[[int, int], None], on_zero: Callable[[int], None]
) -> int:
    """Write a result to `out`, part by part, and return the number of its rows.

    After each part, `on_rows(done, total)` gets the progress and `on_zero(rows)` the number of its zero vectors; first,
    that of an interrupted run which is resumed.

    Raises: as `publish_growing`, and what the parts raise.
    """
    key = {**result.key, "version": __version__}
    with publish_growing(out, key, resume=resume, of=result.rows) as growing:
        on_zero(growing.zero_vectors)
        done, start = 0, time.monotonic()
        for number, part in enumerate(result.parts):
            done += part.rows
            if number >= growing.blocks:
                made = part.make()
                data = made.data if number else result.head + made.data
                start, before = time.monotonic(), start
                growing.add(data, made.zero_vectors, rows=part.rows, seconds=start - before)
                on_zero(made.zero_vectors)
            on_rows(done, result.rows)
        if result.finish:
            growing.built = growing.folder / "finished"
            result.finish(growing.data, growing.built)
    return result.rows
