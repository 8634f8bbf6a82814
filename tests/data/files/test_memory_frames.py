"""Frames of several libraries: the same rows from each, and as a file of these rows is read."""

import datetime
import decimal
import math
from collections import namedtuple
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from optional import library
from seqtwin.data.files.kept_frames import data_file, has_frames, keep_frames
from seqtwin.data.files.memory_frames import frame_rows, is_frame
from seqtwin.data.files.tables import read_table
from seqtwin.errors import DataError

ROWS = [
    {"left": "a\nb", "right": "c", "n": 1, "score": 0.5, "ok": True},
    {"left": None, "right": 'é "q"', "n": -2, "score": None, "ok": False},
]


def of_pandas() -> Any:
    return pd.DataFrame(ROWS)


def of_polars() -> Any:
    return library("polars").DataFrame(ROWS)


def of_lazy_polars() -> Any:
    return library("polars").DataFrame(ROWS).lazy()


def of_pyarrow() -> Any:
    return library("pyarrow").Table.from_pylist(ROWS)


def of_datasets() -> Any:
    return library("datasets").Dataset.from_list(ROWS)


@pytest.mark.parametrize("make", [lambda: ROWS, of_pandas, of_polars, of_lazy_polars, of_pyarrow, of_datasets])
def test_every_library_gives_the_same_rows(make: Any) -> None:
    frame = make()
    assert is_frame(frame)
    assert frame_rows(frame) == ROWS


@pytest.mark.parametrize("make", [of_pandas, of_polars])
def test_a_kept_frame_is_read_back(make: Any, tmp_path: Path) -> None:
    path = keep_frames(make(), tmp_path)
    assert read_table(path).columns == {name: [row[name] for row in ROWS] for name in ROWS[0]}


Row = namedtuple("Row", "text label extra")


@pytest.mark.parametrize(
    ("rows", "names"),
    [
        ([("a", "b", 1), ("c", "d", 0)], ["left", "right", "label"]),
        ([("a", "b", True)], ["left", "right", "label"]),
        ([("a", "b", "duplicate")], ["left", "right", "label"]),
        ([("a", "b", 0.5), ("a", "b", 1)], ["left", "right", "score"]),
        ([["a", "city"]], ["text", "label"]),
        ([Row("a", "b", 1)], ["text", "label", "extra"]),
    ],
)
def test_tuples_get_the_usual_names(rows: Any, names: list[str]) -> None:
    assert list(frame_rows(rows)[0]) == names


def test_classes_of_a_data_set_are_their_names() -> None:
    datasets = library("datasets")
    classes = datasets.ClassLabel(names=["different", "same"])
    features = datasets.Features({"text": datasets.Value("string"), "label": classes})
    frame = datasets.Dataset.from_dict({"text": ["a", "b", "c"], "label": [1, 0, -1]}, features=features)
    assert [row["label"] for row in frame_rows(frame)] == ["same", "different", None]


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("form", ["torch", "numpy", "pandas", "polars", "arrow"])
def test_the_format_of_a_data_set_does_not_change_its_rows(form: str, streamed: bool) -> None:
    # in datasets 5.2 a row has tensors after with_format("torch"), and is a frame after with_format("pandas")
    frame = library("datasets").Dataset.from_list(ROWS)
    formatted = (frame.to_iterable_dataset() if streamed else frame).with_format(form)
    assert frame_rows(formatted) == frame_rows(frame)


def test_a_format_still_hides_columns_and_a_transform_still_applies() -> None:
    frame = library("datasets").Dataset.from_dict({"left": ["a"], "right": ["b"], "label": [1]})
    assert frame_rows(frame.with_format("torch", columns=["left", "label"])) == [{"left": "a", "label": 1}]
    upper = frame.with_transform(lambda rows: {"left": [text.upper() for text in rows["left"]]})
    assert frame_rows(upper) == [{"left": "A"}]


def test_odd_values_become_plain_ones() -> None:
    day = datetime.date(2024, 2, 29)
    values = [pd.NA, pd.NaT, math.nan, np.float64("nan"), np.int64(3), np.bool_(True), day, decimal.Decimal("1.50")]
    frame = pd.DataFrame({"a": pd.Series(values, dtype=object), "b": pd.Categorical(["x"] * 8)})
    expected = [None, None, None, None, 3, True, "2024-02-29", "1.50"]
    assert [row["a"] for row in frame_rows(frame)] == expected
    assert frame_rows(pd.DataFrame({"t": pd.to_datetime(["2024-02-29"])})) == [{"t": "2024-02-29T00:00:00"}]
    assert frame_rows(pd.DataFrame({"x": [math.inf]})) == [{"x": "inf"}]  # the readers refuse it with its row


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ([], "DATA_NO_ROWS"),
        (pd.DataFrame({"a": []}), "DATA_NO_ROWS"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "DATA_HEADER"),
        ([("a",)], "FRAME_ROWS"),
        ([("a", "b", 1), ("a", "b")], "FRAME_ROWS"),
        ([("a", "b", 1), {"left": "a"}], "FRAME_ROWS"),
        ([{"a": object()}], "FRAME_VALUE"),
        ([{"a": "\ud800"}], "FRAME_VALUE"),
        (3, "FRAME_TYPE"),
    ],
)
def test_other_values_are_refused(frame: Any, code: str) -> None:
    with pytest.raises(DataError) as caught:
        frame_rows(frame)
    assert caught.value.code == code


def test_equal_frames_are_kept_once_and_others_beside_them(tmp_path: Path) -> None:
    first, again = keep_frames(of_pandas(), tmp_path), keep_frames([*ROWS], tmp_path)
    other = keep_frames([("a", "b", 1)], tmp_path)
    assert first == again != other
    assert first.name == "frame.jsonl"
    assert first.parent.parent == tmp_path


def test_frames_by_split_become_a_folder(tmp_path: Path) -> None:
    frames = {"train": [("a", "b", 1)], "validation": [("c", "d", 0)], "test": [("e", "f", 1)]}
    path = keep_frames(frames, tmp_path)
    assert sorted(file.name for file in path.iterdir()) == ["dev.jsonl", "test.jsonl", "train.jsonl"]
    assert keep_frames({"train": [("a", "b", 1)]}, tmp_path).name == "frame.jsonl"
    with pytest.raises(DataError, match="found the splits train, unsupervised"):
        keep_frames({"train": [("a", "b", 1)], "unsupervised": [("a", "b", 1)]}, tmp_path)


def test_configs_and_paths_are_no_frames() -> None:
    for value in ("pairs.csv", Path("pairs.csv"), {"data": {"name": "digits"}}, {}, None, ["a", "b"]):
        assert not has_frames(value)


def test_an_error_names_the_frame_and_leaves_no_file(tmp_path: Path) -> None:
    with (
        pytest.raises(DataError, match="the frame; line 1 is its first row"),
        data_file([("a", "b", 1)], tmp_path / "out.data") as path,
    ):
        raise DataError("DATA_ROWS", "line 1: bad", place=str(path))
    assert [*tmp_path.iterdir()] == []


def test_an_error_leaves_the_frames_of_another_training(tmp_path: Path) -> None:
    kept = keep_frames(ROWS, tmp_path)
    with pytest.raises(DataError), data_file(ROWS, tmp_path):
        raise DataError("DATA_ROWS", "bad")
    assert kept.exists()


def test_frames_of_one_call_are_gone_after_it() -> None:
    with data_file(ROWS) as path:
        assert path.exists()
    assert not path.exists()
    with data_file("pairs.csv") as named:
        assert named == Path("pairs.csv")
