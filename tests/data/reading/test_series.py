"""Long-format series to pairs."""

import numpy as np
import pytest

from seqtwin.data.reading.series import channel_scaling, read_series, read_series_file
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
        ("a,0,1,1,x\na,0,1,1,x\n", r"line 3: column 't'.*increase"),
        ("a,0,nan,1,x\n", r"line 2: column 'ch1'.*'nan'"),
        ("a,0,1,1e39,x\n", r"line 2: column 'ch0'.*1e\+39 is too large for a 32-bit number"),
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


def test_every_series_has_its_class_and_split(tmp_path):
    data = read_series(write(tmp_path, some()), pairs=20)
    labelled = data.labelled
    assert set(labelled.split) == {"train", "dev", "test"}
    assert labelled.items == range(40)
    assert labelled.classes.tolist() == [i % 2 for i in range(40)]
    for split in ("train", "dev", "test"):
        part = data.part(split)
        assert {*part["left"], *part["right"]} <= set(labelled.part(split)[0])


def test_a_file_without_classes_is_read_for_its_series(tmp_path):
    body = "a,0,1,2\nb,0,3,4\na,1,5,6\n"
    found = read_series_file(write(tmp_path, body, "ID,Time,ch0,ch1\n"), channels=2)
    assert (found.ids, found.labels) == (["a", "b"], None)
    assert [one.tolist() for one in found.series] == [[[1, 2], [5, 6]], [[3, 4]]]
    assert read_series_file(write(tmp_path, "a,0,1,2,x\na,1,1,2,\n")).labels == ["x"]


@pytest.mark.parametrize(
    ("head", "code", "words"),
    [
        ("series_id,t,ch0\n", "DATA_CHANNELS", "expected 2 channels for this encoder, found 1: ch0"),
        ("series_id,t,x\n", "DATA_COLUMN", "no channel columns"),
        ("who,ch1,ch0\n", "DATA_COLUMN", "column 'series_id' is missing"),
        ("id,ch1,ch0\n", "DATA_COLUMN", "column 't' is missing"),
    ],
)
def test_columns_that_are_missing_are_named(head, code, words, tmp_path):
    with pytest.raises(DataError, match=words) as caught:
        read_series_file(write(tmp_path, "a,0,1\n", head), channels=2)
    assert caught.value.code == code


def test_scaling_is_that_of_scikit_learn():
    from sklearn.preprocessing import StandardScaler

    steps = np.random.default_rng(0).normal(3, [1, 50, 1e-3], size=(400, 3)).astype(np.float32)
    fitted = StandardScaler().fit(steps.astype(np.float64))
    mean, deviation = channel_scaling(steps)
    np.testing.assert_allclose(mean, fitted.mean_, rtol=1e-6)
    np.testing.assert_allclose(deviation, fitted.scale_, rtol=1e-6)


def test_a_channel_that_never_varies_has_no_deviation():
    steps = np.full((1000, 1), 0.1, dtype=np.float32)
    assert channel_scaling(steps)[1].tolist() == [0.0]
    assert channel_scaling(steps[:1])[1].tolist() == [0.0]
