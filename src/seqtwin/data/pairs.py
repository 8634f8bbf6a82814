"""The record every source of data ends in: pairs with a target in [0, 1] and a split."""

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
    """A search task: the right answers to `queries[i]` are `corpus[j]` for every j in `relevant[i]`.

    Queries and corpus hold texts, or positions in the data's series. `itself`: where each query stands in the corpus,
    when it does; it must not find itself.

    Raises: ValueError for answers outside the corpus, for a query that answers itself, and for lists of other lengths.
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
            raise ValueError(f"retrieval: an answer lies outside the corpus of {len(self.corpus)}")
        if self.itself is not None and any(a in b for a, b in zip(self.itself, self.relevant, strict=True)):
            raise ValueError("retrieval: a query is among its own answers")


@dataclass(frozen=True)
class LabelledItems:
    """The items that pairs were made of. `items`: texts, or positions in the data's series; `classes`: Int[n];
    `split`: the split of each.

    Raises: ValueError for columns of unequal length.
    """

    items: Sequence[Any]
    classes: np.ndarray
    split: np.ndarray

    def __post_init__(self) -> None:
        sizes = {len(self.items), len(self.classes), len(self.split)}
        if len(sizes) > 1:
            raise ValueError(f"labelled items need a class and a split each; got {sorted(sizes)}")

    def part(self, split: str) -> tuple[list[Any], np.ndarray]:
        """Items and classes of one split."""
        rows = np.flatnonzero(self.split == split)
        return [self.items[int(row)] for row in rows], self.classes[rows]


@dataclass(frozen=True)
class PairData:
    """Pairs of one data set. `left` and `right` hold texts, or positions in `series`.

    `labelled`: the items they were made of, where these have classes; `understood`: what the reader took the files to
    mean, in words.

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

    def __post_init__(self) -> None:
        columns = list(self.frame.columns)
        if columns != ["left", "right", "target", "split"]:
            raise ValueError(f"pairs need the columns left, right, target, split; got {columns}")
        target = self.frame["target"].to_numpy(dtype=float)
        if not ((target >= 0) & (target <= 1)).all():
            raise ValueError("targets must lie in [0, 1]")
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
        """Pairs from four columns of one length."""
        columns = {"left": list(left), "right": list(right), "target": list(target), "split": list(split)}
        frame = pd.DataFrame(columns)
        return cls(frame.astype({"target": float}), series, cut, name, facts or {}, notes, retrieval, shareable)

    @property
    def graded(self) -> bool:
        """True when any target lies between 0 and 1."""
        return bool(~self.frame["target"].isin([0.0, 1.0]).all())

    def part(self, split: str) -> pd.DataFrame:
        """The pairs of one split, rows numbered from 0."""
        rows: pd.DataFrame = self.frame[self.frame["split"] == split].reset_index(drop=True)
        return rows

    @cached_property
    def fingerprint(self) -> str:
        """sha256 of everything that shapes the data: pairs, targets, splits, series, versions behind them."""
        digest = _rows_digest(self.frame, ["left", "right", "target", "split"])
        for one in self.series or ():
            digest.update(f"{one.shape}{one.dtype}".encode())
            digest.update(np.ascontiguousarray(one).tobytes())
        digest.update(json.dumps(self.facts.get("versions", {}), sort_keys=True).encode())
        return digest.hexdigest()

    @cached_property
    def split_fingerprint(self) -> str:
        """sha256 of which pair stands in which split, whatever its target."""
        return _rows_digest(self.frame, ["left", "right", "split"]).hexdigest()


def _rows_digest(frame: pd.DataFrame, columns: list[str]) -> "hashlib._Hash":
    # repr quotes texts and prints floats exactly, so no two tables share a form; lone surrogates must not stop it
    rows = zip(*(frame[column].tolist() for column in columns), strict=True)
    return hashlib.sha256("\n".join(map(repr, rows)).encode("utf-8", "surrogatepass"))
