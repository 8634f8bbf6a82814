"""The changed copies of texts by which benchmarks/distil.py teaches, and the vectors its students start from."""

import importlib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtwin.data.tokens.word_vectors import read_vectors

ROOT = Path(__file__).parent.parent
WORDS = ["a", "dog", "cat", "runs", "sleeps"]


def benchmark(name: str) -> ModuleType:
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
        return importlib.import_module(name)


CHANGED, FIRST = benchmark("changed_texts"), benchmark("first_vectors")


class Table:
    """A table of static vectors of five words."""

    def words(self) -> list[str]:
        return [*WORDS, "two words"]

    def read(self, words: list[str]) -> tuple[np.ndarray, np.ndarray]:
        rows = np.array([row for row, word in enumerate(words) if word in WORDS])
        own = np.random.default_rng(0).normal(3, 2, (len(WORDS), 4)).astype(np.float32)
        return rows, own[[WORDS.index(words[row]) for row in rows]]


@pytest.fixture(autouse=True)
def table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEQTWIN_STATIC", "static")
    for module in (CHANGED, FIRST):
        monkeypatch.setattr(module, "load_wordllama", lambda _path: Table())


def test_near_words_are_those_with_the_largest_cosines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CHANGED, "AT_ONCE", 2)
    monkeypatch.setattr(CHANGED, "NEIGHBOURS", 2)
    rows, vectors = Table().read(["unknown", *WORDS])
    assert rows.tolist() == [1, 2, 3, 4, 5]
    near = CHANGED.near_words(["unknown", *WORDS])
    assert list(near) == WORDS
    for word, own in zip(WORDS, vectors, strict=True):
        cosine = {
            other: float(own @ theirs / np.linalg.norm(own) / np.linalg.norm(theirs))
            for other, theirs in zip(WORDS, vectors, strict=True)
            if other != word
        }
        assert set(near[word]) == set(sorted(cosine, key=cosine.__getitem__)[-2:])


@given(
    st.lists(st.lists(st.sampled_from([*WORDS, "Dog,", "7"]), min_size=1, max_size=9), min_size=1), st.integers(0, 9)
)
def test_copies_are_new_and_of_known_words(rows: list[list[str]], seed: int) -> None:
    texts = sorted({" ".join(row) for row in rows})
    words = CHANGED.Words(np.array(WORDS), np.full(5, 0.2), {"dog": ["cat"], "runs": ["sleeps", "a"]})
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(CHANGED, "words_of", lambda _texts: words)
        made = CHANGED.changed_texts(texts, 3, {"a dog"}, np.random.default_rng(seed))
    copies = [copy for _, copy in made]
    assert len(set(copies)) == len(copies)
    assert not {"", "a dog", *texts} & set(copies)
    known = {word for text in texts for word in text.split()} | set(WORDS) | {f"{word}," for word in WORDS}
    for text, copy in made:
        assert text in texts
        assert len(copy.split()) <= len(text.split())
        assert set(copy.split()) <= known


@given(
    st.lists(st.lists(st.sampled_from(["a", "Dog,", "cat", "runs", "7"]), max_size=9), min_size=1), st.integers(0, 9)
)
def test_near_copies_keep_frequent_words_and_capitals(rows: list[list[str]], seed: int) -> None:
    texts = sorted({" ".join(row) for row in rows})
    near = {"a": ["runs"], "dog": ["cat"], "cat": ["dog", "mouse"]}
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(CHANGED, "COMMON", 1)
        copies = CHANGED.near_copies(
            ["a", "a a a a a a a a a a", *texts], 3, near, {"dog"}, np.random.default_rng(seed)
        )
    assert len({*copies, "dog", *texts}) == len(copies) + len({"dog", *texts})
    for copy in copies:
        sources = [text.split() for text in texts if _is_copy(copy.split(), text.split())]
        assert sources, copy


def _is_copy(copy: list[str], text: list[str]) -> bool:
    allowed = {"Dog,": {"Dog,", "Cat,"}, "cat": {"cat", "dog", "mouse"}}
    return len(copy) == len(text) and all(new in allowed.get(old, {old}) for new, old in zip(copy, text, strict=True))


def test_a_near_copy_has_at_least_one_new_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CHANGED, "COMMON", 0)
    monkeypatch.setattr(CHANGED, "REPLACED", 0.0)
    rng = np.random.default_rng(0)
    assert CHANGED.near_copies(["Dog runs"], 1, {"dog": ["cat"]}, (), rng) == ["Cat runs"]
    assert CHANGED.near_copies(["runs", ""], 2, {"dog": ["cat"]}, (), rng) == []


def test_a_word_is_drawn_by_the_root_of_its_frequency(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CHANGED, "NEIGHBOURS", 1)
    words = CHANGED.words_of(["A dog runs", "a cat runs", "a a 7 7", "sleeps"])
    assert words.words.tolist() == ["a", "runs"]
    assert words.chance.tolist() == pytest.approx([2 / (2 + 2**0.5), 2**0.5 / (2 + 2**0.5)])
    assert words.near == {"a": ["runs"], "runs": ["a"]}


def test_the_first_vectors_are_centred_and_small(tmp_path: Path) -> None:
    path = FIRST.write_first_vectors(["cat", "nowhere"], tmp_path / "new" / "first.txt")
    lines = path.read_text(encoding="utf-8").splitlines()
    assert [line.split()[0] for line in lines] == ["cat", "a", "dog", "runs", "sleeps"]
    rows, vectors = read_vectors(path, WORDS)
    assert sorted(rows) == [0, 1, 2, 3, 4]
    assert vectors.mean(0) == pytest.approx(np.zeros(4), abs=1e-3)
    assert float(vectors.std()) == pytest.approx(0.1, abs=1e-3)
    static = Table().read([WORDS[row] for row in rows])[1]
    centred = static - static.mean(0)
    assert vectors == pytest.approx(centred * 0.1 / centred.std(), abs=1e-3)
