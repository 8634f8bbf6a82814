"""Texts encoded and compared on a cluster for dedupe and link, with the results of one machine.

The vectors are an index in shards: a task compares some queries with one shard, and the neighbours of all shards are
merged by score, then by row. Blocks begin at the same rows as on one machine, because the last bits of a product
depend on the shape of its factors. Finished work is kept in a folder until the whole is done.
"""

import hashlib
import io
import shutil
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from seqtwin.bulk.check_parts import AGAIN
from seqtwin.bulk.run_tasks import run_tasks
from seqtwin.bulk.worker_encoder import EncoderAt, check_workers, load_once
from seqtwin.errors import DamagedError
from seqtwin.files import driver_lock, publish_bytes
from seqtwin.index.exact_search import CORPUS_BLOCK, Array, Neighbours, nearest
from seqtwin.matching.nearest_texts import AT_ONCE, Progress

if TYPE_CHECKING:
    from distributed import Client

SHARD = 4 * CORPUS_BLOCK  # vectors that a task compares with its queries
DTYPE = np.dtype("<f4")


@dataclass(frozen=True)
class Stretch:
    """Some rows of a file of float32 [rows, dim]."""

    path: str
    dim: int
    first: int
    rows: int

    def read(self) -> Array:
        """The rows, in memory of their own: float32 [rows, dim].

        Raises: DamagedError if the file is shorter.
        """
        size = DTYPE.itemsize * self.dim
        values = np.fromfile(self.path, dtype=DTYPE, count=self.rows * self.dim, offset=self.first * size)
        if len(values) < self.rows * self.dim:
            raise DamagedError("VECTORS_DAMAGED", "the file of vectors is too short", place=self.path)
        return values.reshape(self.rows, self.dim)


@dataclass(frozen=True)
class OnWorkers:
    """Computes on the workers of a cluster: an engine of `compare_rows` and `compare_lists`.

    `folder`: for intermediate results, which the workers share with this process; `shard`: rows per shard, a multiple
    of the rows that an exact search compares at once.
    """

    client: "Client"
    at: EncoderAt
    folder: Path
    shard: int = SHARD

    def encode(self, texts: Sequence[str], progress: Progress) -> Array:
        """The vector of each text: Float[texts dim]."""
        pieces = [list(texts[start : start + AT_ONCE]) for start in range(0, max(len(texts), 1), AT_ONCE)]
        kept = [self.folder / f"{_digest(self.at, repr(piece).encode())}.npz" for piece in pieces]
        todo = {f"encode texts {place}": place for place, path in enumerate(kept) if not path.exists()}
        progress.add(len(texts) - sum(len(pieces[place]) for place in todo.values()))
        tasks = {name: (self.at, pieces[place]) for name, place in todo.items()}
        for name, vectors in run_tasks(self.client, encode_texts, tasks, again=AGAIN):
            _keep(kept[todo[name]], vectors=vectors)
            progress.add(len(vectors))
        return np.concatenate([_read(path)["vectors"] for path in kept])

    def nearest(self, queries: Array, corpus: Array, k: int, itself: Array | None, progress: Progress) -> Neighbours:
        """The k nearest rows of the corpus for each query, as `exact_search.nearest` finds them."""
        if not len(queries) or not len(corpus):
            return nearest(np.matmul, queries, corpus, k)
        own = np.full(len(queries), -1, dtype=np.int64) if itself is None else itself
        digest = _digest(self.at, queries.data, corpus.data, own.data, str(k).encode())
        kept = {first: self.folder / f"{digest}-{first}.npz" for first in range(0, len(queries), AT_ONCE)}
        todo = [first for first, path in kept.items() if not path.exists()]
        progress.add(len(queries) - sum(len(queries[first : first + AT_ONCE]) for first in todo))
        for first, found in self._compared(queries, corpus, min(k, len(corpus)), own, todo, digest):
            _keep(kept[first], rows=found.rows, scores=found.scores)
            progress.add(len(found.rows))
        parts = [_read(path) for path in kept.values()]
        return Neighbours(*(np.concatenate([part[name] for part in parts]) for name in ("rows", "scores")))

    def _compared(
        self, queries: Array, corpus: Array, k: int, own: Array, todo: Sequence[int], digest: str
    ) -> Iterator[tuple[int, Neighbours]]:
        """The neighbours of each block of queries that begins at a row of `todo`, once all shards are compared."""
        a = _write(self.folder / f"{digest}.queries", queries)
        b = a if queries is corpus else _write(self.folder / f"{digest}.corpus", corpus)
        dim, starts = corpus.shape[1], range(0, len(corpus), self.shard)
        names = {f"compare {first} with {start}": (first, start) for first in todo for start in starts}
        tasks = {
            name: (
                *(self.at, Stretch(a, dim, first, len(own[first : first + AT_ONCE]))),
                *(Stretch(b, dim, start, len(corpus[start : start + self.shard])), k, own[first : first + AT_ONCE]),
            )
            for name, (first, start) in names.items()
        }
        shards: dict[int, dict[int, Neighbours]] = {first: {} for first in todo}
        for name, found in run_tasks(self.client, search_shard, tasks, again=AGAIN):
            first, start = names[name]
            shards[first][start] = found
            if len(shards[first]) == len(starts):
                yield first, merge_shards([found for _, found in sorted(shards.pop(first).items())], k)


def encode_texts(at: EncoderAt, texts: Sequence[str]) -> Array:
    """The vectors of texts. Runs on a worker."""
    return load_once(at).encode(texts)


def search_shard(at: EncoderAt, queries: Stretch, shard: Stretch, k: int, itself: Array) -> Neighbours:
    """The k nearest rows of a shard for each query, as rows of the whole. Runs on a worker."""
    found = nearest(load_once(at).similarity, queries.read(), shard.read(), k, itself=itself - shard.first)
    return Neighbours(np.where(found.rows < 0, -1, found.rows + shard.first), found.scores)


def merge_shards(found: Sequence[Neighbours], k: int) -> Neighbours:
    """The k best of the neighbours in each shard, best first; equal scores by row. The shards are in order.

    >>> one, two = (Neighbours(np.array([[row]]), np.array([[0.5]])) for row in (3, 70))
    >>> merge_shards([one, two], 2).rows.tolist()
    [[3, 70]]
    """
    rows, scores = (np.concatenate([getattr(part, name) for part in found], axis=1) for name in ("rows", "scores"))
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return Neighbours(np.take_along_axis(rows, order, axis=1), np.take_along_axis(scores, order, axis=1))


@contextmanager
def open_engine(client: "Client", at: EncoderAt, folder: Path) -> Iterator[OnWorkers]:
    """An engine with a folder for intermediate results, which is removed if the block ends without an error.

    Raises: ConfigError for a worker without this folder or the encoder; InUseError; ResourceError.
    """
    with driver_lock(folder, what="folder"):
        check_workers(client, at, [folder])
        yield OnWorkers(client, at, folder)
        shutil.rmtree(folder, ignore_errors=True)


def _digest(at: EncoderAt, *inputs: "bytes | memoryview") -> str:
    """A name for the result of some inputs: a later run with the same inputs finds it."""
    digest = hashlib.sha256(f"{at.fingerprint} {at.precision}".encode())
    for data in inputs:
        digest.update(str(len(data)).encode() + b" ")
        digest.update(data)
    return digest.hexdigest()[:32]


def _keep(path: Path, **arrays: Array) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    publish_bytes(path, buffer.getvalue())


def _read(path: Path) -> dict[str, Array]:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return dict(arrays)
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        remedy = "remove this folder and run the command again"
        raise DamagedError("PART_DAMAGED", f"not a whole file: {error}", place=str(path), remedy=remedy) from error


def _write(path: Path, vectors: Array) -> str:
    """Write vectors for the workers, unless they are there; the path."""
    values = np.ascontiguousarray(vectors, dtype=DTYPE)
    if not path.exists() or path.stat().st_size != values.nbytes:
        publish_bytes(path, values.tobytes())
    return str(path)
