"""Which columns are the two sides and which is the label: what is chosen, and what has to be named."""

import pytest

from seqtwin.data.files.tables import read_table
from seqtwin.data.inspect_file import inspect_data
from seqtwin.data.reading.choose_columns import choose_sides, choose_target, side_pairs
from seqtwin.data.reading.column_kinds import content_of
from seqtwin.data.reading.column_options import ColumnOptions
from seqtwin.errors import DataError

WORDS = ["amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "haven", "inlet", "jetty"]


def value(name: str, row: int) -> str:
    """A plausible cell for a column of this name."""
    words = name.lower()
    if "id" in words.split("_") or words.endswith("id") or "key" in words:
        return f"P-{row:04d}-{name[-1]}"
    if "price" in words or "year" in words:
        return str(row * 3 + 1)
    if "date" in words:
        return f"2026-01-{row % 28 + 1:02d}"
    if words in {"label", "is_match", "gold_label", "same", "match_probability"}:
        return str(row % 2)
    return f"{WORDS[row % 10]} {WORDS[(row + len(name)) % 10]} {name[-2:]}{row}"


@pytest.fixture
def table_of(tmp_path):
    """A file with these columns, each filled with what its name promises."""

    def write(names):
        rows = [",".join(value(name, row) for name in names) for row in range(24)]
        path = tmp_path / "pairs.csv"
        path.write_text("\n".join([",".join(names), *rows]) + "\n", encoding="utf-8")
        return path

    return write


CHOSEN = {
    "pair_id phrase_1 phrase_2 label": ("phrase_1", "phrase_2", "label"),
    "id_1 name_1 price_1 id_2 name_2 price_2 label": ("name_1", "name_2", "label"),
    "unique_id_l name_l unique_id_r name_r match_key match_probability": ("name_l", "name_r", "match_probability"),
    "_id ltable_id rtable_id ltable_title rtable_title label": ("ltable_title", "rtable_title", "label"),
    "id qid1 qid2 question1 question2 is_duplicate": ("question1", "question2", "is_duplicate"),
    "label premise hypothesis": ("premise", "hypothesis", "label"),
    "sentence1 sentence1_parse sentence2 sentence2_parse gold_label": ("sentence1", "sentence2", "gold_label"),
    "leftName rightName same": ("leftName", "rightName", "same"),
    "date_a text_a date_b text_b label": ("text_a", "text_b", "label"),
    "first_name second_name label": ("first_name", "second_name", "label"),
    "label text other": ("text", "other", "label"),
    "query product label": ("query", "product", "label"),
    "source target label": ("source", "target", "label"),
    "question answer label": ("question", "answer", "label"),
}


@pytest.mark.parametrize("names", CHOSEN)
def test_the_two_texts_are_found_whatever_stands_beside_them(names, table_of):
    table = read_table(table_of(names.split()))
    target = choose_target(table, ColumnOptions())
    sides = choose_sides(table, ColumnOptions(), target)
    assert sides is not None
    assert (*sides[0], *sides[1], target) == CHOSEN[names]


REFUSED = {
    "id label left_title left_brand right_title right_brand": "left_title .* right_title.*left_brand",
    "first_name_l surname_l first_name_r surname_r is_match": "several pairs of columns",
    "text_0 text_1 text_2 label": "several pairs of columns",
    "ltable_id rtable_id label": "contain ids",
    "query-id corpus-id score": "contain ids",
    "name city street label": "do not show which two form pairs",
    "subject body label": "do not show which two form pairs",
    "left right score label": "several columns could be the label",
}


@pytest.mark.parametrize("names", REFUSED)
def test_what_stays_unclear_is_refused_with_its_candidates(names, table_of):
    with pytest.raises(DataError, match=REFUSED[names]):
        inspect_data(table_of(names.split()))


def test_a_choice_is_taken_and_several_columns_are_joined(table_of):
    path = table_of(["id", "label", "left_title", "left_brand", "right_title", "right_brand"])
    found = inspect_data(path, ColumnOptions(left=("left_title",)))
    assert (found.names("left"), found.names("right")) == (("left_title",), ("right_title",))
    assert found.others == ("id", "left_brand", "right_brand")
    joined = inspect_data(path, ColumnOptions(left=("left_title,left_brand",)))
    assert (joined.names("left"), joined.names("right")) == (
        ("left_title", "left_brand"),
        ("right_title", "right_brand"),
    )


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (ColumnOptions(left=("left_tilte",)), "did you mean 'left_title'"),
        (ColumnOptions(left=("id",)), "counterpart of 'id'"),
        (ColumnOptions(left=("left_title",), right=("left_title",)), "same column on both sides"),
        (ColumnOptions(left=("left_title",), label="lable"), "did you mean 'label'"),
    ],
)
def test_a_choice_that_cannot_be_is_refused(asked, words, table_of):
    with pytest.raises(DataError, match=words):
        inspect_data(table_of(["id", "label", "left_title", "left_brand", "right_title", "right_brand"]), asked)


def test_a_column_name_with_a_comma_is_one_column(tmp_path):
    path = tmp_path / "pairs.csv"
    rows = "".join(f"{WORDS[i % 10]} a{i},{WORDS[i % 7]} b{i},{i % 2}\n" for i in range(20))
    path.write_text(f'"city, left","city, right",label\n{rows}', encoding="utf-8")
    found = inspect_data(path, ColumnOptions(left=("city, left",)))
    assert (found.name("left"), found.name("right")) == ("city, left", "city, right")


@pytest.mark.parametrize(
    ("left", "right", "seen"),
    [
        ("{}", "{}", "left has numbers and right has numbers"),
        ("A{}", "id-{}", "left has ids and right has ids"),
        ("2026-01-{:02d}", "amber lamp {}", "left has dates or times and right has texts"),
        ("A{}", "amber lamp {}", "left has ids and right has texts"),
    ],
)
def test_sides_that_are_named_so_are_taken_and_doubted_aloud(left, right, seen, tmp_path):
    path = tmp_path / "pairs.csv"
    rows = "".join(f"{left.format(i + 1)},{right.format(i + 2)},{i % 2}\n" for i in range(20))
    path.write_text(f"left,right,label\n{rows}", encoding="utf-8")
    found = inspect_data(path)
    assert (found.kind, found.name("left"), found.name("right")) == ("pairs", "left", "right")
    assert any(seen in note for note in found.notes)
    assert not inspect_data(path, ColumnOptions(left=("left",), right=("right",))).notes


def test_ids_beside_one_column_of_texts_are_no_pairs_and_no_classes(table_of):
    path = table_of(["id_a", "id_b", "comment", "label"])
    with pytest.raises(DataError, match="contain ids") as refused:
        inspect_data(path)
    assert "--left id_a --right id_b" in refused.value.remedy
    assert inspect_data(path, ColumnOptions(left=("id_a",), right=("id_b",))).names("left") == ("id_a",)


@pytest.mark.parametrize(
    ("left", "right", "words"),
    [("title_l,label", "title_r", "is the label"), ("title_l,title_l", "title_r", "twice on one side")],
)
def test_a_text_never_contains_the_label_or_a_column_twice(left, right, words, table_of):
    path = table_of(["title_l", "brand_l", "title_r", "brand_r", "label"])
    with pytest.raises(DataError, match=words):
        inspect_data(path, ColumnOptions(left=(left,), right=(right,), label="label"))


UNUSABLE = [
    ColumnOptions(text="text", left=("text",)),
    ColumnOptions(scale=(0, 5)),
    ColumnOptions(labels={"a": 1, "b": 0}),
]


@pytest.mark.parametrize("asked", UNUSABLE)
def test_what_cannot_be_used_is_refused(asked, tmp_path):
    path = tmp_path / "classes.csv"
    path.write_text("text,label\n" + "".join(f"amber lamp {i},{'ab'[i % 2]}\n" for i in range(20)), encoding="utf-8")
    with pytest.raises(DataError, match=r"cannot be combined|only be used with pairs"):
        inspect_data(path, asked)


def test_a_named_label_is_taken_for_series_and_words_too(tmp_path):
    rows = "".join(f"s{i},{t},{t},{'ab'[i % 2]},{'xy'[i % 2]}\n" for i in range(6) for t in range(3))
    (tmp_path / "series.csv").write_text(f"series_id,t,ch0,label,gesture\n{rows}", encoding="utf-8")
    assert inspect_data(tmp_path / "series.csv", ColumnOptions(label="gesture")).name("label") == "gesture"
    words = "".join(f"s{i},w{t},N,P\n" for i in range(6) for t in range(3))
    (tmp_path / "words.csv").write_text(f"sent_id,token,upos,ner\n{words}", encoding="utf-8")
    assert inspect_data(tmp_path / "words.csv", ColumnOptions(label="ner")).name("label") == "ner"


def test_a_slip_in_the_class_of_one_series_makes_no_other_task(tmp_path):
    rows = [f"s{i},{t},{t},{'ab'[i % 2]}" for i in range(24) for t in range(4)]
    rows[5] = rows[5][:-1] + ("a" if rows[5].endswith("b") else "b")
    (tmp_path / "series.csv").write_text("series_id,t,ch0,label\n" + "\n".join(rows) + "\n", encoding="utf-8")
    assert inspect_data(tmp_path / "series.csv").kind == "series"


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        ("12.5", "number"),
        ("2026-01-31", "time"),
        ("DOC-17", "id"),
        ("a7", "id"),
        ("amber lamp", "text"),
        ("A72 lamp", "text"),
    ],
)
def test_what_the_values_of_a_column_are(cell, kind, tmp_path):
    path = tmp_path / "one.csv"
    path.write_text("x\n" + f"{cell}\n" * 10, encoding="utf-8")
    assert content_of(read_table(path), "x") == kind


def test_names_that_differ_in_more_than_a_side_are_no_pair():
    assert side_pairs(["left_title", "right_brand", "label"]) == []
    assert [pair.stem for pair in side_pairs(["left title", "right title"])] == ["title"]
