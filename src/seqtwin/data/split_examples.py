"""Steps that all readers of single sequences share: splits, repetitions, leakage."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any

import numpy as np

from seqtwin.data.examples import TARGET_FORMS, Examples, Kind
from seqtwin.data.pairs import SPLITS
from seqtwin.data.sample_pairs import dev_from_train, dev_note, lacks_dev, split_items, split_of
from seqtwin.data.splits import in_dev_notes
from seqtwin.errors import DataError

WHOLE = "file"  # the split of rows that are not split yet
SHOWN_CLASSES = 10


@dataclass(frozen=True)
class Collected:
    """Items with their targets and splits."""

    items: list[Any]
    targets: list[Any]
    split: list[str]

    def where(self, keep: Sequence[bool]) -> "Collected":
        """The rows where `keep` is true."""
        return Collected(*(list(compress(column, keep)) for column in (self.items, self.targets, self.split)))


def collected(parts: Mapping[str, tuple[Sequence[Any], Sequence[Any]]]) -> Collected:
    """The rows of several files. `parts`: split -> (items, targets)."""
    items = [item for own, _ in parts.values() for item in own]
    targets = [target for _, own in parts.values() for target in own]
    return Collected(items, targets, [split for split, (own, _) in parts.items() for _ in own])


def form(item: Any) -> Hashable:
    """A key that is equal for equal items: texts that differ only in case or white space, and equal series.

    >>> form("Where  is Rome ?") == form(["where", "is", "rome", "?"])
    True
    """
    if isinstance(item, np.ndarray):
        return item.shape, item.tobytes()
    text = item if isinstance(item, str) else " ".join(item)
    return " ".join(text.casefold().split())


def firsts(rows: Collected) -> list[bool]:
    """For each row, whether it is the first of its split with the same item and target."""
    seen: set[Hashable] = set()
    is_first = []
    for item, target, split in zip(rows.items, rows.targets, rows.split, strict=True):
        key = (form(item) if isinstance(item, np.ndarray) else item, target, split)
        is_first.append(key not in seen)
        seen.add(key)
    return is_first


def cut(
    rows: Collected, classes: Sequence[str], fractions: Sequence[float], seed: int, *, what: str
) -> tuple[Collected, list[str]]:
    """The rows of one file with splits, or those of train and test with a dev split off train, and a note.

    Rows that have all their splits already are returned unchanged. `classes`: one per row; every class is split by the
    same shares. Items with the same form get the same split. `what`: end of the note.
    """
    if WHOLE in rows.split:
        note = "split " + " / ".join(f"{share:.0%}" for share in fractions) + f" {what}"
        return Collected(rows.items, rows.targets, _split_within(rows.items, classes, fractions, seed)), [note]
    if not lacks_dev(rows.split):
        return rows, []
    of_train = [name == "train" for name in rows.split]
    shares = dev_from_train(fractions)
    train = iter(_split_within(list(compress(rows.items, of_train)), list(compress(classes, of_train)), shares, seed))
    split = [next(train) if name == "train" else name for name in rows.split]
    return Collected(rows.items, rows.targets, split), [dev_note(fractions)]


def _split_within(items: Sequence[Any], classes: Sequence[str], shares: Sequence[float], seed: int) -> list[str]:
    """The split of each item. Every class is split by the same shares."""
    number: dict[Hashable, int] = {}
    groups = np.array([number.setdefault(form(item), len(number)) for item in items])
    first = np.unique(groups, return_index=True)[1]
    kinds = np.unique(np.asarray(classes)[first], return_inverse=True)[1]
    of_group = split_of(split_items(kinds, shares, np.random.default_rng(seed)), len(first))
    return [str(name) for name in of_group[groups]]


def examples_of(
    kind: Kind, rows: Collected, *, name: str, facts: Mapping[str, Any], notes: Sequence[str], shareable: bool = False
) -> Examples:
    """The rows as examples, with leakage counted.

    Raises: DataError for classes of dev or test that do not occur in train.
    """
    _refuse_new_classes(kind, rows, name)
    shared = in_train(rows)
    whole = {**facts, "leakage": shared}
    return Examples(
        kind, rows.items, rows.targets, rows.split, name, whole, (*notes, *_leakage_notes(shared)), shareable
    )


def _leakage_notes(shared: Mapping[str, Mapping[str, float]]) -> list[str]:
    notes = [
        f"leakage: {found['items_in_train']:.0f} sequences of {split} ({found['items_in_train_share']:.1%}) "
        "also occur in train"
        for split, found in shared.items()
        if found["items_in_train"]
    ]
    found = shared["test"]
    return notes + in_dev_notes("sequences", found["items_in_dev"], found["items_in_dev_share"])


def in_train(rows: Collected) -> dict[str, dict[str, float]]:
    """For dev and test, the number and share of rows whose item also occurs in train; for test, also in dev."""
    forms = [form(item) for item in rows.items]
    of_split = {name: [key for key, split in zip(forms, rows.split, strict=True) if split == name] for name in SPLITS}
    shared = {name: _seen(of_split[name], of_split["train"], "train") for name in SPLITS[1:]}
    shared["test"] |= _seen(of_split["test"], of_split["dev"], "dev")
    return shared


def _seen(items: Sequence[Hashable], known: Sequence[Hashable], other: str) -> dict[str, float]:
    seen = set(known)
    count = sum(item in seen for item in items)
    return {f"items_in_{other}": count, f"items_in_{other}_share": count / max(1, len(items))}


def classes_of(rows: Collected, kind: Kind) -> list[set[str]]:
    """The classes of each row: one, or those of its steps."""
    return [set(TARGET_FORMS[kind].classes(target)) for target in rows.targets]


def _refuse_new_classes(kind: Kind, rows: Collected, name: str) -> None:
    named = classes_of(rows, kind)
    by_split = {s: set().union(*(own for own, at in zip(named, rows.split, strict=True) if at == s)) for s in SPLITS}
    new = {split: sorted(by_split[split] - by_split["train"]) for split in SPLITS[1:]}
    if by_split["train"] and any(new.values()):
        listed = "; ".join(f"{split}: {_listed(names)}" for split, names in new.items() if names)
        remedy = "add rows of these classes to train, or remove them from dev and test"
        raise DataError("DATA_NEW_CLASSES", f"classes without training rows: {listed}", place=name, remedy=remedy)


def _listed(names: Sequence[str]) -> str:
    more = len(names) - SHOWN_CLASSES
    return ", ".join(names[:SHOWN_CLASSES]) + (f" and {more} more" if more > 0 else "")
