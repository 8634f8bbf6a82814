"""What comes into an encoder, and the batches it is cut into."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtwin.errors import ConfigError, DataError
from seqtwin.inference import inputs
from seqtwin.inference.inputs import batches_of, items_of, series_of, shown, texts_of


@pytest.mark.parametrize("texts", [("a", "b"), iter(["a", "b"]), np.array(["a", "b"]), pd.Series(["a", "b"])], ids=type)
def test_any_iterable_in_order_is_a_list(texts: Iterable[str]) -> None:
    assert items_of(texts) == ["a", "b"]


@pytest.mark.parametrize("texts", [3, None, {"a", "b"}, {"a": 1}, pd.DataFrame({"a": ["b"]})], ids=type)
def test_what_has_no_order_or_no_items_is_refused(texts: Any) -> None:
    with pytest.raises(DataError, match="expected a list of texts"):
        items_of(texts)


def test_the_first_item_that_is_no_text_is_named() -> None:
    assert texts_of(["a", ""]) == ["a", ""]
    with pytest.raises(DataError, match="NoneType \\(item 1\\)"):
        texts_of(["a", None, 3])


def test_series_come_from_arrays_lists_and_iterators() -> None:
    rows = [[1.0, 2.0], [3.0, 4.0]]
    for series in (np.array(rows), rows, iter(rows)):
        found = series_of(series, 2)
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, rows)
    for wrong in ([], [1.0, 2.0], [[1.0]], [[np.inf, 1.0]], "text", [[1.0], [1.0, 2.0]]):
        with pytest.raises(DataError):
            series_of(wrong, 2)


@given(st.lists(st.integers(1, 400), max_size=60), st.integers(1, 70), st.integers(1, 900))
def test_every_row_is_in_one_batch_and_no_batch_is_too_large(lengths: list[int], size: int, most: int) -> None:
    before, inputs.MOST_STEPS = inputs.MOST_STEPS, most
    try:
        found = list(batches_of(np.array(lengths, dtype=np.int64), size))
    finally:
        inputs.MOST_STEPS = before
    assert sorted(row for rows in found for row in rows) == list(range(len(lengths)))
    for rows in found:
        assert 1 <= len(rows) <= size
        assert len(rows) == 1 or len(rows) * max(lengths[row] for row in rows) <= most


def test_a_batch_of_nothing_is_refused_and_a_bar_hands_all_batches_on() -> None:
    with pytest.raises(ConfigError, match="batch_size"):
        list(batches_of(np.array([1]), 0))
    batches = [rows.tolist() for rows in shown(batches_of(np.array([3, 1, 2]), 2), True)]
    assert batches == [[1, 2], [0]]
