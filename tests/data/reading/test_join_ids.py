"""Pairs of ids with the tables they point to, in the layouts in which such sets are published."""

import json

import pytest
import yaml

from seqtwin.config import parse_run
from seqtwin.config.run import anchored
from seqtwin.data.files.read_text import require_file
from seqtwin.data.inspect_file import inspect_data
from seqtwin.data.inspected_pairs import read_inspected_pairs
from seqtwin.data.reading.column_options import ColumnOptions
from seqtwin.data.reading.join_ids import Tables, layout_of, read_joined
from seqtwin.data.reading.pair_tables import read_pairs
from seqtwin.data.starter_config import seen_lines, write_config
from seqtwin.errors import ConfigError, DataError
from seqtwin.run.objectives.load_pairs import load_data

SIZES = {"train": 30, "valid": 12, "test": 12}


def magellan(folder, columns=("title",), splits=("train", "valid", "test")):
    """tableA.csv, tableB.csv and three files of ids, as the sets of Magellan and DeepMatcher are published."""
    for table in "AB":
        rows = [f"{i}," + ",".join(f"{name} {table} number {i}" for name in columns) for i in range(60)]
        (folder / f"table{table}.csv").write_text("\n".join([",".join(("id", *columns)), *rows]) + "\n")
    start = 0
    for split in splits:
        size = SIZES.get(split, 12)
        rows = [f"{i},{i if i % 2 else 59 - i},{i % 2}" for i in range(start, start + size)]
        (folder / f"{split}.csv").write_text("\n".join(["ltable_id,rtable_id,label", *rows]) + "\n")
        start += size
    return folder


def beir(folder, scores=(0, 1, 2)):
    """queries.jsonl, corpus.jsonl and qrels/ with query-id, corpus-id and score, as BEIR's sets are published."""
    queries = [{"_id": f"q{i}", "text": f"question number {i}", "metadata": {}} for i in range(60)]
    corpus = [{"_id": f"d{i}", "title": f"heading {i}", "text": f"body of document {i}"} for i in range(60)]
    for name, rows in (("queries", queries), ("corpus", corpus)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "qrels").mkdir()
    for split, start in (("train", 0), ("dev", 30), ("test", 45)):
        rows = [f"q{i}\td{i}\t{scores[i % len(scores)]}" for i in range(start, start + 15)]
        (folder / "qrels" / f"{split}.tsv").write_text("\n".join(["query-id\tcorpus-id\tscore", *rows]) + "\n")
    return folder


def test_a_folder_of_magellan_is_read_as_published(tmp_path):
    found = inspect_data(magellan(tmp_path))
    assert [path.name for path in found.files.values()] == ["train.csv", "valid.csv", "test.csv"]
    assert found.tables == Tables(tmp_path / "tableA.csv", tmp_path / "tableB.csv")
    data = read_inspected_pairs(found)
    assert len(data.frame) == 12
    assert data.frame["left"][0] == "title A number 42"
    assert any("tableA.csv (left)" in line for line in seen_lines(found))


def test_the_config_of_such_a_folder_reads_it(tmp_path):
    text = write_config(inspect_data(magellan(tmp_path)), folder=tmp_path)
    config = parse_run(anchored(yaml.safe_load(text), tmp_path))
    data = load_data(config)
    assert data.frame["split"].value_counts().to_dict() == {"train": 30, "dev": 12, "test": 12}
    assert data.frame["right"][0] == "title B number 59"


def test_several_attributes_ask_for_a_choice_and_can_be_joined(tmp_path):
    folder = magellan(tmp_path, ("title", "brand"))
    with pytest.raises(DataError, match=r"left_title . right_title"):
        inspect_data(folder)
    found = inspect_data(folder, ColumnOptions(left=("left_title", "left_brand")))
    text = write_config(found, folder=folder)
    assert "left: [left_title, left_brand]" in text
    data = load_data(parse_run(anchored(yaml.safe_load(text), folder)))
    assert data.frame["left"][1] == "title A number 1 brand A number 1"


def test_a_folder_of_beir_is_read_as_published(tmp_path):
    found = inspect_data(beir(tmp_path))
    assert (found.names("left"), found.names("right")) == (("left_text",), ("right_title", "right_text"))
    assert found.scale == (0, 2)
    data = read_inspected_pairs(found)
    assert data.frame.iloc[0].tolist()[:3] == ["question number 45", "heading 45 body of document 45", 0.0]


def test_tables_named_in_a_config_need_no_columns_where_one_choice_is_left(tmp_path):
    folder = magellan(tmp_path)
    raw = {"data": {"pairs": "train.csv", "left_table": "tableA.csv", "right_table": "tableB.csv"}}
    data = load_data(parse_run(anchored(raw, folder)))
    assert data.facts["columns"] == ["left_title", "right_title", "label"]
    assert "left = left_title" in data.understood[0]
    short = {**raw["data"], "left": "title", "right": "title", "label": "label"}
    assert load_data(parse_run(anchored({"data": short}, folder))).frame.equals(data.frame)


def test_pairs_within_one_table(tmp_path):
    folder = magellan(tmp_path)
    one = Tables(folder / "tableA.csv", folder / "tableA.csv")
    data = read_pairs({"train": folder / "train.csv"}, tables=one)
    assert data.frame["right"][0] == "title A number 59"


def test_one_table_alone_is_refused():
    with pytest.raises(ConfigError, match="both left_table and right_table"):
        parse_run({"data": {"file": "a.csv", "left_table": "b.csv"}})


def spoil(path, old, new):
    path.write_text(path.read_text().replace(old, new, 1))


BROKEN = {
    "an id that is in no table": ("train.csv", "3,3,1", "3,777,1", r"line 5: column 'rtable_id': no row of tableB.csv"),
    "an id twice in its table": ("tableB.csv", "\n7,", "\n6,", r"line 9: column 'id': the id '6' occurs twice"),
    "a table without ids": ("tableA.csv", "id,title", "number,title", "no column of ids"),
    "pairs without ids": ("train.csv", "ltable_id,rtable_id", "first,last", "two columns of ids"),
    "an empty id": ("tableB.csv", "\n7,", "\n,", r"line 9: column 'id': the id is empty"),
    "a column twice": (
        "train.csv",
        "rtable_id,label",
        "rtable_id,left_title",
        "left_title exists in this file and would also be added from",
    ),
    "an empty text": ("tableA.csv", "title A number 3\n", "\n", r"line 5: column 'left_title': the text is empty"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_cannot_be_joined_is_named(case, tmp_path):
    file, old, new, words = BROKEN[case]
    folder = magellan(tmp_path)
    spoil(folder / file, old, new)
    tables = Tables(folder / "tableA.csv", folder / "tableB.csv")
    with pytest.raises(DataError, match=words):
        read_pairs({"train": folder / "train.csv"}, tables=tables)


def test_a_folder_with_a_file_missing_says_what_it_found(tmp_path):
    with pytest.raises(DataError, match=r"found only train.csv, valid.csv"):
        layout_of(magellan(tmp_path, splits=("train", "valid")))


def test_a_folder_of_a_run_names_its_config_and_a_file_of_a_config_its_folder(tmp_path):
    (tmp_path / "config.yaml").write_text("data: {}", encoding="utf-8")
    with pytest.raises(DataError) as refused:
        layout_of(tmp_path)
    assert str(tmp_path / "config.yaml") in refused.value.remedy
    with pytest.raises(DataError) as missing:
        require_file(tmp_path / "gone.csv")
    assert "relative to the folder of the config" in missing.value.remedy


def test_dev_is_cut_from_train_where_there_is_none(tmp_path):
    folder = magellan(tmp_path, splits=("train", "test"))
    data = load_data(parse_run(anchored(yaml.safe_load(write_config(inspect_data(folder), folder=folder)), folder)))
    counts = data.frame["split"].value_counts()
    assert counts["test"] == 12
    assert (counts["train"] + counts["dev"], counts["dev"] > 0) == (30, True)
    assert "dev was split off train: 15%" in data.notes
    assert not set(data.part("dev")["left"]) & set(data.part("train")["left"])


def test_a_test_file_alone_beside_its_tables_is_cut_in_three(tmp_path):
    folder = beir(tmp_path, scores=(1,))
    for split in ("train", "dev"):
        (folder / "qrels" / f"{split}.tsv").unlink()
    found = inspect_data(folder)
    assert list(found.files) == ["file"]
    raw = yaml.safe_load(write_config(found, folder=folder))
    raw["data"]["negatives"] = 1
    data = load_data(parse_run(anchored(raw, folder)))
    assert set(data.frame["split"]) == {"train", "dev", "test"}
    assert set(data.frame["target"]) == {0.0, 1.0}


def test_the_published_names_of_universal_dependencies_are_splits(tmp_path):
    for split in ("train", "dev", "test"):
        (tmp_path / f"en_x-ud-{split}.conllu").write_text("1\ta\ta\tX\t_\t_\t0\troot\t_\t_\n")
    assert {split: path.name for split, path in layout_of(tmp_path).files.items()} == {
        split: f"en_x-ud-{split}.conllu" for split in ("train", "dev", "test")
    }


@pytest.mark.parametrize("name", ["dev", "valid", "validation", "val"])
def test_the_usual_names_of_the_second_split(name, tmp_path):
    assert layout_of(magellan(tmp_path, splits=("train", name, "test"))).files["dev"].stem == name


def test_a_file_without_tables_is_read_as_it_is(tmp_path):
    path = magellan(tmp_path) / "train.csv"
    assert list(read_joined(path, None).columns) == ["ltable_id", "rtable_id", "label"]


def test_quotes_of_the_tables_are_decided_and_said_as_those_of_the_pairs(tmp_path):
    folder = magellan(tmp_path)
    for table in "AB":
        rows = [f'{i}\t"title {table} {i}" x' for i in range(60)]
        (folder / f"table{table}.tsv").write_text("\n".join(["id\ttitle", *rows]) + "\n")
    tables = Tables(folder / "tableA.tsv", folder / "tableB.tsv")
    data = read_pairs({"train": folder / "train.csv"}, tables=tables)
    assert data.frame["left"][1] == '"title A 1" x'
    assert any("tableA.tsv: quotes are ordinary characters" in line for line in data.understood)


@pytest.mark.parametrize(("one", "other"), [("7", 7), (7.0, 7), (" a ", "a")])
def test_ids_are_compared_whatever_their_type(one, other):
    from seqtwin.data.reading.join_ids import _id_form

    assert _id_form(one) == _id_form(other)
    assert _id_form(None) is _id_form(" ") is None
