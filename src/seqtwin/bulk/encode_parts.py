"""A corpus of many files, encoded on a cluster into a Parquet data set: one file with all columns and vectors each.

A worker encodes a part block by block, as `encode` does on one machine, and publishes it when it is whole. Parts that
are there are not encoded again. A part whose worker died is continued by another one.
"""

import os
import shutil
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from seqtwin.bulk.check_parts import AGAIN, Checked, Part, is_done, parquet_types
from seqtwin.bulk.corpus_files import HIDDEN
from seqtwin.bulk.run_tasks import run_tasks
from seqtwin.bulk.worker_encoder import SHARED, EncoderAt, load_once, peak_memory
from seqtwin.data.files.parquet import open_parquet, read_batches
from seqtwin.data.reading.blocks import Scanned
from seqtwin.errors import ConfigError, DamagedError
from seqtwin.files import driver_lock
from seqtwin.inference.encode_files import encode_file
from seqtwin.inference.kept_columns import GROUP

if TYPE_CHECKING:
    from distributed import Client

OnRows = Callable[[int, int, int], None]
LOCK = "_seqtwin"
STALE = {"RESUME_CHANGED", "RECORD_DAMAGED", "GROWN_DAMAGED"}  # an interrupted part that cannot be continued


@dataclass(frozen=True)
class PartDone:
    """An encoded part: its rows, those without a text, and those whose vector is zero. `memory`: peak of `worker`."""

    rows: int
    blank: int
    zero: int
    worker: str
    memory: int


@dataclass
class Encoded:
    """Counts of the parts that were encoded. `memory`: the peak of each worker process, in bytes."""

    parts: int = 0
    rows: int = 0
    blank: int = 0
    zero: int = 0
    memory: dict[str, int] = field(default_factory=dict)

    def add(self, done: PartDone) -> None:
        """Count a further part."""
        self.parts, self.rows = self.parts + 1, self.rows + done.rows
        self.blank, self.zero = self.blank + done.blank, self.zero + done.zero
        self.memory[done.worker] = max(done.memory, self.memory.get(done.worker, 0))


@contextmanager
def open_output(out: Path, parts: Sequence[Part]) -> Iterator[Path]:
    """Lock the folder of a data set for this command. The folder of the lock, which workers look for.

    Raises: ConfigError if it contains a file that is no part; InUseError; ResourceError.
    """
    foreign = _foreign(out.absolute(), {part.out for part in parts})
    if out.is_file() or foreign:
        cause = f"contains '{foreign}', which is no part of this corpus" if foreign else "this is a file"
        raise ConfigError("OUT_EXISTS", cause, place=str(out), remedy="choose another --out, or move it away (--force)")
    lock = out.absolute() / LOCK
    with driver_lock(lock, what="folder"):
        try:
            yield lock
        finally:
            shutil.rmtree(lock, ignore_errors=True)
            with suppress(OSError):  # parts are in it
                out.rmdir()


def _foreign(out: Path, expected: set[Path]) -> str:
    inner = sorted(out.rglob("*")) if out.is_dir() else []
    for path in inner:
        name = path.relative_to(out)
        if path.is_file() and path not in expected and not any(part.startswith(HIDDEN) for part in name.parts):
            return name.as_posix()
    return ""


def encode_parts(client: "Client", at: EncoderAt, checked: Sequence[Checked], on_rows: OnRows) -> Encoded:
    """Encode the parts that are not done yet. `on_rows(parts, rows, all_rows)`: gets the progress, with those done.

    Raises: DataError for a file that has changed; ResourceError; InUseError; ConfigError for a worker that writes into
    another folder.
    """
    todo = {f"encode {one.part.name}": one for one in checked if not one.done}
    total, encoded = sum(one.scanned.rows for one in checked), Encoded()
    before = total - sum(one.scanned.rows for one in todo.values())
    on_rows(len(checked) - len(todo), before, total)
    tasks = {name: (at, one.part, one.scanned) for name, one in todo.items()}
    for name, done in run_tasks(client, encode_part, tasks, again=AGAIN):
        if not todo[name].part.out.exists():
            cause = f"the part is not in this folder, though {done.worker} has written it"
            raise ConfigError("CLUSTER_FOLDER", cause, place=str(todo[name].part.out.parent), remedy=SHARED)
        encoded.add(done)
        on_rows(len(checked) - len(todo) + encoded.parts, before + encoded.rows, total)
    _check_types(checked)
    return encoded


def _check_types(checked: Sequence[Checked]) -> None:
    """Check that earlier parts have the columns of the newest one: a JSON file that was added may have further keys.

    Raises: ConfigError.
    """
    newest = next((one for one in checked if not one.done), checked[0])
    types = parquet_types(newest.part.out)
    other = [one.part.out.name for one in checked if one.done and parquet_types(one.part.out) != types]
    if other:
        cause = (
            f"{len(other)} earlier parts have other columns or types than {newest.part.name}: {', '.join(other[:6])}"
        )
        remedy = "remove these parts from the output and run the command again"
        raise ConfigError("PART_OTHER", cause, place=str(newest.part.out.parent), remedy=remedy)


def encode_part(at: EncoderAt, part: Part, scanned: Scanned) -> PartDone:
    """Encode a part and publish it, unless that has been done. Runs on a worker.

    Raises: DataError, DamagedError, InUseError, ResourceError.
    """
    blank, zero = list[int](), list[int]()
    if not is_done(at, part, scanned):  # the worker that had written it may have died before it could say so
        try:
            _encode(at, part, scanned, blank, zero, resume=True)
        except (ConfigError, DamagedError) as error:
            if error.code not in STALE:
                raise
            blank.clear()
            zero.clear()
            _encode(at, part, scanned, blank, zero, resume=False)
    worker = f"process {os.getpid()} on {socket.gethostname()}"
    return PartDone(scanned.rows, sum(blank), sum(zero), worker, peak_memory())


def _encode(at: EncoderAt, part: Part, scanned: Scanned, blank: list[int], zero: list[int], *, resume: bool) -> None:
    encode_file(
        *(load_once(at), part.path, part.out), column=part.column, resume=resume,
        quoting=part.quoting, scanned=scanned, on_blank=blank.append, on_zero=zero.append,
    )  # fmt: skip


def read_vectors(checked: Sequence[Checked], dim: int) -> np.ndarray:
    """The vectors of all parts in order, float32 [rows, dim]; NaN for a missing one.

    Raises: DamagedError for a part with another number of rows.
    """
    vectors = np.empty((sum(one.scanned.rows for one in checked), dim), dtype=np.float32)
    start = 0
    for one in checked:
        start += _fill(vectors[start : start + one.scanned.rows], one)
    return vectors


def _fill(into: np.ndarray, one: Checked) -> int:
    done = 0
    with open_parquet(one.part.out) as content:
        name = content.schema_arrow.names[-1]
        for batch in read_batches(content, GROUP, [name]):
            lists = batch.column(0)
            rows = into[done : done + len(lists)]
            rows[:] = np.nan
            present = np.flatnonzero(~np.asarray(lists.is_null()))
            rows[present] = np.asarray(lists.flatten()).reshape(len(present), into.shape[1])
            done += len(lists)
    if done != len(into):
        cause = f"expected {len(into)} rows, got {done}"
        raise DamagedError("PART_DAMAGED", cause, place=str(one.part.out), remedy="remove it and run the command again")
    return done
