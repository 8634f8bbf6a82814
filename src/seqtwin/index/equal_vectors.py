"""Rows that share a vector, so that a structure holds each vector once.

A graph of neighbours breaks into islands where many vectors are equal: the links of an equal vector lead to its equals
alone. Lists of names hold many: the same name twice, or names of letters the encoder has never seen.
"""

from dataclasses import dataclass

import numpy as np

from seqtwin.errors import DamagedError

_STEPS = 2**14  # from 0 to the largest number; two vectors equal in all these steps share a group
_BLOCK = 65_536
_HEAD = 8


@dataclass(frozen=True)
class Groups:
    """`of`: Int[rows], the group of each row; groups are numbered from 0 on without a gap."""

    of: np.ndarray
    order: np.ndarray
    starts: np.ndarray

    @classmethod
    def made(cls, of: np.ndarray) -> "Groups":
        """Groups with the rows of each in order."""
        sizes = np.bincount(of)
        return cls(of, np.argsort(of, kind="stable"), np.concatenate([[0], np.cumsum(sizes)]))

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def alone(self) -> bool:
        """Whether every row is its own group."""
        return len(self) == len(self.of)

    @property
    def first(self) -> np.ndarray:
        """The first row of each group."""
        return self.order[self.starts[:-1]]

    def grown(self, others: "Groups") -> "Groups":
        """These rows and then others, whose groups are new ones."""
        return Groups.made(np.concatenate([self.of, others.of + len(self)]))

    def rows(self, found: np.ndarray, k: int) -> np.ndarray:
        """The rows of the groups found, nearest groups first: Int[queries candidates], -1 where there is none.

        Of one group at most k rows are taken, and no further group once there are k rows, and as many as groups found.

        >>> Groups.made(np.array([0, 1, 0, 0])).rows(np.array([[1, 0], [0, -1]]), 2)
        array([[ 1,  0,  2],
               [ 0,  2, -1]])
        """
        if self.alone:
            return found
        parts = [self._of_query(own, k) for own in found.tolist()]
        rows = np.full((len(parts), max(map(len, parts), default=0)), -1, dtype=np.int64)
        for row, part in zip(rows, parts, strict=True):
            row[: len(part)] = part
        return rows

    def _of_query(self, found: list[int], k: int) -> list[int]:
        rows: list[int] = []
        for group in found:
            if group < 0 or len(rows) >= max(k, len(found)):
                break
            start, end = int(self.starts[group]), int(self.starts[group + 1])
            rows += self.order[start : min(end, start + k)].tolist()
        return rows

    def dump(self) -> bytes:
        """The groups as bytes."""
        return len(self.of).to_bytes(_HEAD, "little") + self.of.astype("<i4").tobytes()


def grouped(vectors: np.ndarray) -> Groups:
    """The groups of equal vectors, in the order in which they first come."""
    scale = _STEPS / max(float(np.abs(vectors).max(initial=0)), 1e-30)
    rng = np.random.default_rng(0)
    weights = rng.integers(-(2**62), 2**62, vectors.shape[1])
    keys = np.empty(len(vectors), dtype=np.int64)
    for start in range(0, len(vectors), _BLOCK):
        # the sum leaves 64 bits and comes round, which makes a hash of it
        steps = np.rint(vectors[start : start + _BLOCK] * scale).astype(np.int64)
        keys[start : start + _BLOCK] = steps @ weights
    _, first, group = np.unique(keys, return_index=True, return_inverse=True)
    number = np.empty(len(first), dtype=np.int64)
    number[np.argsort(first)] = np.arange(len(first))
    return Groups.made(number[group.reshape(-1)])


def read_groups(data: bytes, rows: int) -> tuple[Groups, bytes]:
    """The groups of so many rows, and the bytes behind them.

    Raises: DamagedError.
    """
    end = _HEAD + 4 * rows
    if len(data) < end or int.from_bytes(data[:_HEAD], "little") != rows:
        raise DamagedError("INDEX_DAMAGED", f"expected the groups of {rows} rows", place="structure.faiss")
    of = np.frombuffer(data[_HEAD:end], dtype="<i4").astype(np.int64)
    if of.min() < 0 or of.max() >= rows or not np.bincount(of).all():
        raise DamagedError("INDEX_DAMAGED", "groups that cannot be", place="structure.faiss")
    return Groups.made(of), data[end:]
