"""What readers of single sequences share: rows of one file or several, cut into splits, repeats counted."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any

import numpy as np

from seqtwin.data.examples import Examples, Kind
from seqtwin.data.pairs import SPLITS
from seqtwin.data.sample_pairs import split_items, split_of
from seqtwin.errors import DataError

WHOLE = "file"  # the split of rows that are still to be cut
SHOWN_CLASSES = 10


@dataclass(frozen=True)
class Collected:
    """Items with what is to be told of each and the split they stand in."""

    items: list[Any]
    targets: list[Any]
    split: list[str]

    def where(self, keep: Sequence[bool]) -> "Collected":
        """The rows that are kept."""
        return Collected(*(list(compress(column, keep)) for column in (self.items, self.targets, self.split)))


def collected(parts: Mapping[str, tuple[Sequence[Any], Sequence[Any]]]) -> Collected:
    """One list of what several files hold: items and targets by split."""
    items = [item for found, _ in parts.values() for item in found]
    targets = [target for _, found in parts.values() for target in found]
    return Collected(items, targets, [split for split, (found, _) in parts.items() for _ in found])


def form(item: Any) -> Hashable:
    """The same for items that count as one: texts and words that differ in case or white space alone, equal series.

    >>> form("Where  is Rome ?") == form(["where", "is", "rome", "?"])
    True
    """
    if isinstance(item, np.ndarray):
        return item.shape, item.tobytes()
    text = item if isinstance(item, str) else " ".join(item)
    return " ".join(text.casefold().split())


def firsts(rows: Collected) -> list[bool]:
    """Whether each row is the first of its split with its item, spelled alike, and its target."""
    seen: set[Hashable] = set()
    found = []
    for item, target, split in zip(rows.items, rows.targets, rows.split, strict=True):
        key = (form(item) if isinstance(item, np.ndarray) else item, target, split)
        found.append(key not in seen)
        seen.add(key)
    return found


def cut(
    rows: Collected, classes: Sequence[str], fractions: Sequence[float], seed: int, *, what: str
) -> tuple[Collected, list[str]]:
    """The rows with a split each and one sentence that says how, where they came from one file; else as they are.

    Every class is cut by the same shares. Items of one form stand in one split, as the first of them falls.
    """
    if WHOLE not in rows.split:
        return rows, []
    number: dict[Hashable, int] = {}
    groups = np.array([number.setdefault(form(item), len(number)) for item in rows.items])
    first = np.unique(groups, return_index=True)[1]
    kinds = np.unique(np.asarray(classes)[first], return_inverse=True)[1]
    of_group = split_of(split_items(kinds, fractions, np.random.default_rng(seed)), len(first))
    note = "split " + " / ".join(f"{share:.0%}" for share in fractions) + f" {what}"
    return Collected(rows.items, rows.targets, of_group[groups].tolist()), [note]


def examples_of(
    kind: Kind, rows: Collected, *, name: str, facts: Mapping[str, Any], notes: Sequence[str], shareable: bool = False
) -> Examples:
    """The rows as examples, with the items counted that dev and test share with train.

    Raises: DataError for classes of dev or test that train lacks.
    """
    if kind != "decode":
        _refuse_new_classes(kind, rows, name)
    shared = in_train(rows)
    whole = {**facts, "leakage": shared}
    return Examples(kind, rows.items, rows.targets, rows.split, name, whole, (*notes, *_said(shared)), shareable)


def _said(shared: Mapping[str, Mapping[str, float]]) -> list[str]:
    return [
        f"leakage: {found['items_in_train']:.0f} sequences of {split} ({found['items_in_train_share']:.1%}) "
        "stand in train too"
        for split, found in shared.items()
        if found["items_in_train"]
    ]


def in_train(rows: Collected) -> dict[str, dict[str, float]]:
    """For dev and test: how many of their rows hold an item that train holds too, as a count and as a share."""
    held = [form(item) for item in rows.items]
    known = {key for key, split in zip(held, rows.split, strict=True) if split == "train"}
    found = {}
    for name in SPLITS[1:]:
        seen = [key in known for key, split in zip(held, rows.split, strict=True) if split == name]
        found[name] = {"items_in_train": sum(seen), "items_in_train_share": sum(seen) / max(1, len(seen))}
    return found


def classes_of(rows: Collected, kind: Kind) -> list[set[str]]:
    """The classes that each row names: one, or those of its steps."""
    return [{target} if kind == "classify" else set(target) for target in rows.targets]


def _refuse_new_classes(kind: Kind, rows: Collected, name: str) -> None:
    named = classes_of(rows, kind)
    by_split = {s: set().union(*(own for own, at in zip(named, rows.split, strict=True) if at == s)) for s in SPLITS}
    new = {split: sorted(by_split[split] - by_split["train"]) for split in SPLITS[1:]}
    if by_split["train"] and any(new.values()):
        listed = "; ".join(f"{split}: {_listed(found)}" for split, found in new.items() if found)
        remedy = "give train some of each class, or leave these rows out of dev and test"
        raise DataError("DATA_NEW_CLASSES", f"classes that train does not hold: {listed}", place=name, remedy=remedy)


def _listed(names: Sequence[str]) -> str:
    more = len(names) - SHOWN_CLASSES
    return ", ".join(names[:SHOWN_CLASSES]) + (f" and {more} more" if more > 0 else "")
