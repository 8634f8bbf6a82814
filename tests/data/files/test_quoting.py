"""Quotes in a .tsv file: ordinary characters, unless the file shows that they enclose fields."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtwin.config import parse_run
from seqtwin.data.files.quoting import quote_evidence, quoting_of
from seqtwin.data.files.tables import read_table
from seqtwin.data.reading.blocks import read_blocks
from seqtwin.errors import ConfigError, DataError
from seqtwin.run.objectives.load_pairs import load_data
from seqtwin.run.objectives.registry import OBJECTIVES

HEAD = "left\tright\tlabel\n"
PLAIN = {
    "begins here, ends on a later line": '"red cup\tred kup\t1\nbig box\tbig bux\t0\nold hat"\told hatt\t1\n',
    "one quoted word first": '"red" cup\tred kup\t1\nbig box\tbig bux\t0\n',
    "a text wholly in quotes": '"red cup"\tred kup\t1\nbig box\t"big bux"\t0\n',
    "never closed": '"red cup\tred kup\t1\nbig box\tbig bux\t0\n',
    "inches": 'tv 32"\ttv 32 "\t1\nbox 3" x 4"\tbox\t0\n',
    "two quotes that join nothing": '""red cup\tred kup\t1\nbig "" box\tbig bux\t0\n',
    "byte strings": "b\"red cup's\"\tb'red kup'\t1\nb'big'\tb'box'\t0\n",
    "begins and ends in one text, with others between": '"a" and "b"\tx\t1\n"c\td\t0\n',
}
ENCLOSED = {
    "doubled inside": ('"the ""hi"""\tx\t1\n', ['the "hi"']),
    "a tab inside": ('"red\tcup"\tx\t1\nbig\tx\t0\n', ["red\tcup", "big"]),
    "a line end inside": ('"red\ncup"\tx\t1\nbig\tx\t0\n', ["red\ncup", "big"]),
}


@pytest.mark.parametrize("case", PLAIN)
def test_quotes_of_texts_stay_and_no_row_is_lost(case, tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text(HEAD + PLAIN[case])
    table = read_table(path)
    assert table.problems == []
    assert list(zip(*table.columns.values(), strict=True)) == [
        tuple(line.split("\t")) for line in PLAIN[case].splitlines()
    ]
    assert any("quoting: none" in note and "quoting: csv" in note for note in table.notes)
    [block] = read_blocks(path)
    assert (block.columns, block.lines) == (table.columns, table.lines)


@pytest.mark.parametrize("case", ENCLOSED)
def test_quotes_that_enclose_are_taken_off(case, tmp_path):
    text, left = ENCLOSED[case]
    (tmp_path / "a.tsv").write_text(HEAD + text)
    table = read_table(tmp_path / "a.tsv")
    assert table.columns["left"] == left
    assert any("quoting: csv" in note for note in table.notes)


def test_a_quoted_header_says_that_quotes_enclose(tmp_path):
    (tmp_path / "a.tsv").write_text('"left"\t"right"\n"a"\t"b"\n')
    assert read_table(tmp_path / "a.tsv").columns == {"left": ["a"], "right": ["b"]}


def test_a_file_without_quotes_has_no_note(tmp_path):
    (tmp_path / "a.tsv").write_text(HEAD + "a\tb\t1\n")
    assert read_table(tmp_path / "a.tsv").notes == []


def test_rows_that_would_melt_are_told(tmp_path):
    (tmp_path / "a.tsv").write_text(HEAD + PLAIN["begins here, ends on a later line"])
    [note] = read_table(tmp_path / "a.tsv").notes
    assert "Lines 2 to 4 would then be one row" in note


def test_a_row_of_tabs_and_line_ends_is_a_problem_until_the_config_decides(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text(HEAD + 'a\tb\t1\n"red\tcup\nold"\tx\t1\n')
    [(line, problem)] = read_table(path).problems
    assert line == 3
    assert "data.quoting: none" in problem
    assert read_table(path, quoting="csv").columns["left"] == ["a", "red\tcup\nold"]
    assert [line for line, _ in read_table(path, quoting="none").problems] == [3]


@pytest.mark.parametrize("quoting", ["none", "csv"])
def test_the_config_outranks_the_file(quoting, tmp_path):
    (tmp_path / "a.tsv").write_text(HEAD + '"a"\tb\t1\n')
    expected = {"none": '"a"', "csv": "a"}[quoting]
    assert read_table(tmp_path / "a.tsv", quoting=quoting).columns["left"] == [expected]
    (tmp_path / "a.csv").write_text('left,right\n"a",b\n')
    assert read_table(tmp_path / "a.csv", quoting=quoting).columns["left"] == [expected]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('left,right\n"a,b\nc,d\n', "line 2.*never closed.*double the quotes.*data.quoting: none"),
        ('left,right\n"a" b,c\n', "line 2.*closed in the middle.*data.quoting: none"),
    ],
)
def test_a_csv_names_the_way_out(text, words, tmp_path):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(DataError, match=f"(?s){words}"):
        read_table(tmp_path / "a.csv").finish("")


@pytest.mark.parametrize("name", ["a.jsonl", "a.txt", "a.ts", "a.conllu", "a.parquet"])
def test_a_file_without_quotes_to_decide_about_refuses_the_key(name, tmp_path):
    (tmp_path / name).write_text("{}\n")
    with pytest.raises(ConfigError, match=r"quoting: none is for \.csv and \.tsv files"):
        list(read_blocks(tmp_path / name, quoting="none"))


def loaded(config):
    pairs = config.objective == "pairs"
    return load_data(config) if pairs else OBJECTIVES[config.objective].examples.load(config.data, "error")


@pytest.mark.parametrize(
    "data",
    [
        {"left": "left", "right": "right", "label": "label"},
        {"text": "left", "label": "label", "objective": "classify"},
        {"text": "left", "objective": "decode"},
    ],
)
def test_every_reader_of_texts_gets_the_key(data, tmp_path):
    rows = "".join(f'"{word} cup,red {word},{n % 2}\n' for n, word in enumerate("abcdefghijklmnopqrst"))
    (tmp_path / "a.csv").write_text("left,right,label\n" + rows)
    objective = data.pop("objective", "pairs")
    raw = {"data": {"file": str(tmp_path / "a.csv"), "quoting": "none", **data}, "objective": objective}
    config = parse_run(raw)
    read = loaded(config)
    texts = read.frame["left"] if objective == "pairs" else read.items
    assert sorted(texts) == sorted(f'"{word} cup' for word in "abcdefghijklmnopqrst")
    undecided = parse_run({**raw, "data": {**raw["data"], "quoting": None}})
    with pytest.raises(DataError, match=r"data\.quoting: none"):
        loaded(undecided)


cells = st.text(st.sampled_from('ab "\t\n'), max_size=6)


@given(st.lists(st.tuples(cells, cells), min_size=1, max_size=5), st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
def test_what_csv_writes_fits_the_reading_with_quotes(rows, how):
    text = io.StringIO()
    csv.writer(text, delimiter="\t", lineterminator="\n", quoting=how).writerows([("left", "right"), *rows])
    found = quote_evidence(text.getvalue().splitlines(keepends=True))
    assert found.fits
    assert found.bad_rows == 0
    if not any("\n" in cell for row in rows for cell in row) and any('"' in cell for row in rows for cell in row):
        assert quoting_of(found) == "csv"


@given(rows=st.lists(st.tuples(cells, cells), min_size=1, max_size=6))
def test_any_tsv_is_read_alike_whole_and_in_blocks(rows, tmp_path_factory):
    path = tmp_path_factory.mktemp("tsv") / "a.tsv"
    path.write_text("left\tright\n" + "".join(f"{a}\t{b}\n" for a, b in rows))
    found = list(read_blocks(path))
    whole = read_table(path)
    assert [line for block in found for line in block.lines] == whole.lines
    assert [problem for block in found for problem in block.problems] == whole.problems
