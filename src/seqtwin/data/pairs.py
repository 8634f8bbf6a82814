"""PairData: pairs with a target in [0, 1] and a split, and search tasks on the same items."""

import hashlib
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

SPLITS = ("train", "dev", "test")


@dataclass(frozen=True)
class Retrieval:
    """A search task. The correct answers to `queries[i]` are `corpus[j]` for every j in `relevant[i]`.

    `queries`, `corpus`: texts, or positions in the series of the data; `itself`: the position of each query in the
    corpus, to exclude it from its own hits, None if queries are not in the corpus.

    Raises: ValueError for answers outside the corpus, a query among its own answers, or lists of different lengths.
    """

    queries: Sequence[Any]
    corpus: Sequence[Any]
    relevant: Sequence[Collection[int]]
    itself: Sequence[int] | None = None

    def __post_init__(self) -> None:
        if len(self.queries) != len(self.relevant):
            raise ValueError(f"retrieval: {len(self.queries)} queries with {len(self.relevant)} answers")
        places = {place for answers in self.relevant for place in answers} | set(self.itself or ())
        if any(not 0 <= place < len(self.corpus) for place in places):
            raise ValueError(f"retrieval: an answer is outside the corpus of {len(self.corpus)}")
        if self.itself is not None and any(a in b for a, b in zip(self.itself, self.relevant, strict=True)):
            raise ValueError("retrieval: a query is among its own answers")


@dataclass(frozen=True)
class LabelledItems:
    """The items from which pairs were drawn.

    `items`: texts, or positions in the series of the data; `classes`: Int[items]; `split`: the split of each item.

    Raises: ValueError for different lengths.
    """

    items: Sequence[Any]
    classes: np.ndarray
    split: np.ndarray

    def __post_init__(self) -> None:
        sizes = {len(self.items), len(self.classes), len(self.split)}
        if len(sizes) > 1:
            raise ValueError(f"expected one class and one split per item, got {sorted(sizes)}")

    def part(self, split: str) -> tuple[list[Any], np.ndarray]:
        """The items and classes of one split."""
        rows = np.flatnonzero(self.split == split)
        return [self.items[int(row)] for row in rows], self.classes[rows]


@dataclass(frozen=True)
class MixedPairs:
    """Training pairs of a further file. `share`: their share of an epoch; None: all of them, once."""

    file: str
    pairs: int
    share: float | None


@dataclass(frozen=True)
class PairData:
    """The pairs of one data set.

    `frame`: columns left and right (texts, or positions in `series`), target and split. `cut`: lowest target of a pair
    that counts as the same. `labelled`: the items with classes from which the pairs were drawn, if any. `facts`: values
    for reports. `understood`: summary lines of the reader. `shareable`: may be published. `mixed`: the further files
    whose training pairs are the last rows of the frame, in this order.

    >>> PairData.of(left=["a"], right=["b"], target=[1.0], split=["train"], name="tiny").graded
    False
    """

    frame: pd.DataFrame
    series: tuple[np.ndarray, ...] | None
    cut: float
    name: str
    facts: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    retrieval: Retrieval | None = None
    shareable: bool = False
    labelled: LabelledItems | None = None
    understood: tuple[str, ...] = ()
    mixed: tuple[MixedPairs, ...] = ()

    def __post_init__(self) -> None:
        columns = list(self.frame.columns)
        if columns != ["left", "right", "target", "split"]:
            raise ValueError(f"expected the columns left, right, target and split, got {columns}")
        target = self.frame["target"].to_numpy(dtype=float)
        if not ((target >= 0) & (target <= 1)).all():
            raise ValueError("targets must be in [0, 1]")
        if not 0 < self.cut <= 1:
            raise ValueError(f"cut: expected a number above 0 and up to 1, got {self.cut:g}")
        unknown = set(self.frame["split"]) - set(SPLITS)
        if unknown:
            raise ValueError(f"unknown splits {sorted(unknown)}; known: {', '.join(SPLITS)}")

    @classmethod
    def of(
        cls,
        *,
        left: Iterable[Any],
        right: Iterable[Any],
        target: Iterable[float],
        split: Iterable[str],
        name: str,
        series: tuple[np.ndarray, ...] | None = None,
        cut: float = 0.5,
        facts: dict[str, Any] | None = None,
        notes: tuple[str, ...] = (),
        retrieval: Retrieval | None = None,
        shareable: bool = False,
    ) -> "PairData":
        """Pairs from four columns of the same length."""
        columns = {"left": list(left), "right": list(right), "target": list(target), "split": list(split)}
        frame = pd.DataFrame(columns)
        return cls(frame.astype({"target": float}), series, cut, name, facts or {}, notes, retrieval, shareable)

    @property
    def graded(self) -> bool:
        """Whether any target of the data set itself is between 0 and 1."""
        return not bool(np.isin(self.own_targets, [0.0, 1.0]).all())

    @property
    def own_targets(self) -> np.ndarray:
        """The targets without those of further files: Float[pairs]."""
        return self.frame["target"].to_numpy()[: len(self.frame) - sum(part.pairs for part in self.mixed)]

    def part(self, split: str) -> pd.DataFrame:
        """The pairs of one split, with rows numbered from 0."""
        rows: pd.DataFrame = self.frame[self.frame["split"] == split].reset_index(drop=True)
        return rows

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of pairs, targets, splits, series and data versions."""
        digest = _rows_digest(self.frame, ["left", "right", "target", "split"])
        for item in self.series or ():
            digest.update(f"{item.shape}{item.dtype}".encode())
            digest.update(np.ascontiguousarray(item).tobytes())
        digest.update(json.dumps(self.facts.get("versions", {}), sort_keys=True).encode())
        return digest.hexdigest()

    @cached_property
    def split_fingerprint(self) -> str:
        """SHA-256 of pairs and splits, without targets."""
        return _rows_digest(self.frame, ["left", "right", "split"]).hexdigest()


def _rows_digest(frame: pd.DataFrame, columns: list[str]) -> "hashlib._Hash":
    # repr quotes texts and prints floats exactly, so different tables have different digests; surrogates are allowed
    rows = zip(*(frame[column].tolist() for column in columns), strict=True)
    return hashlib.sha256("\n".join(map(repr, rows)).encode("utf-8", "surrogatepass"))
