"""The training pairs of each epoch, where they differ from epoch to epoch."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from seqtwin.data.augmented_items import TextAugmenter
from seqtwin.data.batches import PairStore
from seqtwin.model.siamese import Siamese
from seqtwin.training.hard_negatives import HardNegatives

STREAM = 5  # separates these random numbers from others of the same epoch


@dataclass(frozen=True)
class SharedRows:
    """Rows of the training pairs of which each epoch uses some, drawn anew.

    `start`, `end`: the rows; `count`: how many of them an epoch uses. A row is used again only after all others.
    """

    start: int
    end: int
    count: int

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """The rows of one epoch: Int[count]."""
        size = self.end - self.start
        rounds = [self.start + rng.permutation(size) for _ in range(-(-self.count // size))]
        return np.concatenate([np.zeros(0, dtype=np.int64), *rounds])[: self.count]


@dataclass
class EpochPairs:
    """The training pairs of each epoch: the labelled ones, those of further files, copies, and hard negatives.

    `store`: all labelled pairs, with which a training is measured; `shared`: the pairs of further files that are drawn;
    `latest`: the pairs of the last epoch. Each epoch depends only on the seed, its number and the encoder.
    """

    store: PairStore
    seed: int
    shared: Sequence[SharedRows] = ()
    augmenter: TextAugmenter | None = None
    negatives: HardNegatives | None = None
    latest: PairStore | None = field(default=None, repr=False)

    def __len__(self) -> int:
        """The largest number of pairs of an epoch, which sets the number of steps that a schedule is made for."""
        drawn = sum(part.count - (part.end - part.start) for part in self.shared)
        copies = 0 if self.augmenter is None else self.augmenter.copies_per_epoch
        return len(self.store) + drawn + copies + (0 if self.negatives is None else self.negatives.most)

    def epoch(self, model: Siamese, epoch: int) -> PairStore:
        """The pairs of an epoch, numbered from 1, for the encoder as it is before that epoch."""
        if self.negatives is not None:
            self.negatives.epoch(model, epoch)
        return self.again(epoch)

    def again(self, epoch: int) -> PairStore:
        """The pairs of an epoch whose negatives are found already."""
        pairs = self._drawn(epoch)
        if self.negatives is not None:
            pairs = _with_pairs(pairs, *self.negatives.found, 0.0)
        if self.augmenter is not None:
            made = self.augmenter.epoch(epoch)
            copies = np.arange(len(made.items) - len(made.copied), len(made.items))
            pairs = replace(_with_pairs(pairs, made.copied, copies, 1.0), items=made.items)
        self.latest = pairs
        return pairs

    def _drawn(self, epoch: int) -> PairStore:
        if not self.shared:
            return self.store
        rng, keep = np.random.default_rng([self.seed, epoch, STREAM]), np.ones(len(self.store), dtype=bool)
        for part in self.shared:
            keep[part.start : part.end] = False
        rows = np.concatenate([np.flatnonzero(keep), *(part.draw(rng) for part in self.shared)])
        s = self.store
        return PairStore(s.items, s.left[rows], s.right[rows], s.target[rows])


def _with_pairs(pairs: PairStore, left: np.ndarray, right: np.ndarray, target: float) -> PairStore:
    """The pairs with further ones, which all have the same target."""
    return PairStore(
        pairs.items,
        np.concatenate([pairs.left, left]),
        np.concatenate([pairs.right, right]),
        np.concatenate([pairs.target, np.full(len(left), target)]),
    )
