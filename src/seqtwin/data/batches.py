"""Ragged storage and batches. The order of the data is a pure function of (seed, epoch)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from seqtwin.records import DecodeBatch, LabelledBatch, PairBatch, Sequences

POOL = 32  # batches that are sorted by length together: little padding, still much chance


@dataclass(frozen=True)
class Ragged:
    """Sequences of unequal length behind each other. `steps`: [all steps] ids or [all steps, channels] numbers."""

    steps: np.ndarray
    starts: np.ndarray
    lengths: np.ndarray

    @staticmethod
    def of(items: Sequence[np.ndarray]) -> "Ragged":
        """Storage of these items, each with at least one step.

        >>> Ragged.of([np.array([4, 5]), np.array([6])]).take(np.array([1, 0])).values
        tensor([[6, 0],
                [4, 5]])
        """
        lengths = np.array([len(item) for item in items], dtype=np.int64)
        return Ragged(np.concatenate(items), np.cumsum(lengths) - lengths, lengths)

    def __len__(self) -> int:
        return len(self.lengths)

    def take(self, rows: np.ndarray) -> Sequences:
        """These rows, right-padded to the longest of them."""
        lengths = self.lengths[rows]
        times = np.arange(lengths.max())
        real = times < lengths[:, None]
        values = np.zeros((len(rows), len(times), *self.steps.shape[1:]), dtype=self.steps.dtype)
        values[real] = self.steps[(self.starts[rows][:, None] + times)[real]]
        return Sequences(torch.from_numpy(values), torch.from_numpy(lengths))


@dataclass(frozen=True)
class PairStore:
    """Pairs as places in a store of distinct items. `left`, `right`: Int[pairs]; `target`: Float[pairs]."""

    items: Ragged
    left: np.ndarray
    right: np.ndarray
    target: np.ndarray

    def __len__(self) -> int:
        return len(self.target)

    @property
    def lengths(self) -> np.ndarray:
        """Length of the longer side of each pair."""
        longer: np.ndarray = np.maximum(self.items.lengths[self.left], self.items.lengths[self.right])
        return longer

    def batch(self, rows: np.ndarray) -> PairBatch:
        """The pairs at these rows."""
        left, right = self.items.take(self.left[rows]), self.items.take(self.right[rows])
        target = torch.from_numpy(self.target[rows].astype(np.float32))
        return PairBatch(left, right, target, torch.from_numpy(rows))


@dataclass(frozen=True)
class ClassStore:
    """Items with a class each. `target`: Int[items]."""

    items: Ragged
    target: np.ndarray

    def __len__(self) -> int:
        return len(self.items)

    @property
    def lengths(self) -> np.ndarray:
        """Length of each item."""
        return self.items.lengths

    def batch(self, rows: np.ndarray) -> LabelledBatch:
        """The items at these rows."""
        return LabelledBatch(self.items.take(rows), torch.from_numpy(self.target[rows]), torch.from_numpy(rows))


@dataclass(frozen=True)
class StepStore:
    """Items with a class for every step. `classes`: as ragged as the items."""

    items: Ragged
    classes: Ragged

    def __len__(self) -> int:
        return len(self.items)

    @property
    def lengths(self) -> np.ndarray:
        """Length of each item."""
        return self.items.lengths

    @property
    def target(self) -> np.ndarray:
        """The class of every step of item 0, then of item 1, ...: Int[steps]."""
        return self.classes.steps

    def batch(self, rows: np.ndarray) -> LabelledBatch:
        """The items at these rows."""
        classes = self.classes.take(rows)
        return LabelledBatch(self.items.take(rows), classes.values[classes.mask], torch.from_numpy(rows))


@dataclass(frozen=True)
class DecodeStore:
    """Items with what is to be written of each: token ids that end with the end token."""

    items: Ragged
    written: Ragged

    def __len__(self) -> int:
        return len(self.items)

    @property
    def lengths(self) -> np.ndarray:
        """The longer of what is read and what is written."""
        longer: np.ndarray = np.maximum(self.items.lengths, self.written.lengths)
        return longer

    @property
    def target(self) -> np.ndarray:
        """1 for each item: that it is written without a fault."""
        return np.ones(len(self), dtype=np.int64)

    def batch(self, rows: np.ndarray) -> DecodeBatch:
        """The items at these rows."""
        return DecodeBatch(self.items.take(rows), self.written.take(rows), torch.from_numpy(rows))


Store = PairStore | ClassStore | StepStore | DecodeStore


def epoch_batches(lengths: np.ndarray, size: int, *, seed: int, epoch: int) -> list[np.ndarray]:
    """Rows of every batch of one epoch: shuffled, alike in length within a batch, each row once.

    >>> [len(b) for b in epoch_batches(np.array([3, 1, 2, 2, 5]), 2, seed=0, epoch=1)]
    [2, 2, 1]
    """
    rng = np.random.default_rng([seed, epoch])
    order = rng.permutation(len(lengths))
    pools = [order[i : i + POOL * size] for i in range(0, len(order), POOL * size)]
    found = [batch for pool in pools for batch in _cut(pool[np.argsort(lengths[pool], kind="stable")], size)]
    short = found.pop() if found and len(found[-1]) < size else None
    shuffled = [found[i] for i in rng.permutation(len(found))]
    return shuffled if short is None else [*shuffled, short]


def by_length(lengths: np.ndarray, size: int) -> Iterator[np.ndarray]:
    """Rows of every batch, shortest first: for encoding, where the order does not matter."""
    return _cut(np.argsort(lengths, kind="stable"), size)


def _cut(rows: np.ndarray, size: int) -> Iterator[np.ndarray]:
    return (rows[i : i + size] for i in range(0, len(rows), size))
