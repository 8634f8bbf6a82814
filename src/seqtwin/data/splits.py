"""Splits of pairs: groups of pairs that share texts, splits that keep groups together, and leakage between splits."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import pandas as pd

from seqtwin.data.files.formats import KNOWN
from seqtwin.data.pairs import SPLITS
from seqtwin.errors import DataError

Item: TypeAlias = str | int | np.integer  # a text, or the position of a series
GIANT = 0.2  # share of the pairs in one component above which components are not used
SINGLE = 0.01  # share of the pairs in one group above which it counts as large


def clusters(left: Sequence[Item], right: Sequence[Item]) -> tuple[np.ndarray, str]:
    """A group number for each pair, and a description of the groups.

    Pairs that share an item, directly or through other pairs, are a group: a connected component of the pair graph.
    If one component has more than a fifth of the pairs, pairs are grouped by their left item instead.

    >>> clusters(["a", "b", "p", "q", "r", "s", "t", "u", "v", "w"], ["b", "c", *"01234567"])[0].tolist()
    [0, 0, 1, 2, 3, 4, 5, 6, 7, 8]
    """
    return _grouped(left, right, GIANT)


def _grouped(left: Sequence[Item], right: Sequence[Item], limit: float) -> tuple[np.ndarray, str]:
    """Connected components, or groups by left item if the largest component has more than `limit` of the pairs."""
    lefts, rights = _items(left, right)
    if not len(lefts):
        return np.zeros(0, dtype=np.int64), "no pairs"
    groups = _components(lefts, rights)
    share = np.bincount(groups).max() / len(groups)
    if share <= limit or len(lefts) == 1:
        number = groups.max() + 1
        return groups, f"{number} connected component{'' if number == 1 else 's'} of pairs that share a text"
    by_left = np.asarray(pd.factorize(lefts)[0], dtype=np.int64)
    why = f"one connected component would have {share:.0%} of the pairs"
    return by_left, f"{by_left.max() + 1} groups of pairs with the same left text, because {why}"


def _items(left: Sequence[Item], right: Sequence[Item]) -> tuple[np.ndarray, np.ndarray]:
    """Numbers for the items of both sides. Texts that differ only in case or white space are the same item."""
    keys = [_key(item) for item in [*left, *right]]
    numbers = np.asarray(pd.factorize(pd.Series(keys, dtype=object))[0], dtype=np.int64)
    return numbers[: len(left)], numbers[len(left) :]


def _key(item: Item) -> str | int:
    return " ".join(item.casefold().split()) if isinstance(item, str) else int(item)


def connected_pairs(left: Sequence[Item], right: Sequence[Item]) -> np.ndarray:
    """A group number for each pair: Int[pairs]. Pairs that share an item, directly or indirectly, are a group.

    >>> connected_pairs(["a", "b", "p"], ["b", "c", "q"]).tolist()
    [0, 0, 1]
    """
    return _components(*_items(left, right))


def _components(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    items = int(max(left.max(), right.max())) + 1
    graph = coo_array((np.ones(len(left), dtype=np.int8), (left, right)), shape=(items, items))
    _, component = connected_components(graph, directed=False)
    return np.asarray(pd.factorize(component[left])[0], dtype=np.int64)


def split_pairs(
    left: Sequence[Item], right: Sequence[Item], fractions: Sequence[float], rng: np.random.Generator
) -> tuple[list[str], str]:
    """A split for each pair, with groups kept together, and a note.

    Groups are connected components. If one does not fit into train, they are pairs with the same left text.

    Raises: DataError for fewer than three groups; ValueError for invalid fractions.
    """
    check_fractions(fractions)
    groups, how = _grouped(left, right, fractions[0])
    sizes = np.bincount(groups) if len(groups) else np.zeros(0, dtype=np.int64)
    if len(sizes) < len(SPLITS):
        cause = f"{len(groups)} pairs in {len(sizes)} group(s) of shared texts are too few for train, dev and test"
        remedy = f"add pairs, or use three files for train, dev and test ({KNOWN})"
        raise DataError("DATA_TOO_FEW", cause, place="data.split", remedy=remedy)
    part = _fill(sizes, fractions, rng)
    return [SPLITS[i] for i in part[groups]], f"split {_percent(fractions)} by {how}"


def check_fractions(fractions: Sequence[float]) -> None:
    """Check that the fractions are three positive numbers with the sum 1.

    Raises: ValueError.
    """
    if len(fractions) != len(SPLITS) or min(fractions) <= 0 or abs(sum(fractions) - 1) > 1e-6:
        raise ValueError(f"split: expected three positive shares that add up to 1, got {list(fractions)}")


def _percent(fractions: Sequence[float]) -> str:
    return " / ".join(f"{share:.0%}" for share in fractions)


def _fill(sizes: np.ndarray, fractions: Sequence[float], rng: np.random.Generator) -> np.ndarray:
    """A split number for each group: first the large groups, each to the split with most room, then the others."""
    wanted = np.asarray(fractions) * sizes.sum()
    filled = np.zeros(len(SPLITS))
    part = np.zeros(len(sizes), dtype=np.int64)
    order = rng.permutation(len(sizes))
    large = sizes[order] > SINGLE * sizes.sum()
    by_size = order[large][np.argsort(-sizes[order[large]], kind="stable")]
    for group in [*by_size, *order[~large]]:
        room = wanted - filled if sizes[group] > SINGLE * sizes.sum() else -filled / wanted
        part[group] = int(np.argmax(room))
        filled[part[group]] += sizes[group]
    _fill_empty(part, sizes)
    return part


def _fill_empty(part: np.ndarray, sizes: np.ndarray) -> None:
    """Move the smallest group of the split with most groups to each split without pairs, in place."""
    for empty in [i for i in range(len(SPLITS)) if not (part == i).any()]:
        donor = np.flatnonzero(part == np.bincount(part).argmax())
        part[donor[np.argmin(sizes[donor])]] = empty


def leakage(frame: pd.DataFrame) -> dict[str, dict[str, float]]:
    """For dev and test, the number and share of texts and pairs that also occur in train; for test, of pairs in dev.

    >>> rows = {"left": ["a", "a"], "right": ["b", "c"], "target": [1.0, 0.0], "split": ["train", "test"]}
    >>> leakage(pd.DataFrame(rows))["test"]["texts_in_train"]
    1
    """
    lefts, rights = _items(frame["left"].tolist(), frame["right"].tolist())
    low, high = np.minimum(lefts, rights), np.maximum(lefts, rights)
    pairs = low * (int(high.max(initial=0)) + 1) + high
    split = frame["split"].to_numpy()
    train = split == "train"
    known_texts, known_pairs = np.union1d(lefts[train], rights[train]), np.unique(pairs[train])
    shared = {}
    for name in SPLITS[1:]:
        here = split == name
        texts = np.union1d(lefts[here], rights[here])
        shared[name] = {
            **_shared("texts", texts, known_texts),
            **_shared("pairs", np.unique(pairs[here]), known_pairs),
        }
    shared["test"] |= _shared("pairs", np.unique(pairs[split == "test"]), np.unique(pairs[split == "dev"]), "dev")
    return shared


def _shared(kind: str, here: np.ndarray, known: np.ndarray, other: str = "train") -> dict[str, float]:
    count = int(np.isin(here, known).sum())
    return {f"{kind}_in_{other}": count, f"{kind}_in_{other}_share": count / max(1, len(here))}


def seen_in_train(frame: pd.DataFrame, split: str) -> np.ndarray:
    """For each pair of a split, how many of its two items occur in the training pairs: Int[pairs], 0 to 2.

    >>> rows = {"left": ["a", "A"], "right": ["b", "c"], "target": [1.0, 0.0], "split": ["train", "test"]}
    >>> seen_in_train(pd.DataFrame(rows), "test")
    array([1])
    """
    lefts, rights = _items(frame["left"].tolist(), frame["right"].tolist())
    names = frame["split"].to_numpy()
    known = np.union1d(lefts[names == "train"], rights[names == "train"])
    here = names == split
    return np.isin(lefts[here], known).astype(np.int64) + np.isin(rights[here], known)


def leakage_notes(counts: dict[str, dict[str, float]]) -> list[str]:
    """A note for each split that shares texts with train, and one for test pairs that occur in dev."""
    notes = [
        f"leakage: {found['texts_in_train']:.0f} texts of {name} ({found['texts_in_train_share']:.1%}) "
        f"and {found['pairs_in_train']:.0f} of its pairs ({found['pairs_in_train_share']:.1%}) also occur in train"
        for name, found in counts.items()
        if found["texts_in_train"]
    ]
    found = counts["test"]
    return notes + in_dev_notes("pairs", found["pairs_in_dev"], found["pairs_in_dev_share"])


def in_dev_notes(items: str, count: float, share: float) -> list[str]:
    """The note on test items that also occur in dev; empty without any."""
    line = (
        f"leakage: {count:.0f} {items} of test ({share:.1%}) also occur in dev, on which epochs, thresholds and "
        "pairings are chosen, so their test scores are too high"
    )
    return [line] if count else []
