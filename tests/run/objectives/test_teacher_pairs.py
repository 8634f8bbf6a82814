"""The pairs that judge a student: each once, with the cosine of the teacher, from all ranks of similarity."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import cosine

from seqtwin.run.objectives import teacher_pairs
from seqtwin.run.objectives.teacher_pairs import MOST_TEXTS, PARTNERS, draw_texts, pair_texts


def drawn(count: int, width: int = 5, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, width))


@given(st.integers(2, 40), st.integers(0, 1000))
def test_pairs_are_distinct_and_have_the_cosine_of_the_teacher(count: int, seed: int) -> None:
    vectors = drawn(count, seed=seed)
    left, right, target = pair_texts(vectors, np.random.default_rng(seed))
    pairs = list(zip(left.tolist(), right.tolist(), strict=True))
    assert len(set(pairs)) == len(pairs) <= PARTNERS * count
    assert all(a < b for a, b in pairs)
    assert set(left.tolist()) | set(right.tolist()) == set(range(count))
    right_target = [(1 + 1 - cosine(vectors[a], vectors[b])) / 2 for a, b in pairs]
    np.testing.assert_allclose(target, right_target, atol=1e-9)
    assert target.min() >= 0
    assert target.max() <= 1


def test_near_and_far_texts_are_among_them(monkeypatch) -> None:
    vectors = drawn(300)
    left, right, target = pair_texts(vectors, np.random.default_rng(0))
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    every = (1 + (unit @ unit.T)[np.triu_indices(300, 1)]) / 2
    shares = np.histogram(target, np.quantile(every, [0, 0.5, 0.9, 0.99, 1]))[0] / len(target)
    assert (shares > 0.08).all(), shares
    monkeypatch.setattr(teacher_pairs, "AT_ONCE", 7)
    for found, other in zip((left, right, target), pair_texts(vectors, np.random.default_rng(0)), strict=True):
        np.testing.assert_array_equal(found, other)


def test_a_zero_vector_has_a_target() -> None:
    target = pair_texts(np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]), np.random.default_rng(0))[2]
    assert set(target.tolist()) == {0.5}


def test_all_texts_are_judged_or_a_sample_of_them() -> None:
    rng = np.random.default_rng(0)
    assert draw_texts(5, rng).tolist() == [0, 1, 2, 3, 4]
    sample = draw_texts(MOST_TEXTS + 100, rng)
    assert len(np.unique(sample)) == MOST_TEXTS
    assert (np.diff(sample) > 0).all()
