"""Inputs of an encoder: iterables, texts and series, and what is refused."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from seqtwin.errors import DataError
from seqtwin.inference.inputs import check_series, check_texts, list_items


@pytest.mark.parametrize("texts", [("a", "b"), iter(["a", "b"]), np.array(["a", "b"]), pd.Series(["a", "b"])], ids=type)
def test_any_iterable_in_order_is_a_list(texts: Iterable[str]) -> None:
    assert list_items(texts) == ["a", "b"]


@pytest.mark.parametrize("texts", [3, None, {"a", "b"}, {"a": 1}, pd.DataFrame({"a": ["b"]})], ids=type)
def test_what_has_no_order_or_no_items_is_refused(texts: Any) -> None:
    with pytest.raises(DataError, match="expected a list of texts"):
        list_items(texts)


def test_the_first_item_that_is_no_text_is_named() -> None:
    assert check_texts(["a", ""]) == ["a", ""]
    with pytest.raises(DataError, match="NoneType \\(item 1\\)"):
        check_texts(["a", None, 3])


def test_series_come_from_arrays_lists_and_iterators() -> None:
    rows = [[1.0, 2.0], [3.0, 4.0]]
    for series in (np.array(rows), rows, iter(rows)):
        found = check_series(series, 2)
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, rows)
    for wrong in ([], [1.0, 2.0], [[1.0]], [[np.inf, 1.0]], "text", [[1.0], [1.0, 2.0]]):
        with pytest.raises(DataError):
            check_series(wrong, 2)
