"""The edit similarity of many pairs, against rapidfuzz."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from seqtwin.reranker.edit_distance import edit_similarities

TEXTS = st.text(alphabet="abcд😀 ", max_size=12)


@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=12))
def test_as_rapidfuzz_and_symmetric(pairs: list[tuple[str, str]]) -> None:
    left, right = [a for a, _ in pairs], [b for _, b in pairs]
    similarities = edit_similarities(left, right)
    expected = [Levenshtein.normalized_similarity(a, b) for a, b in pairs]
    np.testing.assert_allclose(similarities, expected, atol=1e-12)
    np.testing.assert_array_equal(similarities, edit_similarities(right, left))


def test_more_pairs_than_one_block() -> None:
    rng = np.random.default_rng(0)
    left, right = (["".join(rng.choice(list("abc"), rng.integers(0, 40))) for _ in range(1100)] for _ in range(2))
    expected = [Levenshtein.normalized_similarity(a, b) for a, b in zip(left, right, strict=True)]
    np.testing.assert_allclose(edit_similarities(left, right), expected, atol=1e-12)


def test_a_lone_surrogate_is_a_letter() -> None:
    assert edit_similarities(["\ud800"], ["a"]).tolist() == [0.0]
