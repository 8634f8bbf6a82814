"""Batches: every row in exactly one, none too large, in both backends."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtwin.errors import ConfigError
from seqtwin.inference.batching import Batching


@given(st.lists(st.integers(1, 400), max_size=60), st.integers(1, 70), st.integers(1, 900))
def test_every_row_is_in_one_batch_and_no_batch_is_too_large(lengths: list[int], size: int, most: int) -> None:
    found = list(Batching(size=size, steps=most).batches(np.array(lengths, dtype=np.int64)))
    assert sorted(row for rows in found for row in rows) == list(range(len(lengths)))
    for rows in found:
        assert 1 <= len(rows) <= size
        assert len(rows) == 1 or len(rows) * max(lengths[row] for row in rows) <= most


def test_a_batch_of_nothing_is_refused_and_a_bar_hands_all_batches_on() -> None:
    with pytest.raises(ConfigError, match="batch_size"):
        list(Batching(size=0).batches(np.array([1])))
    batches = [rows.tolist() for rows in Batching(size=2, progress=True).batches(np.array([3, 1, 2]))]
    assert batches == [[1, 2], [0]]
