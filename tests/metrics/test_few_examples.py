"""Metrics that rest on fewer than ten examples of a kind say so."""

import pytest

from seqtwin.metrics import class_counts, few_classes_sentence, few_pairs_sentence, few_positives, pair_counts


@pytest.mark.parametrize(
    ("same", "different", "expected"),
    [
        (10, 10, {}),
        (9, 10, {"same": 9}),
        (10, 9, {"different": 9}),
        (0, 3, {"same": 0, "different": 3}),
        (500, 500, {}),
    ],
)
def test_fewer_than_ten_is_few(same, different, expected):
    assert few_positives([1.0] * same + [0.0] * different, 0.5) == expected


def test_graded_targets_are_cut_where_the_threshold_is():
    assert pair_counts([0.2, 0.6, 0.8, 1.0], 0.8) == {"same": 2, "different": 2}


def test_a_class_without_examples_is_counted():
    assert class_counts([2, 2, 0], ("a", "b", "c")) == {"a": 1, "b": 0, "c": 2}


def test_no_pairs_at_all():
    assert few_positives([], 0.5) == {"same": 0, "different": 0}


def test_the_sentence_names_the_split_and_the_number():
    counts = {"dev": {"same": 0, "different": 30}, "test": {"same": 9, "different": 2}}
    expected = (
        "The metrics rest on very few pairs: no same pairs in dev, 2 different pairs in test and 9 same pairs in test."
    )
    assert few_pairs_sentence(counts) == expected


def test_of_many_small_classes_three_are_named():
    counts = {"a": 4, "b": 1, "c": 2, "d": 3, "e": 5, "f": 90}
    expected = "The metrics of 5 of 6 classes rest on fewer than ten test examples: b (1), c (2), d (3) and 2 more."
    assert few_classes_sentence(counts) == expected


def test_enough_of_everything_says_nothing():
    enough = {"same": 10, "different": 10}
    assert (few_pairs_sentence({"dev": enough, "test": enough}), few_classes_sentence({"a": 10})) == ("", "")
