"""Pair tables: every mistake is named with file, line, column and value; every honest form is read alike."""

import json
import re
from contextlib import suppress

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtwin.data.reading.pair_tables import read_columns, read_pairs
from seqtwin.errors import ConfigError, DataError

GOOD = "left,right,score\na,b,5\nc,d,0\n"


@pytest.fixture
def write(tmp_path):
    def write(content, name="pairs.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def rows(path, **options):
    data = read_pairs({"train": path}, **{"score": "score", "scale": (0, 5), **options})
    return data.frame[["left", "right", "target"]].values.tolist()


BAD = {
    "misspelt column": ("left,rigth,score\na,b,5\n", ["'right'", "'rigth'", "did you mean"]),
    "score out of scale": ("left,right,score\na,b,5\nc,d,9\n", ["line 3", "'score'", "9", "0 to 5", "5 to 9"]),
    "score nan": ("left,right,score\na,b,nan\n", ["line 2", "'nan'"]),
    "score inf": ("left,right,score\na,b,-inf\n", ["line 2", "'-inf'"]),
    "score too large": ("left,right,score\na,b,1e400\n", ["line 2", "'1e400'"]),
    "score empty": ("left,right,score\na,b,\n", ["line 2", "''"]),
    "score with other digits": ("left,right,score\na,b,٣\n", ["line 2", "finite number"]),
    "blank text": ("left,right,score\na,  ,5\n", ["empty", "line 2", "'right'"]),
    "NUL byte": ("left,right,score\na,b,5\nc,\0d,5\n", ["NUL", "line 3", "offset 25"]),
    "quote never closed": ('left,right,score\na,b,5\n"c,d,5\ne,f,1\n', ["quot", "line 3", "never closed"]),
    "quote after a long field": ('left,right,score\n"a\nb","c,5\nd,e,1\n', ["quot", "line 3"]),
    "quote closed too early": ('left,right,score\n"a"b,c,5\n', ["quot", "line 2"]),
    "quote that meets another": ('left,right,score\n"a,b,5\nc,"d",5\n', ["quot", "line 2"]),
    "not UTF-8": ("left,right,score\ncafé,b,5\n".encode("latin-1"), ["UTF-8", "encoding", "line 2", "offset 20"]),
    "header only": ("left,right,score\n", ["no rows"]),
    "nothing": ("", ["no rows", "empty"]),
    "repeated header": ("left,right,score\na,b,5\nleft,right,score\n", ["line 3", "header is repeated"]),
    "column twice": ("left,left,score\na,b,5\n", ["'left'", "twice"]),
    "field missing": ("left,right,score\na,b\n", ["line 2", "expected 3", "found 2"]),
    "field too many": ("left,right,score\na,b,5,\n", ["line 2", "expected 3", "found 4"]),
    "semicolons": ("left;right;score\na;b;5\n", ["one field", "commas"]),
    "gzip": (b"\x1f\x8b\x08\x00", ["gzip", "unpack"]),
}


@pytest.mark.parametrize("case", list(BAD))
def test_bad_files_are_named(case, write):
    content, words = BAD[case]
    with pytest.raises(DataError) as caught:
        rows(write(content))
    assert caught.value.exit_code == 2
    assert [word for word in ["pairs.csv", *words] if word not in str(caught.value)] == []


def test_all_problems_are_gathered_in_the_order_of_lines(write):
    text = GOOD + "".join(f"x,,{9 if i % 2 else 'bad'}\n" for i in range(20))
    with pytest.raises(DataError) as caught:
        rows(write(text))
    lines = [int(n) for n in re.findall(r"line (\d+)", str(caught.value))]
    assert "40 problems" in str(caught.value)
    assert "20 more" in str(caught.value)
    assert lines == sorted(lines)
    assert lines[0] == 4


def test_lines_are_those_of_the_file(write):
    with pytest.raises(DataError, match="line 6"):
        rows(write('left,right,score\n"a\nb\nc",x,5\n\nd,e,9\n'))


@pytest.mark.parametrize(
    "content",
    [
        GOOD.encode(),
        GOOD.strip().encode(),
        GOOD.replace("\n", "\r\n").encode(),
        GOOD.replace("\n", "\r").encode(),
        ("\ufeff" + GOOD).encode(),
        GOOD.encode("utf-16"),
        ("\ufeff" + GOOD).encode("utf-16-be"),
        GOOD.replace("\n", "\n\n").encode(),
        GOOD.replace("left,right,score", " left, right ,score").encode(),
    ],
)
def test_every_honest_form_gives_the_same_rows(content, write):
    assert rows(write(content)) == [["a", "b", 1.0], ["c", "d", 0.0]]


def test_other_formats_give_the_same_rows(write, tmp_path):
    expected = rows(write(GOOD))
    assert rows(write(GOOD.replace(",", "\t"), "pairs.tsv")) == expected
    lines = [{"left": "a", "right": "b", "score": 5}, {"left": "c", "right": "d", "score": 0.0}]
    assert rows(write("\n".join(map(json.dumps, lines)), "pairs.jsonl")) == expected
    pd.DataFrame(lines).to_parquet(tmp_path / "pairs.parquet")
    assert rows(tmp_path / "pairs.parquet") == expected


@pytest.mark.parametrize(
    "text", ["NA", "null", "None", "nan", "true", "1", "a\u2028b", "👩‍👩‍👧", 'the "hi"', "a,b", "x\ny"]
)
def test_texts_stay_as_they_are(text, write):
    quoted = '"' + text.replace('"', '""') + '"'
    assert rows(write(f"left,right,score\n{quoted},b,5\n"))[0][0] == text
    assert rows(write(json.dumps({"left": text, "right": "b", "score": 5}), "pairs.jsonl"))[0][0] == text


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"left": "a"', ["line 1", "not JSON"]),
        ("[1]", ["line 1", "expected an object"]),
        ('{"left": null, "right": "b", "score": 1}', ["line 1", "empty"]),
        ('{"left": 3, "right": "b", "score": 1}', ["line 1", "expected a text", "3"]),
        ('{"left": "a", "right": "b", "score": NaN}', ["line 1", "NaN"]),
        ('{"left": "\\ud800", "right": "b", "score": 1}', ["line 1", "expected a text"]),
        ("[" * 100_000, ["line 1"]),
    ],
)
def test_bad_json_lines_are_named(line, words, write):
    good = json.dumps({"left": "a", "right": "b", "score": 1})
    with pytest.raises(DataError) as caught:
        rows(write(f"{line}\n{good}\n", "pairs.jsonl"))
    assert all(word in str(caught.value) for word in words)


def test_missing_files_and_folders_are_named(tmp_path, write):
    write(GOOD, "train.csv")
    with pytest.raises(DataError, match=r"trian\.csv: no such file \(did you mean 'train.csv'"):
        rows(tmp_path / "trian.csv")
    with pytest.raises(DataError, match=r"directory.*[\s\S]*train\.csv"):
        rows(tmp_path)
    with pytest.raises(DataError, match="pipe or a device"):
        rows("/dev/null")
    with pytest.raises(DataError, match=r"unknown ending '\.dat'; known: \.csv, \.tsv"):
        rows(write(GOOD, "pairs.dat"))
    with pytest.raises(DataError, match="not a readable parquet"):
        rows(write(GOOD, "pairs.parquet"))


@pytest.mark.parametrize(("empty", "kept"), [("drop", 1), ("unk", 2)])
def test_blank_texts_by_policy(empty, kept, write):
    data = read_pairs({"train": write("left,right,score\na,b,5\n ,d,0\n")}, score="score", scale=(0, 5), empty=empty)
    assert len(data.frame) == kept
    assert data.facts["dropped_rows"]["train"] == 2 - kept
    assert any("left out" in note for note in data.notes) == (empty == "drop")


def test_dropping_every_row_is_an_error(write):
    with pytest.raises(DataError, match="no rows are left"):
        rows(write("left,right,score\n ,b,5\n"), empty="drop")


def test_an_undeclared_scale_prints_the_observed_range(write):
    with pytest.raises(DataError, match=r"range from 0 to 5.*no scale"):
        rows(write(GOOD), scale=None)
    assert rows(write(GOOD.replace("5", "1")), scale=None) == [["a", "b", 1.0], ["c", "d", 0.0]]


@pytest.mark.parametrize("same", ["1", "true", "YES", "same", "1.0", " True "])
@pytest.mark.parametrize("different", ["0", "False", "no", "different"])
def test_labels(same, different, write):
    path = write(f"left,right,label\na,b,{same}\nc,d,{different}\n")
    assert [row[2] for row in rows(path, score=None, label="label", scale=None)] == [1.0, 0.0]


def test_a_label_of_another_kind_is_named(write):
    with pytest.raises(DataError, match=r"line 2: column 'label'.*'maybe'"):
        rows(write("left,right,label\na,b,maybe\nc,d,1\ne,f,0\n"), score=None, label="label", scale=None)


@pytest.mark.parametrize(
    "options",
    [
        {"score": None},
        {"label": "score"},
        {"scale": (5, 1)},
        {"scale": (0, float("inf"))},
        {"fractions": (0.5, 0.5, 0.5)},
        {"empty": "ignore"},
    ],
)
def test_settings_that_cannot_be_are_config_errors(options, write):
    with pytest.raises(ConfigError):
        rows(write(GOOD), **options)
    with pytest.raises(ConfigError):
        read_pairs({"valid": write(GOOD)}, score="score", scale=(0, 5))


def test_one_file_is_split_without_leakage(write):
    body = "".join(f"l{i % 40},r{i},{i % 6}\n" for i in range(200))
    data = read_pairs(write("left,right,score\n" + body), score="score", scale=(0, 5), seed=3)
    assert set(data.frame["split"]) == {"train", "dev", "test"}
    assert data.facts["leakage"]["test"]["texts_in_train"] == 0
    assert data.name == "pairs"
    assert data.graded
    assert not data.shareable


def test_leakage_and_repeats_are_counted_and_said(write):
    train = write("left,right,score\na,b,5\nb,a,5\nx,x,5\n", "train.csv")
    data = read_pairs({"train": train, "test": write(GOOD, "test.csv")}, score="score", scale=(0, 5))
    assert data.facts["leakage"]["test"]["pairs_in_train"] == 1
    assert (data.facts["identical_sides"], data.facts["duplicate_pairs"]) == (1, 1)
    words = " ".join(data.notes)
    assert all(
        part in words for part in ("leakage", "same text on both sides", "repeat", "all pairs of train are the same")
    )


def test_read_columns(write):
    assert read_columns(write(GOOD), ["right", "left"]) == [["b", "d"], ["a", "c"]]
    with pytest.raises(DataError, match="empty"):
        read_columns(write("text\nx\n \n"), ["text"])
    assert read_columns(write("text\nx\n \n"), ["text"], empty="unk") == [["x", " "]]


cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=8)


@given(table=st.lists(st.tuples(cells, cells), min_size=1, max_size=6))
def test_what_csv_writes_is_read_back(table, tmp_path_factory):
    import csv

    path = tmp_path_factory.mktemp("round") / "pairs.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("left", "right", "score"), *[(f"<{a}>", f"<{b}>", 1) for a, b in table]])
    assert [row[:2] for row in rows(path)] == [[f"<{a}>", f"<{b}>"] for a, b in table]


@given(content=st.binary(max_size=60), head=st.sampled_from([b"", b"left,right,score\n", b"left,right,score\na,b,5\n"]))
def test_any_bytes_are_rows_or_a_typed_error(content, head, tmp_path_factory):
    folder = tmp_path_factory.mktemp("fuzz")
    for name in ("pairs.csv", "pairs.jsonl", "pairs.tsv"):
        (folder / name).write_bytes(head + content)
        with suppress(DataError):
            assert rows(folder / name)
