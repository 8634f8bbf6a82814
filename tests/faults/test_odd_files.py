"""Odd data files: `check` reads one or refuses it with the expected code, whatever its bytes are."""

import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from seqtwin import cli

HEAD = b"left,right,label\n"
ROWS = b"".join(b"ab%d,ab%d,1\nab%d,cd%d,0\n" % (i, i, i, i + 7) for i in range(30))
LINES = b"".join(
    b'{"left":"ab%d","right":"ab%d","label":1}\n{"left":"ab%d","right":"cd%d","label":0}\n' % (i, i, i, i + 7)
    for i in range(30)
)
FILES: list[tuple[str, str, bytes]] = [
    ("DATA_NO_ROWS", ".csv", b""),
    ("DATA_NO_ROWS", ".csv", b"\n"),
    ("DATA_NO_ROWS", ".csv", HEAD),
    ("DATA_TOO_FEW", ".csv", HEAD + b"a,b,1\n"),
    ("ok", ".csv", b"\xef\xbb\xbf" + HEAD + ROWS),
    ("ok", ".csv", b"\xff\xfe" + (HEAD + ROWS).decode().encode("utf-16-le")),
    ("DATA_NUL", ".csv", HEAD + ROWS + b"a\x00b,c,1\n"),
    ("DATA_ENCODING", ".csv", HEAD + ROWS + b"\xff\xfe,c,1\n"),
    ("DATA_ROWS", ".csv", HEAD + ROWS + b'"open,c,1\n'),
    ("DATA_ROWS", ".csv", HEAD + ROWS + b"a,b\n"),
    ("DATA_ROWS", ".csv", HEAD + ROWS + b"a,b,c,d\n"),
    ("DATA_HEADER", ".csv", b"left,left,label\n" + ROWS),
    ("DATA_HEADER", ".csv", b",,\n" + ROWS),
    ("DATA_HEADER", ".csv", ROWS),
    ("DATA_ROWS", ".csv", HEAD + HEAD + ROWS),
    ("ok", ".csv", HEAD + ROWS.replace(b"\n", b"\r\n")),
    ("ok", ".csv", HEAD + ROWS.replace(b"\n", b"\r")),
    ("DATA_ROWS", ".csv", HEAD + ROWS + b",,\n"),
    ("ok", ".csv", HEAD + ROWS + b" , ,1\n"),
    ("DATA_ROWS", ".csv", HEAD + ROWS + b"a,b,7\n"),
    ("DATA_ROWS", ".csv", HEAD + ROWS + b"a,b,nan\n"),
    ("DATA_ROWS", ".csv", HEAD + ROWS + b"a,b,1e400\n"),
    ("DATA_ROWS", ".csv", HEAD + ROWS + b"a,b," + b"9" * 5000 + b"\n"),
    ("ok", ".csv", HEAD + ROWS + b"a" * 200000 + b",b,1\n"),
    ("DATA_ROWS", ".csv", HEAD + ROWS + b"a,b,\n"),
    ("DATA_ROWS", ".csv", HEAD + ROWS + b"\x1b[31m,b,x\n"),
    ("ok", ".csv", HEAD + ROWS + "\u202eabc,b,1\n".encode()),
    ("ok", ".csv", HEAD + ROWS + b"=cmd,@x,1\n"),
    ("ok", ".csv", HEAD + "👨\u200d👩,é,1\n".encode() + ROWS),
    ("DATA_SEPARATOR", ".csv", b"left;right;label\n" + ROWS.replace(b",", b";")),
    ("DATA_SEPARATOR", ".csv", b"left\tright\tlabel\n" + ROWS.replace(b",", b"\t")),
    ("DATA_SEPARATOR", ".tsv", HEAD + ROWS),
    ("ok", ".tsv", b"left\tright\tlabel\n" + ROWS.replace(b",", b"\t")),
    ("DATA_TOO_FEW", ".csv", HEAD + b"a,a,1\n" * 50),
    ("DATA_ONE_CLASS", ".csv", HEAD + ROWS.replace(b",1\n", b",0\n")),
    ("DATA_UNKNOWN_KIND", ".csv", b"x\n1\n"),
    ("DATA_PACKED", ".csv", b"\x1f\x8b\x08" + bytes(20)),
    ("DATA_PACKED", ".csv.gz", HEAD + ROWS),
    ("DATA_PACKED", ".csv.gz", b"\x1f\x8b\x08\x00" + bytes(20)),
    ("DATA_PACKED", ".csv", b"PK\x03\x04" + bytes(30)),
    ("DATA_NO_ROWS", ".csv", b"%PDF-1.4"),
    ("DATA_ENCODING", ".csv", b"\x80\x04\x95."),
    ("DATA_FORMAT", ".pkl", b"\x80\x04."),
    ("DATA_FORMAT", ".xlsx", b"PK\x03\x04"),
    ("DATA_FORMAT", ".txt", b"a\nb\n"),
    ("DATA_FORMAT", ".npy", b"\x93NUMPY"),
    ("DATA_FORMAT", ".unknown", b"a"),
    ("DATA_FORMAT", "", b"a"),
    ("ok", ".jsonl", LINES),
    ("DATA_NO_ROWS", ".jsonl", b""),
    ("DATA_ROWS", ".jsonl", b"[]\n"),
    ("DATA_ROWS", ".jsonl", LINES + b"{\n"),
    ("DATA_ROWS", ".jsonl", LINES + b'{"left":"a","left":"b","right":"c","label":1}\n'),
    ("DATA_ROWS", ".jsonl", LINES + b'{"left":"\\ud800","right":"c","label":1}\n'),
    ("DATA_ROWS", ".jsonl", LINES + b'{"left":"a","right":"\\udc00\\ud800","label":0}\n'),
    ("DATA_ROWS", ".jsonl", LINES + b'{"left":3,"right":"c","label":1}\n'),
    ("ok", ".jsonl", LINES + b'{"left":null,"right":"c","label":1}\n'),
    ("DATA_ROWS", ".jsonl", LINES + b'{"left":["a"],"right":"c","label":1}\n'),
    ("DATA_ROWS", ".jsonl", LINES + b'{"left":{"a":1},"right":"c","label":1}\n'),
    ("DATA_ROWS", ".jsonl", LINES + b'{"left":"a","right":"c","label":[1]}\n'),
    ("DATA_ROWS", ".jsonl", LINES + b'{"left":"a","right":"c","label":{"x":1}}\n'),
    ("DATA_ROWS", ".jsonl", LINES + b'{"left":"a","right":"c","label":NaN}\n'),
    ("DATA_ROWS", ".jsonl", LINES + b'{"left":"a","right":"c","label":1e999}\n'),
    ("DATA_ROWS", ".jsonl", LINES + b'{"left":"a","right":"c","label":' + b"1" * 5000 + b"}\n"),
    ("DATA_ROWS", ".jsonl", LINES + b"[" * 100000 + b"\n"),
    ("ok", ".jsonl", LINES + b'{"\\ud800":1,"left":"a","right":"b","label":1}\n'),
    ("DATA_ROWS", ".jsonl", LINES + b'{"left":true,"right":"c","label":1}\n'),
    (
        "DATA_LABELS",
        ".jsonl",
        LINES.replace(b'"label":1', b'"label":"yes"').replace(b'"label":0', b'"label":"\\ud800"'),
    ),
    ("DATA_ROWS", ".jsonl", LINES + b'{"":1}\n'),
    ("DATA_LABELS", ".jsonl", b'{"text":"a\\ud800","label":"x"}\n' * 40),
    ("DATA_ROWS", ".jsonl", b'{"text":"a","label":"\\ud800"}\n{"text":"b","label":"y"}\n' * 40),
    ("DATA_NO_ROWS", ".json", b"[]"),
    ("DATA_JSON", ".json", b"{}"),
    ("DATA_JSON", ".json", b"3"),
    ("DATA_JSON", ".json", b"null"),
    ("DATA_JSON", ".json", b"[" * 100000),
    ("DATA_JSON", ".json", b'[{"a":1,"a":2}]'),
    ("DATA_NO_ROWS", ".json", b'{"match":[],"distinct":[]}'),
    ("DATA_JSON", ".json", b'{"match":3,"distinct":[]}'),
    ("DATA_ROWS", ".json", b'{"match":[[1,2]],"distinct":[]}'),
    ("DATA_ROWS", ".json", b'{"match":[[{"n":"a"},{"n":"\\ud800"}]],"distinct":[[{"n":"a"},{"n":"b"}]]}'),
    ("DATA_ROWS", ".json", b'[{"left":"\\ud800","right":"b","label":1},{"left":"a","right":"b","label":0}]'),
    ("DATA_JSON", ".json", b"{"),
    ("DATA_ENCODING", ".json", b"\xff"),
    ("DATA_JSON", ".json", b'[[{"a":' + b"1" * 5000 + b"}]]"),
    ("DATA_LABELS", ".json", b'[{"left":"a","right":"b","label":1e999}]'),
    ("DATA_PARQUET", ".parquet", b""),
    ("DATA_PARQUET", ".parquet", b"PAR1PAR1"),
    ("DATA_PARQUET", ".parquet", b"PAR1" + b"\xff" * 40 + b"PAR1"),
    ("DATA_TS", ".ts", b""),
    ("DATA_NO_ROWS", ".ts", b"@data\n"),
    ("DATA_ROWS", ".ts", b"@problemName x\n@data\n1,2:a\n"),
    ("DATA_ROWS", ".ts", b"@classLabel true 1 2\n@data\n1,2,3:1\n1,nan,3:2\n"),
    ("DATA_ROWS", ".ts", b"@classLabel true 1 2\n@data\n" + b"1," * 100 + b"x:1\n"),
    ("DATA_NO_ROWS", ".conllu", b""),
    ("DATA_ROWS", ".conllu", b"1\ta\n"),
    ("DATA_EMPTY_SPLIT", ".conllu", b"# text = a\n1\ta\ta\tX\t_\t_\t0\troot\t_\t_\n\n"),
    ("DATA_ROWS", ".conllu", b"1\ta\ta\tX\t_\t_\t0\troot\t_\n"),
    ("DATA_TOO_FEW", ".csv", b"text,label\n" + b"abc,x\nbcd,y\ncde,z\n" * 20),
    ("DATA_LABELS", ".csv", b"text,label\n" + b"abc,x\n" * 20),
    ("DATA_UNKNOWN_KIND", ".csv", b"id,t,v,label\n" + b"1,0,nan,a\n1,1,2,a\n2,0,1,b\n2,1,3,b\n" * 10),
    ("DATA_TOO_FEW", ".csv", b"left,right,score\n" + b"ab,ac,5\nab,cd,0\nxx,yy,3\n" * 20),
    ("DATA_UNKNOWN_KIND", ".csv", b"a\x1b]0;evil\x07,b,label\n" + ROWS),
    ("DATA_ENCODING", ".csv", b"left,right,label\n" + b"\xed\xa0\x80,b,1\n" * 30),
    ("DATA_NO_ROWS", ".csv", ("left,right,label\n" + "\u2028,a,1\n\x85,b,0\n" * 30).encode()),
    (
        "DATA_TOO_FEW",
        ".csv",
        b"left,right,label," + b",".join(b"c%d" % i for i in range(3000)) + b"\n" + b"a,b,1" + b",x" * 3000 + b"\n",
    ),
]


def code_of(path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> str:
    """`ok`, or the code of the refusal."""
    monkeypatch.setattr(sys, "argv", ["seqtwin", "check", str(path)])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    printed = capsys.readouterr()
    assert "\x1b" not in printed.out + printed.err
    if caught.value.code in (0, None):
        return "ok"
    assert caught.value.code == 2
    words = printed.err.replace("\n", " ").split()
    return next(word.strip("[]") for word in words if word.startswith("[") and word.strip("[]_").isupper())


@pytest.mark.parametrize(
    ("expected", "ending", "content"), FILES, ids=[f"{n}{end}" for n, (_, end, _) in enumerate(FILES)]
)
def test_an_odd_file_is_read_or_refused(
    tmp_path: Path,
    expected: str,
    ending: str,
    content: bytes,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / f"odd{ending}"
    path.write_bytes(content)
    assert code_of(path, capsys, monkeypatch) == expected


COUNT = 60
LEFT = [f"ab{i}" for i in range(COUNT)]
RIGHT = [f"ab{i}" if i % 2 else f"cd{i}" for i in range(COUNT)]
LABEL = [i % 2 for i in range(COUNT)]
LATE = pa.array([2**62] * COUNT, pa.int64())
NOT_UTF8 = pa.array([b"\xff\xfe"] * COUNT).buffers()
COLUMNS: dict[str, dict[str, Any]] = {
    "bytes as texts": {"left": pa.array([text.encode() for text in LEFT])},
    "a date out of range": {"day": pa.array([2**31 - 1] * COUNT, pa.int32()).cast(pa.date32())},
    "a time out of range": {"left": LATE.cast(pa.timestamp("us"), safe=False)},
    "a duration out of range": {"long": LATE.cast(pa.duration("s"))},
    "texts that are not UTF-8": {"left": pa.Array.from_buffers(pa.string(), COUNT, [None, *NOT_UTF8[1:]])},
    "objects as texts": {"left": pa.array([{"a": text} for text in LEFT])},
    "lists as texts": {"left": pa.array([[text] for text in LEFT])},
}


@pytest.mark.parametrize("name", COLUMNS)
def test_odd_columns_of_parquet_are_bad_rows(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "odd.parquet"
    parquet.write_table(pa.table({"left": LEFT, "right": RIGHT, "label": LABEL, **COLUMNS[name]}), path)
    assert code_of(path, capsys, monkeypatch) == "DATA_ROWS"
