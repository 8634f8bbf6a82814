"""`check_index` passes every built-in kind, and each of its checks fails on a bug that was planted for it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

import seqtwin
from seqtwin.conformance.battery import Check, run_checks
from seqtwin.conformance.check_indexes import INDEX_CHECKS, check_index
from seqtwin.conformance.index_results import Case, registered
from seqtwin.errors import ConfigError
from seqtwin.index.exact_search import Array, Matrix, Neighbours
from seqtwin.index.index_card import Facts
from seqtwin.index.kinds import KINDS, Kind


@pytest.mark.parametrize("kind", KINDS)
def test_every_built_in_kind_passes_every_check(kind: str) -> None:
    results = check_index(kind)
    assert [result.name for result in results] == list(INDEX_CHECKS)
    assert all(result.passed and result.found for result in results)


@dataclass
class Plain:
    """A right one: every score, sorted. The others have one bug each."""

    breadth: int = 0
    breadths: tuple[int, ...] = ()
    size: int = 0

    def at(self, breadth: int) -> "Plain":
        return self

    def search(self, matrix: Matrix, queries: Array, vectors: Array, k: int) -> Neighbours:
        scores = np.asarray(matrix(queries, vectors)).reshape(len(queries), len(vectors))
        rows = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        missing = ((0, 0), (0, k - rows.shape[1]))
        best = np.take_along_axis(scores, rows, axis=1)
        return Neighbours(
            np.pad(rows, missing, constant_values=-1), np.pad(best, missing, constant_values=-np.inf).astype(np.float32)
        )

    def grown(self, vectors: Array) -> "Plain":
        return replace(self, size=self.size + len(vectors))

    def dump(self) -> bytes:
        return b""


def kind_of(part: type[Plain], restored: type[Plain] | None = None) -> Kind:
    return Kind(lambda _, vectors: part(size=len(vectors)), lambda _, __, shape, ___: (restored or part)(size=shape[0]))


class HalfOfIt(Plain):
    def search(self, matrix: Matrix, queries: Array, vectors: Array, k: int) -> Neighbours:
        return super().search(matrix, queries, vectors[: len(vectors) // 2], k)


class ByProduct(Plain):
    def search(self, matrix: Matrix, queries: Array, vectors: Array, k: int) -> Neighbours:
        return super().search(lambda a, b: a @ np.asarray(b).T, queries, vectors, k)


class Doubled(Plain):
    def search(self, matrix: Matrix, queries: Array, vectors: Array, k: int) -> Neighbours:
        found = super().search(matrix, queries, vectors, k)
        return Neighbours(found.rows, found.scores * 2)


class WorstFirst(Plain):
    def search(self, matrix: Matrix, queries: Array, vectors: Array, k: int) -> Neighbours:
        found = super().search(matrix, queries, vectors, k)
        return Neighbours(found.rows[:, ::-1], found.scores[:, ::-1])


class LastTieFirst(Plain):
    def search(self, matrix: Matrix, queries: Array, vectors: Array, k: int) -> Neighbours:
        found = super().search(matrix, queries, vectors[::-1], k)
        return Neighbours(np.where(found.rows < 0, -1, len(vectors) - 1 - found.rows), found.scores)


class OneTooFew(Plain):
    def search(self, matrix: Matrix, queries: Array, vectors: Array, k: int) -> Neighbours:
        found = super().search(matrix, queries, vectors, k)
        found.rows[:, max(1, len(vectors) - 1) :] = -1
        return found


class NeedsAQuery(Plain):
    def search(self, matrix: Matrix, queries: Array, vectors: Array, k: int) -> Neighbours:
        queries[0]
        return super().search(matrix, queries, vectors, k)


class Centred(Plain):
    def search(self, matrix: Matrix, queries: Array, vectors: Array, k: int) -> Neighbours:
        return super().search(matrix, queries - queries.mean(0) * (len(queries) > 1), vectors, k)


class Hasty(Plain):
    def search(self, matrix: Matrix, queries: Array, vectors: Array, k: int) -> Neighbours:
        seen = vectors if k > 5 else vectors[: len(vectors) // 2]
        return super().search(matrix, queries, seen, k)


class Tired(Plain):
    calls = 0

    def search(self, matrix: Matrix, queries: Array, vectors: Array, k: int) -> Neighbours:
        self.calls += 1
        return super().search(matrix, queries, vectors[: len(vectors) // self.calls], k)


class Draws(Plain):
    def search(self, matrix: Matrix, queries: Array, vectors: Array, k: int) -> Neighbours:
        np.random.random()
        return super().search(matrix, queries, vectors, k)


class Scales(Plain):
    def search(self, matrix: Matrix, queries: Array, vectors: Array, k: int) -> Neighbours:
        queries *= 1.001
        return super().search(matrix, queries, vectors, k)


class NeverGrows(Plain):
    def search(self, matrix: Matrix, queries: Array, vectors: Array, k: int) -> Neighbours:
        return super().search(matrix, queries, vectors[: self.size], k)

    def grown(self, vectors: Array) -> Plain:
        return self


class GrowsItself(Plain):
    """Grows in place, and searches one item less for each that it was given later."""

    late = 0

    def search(self, matrix: Matrix, queries: Array, vectors: Array, k: int) -> Neighbours:
        return super().search(matrix, queries, vectors[self.late :], k)

    def grown(self, vectors: Array) -> Plain:
        self.late = len(vectors) // 2
        return self


class CannotGrow(Plain):
    def grown(self, vectors: Array) -> Plain:
        raise NotImplementedError


class Remembers:
    """Builds every index from the vectors of the first."""

    def __init__(self) -> None:
        self.first: Any = None

    def __call__(self, _: str, vectors: Array) -> Plain:
        self.first = vectors if self.first is None else self.first
        first = self.first

        class Old(Plain):
            def search(self, matrix: Matrix, queries: Array, vectors: Array, k: int) -> Neighbours:
                found = super().search(matrix, queries, first, k)
                return Neighbours(np.minimum(found.rows, len(vectors) - 1), found.scores)

        return Old(size=len(vectors))


# each check with a kind on which it must fail; `invalid` and `other_encoder` are about the index around the kind
PLANTED: dict[str, Callable[[], Kind]] = {
    "neighbours": lambda: kind_of(HalfOfIt),
    "similarities": lambda: kind_of(ByProduct),
    "scores": lambda: kind_of(Doubled),
    "best_first": lambda: kind_of(WorstFirst),
    "ties": lambda: kind_of(LastTieFirst),
    "large_k": lambda: kind_of(OneTooFew),
    "no_queries": lambda: kind_of(NeedsAQuery),
    "alone": lambda: kind_of(Centred),
    "smaller_k": lambda: kind_of(Hasty),
    "repeated": lambda: kind_of(Tired),
    "no_global_random": lambda: kind_of(Draws),
    "inputs_unchanged": lambda: kind_of(Scales),
    "added": lambda: kind_of(NeverGrows),
    "grown_apart": lambda: kind_of(GrowsItself),
    "removed": lambda: Kind(Remembers(), lambda *_: Plain()),
    "save_and_load": lambda: kind_of(Plain, restored=HalfOfIt),
    "changed_after_loading": lambda: kind_of(Plain, restored=CannotGrow),
}


def fails(kind: str | Kind, name: str) -> bool:
    """Whether a kind fails this check, run alone."""
    build: Any = Check(lambda case: case.name, "")
    with registered(kind) as own:
        [result] = run_checks("part", Case(own), build, {name: INDEX_CHECKS[name]}, raise_error=False)
    return not result.passed


@pytest.mark.parametrize("name", PLANTED)
def test_a_check_fails_on_the_bug_planted_for_it(name: str) -> None:
    assert fails(PLANTED[name](), name)


@pytest.mark.parametrize("name", ["invalid", "other_encoder"])
def test_a_check_of_the_index_fails_without_the_refusal(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seqtwin.index.index.check_k", lambda *_: None)
    monkeypatch.setattr(Facts, "check_encoder", lambda *_: None)
    assert fails("exact", name)


def test_a_bug_is_planted_for_every_check() -> None:
    assert {*PLANTED, "invalid", "other_encoder"} == set(INDEX_CHECKS)


def test_a_right_kind_of_a_user_passes_and_is_not_left_in_the_table() -> None:
    before = dict(KINDS)
    assert all(result.passed for result in seqtwin.check_index(kind_of(Plain)))
    with pytest.raises(ConfigError):
        seqtwin.check_index(kind_of(HalfOfIt))
    assert before == KINDS


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"unknown index kind 'exakt'.*did you mean 'exact'"):
        check_index("exakt")
