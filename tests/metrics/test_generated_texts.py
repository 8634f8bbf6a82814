"""Metrics of what is written, against plain loops."""

from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtwin.metrics import WRITTEN_METRICS, Undefined, lower_is_better
from seqtwin.metrics.generated_texts import by_length, edit_distance, exact_match, levenshtein, token_accuracy

words = st.text("abc", max_size=8)
rows = st.lists(st.tuples(words, words), min_size=1, max_size=6)


def plain_levenshtein(a, b):
    @lru_cache(None)
    def cost(i, j):
        if not i or not j:
            return i + j
        return min(cost(i - 1, j) + 1, cost(i, j - 1) + 1, cost(i - 1, j - 1) + (a[i - 1] != b[j - 1]))

    return cost(len(a), len(b))


@given(words, words)
def test_levenshtein_is_that_of_the_recursion(a, b):
    assert levenshtein(a, b) == levenshtein(b, a) == plain_levenshtein(a, b)
    assert levenshtein(np.array([ord(x) for x in a]), np.array([ord(x) for x in b])) == plain_levenshtein(a, b)


@given(rows)
def test_equal_to_plain_loops(pairs):
    written, right = [a for a, _ in pairs], [b for _, b in pairs]
    assert exact_match(written, right) == pytest.approx(sum(a == b for a, b in pairs) / len(pairs))
    agree = [sum(x == y for x, y in zip(a, b, strict=False)) / max(len(a), len(b)) if a or b else 1 for a, b in pairs]
    assert token_accuracy(written, right) == pytest.approx(sum(agree) / len(pairs))
    edits = [plain_levenshtein(a, b) / max(len(a), len(b)) if a or b else 0 for a, b in pairs]
    assert edit_distance(written, right) == pytest.approx(sum(edits) / len(pairs))


@given(rows)
def test_what_holds_always(pairs):
    written, right = [list(a) for a, _ in pairs], [list(b) for _, b in pairs]
    for name, metric in WRITTEN_METRICS.items():
        value = metric.function(written, right)
        assert isinstance(value, float)
        assert 0 <= value <= 1
        assert metric.function(right, right) == (0.0 if lower_is_better(name) else 1.0)
    assert exact_match(written, right) <= token_accuracy(written, right) <= 1 - edit_distance(written, right) + 1e-12


def test_ids_are_taken():
    written, right = [np.array([3, 4, 5]), np.array([], dtype=int)], [np.array([3, 5]), np.array([], dtype=int)]
    assert exact_match(written, right) == 0.5
    assert token_accuracy(written, right) == pytest.approx((1 / 3 + 1) / 2)
    assert edit_distance(written, right) == pytest.approx((1 / 3 + 0) / 2)


def test_empty_against_something():
    assert levenshtein("", "abc") == levenshtein("abc", "") == 3
    assert (exact_match([""], ["a"]), token_accuracy([""], ["a"]), edit_distance([""], ["a"])) == (0, 0, 1)


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 1)), max_size=20))
def test_lengths_are_kept_apart(values):
    lengths, scores = [a for a, _ in values], [b for _, b in values]
    found = by_length(lengths, scores)
    assert list(found) == sorted(set(lengths))
    for length, (count, mean) in found.items():
        own = [score for n, score in values if n == length]
        assert (count, mean) == (len(own), pytest.approx(sum(own) / len(own)))


@pytest.mark.parametrize("metric", WRITTEN_METRICS.values(), ids=WRITTEN_METRICS)
def test_what_does_not_fit_is_refused(metric):
    with pytest.raises(Undefined, match="no rows"):
        metric.function([], [])
    with pytest.raises(ValueError, match="got 1 and 2"):
        metric.function(["a"], ["a", "b"])


def test_lengths_need_a_value_each():
    with pytest.raises(ValueError, match="shapes"):
        by_length([1, 2], [1.0])
