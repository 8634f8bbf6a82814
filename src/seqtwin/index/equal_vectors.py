"""Groups of rows with the same vector. A structure of faiss stores each vector once.

A graph of neighbours breaks into islands if many vectors are equal, because their links lead only to each other. Lists
of names have many equal vectors: repeated names, or names made of letters the encoder has never seen.
"""

from dataclasses import dataclass

import numpy as np

from seqtwin.errors import DamagedError

_STEPS = 2**14  # between 0 and the largest number; vectors that round to the same steps share a group
_BLOCK = 65_536
_HEAD = 8


@dataclass(frozen=True)
class Groups:
    """`numbers`: Int[rows], the group of each row, numbered 0, 1, 2, ...; `order`: the rows, group by group; `starts`:
    where each group begins in `order`.
    """

    numbers: np.ndarray
    order: np.ndarray
    starts: np.ndarray

    @classmethod
    def from_numbers(cls, numbers: np.ndarray) -> "Groups":
        """Groups from the group of each row."""
        sizes = np.bincount(numbers)
        return cls(numbers, np.argsort(numbers, kind="stable"), np.concatenate([[0], np.cumsum(sizes)]))

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def alone(self) -> bool:
        """Whether every row is a group of its own."""
        return len(self) == len(self.numbers)

    @property
    def first(self) -> np.ndarray:
        """The first row of each group."""
        return self.order[self.starts[:-1]]

    def grown(self, others: "Groups") -> "Groups":
        """These rows followed by other rows, whose groups are new ones."""
        return Groups.from_numbers(np.concatenate([self.numbers, others.numbers + len(self)]))

    def rows(self, groups: np.ndarray, k: int) -> np.ndarray:
        """The rows of the groups found for each query, nearest groups first: Int[queries candidates], -1 for none.

        At most k rows of one group are taken. No further group is taken once there are k rows, and as many rows as
        groups were found.

        >>> Groups.from_numbers(np.array([0, 1, 0, 0])).rows(np.array([[1, 0], [0, -1]]), 2)
        array([[ 1,  0,  2],
               [ 0,  2, -1]])
        """
        if self.alone:
            return groups
        parts = [self._query_rows(own, k) for own in groups.tolist()]
        rows = np.full((len(parts), max(map(len, parts), default=0)), -1, dtype=np.int64)
        for row, part in zip(rows, parts, strict=True):
            row[: len(part)] = part
        return rows

    def _query_rows(self, groups: list[int], k: int) -> list[int]:
        rows: list[int] = []
        for group in groups:
            if group < 0 or len(rows) >= max(k, len(groups)):
                break
            start, end = int(self.starts[group]), int(self.starts[group + 1])
            rows += self.order[start : min(end, start + k)].tolist()
        return rows

    def dump(self) -> bytes:
        """The groups as bytes."""
        return len(self.numbers).to_bytes(_HEAD, "little") + self.numbers.astype("<i4").tobytes()


def group_equal(vectors: np.ndarray) -> Groups:
    """The groups of equal vectors, in order of first appearance."""
    scale = _STEPS / max(float(np.abs(vectors).max(initial=0)), 1e-30)
    rng = np.random.default_rng(0)
    weights = rng.integers(-(2**62), 2**62, vectors.shape[1])
    keys = np.empty(len(vectors), dtype=np.int64)
    for start in range(0, len(vectors), _BLOCK):
        # the sum overflows 64 bits and wraps around, which makes it a hash
        steps = np.rint(vectors[start : start + _BLOCK] * scale).astype(np.int64)
        keys[start : start + _BLOCK] = steps @ weights
    _, first, group = np.unique(keys, return_index=True, return_inverse=True)
    number = np.empty(len(first), dtype=np.int64)
    number[np.argsort(first)] = np.arange(len(first))
    return Groups.from_numbers(number[group.reshape(-1)])


def read_groups(data: bytes, rows: int) -> tuple[Groups, bytes]:
    """The groups of `rows` rows, and the bytes after them.

    Raises: DamagedError.
    """
    end = _HEAD + 4 * rows
    if len(data) < end or int.from_bytes(data[:_HEAD], "little") != rows:
        raise DamagedError("INDEX_DAMAGED", f"expected the groups of {rows} rows", place="structure.faiss")
    numbers = np.frombuffer(data[_HEAD:end], dtype="<i4").astype(np.int64)
    if numbers.min() < 0 or numbers.max() >= rows or not np.bincount(numbers).all():
        raise DamagedError("INDEX_DAMAGED", "invalid group table", place="structure.faiss")
    return Groups.from_numbers(numbers), data[end:]
