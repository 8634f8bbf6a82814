"""One table of endings: every reader knows the same files, and what is refused is refused by its name."""

import csv
import gzip
import json
import zipfile
from pathlib import Path

import pytest

from seqtwin.cli.arguments import CONFIG_ENDINGS, is_data
from seqtwin.data.files.formats import ENDINGS, FOREIGN, FORMATS
from seqtwin.data.files.headers import ENDINGS as SEPARATED
from seqtwin.data.files.tables import column, read_table, read_text_table
from seqtwin.data.reading.blocks import Source, read_blocks, scan
from seqtwin.data.reading.pair_tables import read_pairs
from seqtwin.errors import DataError

ROWS = [{"left": "red cup", "right": "red kup", "label": "1"}, {"left": "big box", "right": "old hat", "label": "0"}]
TS = "@classLabel true a b\n@data\n1,2:a\n3,4:b\n"
WORD = "1\tred\tred\tADJ\t_\t_\t0\troot\t_\t_\n"


def delimited(sign):
    return "".join(sign.join(row) + "\n" for row in [ROWS[0].keys(), *(row.values() for row in ROWS)])


CONTENT = {
    ".csv": delimited(","),
    ".tsv": delimited("\t"),
    ".jsonl": "".join(json.dumps(row) + "\n" for row in ROWS),
    ".json": json.dumps(ROWS),
    ".ts": TS,
    ".conllu": f"# text = red\n{WORD}\n# text = Red\n{WORD}",
}


@pytest.fixture
def write(tmp_path):
    def write(name, content):
        data = content if isinstance(content, bytes) else content.encode()
        (tmp_path / name).write_bytes(gzip.compress(data, mtime=0) if name.endswith(".gz") else data)
        return tmp_path / name

    return write


def test_every_ending_has_an_example():
    assert set(CONTENT) == FORMATS.keys() - {".parquet"}
    assert set(ENDINGS) == {*FORMATS, *(f"{ending}.gz" for ending in CONTENT)}


def test_every_delimited_format_is_known_by_its_separator():
    assert {form.delimiter: ending for ending, form in FORMATS.items() if form.delimiter} == SEPARATED


def test_no_ending_is_a_table_and_something_else():
    assert not FORMATS.keys() & FOREIGN.keys()
    assert not FORMATS.keys() & CONFIG_ENDINGS


def test_every_ending_is_in_the_documentation():
    text = (Path(__file__).parents[3] / "docs" / "data.md").read_text(encoding="utf-8")
    assert [ending for ending in FORMATS if f"`{ending}`" not in text] == []


@pytest.mark.parametrize("ending", [one for one in ENDINGS if one != ".parquet"])  # that one is tested with the blocks
def test_whole_and_in_blocks_hold_the_same_rows(ending, write):
    path = write(f"a{ending}", CONTENT[ending.removesuffix(".gz")])
    table = read_text_table(path)
    [block] = read_blocks(path)
    assert (block.columns, block.lines) == (table.columns, table.lines)
    assert len(table) in (2, 4)
    assert is_data(path)
    assert ("gzip" in " ".join(table.notes)) == ending.endswith(".gz")


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".jsonl", ".json", ".csv.gz", ".TSV.GZ", ".jsonl.gz"])
def test_tables_of_pairs_are_the_same_pairs(ending, write):
    written = write(f"pairs{ending.lower()}", CONTENT[ending.lower().removesuffix(".gz")])
    path = written.rename(written.with_name(f"pairs{ending}"))
    data = read_pairs({"train": path}, label="label")
    assert data.name == "pairs"
    assert data.frame[["left", "right", "target"]].values.tolist() == [
        ["red cup", "red kup", 1.0],
        ["big box", "old hat", 0.0],
    ]


GZIP = gzip.compress(b"left,right,label\n" + b"a,b,1\n" * 400, mtime=0)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("cut.csv.gz", GZIP[:-12], "gzip data are damaged or incomplete"),
        ("bad.csv.gz", GZIP[:20] + b"\xff" * 20 + GZIP[40:], "gzip data are damaged or incomplete"),
        ("plain.csv.gz", b"left,right\na,b\n", "ends in .gz, but the file is not compressed with gzip"),
        ("zip.tsv.gz", b"PK\x03\x04", "ends in .gz, but the file is a zip file"),
        ("packed.csv", GZIP, "this is a gzip file[\\s\\S]*rename it to packed.csv.gz"),
        ("packed.csv", b"BZh91AY", "this is a bzip2 file[\\s\\S]*unpack"),
        ("latin.csv.gz", gzip.compress(b"left\n\xff\n", mtime=0), "0xff"),
        ("a.parquet.gz", GZIP, "compressed by itself[\\s\\S]*gunzip"),
    ],
)
def test_what_gzip_does_not_hold_is_one_clear_error(name, content, words, tmp_path):
    (tmp_path / name).write_bytes(content)
    for read in (read_table, lambda path: list(read_blocks(path))):
        with pytest.raises(DataError, match=words) as caught:
            read(tmp_path / name)
        assert caught.value.place == str(tmp_path / name)


@pytest.mark.parametrize("name", ["a.txt", "a.xlsx", "a.npy", "a.yaml", "a.dat", "noending", "a.txt.gz", "a.pkl"])
def test_a_file_that_is_no_table_is_refused_by_its_name(name, write):
    with pytest.raises(DataError, match=r"known: \.csv, \.tsv.*") as caught:
        read_table(write(name, "one text\n"))
    assert caught.value.code == "DATA_FORMAT"
    assert (".txt" in caught.value.cause) == name.startswith("a.txt")


@pytest.mark.parametrize(
    ("text", "ending"),
    [
        ("Quality\t#1 String\n1\ta, b\n", ".tsv"),
        ("left,right\na,b\n", ".csv"),
        ("a text, another\nno sign\n", None),
        ("one\ttext\n", None),
        ("one text\nanother\n", None),
    ],
)
def test_a_table_under_another_name_is_told_its_ending(text, ending, write):
    with pytest.raises(DataError) as caught:
        read_table(write("SICK.txt", text))
    assert (f"look like those of a {ending} file" in caught.value.remedy) == (ending is not None)


@pytest.mark.parametrize("name", ["a.xlsx", "a.npy", "a.arff", "a.yaml", "a.ods"])
def test_a_known_file_without_texts_is_not_taken_for_lines(name, write):
    with pytest.raises(DataError, match=r"known: \.csv, \.tsv"):
        scan(Source(write(name, "one text\n"), ("text",)))


def test_a_zip_of_a_table_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.csv", "w") as file:
        file.writestr("a.csv", "left\na\n")
    with pytest.raises(DataError, match="this is a zip file"):
        read_table(tmp_path / "a.csv")


def test_only_yaml_is_a_config(tmp_path):
    assert [is_data(tmp_path / name) for name in ("a.yaml", "a.YML", "a.json", "a.gz", "a.txt", "a")] == [
        False,
        False,
        True,
        True,
        True,
        True,
    ]
    assert is_data(tmp_path)


# --- .json -------------------------------------------------------------------------------------------------------


def wrapped(one, other):
    return {"__class__": "tuple", "__value__": [one, other]}


CUP, KUP, BOX = ({"name": name} for name in ("red cup", "red kup", "big box"))


@pytest.mark.parametrize("pair", [lambda a, b: [a, b], wrapped], ids=["lists", "tuples"])
def test_the_training_file_of_dedupe_is_pairs(pair, write):
    path = write("training.json", json.dumps({"distinct": [pair(CUP, BOX)], "match": [pair(CUP, KUP)]}))
    table = read_table(path)
    assert table.columns == {
        "left": ["red cup", "red cup"],
        "right": ["red kup", "big box"],
        "label": ["match", "distinct"],
    }
    assert read_pairs({"train": path}, label="label").frame["target"].tolist() == [1.0, 0.0]


def test_records_of_several_fields_have_a_column_each(write):
    one, other = {"name": "red cup", "words": {"__class__": "frozenset", "__value__": ["a", "b"]}}, {"name": "kup"}
    table = read_table(write("training.json", json.dumps({"distinct": [], "match": [[one, other]]})))
    assert table.columns == {"left_name": ["red cup"], "left_words": ["a b"], "right_name": ["kup"], "label": ["match"]}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "not JSON"),
        ('"a"', "expected a list of objects"),
        ('{"data": []}', "expected a list of objects"),
        ('{"match": {}, "distinct": []}', "'match': expected a list of pairs"),
        ('{"match": [[{"a": 1}]], "distinct": []}', "expected a pair of records"),
        ('[{"a": {"b": 1}}]', "column 'a': expected one value"),
        ("[1]", "expected an object with named columns"),
        ("[]", "no rows"),
    ],
)
def test_other_json_is_refused(text, words, write):
    with pytest.raises(DataError, match=words):
        read_table(write("a.json", text)).finish("")


# --- separators and headers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.csv", "left;right;score\na;b;0,5\nc;d;1,5\n", "one field.*semicolons, not commas"),
        ("a.csv", "left|right\na, b|c\n", "one field.*vertical bars"),
        ("a.csv", "left\tright\na\tb\n", "tabs, not commas.*[\\s\\S]*to end in .tsv"),
        ("a.csv", "x\t4.2\tA man, walking.\tA man.\nx\t1.0\tA cat.\tA dog, a cat, a bird.\n", "separated by tabs"),
        ("a.tsv", "left,right\na,b\nc,d\n", "commas, not tabs.*[\\s\\S]*to end in .csv"),
        ("a.csv", 'left;right\n"a;b";c\n', "semicolons"),
    ],
)
def test_another_separator_is_named(name, text, words, write):
    for read in (read_table, lambda path: list(read_blocks(path))):
        with pytest.raises(DataError, match=words) as caught:
            read(write(name, text))
        assert caught.value.code == "DATA_SEPARATOR"


@pytest.mark.parametrize("text", ["text\na;b\nc;d\n", "text,label\na;b,1\nc;d,0\n", "a;b\nno sign\n", "text\n1|2\n"])
def test_signs_inside_texts_are_no_separators(text, write):
    assert len(read_table(write("a.csv", text))) > 0


@pytest.mark.parametrize(
    "text",
    [
        "red cup\tred kup\tTRUE\nbig box\told hat\tFALSE\n",
        "red cup\tred kup\t1\nbig box\told hat\t0\n",
        "red cup\tred kup\tsame\nbig box\told hat\tdifferent\nnew key\tnew keys\tsame\n",
        "A man walks.\tA man runs.\t3.5\nA cat.\tA dog sits.\t1.25\n",
        "1\tthe cup is red\tthe kup is red\n0\tbig box\told hat\n",
    ],
)
def test_a_first_line_of_data_is_no_header(text, write):
    with pytest.raises(DataError, match=r"no header line[\s\S]*add a first line") as caught:
        read_table(write("a.tsv", text))
    assert caught.value.code == "DATA_NO_HEADER"


@pytest.mark.parametrize(
    "text",
    [
        "left\tright\tlabel\na\tb\t1\n",
        "city\t2019\t2020\nrome\t3\t4\n",
        "0\t1\t2\n5\t6\t7\n",
        "name\tsame\na\tsame\nb\tdifferent\n",
        "Quality\t#1 String\t#2 String\n1\ta\tb\n",
        "pair_ID\tsentence_A\tsentence_B\trelatedness_score\tentailment_judgment\n1\ta\tb\t4.5\tNEUTRAL\n",
    ],
)
def test_names_of_columns_are_a_header(text, write):
    assert len(read_table(write("a.tsv", text))) >= 1


def test_a_missing_column_tells_of_a_missing_header(write):
    table = read_table(write("a.tsv", "rome\trom\t1\nparis\tparis\t0\nwien\tvienna\t0\n"))
    with pytest.raises(DataError, match=r"'left' is missing.*no header line: '1'"):
        column(table, "left")


def test_the_limit_of_a_field_stays_that_of_the_process(tmp_path):
    """csv.field_size_limit is one for the whole process; a program that set its own finds it as it was."""
    (tmp_path / "a.csv").write_text("left,right\n" + "x" * 200_000 + ",y\n", encoding="utf-8")
    before = csv.field_size_limit(1000)
    try:
        assert len(read_table(tmp_path / "a.csv")) == 1
        for _ in read_blocks(tmp_path / "a.csv"):
            assert csv.field_size_limit() == 1000
        assert csv.field_size_limit() == 1000
    finally:
        csv.field_size_limit(before)
