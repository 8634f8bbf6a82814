"""Facts about the dev and test rows that do not depend on training. Reports slice results by them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from seqtwin.data.batches import PairStore
from seqtwin.data.pairs import PairData
from seqtwin.data.splits import seen_in_train
from seqtwin.published import Leakage


@dataclass(frozen=True)
class PairFacts:
    """One value per judged row of a split.

    `length`: mean steps of the two sides. `pad_share`: 1 - that length / longest item of the split's pairs.
    `overlap`: Jaccard overlap of the tokens of the two sides, None for series. `seen`: how many of the two items
    occur in the training pairs.
    """

    length: np.ndarray
    pad_share: np.ndarray
    overlap: np.ndarray | None
    seen: np.ndarray


def describe_pairs(data: PairData, stores: Mapping[str, PairStore]) -> dict[str, PairFacts]:
    """The facts of the dev and the test pairs."""
    return {split: _facts_of(stores[split], seen_in_train(data.frame, split)) for split in ("dev", "test")}


def _facts_of(store: PairStore, seen: np.ndarray) -> PairFacts:
    length = (store.items.lengths[store.left] + store.items.lengths[store.right]) / 2
    tokens = np.issubdtype(store.items.steps.dtype, np.integer)
    return PairFacts(
        length=length,
        pad_share=1.0 - length / store.lengths.max(),
        overlap=token_overlap(store) if tokens else None,
        seen=seen,
    )


def token_overlap(store: PairStore) -> np.ndarray:
    """Jaccard overlap |A and B| / |A or B| of the distinct tokens of both sides, not of letters: Float[pairs]."""
    items = store.items
    ends = items.starts + items.lengths
    ids = items.steps if items.steps.ndim == 1 else items.steps[:, 0]
    sets = [frozenset(ids[a:b].tolist()) for a, b in zip(items.starts, ends, strict=True)]
    pairs = zip(store.left, store.right, strict=True)
    return np.array([len(sets[a] & sets[b]) / len(sets[a] | sets[b]) for a, b in pairs])


def leakage_of(facts: Mapping[str, PairFacts]) -> Leakage:
    """The number and share of test rows with an item that also occurs in training."""
    leaking = facts["test"].seen > 0
    return {"pairs": int(leaking.sum()), "share": float(leaking.mean())}
