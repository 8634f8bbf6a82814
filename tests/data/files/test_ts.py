"""A .ts file as a long table. A wrong series is reported with its line."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtwin.data.files.tables import read_table
from seqtwin.data.inspect_file import inspect_data
from seqtwin.data.reading.blocks import read_blocks
from seqtwin.data.reading.series import read_series, read_series_file
from seqtwin.errors import DataError

HEAD = """# a comment
@problemName Tiny
@timestamps false
@missing false
@univariate false
@dimensions 2
@equalLength false
@classLabel true a b
@data
"""
DATA = """1,2,3:-1,.5,1e2:a
# between two series

4:5:b
6,7:8,9:a
"""


def written(folder: Path, text: str, name: str = "tiny.ts") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_series_a_line_becomes_a_row_a_step(tmp_path: Path) -> None:
    table = read_table(written(tmp_path, HEAD + DATA))
    assert table.columns == {
        "series_id": ["0", "0", "0", "1", "2", "2"],
        "t": [0, 1, 2, 0, 0, 1],
        "ch0": [1.0, 2.0, 3.0, 4.0, 6.0, 7.0],
        "ch1": [-1.0, 0.5, 100.0, 5.0, 8.0, 9.0],
        "label": ["a", "a", "a", "b", "a", "a"],
    }
    assert table.lines == [10, 10, 10, 13, 14, 14]
    [block] = read_blocks(tmp_path / "tiny.ts")
    assert (block.columns, block.lines) == (table.columns, table.lines)


def test_it_is_series_like_any_other(tmp_path: Path) -> None:
    path = written(tmp_path, HEAD + DATA)
    found = read_series_file(path, channels=2)
    assert (found.ids, found.labels) == (["0", "1", "2"], ["a", "b", "a"])
    np.testing.assert_array_equal(found.series[2], np.array([[6, 8], [7, 9]], dtype=np.float32))
    assert (inspect_data(path).kind, inspect_data(path).balance) == ("series", {"a": 2, "b": 1})
    many = written(tmp_path, HEAD + "".join(f"{n},{n}:1,2:{'ab'[n % 2]}\n" for n in range(60)), "many.ts")
    assert len(read_series(many).series or ()) == 60


def test_without_classes_the_last_field_is_a_dimension(tmp_path: Path) -> None:
    text = HEAD.replace("@classLabel true a b", "@CLASSLABEL false").replace("@data", "@DATA")
    found = read_series_file(written(tmp_path, text + "1,2:3,4\n"))
    assert found.labels is None
    assert found.series[0].tolist() == [[1.0, 3.0], [2.0, 4.0]]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("1,?:2,3:a", r"column 'ch0': the value at time 1 is missing \('\?'\)"),
        ("1,2:3,x:a", "dimension 1, step 1: expected a finite number, found 'x'"),
        ("1,2:2,nan:a", r"column 'ch1': the value at time 1 is missing \('nan'\)"),
        ("1,inf:2,3:a", "dimension 0, step 1: expected a finite number, found 'inf'"),
        ("1,:2,3:a", r"column 'ch0': the value at time 1 is missing \(''\)"),
        ("1,2:3:a", "dimensions of unequal length: 1, 2 steps"),
        ("1,2:a", "expected 2 dimensions, as in the series before it, found 1"),
        ("1,2:3,4:c", "class 'c' is not among those of @classLabel: a, b"),
        ("a", "a class without a series"),
        ("(0,1),(1,2):3,4:a", "time stamps are not supported"),
    ],
)
def test_a_bad_series_is_named_by_its_line(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(DataError, match=rf"line 11: {said}"):
        read_series_file(written(tmp_path, f"{HEAD}1:2:a\n{line}\n3:4:b\n"))


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        (HEAD.replace("@timestamps false", "@timeStamps true") + DATA, "DATA_TS", "line 3: .*time stamp"),
        ("@targetLabel true\n@data\n", "DATA_TS", "numeric targets"),
        (HEAD.replace("@data\n", ""), "DATA_TS", "no @data"),
        (HEAD.replace("@data\n", "") + DATA, "DATA_TS", "line 9: expected @data"),
        (HEAD, "DATA_NO_ROWS", "no rows"),
        ("", "DATA_TS", "no @data"),
    ],
)
def test_a_file_that_is_none_is_refused(tmp_path: Path, text: str, code: str, said: str) -> None:
    with pytest.raises(DataError, match=said) as caught:
        read_series_file(written(tmp_path, text))
    assert caught.value.code == code


VALUES = st.floats(width=32, allow_nan=False, allow_infinity=False)


@given(lengths=st.lists(st.integers(1, 5), min_size=1, max_size=5), channels=st.integers(1, 3), draw=st.data())
def test_what_is_written_is_read(
    lengths: list[int], channels: int, draw: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    series = [[[draw.draw(VALUES) for _ in range(n)] for _ in range(channels)] for n in lengths]
    rows = [":".join(",".join(map(repr, dimension)) for dimension in one) + ":a" for one in series]
    path = written(tmp_path_factory.mktemp("ts"), HEAD + "\n".join(rows))
    found = read_series_file(path, channels=channels)
    assert [one.T.tolist() for one in found.series] == series
    assert all(math.isfinite(one.sum(dtype=np.float64)) for one in found.series)
