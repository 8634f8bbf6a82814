"""Examples: single sequences with targets and splits."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np

from seqtwin.data.pairs import SPLITS

Kind = Literal["classify", "label_steps", "decode", "distil"]


@dataclass(frozen=True)
class TargetForm:
    """The form of the targets of one kind.

    `classes(target)`: the class names in a target; `per_step`: whether a target has one class per step.
    """

    classes: Callable[[str | Sequence[str]], tuple[str, ...]]
    per_step: bool = False


TARGET_FORMS: Mapping[Kind, TargetForm] = {
    "classify": TargetForm(lambda target: (str(target),)),
    "label_steps": TargetForm(tuple, per_step=True),
    "decode": TargetForm(lambda _: ()),
    "distil": TargetForm(lambda _: ()),
}


@dataclass(frozen=True)
class Examples:
    """The sequences of one data set, each in one split. `items`: texts, lists of words, or series [time channels].

    `targets` by kind: a class name (classify), a list with one class name per step (label_steps), the text to
    generate (decode), or the text that a teacher encodes (distil). `facts`: values for reports; `understood`: summary
    lines of the reader; `shareable`: may be published.

    >>> Examples("classify", ["a", "b", "c"], ["x", "y", "x"], ["train", "train", "test"], "tiny").classes
    ('x', 'y')
    """

    kind: Kind
    items: Sequence[Any]
    targets: Sequence[Any]
    split: Sequence[str]
    name: str
    facts: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    shareable: bool = False
    understood: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        sizes = {len(self.items), len(self.targets), len(self.split)}
        if len(sizes) > 1:
            raise ValueError(f"expected as many items as targets and splits, got {sorted(sizes)}")
        unknown = set(self.split) - set(SPLITS)
        if unknown:
            raise ValueError(f"unknown splits {sorted(unknown)}; known: {', '.join(SPLITS)}")
        per_step = TARGET_FORMS[self.kind].per_step
        if per_step and any(len(a) != len(b) for a, b in zip(self.items, self.targets, strict=True)):
            raise ValueError("expected one class per step of each item")

    @property
    def of_series(self) -> bool:
        """Whether the items are series."""
        return bool(len(self.items)) and isinstance(self.items[0], np.ndarray)

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """The sorted class names of the training split; empty for the kind decode."""
        classes = TARGET_FORMS[self.kind].classes
        return tuple(sorted({name for row in self.rows("train") for name in classes(self.targets[row])}))

    def rows(self, split: str) -> np.ndarray:
        """The positions of the items of a split: Int[items of the split]."""
        return np.flatnonzero(np.asarray(self.split) == split)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of items, targets, splits and data versions."""
        digest = hashlib.sha256(self.split_fingerprint.encode())
        digest.update(json.dumps([list(t) if not isinstance(t, str) else t for t in self.targets]).encode())
        digest.update(json.dumps(self.facts.get("versions", {}), sort_keys=True).encode())
        return digest.hexdigest()

    @cached_property
    def split_fingerprint(self) -> str:
        """SHA-256 of items and splits, without targets."""
        digest = hashlib.sha256()
        for item, split in zip(self.items, self.split, strict=True):
            digest.update(repr(split).encode())
            if isinstance(item, np.ndarray):
                digest.update(f"{item.shape}{item.dtype}".encode() + np.ascontiguousarray(item).tobytes())
            else:
                digest.update(repr(item).encode("utf-8", "surrogatepass"))
        return digest.hexdigest()
