"""Compact storage of sequences, and batches. The order of the data depends only on seed and epoch."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from seqtwin.records import DecodeBatch, LabelledBatch, PairBatch, Sequences, TaughtBatch

POOL = 32  # batches sorted by length together: little padding, but still enough randomness


@dataclass(frozen=True)
class Ragged:
    """Sequences of different lengths, concatenated.

    `steps`: ids [all steps], ids with letters or numbers [all steps, channels]; `starts`, `lengths`: Int[items].
    """

    steps: np.ndarray
    starts: np.ndarray
    lengths: np.ndarray

    @staticmethod
    def of(items: Sequence[np.ndarray]) -> "Ragged":
        """The storage of some items, each with at least one step.

        >>> Ragged.of([np.array([4, 5]), np.array([6])]).take(np.array([1, 0])).values
        tensor([[6, 0],
                [4, 5]])
        """
        lengths = np.fromiter(map(len, items), np.int64, len(items))
        return Ragged(np.concatenate(items), np.cumsum(lengths) - lengths, lengths)

    def __len__(self) -> int:
        return len(self.lengths)

    def only(self, rows: np.ndarray) -> "Ragged":
        """The items of some rows, one after the other. Rows may repeat.

        >>> Ragged.of([np.array([4, 5]), np.array([6])]).only(np.array([1, 0, 1])).steps.tolist()
        [6, 4, 5, 6]
        """
        lengths = self.lengths[rows]
        starts = np.cumsum(lengths) - lengths
        places = np.repeat(self.starts[rows] - starts, lengths) + np.arange(lengths.sum())
        return Ragged(self.steps[places], starts, lengths)

    def take(self, rows: np.ndarray) -> Sequences:
        """The items of some rows, right-padded to the longest."""
        lengths = self.lengths[rows]
        times = np.arange(lengths.max())
        real = times < lengths[:, None]
        values = np.zeros((len(rows), len(times), *self.steps.shape[1:]), dtype=self.steps.dtype)
        values[real] = self.steps[(self.starts[rows][:, None] + times)[real]]
        return Sequences(torch.from_numpy(values), torch.from_numpy(lengths))


def batch_of(items: Sequence[np.ndarray]) -> Sequences:
    """The items as one batch, right-padded to the longest.

    >>> batch_of([np.array([4, 5]), np.array([6])]).values
    tensor([[4, 5],
            [6, 0]])
    """
    if len(items) == 1:
        return Sequences(torch.tensor(items[0])[None], torch.tensor([len(items[0])]))
    return Ragged.of(items).take(np.arange(len(items)))


@dataclass(frozen=True)
class PairStore:
    """Pairs as positions in a storage of distinct items. `left`, `right`: Int[pairs]; `target`: Float[pairs]."""

    items: Ragged
    left: np.ndarray
    right: np.ndarray
    target: np.ndarray

    def __len__(self) -> int:
        return len(self.target)

    @property
    def lengths(self) -> np.ndarray:
        """The length of the longer side of each pair: Int[pairs]."""
        longer: np.ndarray = np.maximum(self.items.lengths[self.left], self.items.lengths[self.right])
        return longer

    def batch(self, rows: np.ndarray) -> PairBatch:
        """The pairs of some rows."""
        left, right = self.items.take(self.left[rows]), self.items.take(self.right[rows])
        target = torch.from_numpy(self.target[rows].astype(np.float32))
        return PairBatch(left, right, target, torch.from_numpy(rows))


@dataclass(frozen=True)
class ClassStore:
    """Items with a class. `target`: Int[items]."""

    items: Ragged
    target: np.ndarray

    def __len__(self) -> int:
        return len(self.items)

    @property
    def lengths(self) -> np.ndarray:
        """The length of each item: Int[items]."""
        return self.items.lengths

    def batch(self, rows: np.ndarray) -> LabelledBatch:
        """The items of some rows."""
        return LabelledBatch(self.items.take(rows), torch.from_numpy(self.target[rows]), torch.from_numpy(rows))


@dataclass(frozen=True)
class StepStore:
    """Items with one class per step. `classes`: Int[all steps], with the same lengths as the items."""

    items: Ragged
    classes: Ragged

    def __len__(self) -> int:
        return len(self.items)

    @property
    def lengths(self) -> np.ndarray:
        """The length of each item: Int[items]."""
        return self.items.lengths

    @property
    def target(self) -> np.ndarray:
        """The classes of the steps of item 0, then of item 1, ...: Int[all steps]."""
        return self.classes.steps

    def batch(self, rows: np.ndarray) -> LabelledBatch:
        """The items of some rows."""
        classes = self.classes.take(rows)
        return LabelledBatch(self.items.take(rows), classes.values[classes.mask], torch.from_numpy(rows))


@dataclass(frozen=True)
class DecodeStore:
    """Items with a sequence to generate. `written`: token ids that end with the end token."""

    items: Ragged
    written: Ragged

    def __len__(self) -> int:
        return len(self.items)

    @property
    def lengths(self) -> np.ndarray:
        """The length of the longer of input and output: Int[items]."""
        longer: np.ndarray = np.maximum(self.items.lengths, self.written.lengths)
        return longer

    @property
    def target(self) -> np.ndarray:
        """1 for each item: the score of a correctly generated sequence."""
        return np.ones(len(self), dtype=np.int64)

    def batch(self, rows: np.ndarray) -> DecodeBatch:
        """The items of some rows."""
        return DecodeBatch(self.items.take(rows), self.written.take(rows), torch.from_numpy(rows))


@dataclass(frozen=True)
class TaughtStore:
    """Items with the vector of a teacher for each. `target`: Float[items width], in memory or on disk."""

    items: Ragged
    target: np.ndarray

    def __len__(self) -> int:
        return len(self.items)

    @property
    def lengths(self) -> np.ndarray:
        """The length of each item: Int[items]."""
        return self.items.lengths

    def batch(self, rows: np.ndarray) -> TaughtBatch:
        """The items of some rows."""
        target = torch.from_numpy(self.target[rows].astype(np.float32))
        return TaughtBatch(self.items.take(rows), target, torch.from_numpy(rows))


Store = PairStore | ClassStore | StepStore | DecodeStore | TaughtStore


def epoch_batches(lengths: np.ndarray, size: int, *, seed: int, epoch: int) -> list[np.ndarray]:
    """The rows of every batch of one epoch, shuffled, with similar lengths within a batch. Each row occurs once.

    >>> [len(b) for b in epoch_batches(np.array([3, 1, 2, 2, 5]), 2, seed=0, epoch=1)]
    [2, 2, 1]
    """
    rng = np.random.default_rng([seed, epoch])
    order = rng.permutation(len(lengths))
    pools = [order[i : i + POOL * size] for i in range(0, len(order), POOL * size)]
    batches = [batch for pool in pools for batch in _cut(pool[np.argsort(lengths[pool], kind="stable")], size)]
    short = batches.pop() if batches and len(batches[-1]) < size else None
    shuffled = [batches[i] for i in rng.permutation(len(batches))]
    return shuffled if short is None else [*shuffled, short]


def balanced_batches(
    lengths: np.ndarray, same: np.ndarray, size: int, share: float, *, seed: int, epoch: int
) -> list[np.ndarray]:
    """The rows of every batch of one epoch, with this share of rows that are `same` in each, to within one row.

    There are as many batches as without balance. Every row of the class that has less than its share occurs at least
    once, and none occurs two times more than another. Of the other class as many rows are drawn as are needed.
    `same`: Bool[rows]. Raises: ValueError if all rows are of one class.

    >>> same = np.array([True] + [False] * 7)
    >>> [int(same[batch].sum()) for batch in balanced_batches(np.ones(8), same, 4, 0.5, seed=0, epoch=1)]
    [2, 2]
    """
    if same.all() or not same.any():
        raise ValueError("expected rows of both classes")
    rng = np.random.default_rng([seed, epoch])
    ends = np.minimum(np.arange(size, len(same) + size, size), len(same))
    ends_same = np.floor(share * ends + 0.5).astype(np.int64)
    classes = ((np.flatnonzero(same), ends_same), (np.flatnonzero(~same), ends - ends_same))
    halves = [_class_batches(_repeated(rows, own[-1], rng), lengths, own) for rows, own in classes]
    batches = [np.concatenate(both) for both in zip(*halves, strict=True)]
    full = len(same) // size  # the last batch can be smaller, and stays the last
    return [*(batches[i] for i in rng.permutation(full)), *batches[full:]]


def _repeated(rows: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """So many of the rows in random order. All occur equally often, to within one."""
    rounds = [rng.permutation(rows) for _ in range(-(-count // len(rows)))]
    return np.concatenate([rows[:0], *rounds])[:count]


def _class_batches(rows: np.ndarray, lengths: np.ndarray, ends: np.ndarray) -> list[np.ndarray]:
    """The rows of one class, cut at these ends; rows of similar length come together within each pool of batches."""
    pools = np.split(rows, ends[POOL - 1 : -1 : POOL])
    ordered = [pool[np.argsort(lengths[pool], kind="stable")] for pool in pools]
    return np.split(np.concatenate(ordered), ends[:-1])


def by_length(lengths: np.ndarray, size: int) -> Iterator[np.ndarray]:
    """The rows of every batch, shortest first, for encoding."""
    return _cut(np.argsort(lengths, kind="stable"), size)


def _cut(rows: np.ndarray, size: int) -> Iterator[np.ndarray]:
    return (rows[i : i + size] for i in range(0, len(rows), size))
