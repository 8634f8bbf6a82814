"""Label words, scales and slips of a key: what is taken, what has to be declared, which rows are named."""

import numpy as np
import pytest

from seqtwin.data.files.tables import read_table
from seqtwin.data.label_words import check_labels, label_value
from seqtwin.data.reading.score_scales import look_at_target, read_labels, read_scores
from seqtwin.errors import ConfigError, DataError


@pytest.fixture
def table_of(tmp_path):
    def write(values):
        path = tmp_path / "pairs.csv"
        rows = [f'text {i},other {i},"{one}"' for i, one in enumerate(values)]
        path.write_text("\n".join(["left,right,value", *rows]) + "\n", encoding="utf-8")
        return read_table(path)

    return write


@pytest.mark.parametrize(
    ("same", "different"),
    [
        ("yes", "no"),
        ("Y", "N"),
        ("T", "f"),
        ("TRUE", "false"),
        ("match", "non-match"),
        ("Match", "No Match"),
        ("match", "distinct"),
        ("duplicate", "not_duplicate"),
        ("Duplicate", "Not Duplicate"),
        ("similar", "dissimilar"),
        ("positive", "negative"),
        ("entailment", "contradiction"),
        ("entailment", "not_entailment"),
        ("paraphrase", "non-paraphrase"),
        ("equivalent", "not_equivalent"),
        ("related", "unrelated"),
        ("1.0", "0.0"),
        ("1.0000001", "-0.0000001"),
    ],
)
def test_the_usual_words_are_taken_in_any_case(same, different, table_of):
    table = table_of([same, different, same])
    assert look_at_target(table, "value").role == "label"
    assert read_labels(table, "value").tolist() == [1, 0, 1]


@pytest.mark.parametrize("values", [["entailment", "neutral", "contradiction"], ["high", "low"], ["A", "B"], ["", "x"]])
def test_words_without_a_known_meaning_are_listed_with_the_known_ones(values, table_of):
    table = table_of(values * 4)
    with pytest.raises(DataError, match="match or non-match") as error:
        look_at_target(table, "value")
    assert "data.labels" in error.value.remedy or "neutral" in str(error.value)


def test_words_of_ones_own(table_of):
    table = table_of(["dup", "other", "Dup "])
    own = {"dup": 1, "other": 0}
    assert look_at_target(table, "value", labels=own).role == "label"
    assert read_labels(table, "value", own).tolist() == [1, 0, 1]
    strange = table_of(["dup", "other", "dup", "1"])
    with pytest.raises(DataError, match=r"line 5.*expected dup or other, found '1'"):
        look_at_target(strange, "value", labels=own)


@pytest.mark.parametrize("slip", ["11", "2", "-1", "0.5", "10", "yess"])
def test_a_slip_among_labels_is_named_and_never_makes_a_scale(slip, table_of):
    values = ["1", "0"] * 15
    values[7] = slip
    with pytest.raises(DataError, match=r"line 9: .*expected 0 or 1") as error:
        look_at_target(table_of(values), "value")
    assert ("--scale" in error.value.remedy) == (slip != "yess")


@pytest.mark.parametrize(
    ("values", "scale"),
    [
        ([0, 1, 2, 3, 4, 5], (0, 5)),
        ([1, 3, 5], (1, 5)),
        ([1.0000001, 0.5, 0.0, 0.25], (0, 1)),
        ([-1, 0.2, 0.99], (-1, 1)),
        ([-1, 1, 1, -1], (-1, 1)),
        ([0.01, 0.5, 0.97], (0, 1)),
        ([0, 50, 100], (0, 100)),
        ([0, 5, 5, 0], (0, 5)),
    ],
)
def test_a_scale_is_guessed_where_both_ends_are_reached(values, scale, table_of):
    table = table_of(values)
    found = look_at_target(table, "value")
    assert found.scale == scale
    assert "--scale" in found.why
    targets = read_scores(table, "value", found.scale)
    assert targets.min() >= 0
    assert targets.max() <= 1
    assert not table.problems


@pytest.mark.parametrize(
    "values", [[2, 3, 4], [0.3, 0.5, 0.7], [1, 2], [0, 89], [-4, 12], [37, 12, 0], [5, 5], [0.04, 2.5, 3.97]]
)
def test_a_range_that_is_part_of_a_scale_has_to_be_declared(values, table_of):
    table = table_of(values)
    with pytest.raises(DataError, match="cannot be guessed") as error:
        look_at_target(table, "value")
    assert "--scale LOW HIGH" in error.value.remedy
    assert look_at_target(table, "value", scale=(-10, 100)).scale == (-10, 100)


def test_two_numbers_that_are_no_labels_may_be_called_so(table_of):
    with pytest.raises(DataError, match="cannot be guessed") as error:
        look_at_target(table_of([1, 2, 2, 1]), "value")
    assert "--labels 1=0,2=1" in error.value.remedy
    assert read_labels(table_of([1, 2]), "value", {"1": 0, "2": 1}).tolist() == [0, 1]


def test_rounding_beyond_an_end_is_the_end_and_more_is_a_problem(table_of):
    table = table_of([5.000001, 5.1, 0])
    assert np.allclose(read_scores(table, "value", (0, 5))[[0, 2]], [1, 0])
    assert [line for line, _ in table.problems] == [3]


def test_one_value_far_from_the_others_is_named_and_makes_no_scale(table_of):
    values = [0.1 * (i % 11) for i in range(40)]
    values[5] = 7
    table = table_of(values)
    assert look_at_target(table_of(values), "value", scale=(0, 7)).scale == (0, 7)
    with pytest.raises(DataError, match=r"line 7: .*7 is far from the other values"):
        look_at_target(table, "value")


@pytest.mark.parametrize("name", ["different", "is_different", "distance", "cosine distance"])
def test_a_name_that_says_the_opposite_is_asked_about(name, tmp_path):
    path = tmp_path / "pairs.csv"
    path.write_text(f"left,right,{name}\n" + "".join(f"a {i},b {i},{i % 2}\n" for i in range(10)), encoding="utf-8")
    with pytest.raises(DataError, match="less similar"):
        look_at_target(read_table(path), name)
    assert look_at_target(read_table(path), name, labels={"1": 0, "0": 1}).role == "label"


def test_decimal_commas_are_named(table_of):
    with pytest.raises(DataError, match="decimal commas, such as 0,25"):
        look_at_target(table_of(["0,25", "0,5", "1", "0"]), "value")


def test_three_classes_are_no_scores(table_of):
    table = table_of([0, 1, 2, 1])
    assert look_at_target(table, "value", scale=(0, 2)).scale == (0, 2)
    with pytest.raises(DataError, match="cannot be guessed") as caught:
        look_at_target(table, "value")
    assert "--labels 0=0,1=0,2=1" in caught.value.remedy


@pytest.mark.parametrize(
    "labels", [{"dup": 1, "DUP": 0}, {"a": 1, "b": 1}, {"a": 2, "b": 0}, ["a"], {"1": 1, "1.0": 0}]
)
def test_meanings_that_contradict_each_other_or_tell_nothing_are_refused(labels):
    with pytest.raises(ConfigError, match="labels"):
        check_labels(labels)


def test_numbers_are_compared_as_numbers_and_nothing_is_no_word():
    own = {"1": 0, "2": 1, "none": 0}
    assert [label_value(one, own) for one in ("2.0", 1, 2.0, "1", None)] == [1, 0, 1, 0, None]
    assert [label_value(one) for one in (10**400, "0_1", "1e400")] == [None, None, None]


def test_truth_values_of_json_are_labels():
    assert [label_value(one) for one in (True, False, 1, 0.0, None, float("nan"))] == [1, 0, 1, 0, None, None]
