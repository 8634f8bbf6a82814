"""The probability of a pair: symmetric, independent of other pairs, and finite."""

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from toy_reranker import DIM, pairs, reranker

from seqtwin.reranker.reranker import EncodedPairs, log_odds, sigmoid, vector_features

VECTORS = arrays(np.float32, (1, DIM), elements=st.floats(-9, 9, width=32))


@given(st.text(max_size=20), st.text(max_size=20), VECTORS, VECTORS, st.floats(-1, 1))
def test_both_orders_have_exactly_the_same_probability(
    left: str, right: str, a: np.ndarray, b: np.ndarray, similarity: float
) -> None:
    both = np.array([similarity], dtype=np.float32)
    forth = reranker().probabilities(EncodedPairs([left], [right], a, b, both))
    back = reranker().probabilities(EncodedPairs([right], [left], b, a, both))
    assert forth.tobytes() == back.tobytes()
    assert 0 <= forth[0] <= 1


def test_a_pair_does_not_depend_on_the_others() -> None:
    many = pairs(2100, 5).pairs
    alone = reranker().probabilities(many.take(slice(2099, 2100)))
    assert reranker().probabilities(many)[-1:].tolist() == alone.tolist()
    assert reranker().probabilities(many.take(slice(0, 0))).shape == (0,)


def test_a_more_similar_pair_is_more_probable() -> None:
    some = pairs(50, 6).pairs
    nearer = replace(some, similarity=some.similarity + 0.5)
    assert (reranker().probabilities(nearer) >= reranker().probabilities(some)).all()


def test_vector_features_by_a_plain_loop() -> None:
    a, b = np.random.default_rng(0).normal(size=(2, 3, DIM))
    for row, (u, v) in zip(vector_features(a, b), zip(a, b, strict=True), strict=True):
        x, y = u / np.sqrt((u**2).sum()), v / np.sqrt((v**2).sum())
        np.testing.assert_allclose(row, [*(abs(i - j) for i, j in zip(x, y, strict=True)), *(x * y)])
    assert np.isfinite(vector_features(np.zeros((1, DIM)), a[:1])).all()


@given(st.floats(0.001, 0.999))
def test_log_odds_and_sigmoid_are_inverse(share: float) -> None:
    assert np.isclose(sigmoid(log_odds(np.array([share])))[0], share)
