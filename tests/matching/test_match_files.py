"""The files of dedupe, link and mine: every column is kept, decisions are read back, bad rows are named."""

import csv
import io
from pathlib import Path

import pandas as pd
import pytest

from drawn import Drawn
from seqtwin.data.inspect_file import inspect_data
from seqtwin.errors import ConfigError, DataError
from seqtwin.guards.spreadsheets import original_cell
from seqtwin.matching.decisions import Decision, read_decisions
from seqtwin.matching.dedupe import dedupe
from seqtwin.matching.link import link
from seqtwin.matching.match_files import (
    Listed,
    clusters_csv,
    links_csv,
    pairs_csv,
    read_labelled,
    read_listed,
    review_csv,
)

NAMES = ["=1+1", "Łódź, Polska", 'the "old" one', "two\nlines", "-5", "\u202eright to left"]
ENCODER = Drawn(dict(zip(NAMES, (0, 10, 40, 50, 90, 100), strict=True)))


def rows_of(text: str) -> list[dict[str, str]]:
    """The rows without the apostrophes that keep a spreadsheet from running a cell."""
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    return [{name: original_cell(cell) for name, cell in row.items()} for row in rows]


def written(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def test_clusters_keep_every_row_and_column(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"id": range(6), "score": list("uvwxyz"), "who": NAMES, "text": ["=x", "", "é", "1", "2", "3"]}
    )
    frame.to_csv(tmp_path / "in.csv", index=False)
    listed = read_listed(tmp_path / "in.csv", "who")
    assert listed.texts == NAMES
    found = dedupe(ENCODER, listed.texts, threshold=0.98, k=1)
    rows = rows_of(clusters_csv(listed, found))
    back = pd.DataFrame(rows)
    assert back["text"].tolist() == NAMES
    assert back["input_score"].tolist() == list("uvwxyz")
    assert back["input_text"].tolist() == ["=x", "", "é", "1", "2", "3"]
    assert back["row"].tolist() == list("012345")
    assert [NAMES[int(r)] for r in back["representative_row"]] == back["representative"].tolist()
    assert back["cluster"].astype(int).tolist() == found.cluster.tolist()
    assert back["weakest_link"].replace("", "nan").astype(float).isna().tolist() == [False] * 6
    assert back["score"].astype(float).tolist() == pytest.approx(found.scores.tolist())


def test_a_review_file_comes_back_with_its_decisions(tmp_path: Path) -> None:
    found = dedupe(ENCODER, NAMES, threshold=0.98)
    before = [Decision("gone", "away", True), Decision(NAMES[0], NAMES[5], False)]
    text = review_csv(NAMES, found, before, 4)
    rows = rows_of(text.removeprefix("\ufeff"))
    assert len(rows) == 2 + 4
    assert {row["joined"] for row in rows[2:]} == {"yes", "no"}
    # as a spreadsheet would save it: the mark, other line ends, capitals
    edited = text.replace(",yes,\n", ",yes,DIFFERENT\n").replace(",no,\n", ",no, Same \n").replace("\n", "\r\n")
    edited = edited.replace("two\r\nlines", "two\nlines")
    back = read_decisions(written(tmp_path / "review.csv", edited))
    assert [(d.left, d.right, d.same) for d in back[:2]] == [(d.left, d.right, d.same) for d in before]
    assert {(d.left, d.right, d.same) for d in back[2:]} == {
        (r["left"], r["right"], r["joined"] == "no") for r in rows[2:]
    }
    again = dedupe(ENCODER, NAMES, threshold=0.98, decisions=[d for d in back if not d.same])
    assert all(
        again.cluster[NAMES.index(d.left)] != again.cluster[NAMES.index(d.right)] for d in back[1:] if not d.same
    )


def test_decisions_that_are_none_are_named_by_line(tmp_path: Path) -> None:
    path = written(tmp_path / "review.csv", "left,right,decision\na,b,same\na,c,maybe\na,,same\nb,c,\n")
    with pytest.raises(DataError, match=r"(?s)line 3.*'maybe'.*line 4") as caught:
        read_decisions(path)
    assert caught.value.code == "DATA_ROWS"
    torn = written(tmp_path / "torn.csv", "left,right,decision\na,b,same\nb,c,1\na,c,different\n")
    with pytest.raises(DataError, match="line 4: 'a' and 'c' are decided to be different, but the same by lines 2, 3"):
        read_decisions(torn)
    with pytest.raises(DataError, match="'decision' is missing"):
        read_decisions(written(tmp_path / "other.csv", "left,right\na,b\n"))
    assert read_decisions(written(tmp_path / "none.csv", "left,right,decision\nb,c,\n")) == []


def test_the_column_must_be_named_where_there_are_several(tmp_path: Path) -> None:
    one = read_listed(written(tmp_path / "one.csv", "name\na\nb\n"))
    assert (one.name, one.texts, one.others) == ("name", ["a", "b"], {})
    assert read_listed(written(tmp_path / "lines.txt", "a, b\nc\n")).texts == ["a, b", "c"]
    two = written(tmp_path / "two.tsv", "name\tid\na\t1\n")
    with pytest.raises(ConfigError, match="'name', 'id'") as caught:
        read_listed(two, option="--left-column")
    assert caught.value.remedy == "name it: --left-column NAME"
    with pytest.raises(DataError, match="did you mean 'name'"):
        read_listed(two, "nmae")
    blank = read_listed(written(tmp_path / "blank.csv", "name,id\na,1\n ,2\n"), "name")
    assert (blank.texts, blank.others) == (["a", " "], {"id": ["1", "2"]})
    with pytest.raises(DataError, match="line 3"):
        read_listed(written(tmp_path / "short.csv", "name,id\na,1\nb\n"), "name")


def test_links_have_a_line_for_every_row_on_the_left() -> None:
    left, right = NAMES[:3], NAMES[1:]
    a, b = Listed("name", left, {"key": [7, 8, 9], "row": list("xyz")}), Listed("name", right, {"key": list("pqrst")})
    rows = rows_of(links_csv(a, b, link(ENCODER, left, right, threshold=0.99)))
    assert [(row["left_key"], row["left_input_row"], row["right_key"]) for row in rows] == [
        ("7", "x", ""), ("8", "y", "p"), ("9", "z", "q"),
    ]  # fmt: skip
    assert [row["left"] for row in rows] == left
    assert [row["right"] for row in rows] == ["", *left[1:]]
    assert (rows[0]["score"], rows[0]["margin"], rows[0]["next"]) == ("", "", NAMES[1])
    assert [row["right_row"] for row in rows[1:]] == ["0", "1"]
    several = rows_of(links_csv(a, b, link(ENCODER, left, right, threshold=-1, keep=2)))
    assert [row["left_row"] for row in several] == list("001122")
    nothing = Listed("name", [], {})
    assert rows_of(links_csv(nothing, nothing, link(ENCODER, [], []))) == []


def test_pairs_and_classes_are_read_for_mining(tmp_path: Path) -> None:
    lines = [f"a{n},b{n},{n % 2}" for n in range(6)]
    pairs = written(tmp_path / "pairs.csv", "\n".join(["left,right,label", *lines]) + "\n")
    assert read_labelled(inspect_data(pairs))[2] == [False, True] * 3
    graded = [f"a{n},b{n},{n}" for n in range(6)]
    scored = written(tmp_path / "scored.csv", "\n".join(["left,right,score", *graded]) + "\n")
    assert read_labelled(inspect_data(scored))[2] == [False] * 3 + [True] * 3
    items = [f"text {n} of it,{'xy'[n % 2]}" for n in range(8)]
    classes = written(tmp_path / "items.csv", "\n".join(["text,label", *items]) + "\n")
    left, right, same = read_labelled(inspect_data(classes))
    assert len(left) == len(right) == 8
    assert all(same)
    written(classes, "\n".join(["text,label", items[0], " ,x", *items[1:]]) + "\n")
    assert read_labelled(inspect_data(classes)) == (left, right, same), "a blank text is left out"
    folder = tmp_path / "folder"
    folder.mkdir()
    for split in ("train", "dev", "test"):
        written(folder / f"{split}.csv", pairs.read_text(encoding="utf-8"))
    written(folder / "test.csv", pairs.read_text(encoding="utf-8").replace("a", "c"))
    assert read_labelled(inspect_data(folder))[0] == [f"a{n}" for n in range(6)], "of a folder the training file"
    for split in ("train", "dev", "test"):
        written(folder / f"{split}.csv", classes.read_text(encoding="utf-8"))
    with pytest.raises(DataError, match="one file of texts with one class each"):
        read_labelled(inspect_data(folder))


def test_pairs_are_written_as_the_next_training_reads_them() -> None:
    assert pairs_csv([("a", "b, c", 1)], "label") == 'left,right,label\na,"b, c",1\n'
