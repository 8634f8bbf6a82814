"""Long-format series to pairs."""

import numpy as np
import pytest

from seqtwin.data.series import read_series
from seqtwin.errors import DataError

HEAD = "series_id,t,ch1,ch0,label\n"


def write(folder, body, head=HEAD):
    path = folder / "series.csv"
    path.write_text(head + body, encoding="utf-8")
    return path


def some(count=40):
    steps = [(i, t) for i in range(count) for t in range(1 + i % 4)]
    return "".join(f"s{i},{t},{i}.5,{t},{i % 2}\n" for i, t in steps)


def test_series_and_their_pairs(tmp_path):
    data = read_series(write(tmp_path, some()), pairs=20)
    assert len(data.series) == 40
    assert [len(one) for one in data.series[:5]] == [1, 2, 3, 4, 1]
    np.testing.assert_array_equal(data.series[2], np.array([[0, 2.5], [1, 2.5], [2, 2.5]], np.float32))
    assert data.facts["channels"] == ["ch0", "ch1"]
    for left, right, target in data.frame[["left", "right", "target"]].itertuples(index=False):
        assert (left % 2 == right % 2) == bool(target)
    assert data.facts["leakage"]["test"]["texts_in_train"] == 0


def test_test_series_look_for_their_label(tmp_path):
    task = read_series(write(tmp_path, some()), pairs=20).retrieval
    assert len(task.corpus) == 6
    for itself, answers in zip(task.itself, task.relevant, strict=True):
        same = {i for i, place in enumerate(task.corpus) if place % 2 == task.corpus[itself] % 2}
        assert answers == same - {itself}


def test_rows_of_two_series_may_alternate(tmp_path):
    body = "a,0,1,1,x\nb,0,2,2,y\na,1,3,3,x\nb,1,4,4,y\nc,0,0,0,x\n"
    data = read_series({"train": write(tmp_path, body)})
    assert [one[:, 0].tolist() for one in data.series] == [[1, 3], [2, 4], [0]]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("a,0,1,1,x\na,0,1,1,x\n", r"line 3: column 't'.*rise"),
        ("a,0,nan,1,x\n", r"line 2: column 'ch1'.*'nan'"),
        ("a,0,1,1,x\na,1,1,1,y\n", r"line 3: column 'label'.*'y'.*'x'"),
        ("a,0,1,1,\n", r"line 2.*label is empty"),
    ],
)
def test_bad_rows_are_named(body, words, tmp_path):
    with pytest.raises(DataError, match=words):
        read_series({"train": write(tmp_path, body)})


def test_missing_columns_are_named(tmp_path):
    with pytest.raises(DataError, match="no channel columns"):
        read_series(write(tmp_path, "a,0,1\n", "series_id,t,label\n"))
    with pytest.raises(DataError, match="column 't' is missing"):
        read_series(write(tmp_path, "a,0,1\n", "series_id,ch0,label\n"))
