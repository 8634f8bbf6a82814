"""Cells that a spreadsheet would run are marked, numbers stay numbers, and SeqTwin reads back what it was given."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtwin.guards.spreadsheets import csv_text, original_cell, raw_cells, safe_cell

TEXTS = st.one_of(st.text(), st.text(alphabet="'=+-@\t\r\n1.e", max_size=6))


@pytest.mark.parametrize(
    "text", ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "'=1", "\uff1d1", "-", "+", "-x"]
)
def test_a_cell_that_would_be_run_is_marked(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-0.5", "+3", "-1e-05", "1", "a=b", "", "it's", "'a'", " =1", "-.5"])
def test_other_cells_and_numbers_stay(text: str) -> None:
    assert safe_cell(text) == text


def test_values_that_are_no_texts_stay() -> None:
    assert [safe_cell(value) for value in (-1, -0.5, None, True)] == [-1, -0.5, None, True]


@given(TEXTS)
def test_every_text_comes_back(text: str) -> None:
    assert original_cell(str(safe_cell(text))) == text


@given(TEXTS)
def test_a_marked_cell_is_never_run(text: str) -> None:
    shown = str(safe_cell(text))
    assert shown[:1] not in {"=", "@", "\t", "\r", "\n"}
    if shown[:1] in {"+", "-"}:
        float(shown)


def test_raw_cells_are_as_they_are() -> None:
    assert csv_text([["=a", -1]]) == "'=a,-1\n"
    with raw_cells():
        assert csv_text([["=a", -1]]) == "=a,-1\n"
    assert next(csv.reader(io.StringIO(csv_text([["=a"]])))) == ["'=a"]
