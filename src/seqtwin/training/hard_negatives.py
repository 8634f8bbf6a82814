"""Hard negatives during a training: for each text of a same pair, the nearest texts that are not known to be the same.

They are chosen as by `seqtwin mine`, by the encoder in its present state.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from seqtwin.data.batches import PairStore
from seqtwin.model.siamese import Siamese
from seqtwin.training.encode_store import encode_items, score_matrix, score_pairs

NEAREST = 50  # neighbours considered per text
AT_ONCE = 512  # anchors compared with all other texts at once


def _none() -> tuple[np.ndarray, np.ndarray]:
    return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)


@dataclass(frozen=True)
class MiningSettings:
    """`per_text`: the most negatives per text; `every`: epochs between two searches; `from_epoch`: the first epoch with
    negatives; `margin`: how much nearer than the nearest positive a text may be, None for any distance."""

    per_text: int
    every: int
    from_epoch: int
    margin: float | None


@dataclass
class HardNegatives:
    """Finds the hard negatives of each epoch.

    The anchors are the left texts of same pairs, and the candidates all right texts. Texts of one thing (`things`:
    Int[items]) are never a negative. A candidate that scores higher than the nearest positive of the anchor by more
    than the margin may be an unlabelled positive. It is skipped, unless the pair is labelled as different.

    `cut`: targets of at least this value are same pairs. `searches`, `pairs`, `skipped`: counts of all searches so far.
    """

    store: PairStore
    things: np.ndarray
    cut: float
    settings: MiningSettings
    searches: int = 0
    pairs: int = 0
    skipped: int = 0
    found: tuple[np.ndarray, np.ndarray] = field(default_factory=_none)

    def __post_init__(self) -> None:
        left, right, same = self.store.left, self.store.right, self.store.target >= self.cut
        self.used, (self._left, self._right) = _numbered(left, right)
        self.anchors, self.others = np.unique(self._left[same]), np.unique(self._right)
        self._same = same
        different = zip(self._left[~same].tolist(), self._right[~same].tolist(), strict=True)
        self._different = {_key(a, b) for a, b in different}

    @property
    def most(self) -> int:
        """The largest number of negatives of an epoch."""
        return self.settings.per_text * len(self.anchors)

    def epoch(self, model: Siamese, epoch: int) -> tuple[np.ndarray, np.ndarray]:
        """The items of both sides of the negatives of an epoch: Int[negatives], twice; none before `from_epoch`.

        They are searched when an epoch is due and kept until the next one.
        """
        since = epoch - self.settings.from_epoch
        if since >= 0 and since % self.settings.every == 0:
            self.found = self._search(model)
        return self.found

    def _search(self, model: Siamese) -> tuple[np.ndarray, np.ndarray]:
        vectors = encode_items(model, self.store.items.only(self.used))
        limit = self._limits(model, vectors)
        used: set[tuple[int, int]] = set()
        chosen = [
            (anchor, other)
            for anchor, others, scores in self._candidates(model, vectors)
            for other in self._choose(anchor, others, scores, limit[anchor], used)
        ]
        self.searches += 1
        self.pairs += len(chosen)
        pairs = np.array(chosen, dtype=np.int64).reshape(-1, 2)
        return self.used[pairs[:, 0]], self.used[pairs[:, 1]]

    def _limits(self, model: Siamese, vectors: Tensor) -> np.ndarray:
        """The score from which an unlabelled text is skipped, for each text that is an anchor: Float[used]."""
        if self.settings.margin is None:
            return np.full(len(self.used), np.inf)
        left, right = self._left[self._same], self._right[self._same]
        best = np.full(len(self.used), -np.inf)
        np.maximum.at(best, left, score_pairs(model, vectors, left, right))
        return best + self.settings.margin

    def _candidates(self, model: Siamese, vectors: Tensor) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
        """Each anchor with the nearest texts of other things, best first, and their scores."""
        things = self.things[self.used]
        for start in range(0, len(self.anchors), AT_ONCE):
            anchors = self.anchors[start : start + AT_ONCE]
            scores = score_matrix(model, _rows(vectors, anchors), _rows(vectors, self.others))
            scores = np.where(things[anchors][:, None] == things[self.others], -np.inf, scores)
            for anchor, own in zip(anchors.tolist(), scores, strict=True):
                best = _best(own)
                yield anchor, self.others[best], own[best]

    def _choose(
        self, anchor: int, others: np.ndarray, scores: np.ndarray, limit: float, used: set[tuple[int, int]]
    ) -> list[int]:
        """The negatives of an anchor. No pair is `used` twice, in either order, whether chosen or skipped."""
        chosen: list[int] = []
        for other, score in zip(others.tolist(), scores.tolist(), strict=True):
            key = _key(anchor, other)
            if key in used:
                continue
            if score > limit and key not in self._different:
                self.skipped += 1
            elif len(chosen) < self.settings.per_text:
                chosen.append(other)
            else:
                continue
            used.add(key)
        return chosen


def _numbered(left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    """The items in use, and their places among these for both sides."""
    used, places = np.unique(np.concatenate([left, right]), return_inverse=True)
    return used, np.split(places, 2)


def _rows(vectors: Tensor, places: np.ndarray) -> Tensor:
    return vectors[torch.from_numpy(places).to(vectors.device)]


def _key(a: int, b: int) -> tuple[int, int]:
    return (a, b) if a < b else (b, a)


def _best(scores: np.ndarray) -> np.ndarray:
    """The places of the highest finite scores, best first; equal scores in their order: Int[up to NEAREST]."""
    if len(scores) > NEAREST:
        edge = -np.partition(-scores, NEAREST - 1)[NEAREST - 1]
        places = np.flatnonzero(scores >= edge)
    else:
        places = np.arange(len(scores))
    ordered = places[np.argsort(-scores[places], kind="stable")][:NEAREST]
    return ordered[np.isfinite(scores[ordered])]
