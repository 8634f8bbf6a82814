"""Pairs and search tasks drawn from items with groups. Two items of the same group are the same."""

from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np
import pandas as pd

from seqtwin.data.pairs import SPLITS, Retrieval

Propose = Callable[[np.ndarray, np.random.Generator], np.ndarray]

ROUNDS = 40
FEWER = 5  # training pairs per pair of dev and test
MOST_SEARCHED = 500  # largest number of items in a search task


def split_items(groups: np.ndarray, fractions: Sequence[float], rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Sorted item indices by split. Every group is split by the same shares."""
    parts: dict[str, list[np.ndarray]] = {split: [] for split in SPLITS}
    for group in np.unique(groups):
        items = rng.permutation(np.flatnonzero(groups == group))
        cuts = np.round(np.cumsum(fractions[:-1]) * len(items)).astype(int)
        for split, part in zip(SPLITS, np.split(items, cuts), strict=True):
            parts[split].append(part)
    return {split: np.sort(np.concatenate(own)) for split, own in parts.items()}


def lacks_dev(split: Collection[str]) -> bool:
    """Whether there is train and test, but no dev, which is then split off train."""
    return "dev" not in split and {"train", "test"} <= set(split)


def dev_from_train(fractions: Sequence[float]) -> tuple[float, float, float]:
    """The shares of train, dev and test by which train is split where dev is missing."""
    return 1 - fractions[1], fractions[1], 0.0


def dev_note(fractions: Sequence[float]) -> str:
    """The note about a dev that was split off train."""
    return f"dev was split off train: {fractions[1]:.0%}"


def split_of(members: Mapping[str, np.ndarray], count: int) -> np.ndarray:
    """The split of each of `count` items. `members`: item indices by split.

    >>> split_of({"train": np.array([0, 2]), "test": np.array([1])}, 3).tolist()
    ['train', 'test', 'train']
    """
    splits = np.full(count, "", dtype="<U5")
    for split, items in members.items():
        splits[items] = split
    return splits


def pairs_by_split(
    members: Mapping[str, np.ndarray], groups: np.ndarray, pairs: int, rng: np.random.Generator
) -> pd.DataFrame:
    """Balanced pairs of item indices within each split: `pairs` for train, a fifth each for dev and test.

    Raises: ValueError for a split without two items of the same group or two items of different groups.
    """
    parts: list[pd.DataFrame] = []
    for split, items in members.items():
        rows, target = balanced_pairs(groups[items], pairs if split == "train" else pairs // FEWER, rng)
        if not len(rows):
            kinds = len(np.unique(groups[items]))
            raise ValueError(f"{split}: no pairs can be drawn from {len(items)} items of {kinds} class(es)")
        left, right = items[rows[:, 0]], items[rows[:, 1]]
        parts.append(pd.DataFrame({"left": left, "right": right, "target": target, "split": split}))
    return pd.concat(parts, ignore_index=True)


def search_among(items: np.ndarray, groups: np.ndarray, seed: int) -> Retrieval | None:
    """A search task: each item is a query for the other items of its group. None if no two items share a group.

    `items`, `groups`: Int[n]. At most 500 random items are used.

    >>> search_among(np.array([4, 7, 9]), np.array([0, 1, 0]), seed=0).relevant
    [{2}, {0}]
    """
    chosen = np.sort(np.random.default_rng([seed, 1]).permutation(len(items))[:MOST_SEARCHED])
    corpus, kinds = items[chosen], groups[chosen]
    relevant = {row: set(np.flatnonzero(kinds == kinds[row]).tolist()) - {row} for row in range(len(corpus))}
    queries = [row for row, answers in relevant.items() if answers]
    if not queries:
        return None
    return Retrieval(corpus[queries].tolist(), corpus.tolist(), [relevant[row] for row in queries], queries)


def balanced_pairs(groups: np.ndarray, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Distinct index pairs [n, 2] in random order, half of them within a group, and their targets [n].

    All items are used about equally often. Fewer than `count` pairs are returned if the items do not have as many.

    >>> pairs, target = balanced_pairs(np.array([0, 0, 1, 1]), 4, np.random.default_rng(0))
    >>> sorted(target.tolist())
    [0.0, 0.0, 1.0, 1.0]
    """
    alike = distinct_pairs(len(groups), partner_in_group(groups), count // 2, rng)
    unlike = distinct_pairs(len(groups), partner_elsewhere(groups), len(alike), rng)
    alike = alike[: len(unlike)]
    return shuffled(alike, unlike, rng)


def shuffled(alike: np.ndarray, unlike: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Both kinds of pairs in random order, with randomly swapped sides, and their targets (1 alike, 0 unlike)."""
    pairs = np.concatenate([alike, unlike])
    target = np.repeat([1.0, 0.0], [len(alike), len(unlike)])
    swap = rng.random(len(pairs)) < 0.5
    pairs[swap] = pairs[swap, ::-1]
    order = rng.permutation(len(pairs))
    return pairs[order], target[order]


def distinct_pairs(
    items: int, propose: Propose, count: int, rng: np.random.Generator, *, taken: np.ndarray | None = None
) -> np.ndarray:
    """Up to `count` distinct unordered pairs [n, 2], in addition to the pairs in `taken`.

    `propose`: partners for some items, -1 for none. All items get a partner about equally often.
    """
    pairs = np.zeros((0, 2), dtype=np.int64) if taken is None else taken
    start = len(pairs)
    for _ in range(ROUNDS):
        missing = start + count - len(pairs)
        if missing <= 0 or items < 2:
            break
        anchors = evenly(items, missing, rng)
        partners = propose(anchors, rng)
        fresh = np.stack([anchors, partners], axis=1)[partners >= 0]
        pairs = _first_of_each(np.concatenate([pairs, fresh]), items)
    return pairs[start : start + count]


def _first_of_each(pairs: np.ndarray, items: int) -> np.ndarray:
    key = pairs.min(axis=1) * items + pairs.max(axis=1)
    return np.asarray(pairs[np.sort(np.unique(key, return_index=True)[1])])


def evenly(items: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """`count` indices below `items`, each equally often, up to a difference of one."""
    rounds = max(1, -(-count // items))
    return np.concatenate([rng.permutation(items) for _ in range(rounds)])[:count]


def partner_in_group(groups: np.ndarray) -> Propose:
    """A function that proposes another random item of the same group; -1 for a single item."""
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
    """A function that proposes a random item of another group; -1 if the item drawn is in the same group."""

    def propose(anchors: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        drawn = rng.integers(0, len(groups), size=len(anchors))
        return np.where(groups[drawn] == groups[anchors], -1, drawn)

    return propose
