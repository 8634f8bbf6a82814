"""Pairs from items that belong to groups: two of one group are the same, two of different groups are not."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from seqtwin.data.pairs import SPLITS, Retrieval

Propose = Callable[[np.ndarray, np.random.Generator], np.ndarray]

ROUNDS = 40
FEWER = 5  # dev and test have one pair for so many of train
MOST_SEARCHED = 500  # items of a search task


def split_items(groups: np.ndarray, fractions: Sequence[float], rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Item indices by split, sorted; every group is cut by the same shares."""
    parts: dict[str, list[np.ndarray]] = {split: [] for split in SPLITS}
    for group in np.unique(groups):
        items = rng.permutation(np.flatnonzero(groups == group))
        cuts = np.round(np.cumsum(fractions[:-1]) * len(items)).astype(int)
        for split, part in zip(SPLITS, np.split(items, cuts), strict=True):
            parts[split].append(part)
    return {split: np.sort(np.concatenate(found)) for split, found in parts.items()}


def split_of(members: Mapping[str, np.ndarray], count: int) -> np.ndarray:
    """The split of each of `count` items, from the items of each split.

    >>> split_of({"train": np.array([0, 2]), "test": np.array([1])}, 3).tolist()
    ['train', 'test', 'train']
    """
    found = np.full(count, "", dtype="<U5")
    for split, items in members.items():
        found[items] = split
    return found


def pairs_by_split(
    members: Mapping[str, np.ndarray], groups: np.ndarray, pairs: int, rng: np.random.Generator
) -> pd.DataFrame:
    """Balanced pairs within each split: `pairs` for train, a fifth each for dev and test. Sides are item indices.

    Raises: ValueError for a split that holds no two items of one group, or no two of different groups.
    """
    parts: list[pd.DataFrame] = []
    for split, items in members.items():
        rows, target = balanced_pairs(groups[items], pairs if split == "train" else pairs // FEWER, rng)
        if not len(rows):
            kinds = len(np.unique(groups[items]))
            raise ValueError(f"{split}: no pairs can be made of {len(items)} items of {kinds} class(es)")
        left, right = items[rows[:, 0]], items[rows[:, 1]]
        parts.append(pd.DataFrame({"left": left, "right": right, "target": target, "split": split}))
    return pd.concat(parts, ignore_index=True)


def search_among(items: np.ndarray, groups: np.ndarray, seed: int) -> Retrieval | None:
    """Each of these items looks for the others of its group among all of them; None where no two share a group.

    `items`: Int[n], `groups`: Int[n], their groups. At most 500 items take part, drawn with the seed.

    >>> search_among(np.array([4, 7, 9]), np.array([0, 1, 0]), seed=0).relevant
    [{2}, {0}]
    """
    chosen = np.sort(np.random.default_rng([seed, 1]).permutation(len(items))[:MOST_SEARCHED])
    held, theirs = items[chosen], groups[chosen]
    found = {row: set(np.flatnonzero(theirs == theirs[row]).tolist()) - {row} for row in range(len(held))}
    asked = [row for row, answers in found.items() if answers]
    if not asked:
        return None
    return Retrieval(held[asked].tolist(), held.tolist(), [found[row] for row in asked], asked)


def balanced_pairs(groups: np.ndarray, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Index pairs [n, 2] and targets [n]: half of one group, half of two, no pair twice, in shuffled order.

    Every item opens about as many pairs as any other. Fewer pairs come back when the items do not hold as many.

    >>> pairs, target = balanced_pairs(np.array([0, 0, 1, 1]), 4, np.random.default_rng(0))
    >>> sorted(target.tolist())
    [0.0, 0.0, 1.0, 1.0]
    """
    alike = distinct_pairs(len(groups), partner_in_group(groups), count // 2, rng)
    unlike = distinct_pairs(len(groups), partner_elsewhere(groups), len(alike), rng)
    alike = alike[: len(unlike)]
    return shuffled(alike, unlike, rng)


def shuffled(alike: np.ndarray, unlike: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Both kinds in one random order, sides swapped at random, with targets 1 and 0."""
    pairs = np.concatenate([alike, unlike])
    target = np.repeat([1.0, 0.0], [len(alike), len(unlike)])
    swap = rng.random(len(pairs)) < 0.5
    pairs[swap] = pairs[swap, ::-1]
    order = rng.permutation(len(pairs))
    return pairs[order], target[order]


def distinct_pairs(
    items: int, propose: Propose, count: int, rng: np.random.Generator, *, taken: np.ndarray | None = None
) -> np.ndarray:
    """Up to `count` different unordered pairs [n, 2]; every item is asked for a partner about as often.

    `taken` pairs are not drawn again.
    """
    held = np.zeros((0, 2), dtype=np.int64) if taken is None else taken
    start = len(held)
    for _ in range(ROUNDS):
        missing = start + count - len(held)
        if missing <= 0 or items < 2:
            break
        anchors = evenly(items, missing, rng)
        partners = propose(anchors, rng)
        fresh = np.stack([anchors, partners], axis=1)[partners >= 0]
        held = _first_of_each(np.concatenate([held, fresh]), items)
    return held[start : start + count]


def _first_of_each(pairs: np.ndarray, items: int) -> np.ndarray:
    key = pairs.min(axis=1) * items + pairs.max(axis=1)
    return np.asarray(pairs[np.sort(np.unique(key, return_index=True)[1])])


def evenly(items: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """`count` indices below `items`, each one as often as any other, give or take one."""
    rounds = max(1, -(-count // items))
    return np.concatenate([rng.permutation(items) for _ in range(rounds)])[:count]


def partner_in_group(groups: np.ndarray) -> Propose:
    """Proposes another item of the same group, any of them equally often; -1 for an item that is alone."""
    order = np.argsort(groups, kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    _, inverse, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    starts = (np.cumsum(sizes) - sizes)[inverse]
    size = sizes[inverse]

    def propose(anchors: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        others = np.maximum(size[anchors] - 1, 1)
        step = 1 + rng.integers(0, others)
        within = (place[anchors] - starts[anchors] + step) % size[anchors]
        return np.where(size[anchors] > 1, order[starts[anchors] + within], -1)

    return propose


def partner_elsewhere(groups: np.ndarray) -> Propose:
    """Proposes any item; -1 where it fell into the same group."""

    def propose(anchors: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        found = rng.integers(0, len(groups), size=len(anchors))
        return np.where(groups[found] == groups[anchors], -1, found)

    return propose
