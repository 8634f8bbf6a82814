"""Inputs of an encoder: iterables, texts and series, and what is refused."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from seqtwin.errors import DataError
from seqtwin.inference.inputs import check_series, check_texts, list_items
from seqtwin.matching.distinct_texts import listed_texts


@pytest.mark.parametrize("texts", [("a", "b"), iter(["a", "b"]), np.array(["a", "b"]), pd.Series(["a", "b"])], ids=type)
def test_any_iterable_in_order_is_a_list(texts: Iterable[str]) -> None:
    assert list_items(texts) == ["a", "b"]


@pytest.mark.parametrize("texts", [3, None, {"a", "b"}, {"a": 1}, pd.DataFrame({"a": ["b"]})], ids=type)
def test_what_has_no_order_or_no_items_is_refused(texts: Any) -> None:
    with pytest.raises(DataError, match="expected a list of texts"):
        list_items(texts)


def test_the_first_item_that_is_no_text_is_named() -> None:
    assert check_texts(["a", ""]) == ["a", ""]
    with pytest.raises(DataError, match=r"item 1 is missing \(None\)") as missing:
        check_texts(["a", None, 3])
    assert "dropna" in missing.value.remedy
    with pytest.raises(DataError, match="item 0: expected a text, got an object of type int"):
        check_texts([3, None])


def test_a_column_of_pyarrow_is_a_list_of_texts_and_an_array_without_dimensions_a_text() -> None:
    pyarrow = pytest.importorskip("pyarrow")
    for column in (pyarrow.array(["a", "b"]), pyarrow.chunked_array([["a"], ["b"]])):
        assert list_items(column) == listed_texts(column) == ["a", "b"]
    assert listed_texts(pyarrow.array(["a", None])) == ["a", None]
    assert list_items(np.array("a")) == ["a"]
    with pytest.raises(DataError, match="expected a list of texts, got an object of type Table") as refused:
        list_items(pyarrow.table({"left": ["a"]}))
    assert "one column" in refused.value.remedy


@pytest.mark.parametrize("texts", [{"a", "b"}, {"a": 1}, pd.DataFrame({"a": ["b"]})], ids=type)
def test_matching_refuses_what_encoding_refuses(texts: Any) -> None:
    with pytest.raises(DataError, match="expected a list of texts"):
        listed_texts(texts)


def test_series_come_from_arrays_lists_and_iterators() -> None:
    rows = [[1.0, 2.0], [3.0, 4.0]]
    for series in (np.array(rows), rows, iter(rows)):
        found = check_series(series, 2)
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, rows)
    for wrong in ([], [1.0, 2.0], [[1.0]], [[np.inf, 1.0]], "text", [[1.0], [1.0, 2.0]]):
        with pytest.raises(DataError):
            check_series(wrong, 2)
