"""Distinct rows: none lost, none invented, also where two sums collide."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seqtwin.model import unique_rows as module
from seqtwin.model.unique_rows import distinct, row_sums

some_rows = st.integers(1, 3).flatmap(
    lambda width: st.lists(st.lists(st.integers(0, 2), min_size=width, max_size=width), min_size=1, max_size=12)
)


@given(rows=some_rows)
def test_no_row_is_lost_or_invented(rows: list[list[int]]) -> None:
    found, place = distinct(torch.tensor(rows))
    assert found[place].tolist() == rows
    assert len(found) == len({tuple(row) for row in rows})


@given(rows=some_rows)
def test_equal_rows_have_equal_sums(rows: list[list[int]]) -> None:
    sums = row_sums(torch.tensor(rows)).tolist()
    assert len(set(sums)) <= len({tuple(row) for row in rows})
    assert all(
        a == b for a, one in zip(sums, rows, strict=True) for b, two in zip(sums, rows, strict=True) if one == two
    )


def test_words_of_many_letters_have_different_sums() -> None:
    """Sums that collide are slow: all rows are then sorted."""
    rows = torch.randint(0, 30, (20_000, 20), generator=torch.Generator().manual_seed(0))
    assert len(torch.unique(row_sums(rows))) == len(torch.unique(rows, dim=0))


def test_sums_that_collide_are_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "row_sums", lambda rows: torch.zeros(len(rows), dtype=torch.int64))
    rows = torch.tensor([[1, 2], [3, 4], [1, 2]])
    found, place = distinct(rows)
    assert torch.equal(found[place], rows)
    assert len(found) == 2
