"""Looking at a file, and the config that is proposed for it."""

import pytest
import yaml

from seqtwin.config import parse_run
from seqtwin.config.run import anchored
from seqtwin.data.inspect_file import inspect_data
from seqtwin.data.reading.column_options import ColumnOptions
from seqtwin.data.reading.pair_tables import read_pairs
from seqtwin.data.reading.pairs_from_classes import read_items
from seqtwin.data.reading.series import read_series
from seqtwin.data.reading.step_labels import read_series_steps, read_steps
from seqtwin.data.starter_config import as_mapping, describe, starter_settings, write_config
from seqtwin.errors import DataError
from seqtwin.run.check_config import check_run
from seqtwin.run.objectives.classify import CLASSIFY


@pytest.fixture
def write(tmp_path):
    def write(text, name="data.csv"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def proposed(path, **options):
    """The starter config of a file. Its YAML text is a view of its mapping: both are the same valid config."""
    inspection = inspect_data(path, ColumnOptions(**options))
    for changes in ({}, {"classes": True}, {"start": True}):
        text = write_config(inspection, folder=path.parent, **changes)
        mapping = as_mapping(starter_settings(inspection, folder=path.parent, **changes))
        assert yaml.safe_load(text) == mapping
        assert list(yaml.safe_load(text)) == list(mapping)
        assert parse_run(yaml.safe_load(text)) == parse_run(mapping)
        assert all("#" in line for line in text.splitlines() if line.startswith("  "))
    return parse_run(as_mapping(starter_settings(inspection, folder=path.parent)))


def pair_lines(count, last):
    return "".join(f"text number {i} here too,another text {i},{last(i)}\n" for i in range(count))


@pytest.mark.parametrize(
    ("last", "scale"),
    [
        (lambda i: 1 + i % 5, (1, 5)),
        (lambda i: i % 6, (0, 5)),
        (lambda i: i / 110, (0, 1)),
        (lambda i: i % 101, (0, 100)),
        (lambda i: i / 55 - 1, (-1, 1)),
    ],
)
def test_graded_pairs(last, scale, write):
    path = write("sentence1,sentence2,similarity\n" + pair_lines(110, last))
    data = proposed(path).data
    assert (data.left, data.right, data.score, data.scale) == ("sentence1", "sentence2", "similarity", scale)
    read_pairs(path, left=data.left, right=data.right, score=data.score, scale=data.scale, fractions=data.split)


def test_a_given_scale_is_kept(write):
    assert proposed(write("left,right,score\n" + pair_lines(50, lambda i: i % 2)), scale=(0, 10)).data.scale == (0, 10)


def test_binary_pairs_of_names(write):
    config = proposed(write("id,left,right,label\n" + "".join(f"{i},Rome{i},Roma{i},{i % 2}\n" for i in range(60))))
    assert (config.data.label, config.data.score, config.tokens.unit) == ("label", None, "char")


def test_two_columns_of_texts_that_no_name_pairs_are_asked_about(write):
    path = write("id,subject,body,y\n" + "".join(f"{i},why {i},so {i},{i % 2}\n" for i in range(60)))
    with pytest.raises(DataError, match="do not show which two form pairs"):
        inspect_data(path)
    config = proposed(path, left=("subject",), right=("body",))
    assert (config.data.left, config.data.right, config.data.label) == ("subject", "body", "y")
    assert proposed(path, text="body").data.text == "body"


def test_sentences_get_words_and_other_scripts_characters(write):
    long = "left,right,score\n" + pair_lines(40, lambda i: i % 2)
    assert proposed(write(long.replace("text", "text with some more words in it"))).tokens.unit == "word"
    russian = "".join(f"это очень длинный текст номер {i},ещё один такой же текст {i},{i % 2}\n" for i in range(40))
    assert proposed(write("left,right,score\n" + russian)).tokens.unit == "char"


def test_empty_texts_are_counted_and_dropped(write):
    path = write("left,right,label\n" + pair_lines(30, lambda i: i % 2) + " ,x,1\n")
    assert inspect_data(path).empty == 1
    assert proposed(path).tokens.empty == "drop"


def test_items(write):
    path = write("text,label\n" + "".join(f"text {i},{'abc'[i % 3]}\n" for i in range(90)))
    data = proposed(path).data
    assert (data.text, data.label, data.pairs) == ("text", "label", 10_000)
    read_items(path, text=data.text, label=data.label, pairs=data.pairs)


def test_series(write):
    path = write("series_id,t,ch0,label\n" + "".join(f"s{i // 2},{i % 2},{i},{i // 2 % 2}\n" for i in range(120)))
    data = proposed(path).data
    assert (data.series, data.time, data.label) == ("series_id", "t", "label")
    read_series(path, series=data.series, time=data.time, label=data.label, pairs=data.pairs)


def test_a_folder_of_three_files(write, tmp_path):
    for split in ("train", "dev", "test"):
        write("left,right,label\n" + pair_lines(30, lambda i: i % 2), f"{split}.csv")
    found = inspect_data(tmp_path)
    assert list(found.files) == ["train", "dev", "test"]
    data = parse_run(yaml.safe_load(write_config(found, folder=tmp_path))).data
    assert (data.train, data.file) == ("train.csv", None)
    assert str(tmp_path) in write_config(found)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x,y\n1,2\n", "no columns of pairs"),
        ("text,label\n" + "".join(f"text {i},{i}\n" for i in range(30)), "30 different labels"),
        ("left,right,score\na,b,high\nc,d,low\n", "unknown label words"),
        ("left,right,score\na,b\n", "expected 3 fields"),
        ("", "no rows"),
    ],
)
def test_unusable_data_says_why(text, words, write):
    with pytest.raises(DataError, match=words):
        inspect_data(write(text))


def test_a_folder_without_data(tmp_path):
    with pytest.raises(DataError, match="directory"):
        inspect_data(tmp_path)


def tagged(count, tags="XY"):
    return "".join(f"s{i},{t},word{i},{tag}\n" for i in range(count) for t, tag in enumerate(tags))


def test_words_with_tags(write):
    path = write("sent_id,t,token,upos\n" + tagged(40))
    found = inspect_data(path)
    assert (found.kind, found.rows, found.sequences, found.balance) == ("steps", 80, 40, {"X": 40, "Y": 40})
    config = proposed(path)
    assert (config.objective, config.tokens.unit) == ("label_steps", "word")
    d = config.data
    assert (d.sequence, d.token, d.label, d.time, d.pairs) == ("sent_id", "token", "upos", "t", None)
    read_steps(path, sequence=d.sequence, token=d.token, label=d.label, time=d.time)
    assert "a sequence has 12 characters" in "\n".join(describe(found))


def test_series_with_a_class_a_step(write):
    path = write("series_id,t,ch0,label\n" + "".join(f"s{i // 2},{i % 2},{i},{i % 2}\n" for i in range(120)))
    found = inspect_data(path)
    assert (found.kind, found.sequences, found.balance) == ("series_steps", 60, {"0": 60, "1": 60})
    config = proposed(path)
    assert (config.objective, config.data.series, config.data.pairs) == ("label_steps", "series_id", None)
    read_series_steps(path, series=config.data.series, time=config.data.time, label=config.data.label)


def test_labelled_texts_can_be_classified_instead(write):
    path = write("text,label\n" + "".join(f"text {i},{'abc'[i % 3]}\n" for i in range(90)))
    text = write_config(inspect_data(path), folder=path.parent)
    assert "\n# objective: classify" in text
    assert parse_run(yaml.safe_load(text)).objective == "pairs"
    lines = [line.removeprefix("# ") if "objective:" in line else line for line in text.splitlines()]
    of_classes = "\n".join(line for line in lines if not line.strip().startswith(("pairs:", "loss:")))
    config = parse_run(anchored(yaml.safe_load(of_classes), path.parent))
    check_run(config)
    assert config.objective == "classify"
    assert CLASSIFY.examples.load(config.data, "error").classes == ("a", "b", "c")
