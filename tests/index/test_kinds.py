"""The kinds of search compared with numpy: scores and order of the similarity, candidates of faiss, recall."""

import math
import sys
from typing import Any

import numpy as np
import pytest
import torch

from seqtwin.errors import ConfigError, DamagedError, MissingExtraError
from seqtwin.index import kinds
from seqtwin.index.kinds import KINDS, Exact, tuned
from seqtwin.model.similarities import SIMILARITIES

DIM = 8
INDEXABLE = [name for name, part in SIMILARITIES.items() if part.indexable]
PAIRS = [(kind, name) for kind in KINDS for name in INDEXABLE if (kind, name) != ("ivfpq", "exp_manhattan")]


def matrix_of(name: str) -> Any:
    similarity = SIMILARITIES[name](DIM)

    def matrix(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return similarity.matrix(torch.tensor(a), torch.tensor(b)).numpy()

    return matrix


def drawn(count: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(20, DIM))
    return (centres[rng.integers(0, 20, count)] + 0.4 * rng.normal(size=(count, DIM))).astype(np.float32)


# our own formulas would prove nothing: these are numpy's
FORMULAS: dict[str, Any] = {
    "cosine": lambda a, b: (a @ b.T) / np.linalg.norm(a, axis=1)[:, None] / np.linalg.norm(b, axis=1),
    "dot": lambda a, b: a @ b.T,
    "negative_euclidean": lambda a, b: -np.linalg.norm(a[:, None] - b, axis=2),
    "exp_manhattan": lambda a, b: np.exp(-np.abs(a[:, None] - b).sum(2) / DIM),
    "exp_euclidean": lambda a, b: np.exp(-np.linalg.norm(a[:, None] - b, axis=2) / DIM),
}


def test_every_indexable_similarity_has_a_formula_here() -> None:
    assert set(FORMULAS) == set(INDEXABLE)


@pytest.mark.parametrize(("kind", "name"), PAIRS)
def test_scores_and_order_are_those_of_the_similarity(kind: str, name: str) -> None:
    vectors, queries = drawn(1500), drawn(20, seed=1)
    searcher, recall = tuned(KINDS[kind].build(name, vectors), matrix_of(name), vectors)
    found = searcher.search(matrix_of(name), queries, vectors, 10)
    scores = FORMULAS[name](queries.astype(float), vectors.astype(float))
    np.testing.assert_allclose(found.scores, np.take_along_axis(scores, found.rows, axis=1), rtol=1e-4, atol=1e-5)
    assert (found.scores[:, 1:] <= found.scores[:, :-1]).all()
    tenth = np.sort(scores, axis=1)[:, -10]
    share = (np.take_along_axis(scores, found.rows, axis=1) >= tenth[:, None] - 1e-5).mean()
    assert share >= (1.0 if kind == "exact" else 0.9)
    assert (recall is None) == (kind == "exact")
    if recall is not None:
        assert recall.value >= 0.9


@pytest.mark.parametrize("kind", ["exact", "hnsw"])
@pytest.mark.parametrize("count", [1, 2, 5])
def test_few_vectors_and_a_larger_k(kind: str, count: int) -> None:
    vectors = drawn(count)
    searcher, recall = tuned(KINDS[kind].build("cosine", vectors), matrix_of("cosine"), vectors)
    found = searcher.search(matrix_of("cosine"), drawn(3, seed=1), vectors, 50)
    assert found.rows.shape == (3, count)
    assert [sorted(row) for row in found.rows.tolist()] == [list(range(count))] * 3
    assert recall is None if kind == "exact" or count == 1 else recall and recall.value == 1.0


@pytest.mark.parametrize("kind", ["hnsw", "ivfpq"])
@pytest.mark.parametrize("k", [1, 10, 12, 60, 300, 1499, 1500, 4000])
@pytest.mark.parametrize("name", ["cosine", "negative_euclidean"])
def test_a_large_k_finds_as_many_as_an_exact_search(kind: str, k: int, name: str) -> None:
    vectors, queries, matrix = drawn(1500), drawn(7, seed=1), matrix_of(name)
    searcher, _ = tuned(KINDS[kind].build(name, vectors), matrix, vectors)
    found, exact = (one.search(matrix, queries, vectors, k) for one in (searcher, Exact()))
    assert found.rows.shape == exact.rows.shape
    assert (found.rows >= 0).all()
    assert all(len(set(row)) == len(row) for row in found.rows.tolist())
    worst = exact.scores[:, -1:] - 1e-5
    assert (found.scores >= worst).mean() >= 0.9


@pytest.mark.parametrize("kind", ["hnsw", "ivfpq"])
def test_a_narrow_search_is_made_up_exactly(kind: str) -> None:
    # one list, or a graph that is left at once, holds too few candidates
    vectors, queries, matrix = drawn(3000), drawn(5, seed=1), matrix_of("cosine")
    searcher = KINDS[kind].build("cosine", vectors).at(1)
    for k in (10, 11, 12, 100):
        found = searcher.search(matrix, queries, vectors, k)
        assert found.rows.shape == (5, k)
        assert (found.rows >= 0).all()
        assert (np.diff(found.scores, axis=1) <= 0).all()


@pytest.mark.parametrize("kind", ["hnsw", "ivfpq"])
def test_equal_vectors_are_all_found(kind: str) -> None:
    vectors = np.repeat(drawn(1100), 3, axis=0)
    searcher, _ = tuned(KINDS[kind].build("cosine", vectors), matrix_of("cosine"), vectors)
    found = searcher.search(matrix_of("cosine"), vectors[:4], vectors, 3300)
    assert [sorted(row) for row in found.rows.tolist()] == [list(range(3300))] * 4


@pytest.mark.parametrize("kind", list(KINDS))
def test_no_query(kind: str) -> None:
    vectors = drawn(1500)
    found = KINDS[kind].build("cosine", vectors).search(matrix_of("cosine"), drawn(0), vectors, 5)
    assert found.rows.shape == (0, 5)


def test_equal_vectors_count_as_found() -> None:
    vectors = np.repeat(drawn(30), 40, axis=0)
    _, recall = tuned(KINDS["hnsw"].build("cosine", vectors), matrix_of("cosine"), vectors)
    assert recall is not None
    assert recall.value >= 0.95


def test_the_breadth_grows_until_the_recall_is_good(monkeypatch: Any) -> None:
    vectors = drawn(2000)
    searcher = KINDS["ivfpq"].build("cosine", vectors)
    low, _ = tuned(searcher, matrix_of("cosine"), vectors)
    monkeypatch.setattr(kinds, "GOOD", 1.1)
    broad, recall = tuned(searcher, matrix_of("cosine"), vectors)
    assert low.breadth < broad.breadth == max(searcher.breadths)
    assert recall is not None
    assert recall.value <= 1.0


def test_recall_of_a_search_that_finds_nothing_is_none_at_all() -> None:
    class Blind(Exact):
        def at(self, breadth: int) -> "Blind":
            return self

        def search(self, matrix: Any, queries: np.ndarray, vectors: np.ndarray, k: int) -> Any:
            found = super().search(matrix, queries, vectors, k)
            return type(found)(np.full_like(found.rows, -1), np.full_like(found.scores, -np.inf))

    recall = tuned(Blind(breadths=(1,)), matrix_of("cosine"), drawn(50))[1]
    assert recall is not None
    assert recall.value == 0.0


@pytest.mark.parametrize(("kind", "name"), [p for p in PAIRS if p[0] != "exact"])
def test_a_structure_comes_back_from_its_bytes_and_grows(kind: str, name: str) -> None:
    vectors, queries, matrix = drawn(1500), drawn(9, seed=1), matrix_of(name)
    searcher = KINDS[kind].build(name, vectors[:1200]).at(64)
    back = KINDS[kind].read(name, searcher.dump(), (1200, DIM), searcher.breadth)
    expected = searcher.search(matrix, queries, vectors[:1200], 5)
    np.testing.assert_array_equal(back.search(matrix, queries, vectors[:1200], 5).rows, expected.rows)
    grown = back.grown(vectors[1200:])
    itself = grown.search(matrix, vectors[1200:], vectors, 1).rows[:, 0]
    if name != "dot":  # a longer vector can be nearer than a vector itself
        assert (itself == np.arange(1200, 1500)).mean() > 0.9
    np.testing.assert_array_equal(back.search(matrix, queries, vectors[:1200], 5).rows, expected.rows)


@pytest.mark.parametrize("kind", ["hnsw", "ivfpq"])
def test_bytes_that_are_no_structure(kind: str) -> None:
    data = KINDS[kind].build("cosine", drawn(1200)).dump()
    for broken in (b"", b"x", data[: len(data) // 2], data[:-1], b"\0" * 100):
        with pytest.raises(DamagedError):
            KINDS[kind].read("cosine", broken, (1200, DIM), 64)
    for name, shape in (("cosine", (1199, DIM)), ("cosine", (1200, DIM + 1)), ("negative_euclidean", (1200, DIM))):
        with pytest.raises(DamagedError, match=r"expected (a structure over|the groups of)"):
            KINDS[kind].read(name, data, shape, 64)


def test_what_a_family_cannot_do_is_said() -> None:
    with pytest.raises(ConfigError, match="ivfpq does not support the similarity 'exp_manhattan'") as caught:
        KINDS["ivfpq"].build("exp_manhattan", drawn(2000))
    assert caught.value.remedy == "choose kind exact or hnsw"
    with pytest.raises(ConfigError, match="does not support the similarity 'mine'") as caught:
        KINDS["hnsw"].build("mine", drawn(20))
    assert caught.value.remedy == "choose kind exact"
    with pytest.raises(ConfigError, match="expected 1024 or more, got 1023"):
        KINDS["ivfpq"].build("cosine", drawn(1023))


def test_without_faiss_one_line_says_what_to_install(monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(MissingExtraError) as caught:
        KINDS["hnsw"].build("cosine", drawn(20))
    assert "seqtwin[ann]" in caught.value.remedy
    assert isinstance(KINDS["exact"].build("cosine", drawn(20)), Exact)


@pytest.mark.parametrize("dim", [1, 2, 3, 7, 96, 128])
def test_ivfpq_takes_any_width(dim: int) -> None:
    vectors = np.random.default_rng(0).normal(size=(1100, dim)).astype(np.float32)
    rows = KINDS["ivfpq"].build("negative_euclidean", vectors).at(128)
    found = rows.search(lambda a, b: -np.linalg.norm(a[:, None] - b, axis=2), vectors[:20], vectors, 1)
    assert (found.rows[:, 0] == np.arange(20)).mean() > 0.9


def test_metrics_are_those_faiss_knows() -> None:
    faiss = pytest.importorskip("faiss")
    for similarity in SIMILARITIES.values():
        assert similarity.index_form is None or math.isfinite(getattr(faiss, similarity.index_form.metric))
