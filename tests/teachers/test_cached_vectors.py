"""Vectors are computed once: the same texts and teacher give the same file, anything else another one."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tiny_teachers as toy
from seqtwin.errors import DamagedError, DataError
from seqtwin.teachers import cached_vectors
from seqtwin.teachers.cached_vectors import vectors_by
from seqtwin.teachers.teacher import Encode, Teacher


class Counting:
    """A teacher of letters that counts its calls."""

    def __init__(self, fingerprint: str = "one") -> None:
        self.calls: list[int] = []
        self.loaded = 0
        self.teacher = Teacher(Path("letters"), fingerprint, self._load, computed=True)

    def _load(self) -> Encode:
        self.loaded += 1
        return self._encode

    def _encode(self, texts: Sequence[str]) -> np.ndarray:
        self.calls.append(len(texts))
        return toy.expected(texts)


def test_a_second_run_reads_what_the_first_one_computed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cached_vectors, "AT_ONCE", 2)
    texts = ["ab", "c", "fade", "d", "ee"]
    first, second = Counting(), Counting()
    a, b = (vectors_by(own.teacher, texts, tmp_path / "cache") for own in (first, second))
    np.testing.assert_array_equal(a, toy.expected(texts))
    np.testing.assert_array_equal(b, a)
    assert (first.calls, first.loaded) == ([2, 2, 1], 1)
    assert (second.calls, second.loaded) == ([], 0)
    assert len(list((tmp_path / "cache").iterdir())) == 1
    assert isinstance(a, np.memmap)


def test_other_texts_or_another_teacher_are_computed(tmp_path: Path) -> None:
    for texts, fingerprint in ((["a", "b"], "one"), (["b", "a"], "one"), (["a", "b"], "two"), (["ab"], "one")):
        own = Counting(fingerprint)
        np.testing.assert_array_equal(vectors_by(own.teacher, texts, tmp_path), toy.expected(texts))
        assert own.loaded == 1
    assert len(list(tmp_path.iterdir())) == 4


@given(st.lists(st.text("abcdef", min_size=1, max_size=4), min_size=1, max_size=5))
def test_any_texts_come_back_in_their_order(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    folder = tmp_path_factory.mktemp("cache")
    for _ in range(2):
        np.testing.assert_array_equal(vectors_by(Counting().teacher, texts, folder), toy.expected(texts))


def test_a_teacher_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def encode(texts: Sequence[str]) -> np.ndarray:
        return np.full((len(texts), 3), np.nan)

    with pytest.raises(DataError, match="found numbers that are not finite"):
        vectors_by(Teacher(Path("nan"), "x", lambda: encode, computed=True), ["a"], tmp_path)
    with pytest.raises(DataError, match=r"found an array of shape \(3,\)"):
        vectors_by(Teacher(Path("flat"), "x", lambda: lambda _: np.zeros(3), computed=True), ["a"], tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_is_not_used(tmp_path: Path) -> None:
    vectors_by(Counting().teacher, ["a", "b"], tmp_path)
    (path,) = tmp_path.iterdir()
    for content in (b"", path.read_bytes()[:-4]):
        path.write_bytes(content)
        with pytest.raises(DamagedError, match="delete this file") as caught:
            vectors_by(Counting().teacher, ["a", "b"], tmp_path)
        assert caught.value.code == "TEACHER_CACHE"
