"""Files in blocks of rows: the same rows as the reader that takes a file whole, and the same refusals."""

from pathlib import Path
from typing import Any

import pytest

from seqtwin.data.files.tables import read_table
from seqtwin.data.reading.blocks import Source, read_blocks, scan, stamp_of
from seqtwin.errors import DataError, SeqTwinError
from seqtwin.files import sha256

CSV = 'id,name\n1,ann\n\n2,"two\nlines"\n3,"a ""b"" c"\n4,\u00fc\u4e2d\U0001f600\n5, x \n'
TSV = CSV.replace(",", "\t")
JSONL = '{"name": "ann", "id": 1}\n\n{"name": "b", "other": true}\n{"id": 3, "name": "c"}\n'
WHOLE = {"a.csv": CSV, "a.tsv": TSV, "a.jsonl": JSONL, "b.csv": CSV.replace("\n", "\r\n"), "c.csv": "\ufeff" + CSV}


def joined(path: Path, rows: int, characters: int = 2**23) -> tuple[dict[str, list[Any]], list[int], list[Any]]:
    columns: dict[str, list[Any]] = {}
    lines: list[int] = []
    problems: list[Any] = []
    for block in read_blocks(path, rows=rows, characters=characters):
        for name in {**columns, **block.columns}:
            columns.setdefault(name, [None] * len(lines))
            columns[name] = columns[name] + block.columns.get(name, [None] * len(block))
        lines += block.lines
        problems += block.problems
        assert 1 <= len(block) + len(block.problems) <= rows
    return columns, lines, problems


@pytest.mark.parametrize("rows", [1, 2, 3, 100])
@pytest.mark.parametrize("name", WHOLE)
def test_blocks_hold_what_the_whole_table_holds(tmp_path: Path, name: str, rows: int) -> None:
    (tmp_path / name).write_bytes(WHOLE[name].encode())
    whole = read_table(tmp_path / name)
    assert joined(tmp_path / name, rows) == (whole.columns, whole.lines, whole.problems)


@pytest.mark.parametrize("rows", [1, 7, 100])
def test_parquet_blocks_hold_what_the_whole_table_holds(tmp_path: Path, rows: int) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    table = pyarrow.table({"name": [f"n{i}" for i in range(20)], "id": [None, *range(19)]})
    parquet.write_table(table, tmp_path / "a.parquet", row_group_size=6)
    whole = read_table(tmp_path / "a.parquet")
    assert joined(tmp_path / "a.parquet", rows) == (whole.columns, whole.lines, [])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_a_text_file_is_cut_at_line_ends_alone(tmp_path: Path, encoding: str) -> None:
    lines = ["one", "two\u2028still two\x0b\x1c\u0085", " three ", "\U0001f600"]
    for end, ending in (("", "\n"), ("\n", "\n"), ("\r\n", "\r\n")):
        (tmp_path / "a.txt").write_bytes((ending.join(lines) + end).encode(encoding))
        assert joined(tmp_path / "a.txt", 2) == ({"text": lines}, [1, 2, 3, 4], [])


def test_a_block_ends_at_so_many_characters_too(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("aaaa\nbb\nc\nddddddd\n")
    assert [b.columns["text"] for b in read_blocks(tmp_path / "a.txt", characters=6)] == [
        ["aaaa", "bb"],
        ["c", "ddddddd"],
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("name\nann\nbob,2\n", "line 3: expected 1 fields"),
        ("name,x\nann,1\n,2\n", "line 3: column 'name': the text is empty"),
        ("name\nann\nname\n", "line 3: the header is repeated"),
        ('name\nann\n"open\nx\n', "line 3: the quote that opens on this line is never closed"),
    ],
)
def test_every_bad_row_is_found_before_anything_is_done(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(DataError) as caught:
        scan(Source(tmp_path / "a.csv", ("name",)))
    assert caught.value.code == "DATA_ROWS"
    assert problem in caught.value.cause
    assert caught.value.place == str(tmp_path / "a.csv")


def test_a_blank_text_is_good_where_the_encoder_knows_it(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a\n\nb\n")
    assert scan(Source(tmp_path / "a.txt", ("text",), "unk")).rows == 3
    with pytest.raises(DataError, match="line 2: column 'text': the text is empty"):
        scan(Source(tmp_path / "a.txt", ("text",)))


def test_many_problems_are_counted_and_not_all_shown(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("\n" * 30_000)
    with pytest.raises(DataError, match="and 8172 more"):
        scan(Source(tmp_path / "a.txt", ("text",)))


def test_a_scan_counts_and_hashes(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(CSV)
    found = scan(Source(tmp_path / "a.csv", ("name",)))
    assert (found.rows, found.names) == (5, ("id", "name"))
    assert (found.sha256, found.stamp) == (sha256(tmp_path / "a.csv"), stamp_of(tmp_path / "a.csv"))


REFUSED: dict[str, bytes] = {
    "a.csv": b"",
    "b.csv": b"name\n",
    "a.txt": b"",
    "nul.txt": b"a\nb\0\n",
    "latin.txt": b"a\nb\n\xff\n",
    "gzip.csv": b"\x1f\x8b\x08\x00",
    "twice.csv": b"name,name\n1,2\n",
    "column.csv": b"nome\nann\n",
    "a.jsonl": b"[1]\n",
    "a.parquet": b"PAR1 not",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_one_error_that_names_the_file(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(REFUSED[name])
    with pytest.raises(DataError) as caught:
        scan(Source(tmp_path / name, ("text" if name.endswith("txt") else "name",)))
    assert caught.value.place == str(tmp_path / name)


@pytest.mark.parametrize("name", ["missing.csv", "folder"])
def test_what_is_no_file_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(SeqTwinError):
        scan(Source(tmp_path / name, ("name",)))
    with pytest.raises(DataError):
        stamp_of(tmp_path / "gone")
