"""A file written block by block: it appears whole at its end, and an interrupted one is taken up where it stood.

While it grows it lies in a hidden folder beside its place, with a record of its finished blocks and of what it is made
from. Only one process can grow it.
"""

import shutil
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seqtwin.errors import ConfigError, DamagedError
from seqtwin.files import driver_lock, dump_json, publish_file, publish_text, read_json, refuse_existing, writing

FORMAT = 1
RECORD, DATA = "record.json", "data"
BLOCK = 2**20


@dataclass
class Growing:
    """A file under construction. `blocks`: those that are on disk; `built`: what is published at the end."""

    folder: Path
    key: Mapping[str, Any]
    built: Path
    blocks: int = 0
    size: int = 0
    checksum: int = 0

    @property
    def data(self) -> Path:
        """Where the blocks lie behind each other."""
        return self.folder / DATA

    def add(self, block: bytes) -> None:
        """Append a block. When this returns, block and record are on disk.

        Raises: ResourceError.
        """
        with writing(self.data, start=self.size) as file:
            file.write(block)
        self.blocks, self.size = self.blocks + 1, self.size + len(block)
        self.checksum = zlib.crc32(block, self.checksum)
        self.record()

    def record(self) -> None:
        """Write down how far the file has grown."""
        state = {"blocks": self.blocks, "size": self.size, "checksum": self.checksum}
        publish_text(self.folder / RECORD, dump_json({"format": FORMAT, "key": dict(self.key), **state}))


@contextmanager
def publish_growing(final: Path, key: Mapping[str, Any], *, resume: bool) -> Iterator[Growing]:
    """A file that appears under its name when the block ends without an error; else what has grown stays hidden.

    `key`: what it is made from; with `resume` an interrupted one goes on where it has the same key.

    Raises: ConfigError where something stands there, or the interrupted one was made from something else; DamagedError
    where it is not what its record says; InUseError where another process grows it.
    """
    refuse_existing(final)
    folder = final.with_name(f".{final.name}.growing")
    with driver_lock(folder, what="file"):
        growing = Growing(folder, key, folder / DATA)
        if resume and (folder / RECORD).exists():
            _take_up(growing)
        else:
            growing.record()  # before anything of an older one is overwritten
        yield growing
        publish_file(growing.built, final)
        shutil.rmtree(folder, ignore_errors=True)


def _take_up(growing: Growing) -> None:
    path = growing.folder / RECORD
    found = read_json(path)
    try:
        key, state = found["key"], [int(found[name]) for name in ("blocks", "size", "checksum")]
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedError("RECORD_DAMAGED", f"no record of progress: {error}", place=str(path)) from error
    other = [name for name in {**growing.key, **key} if growing.key.get(name) != key.get(name)]
    if other:
        cause = f"begun with another {', '.join(other)}"
        remedy = "run the same command without --resume to begin again"
        raise ConfigError("RESUME_CHANGED", cause, place=str(path), remedy=remedy)
    growing.blocks, growing.size, growing.checksum = state
    if _checksum(growing) != growing.checksum:
        remedy = "run the same command without --resume to begin again"
        raise DamagedError("GROWN_DAMAGED", "not what its record says", place=str(growing.data), remedy=remedy)


def _checksum(growing: Growing) -> int | None:
    """The checksum of the recorded part of the data; None where it is shorter than that."""
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
