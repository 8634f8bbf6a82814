"""Formats of vectors and scores, against numpy, pandas and pyarrow."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest

from seqtwin.errors import ConfigError, DataError
from seqtwin.inference.vector_files import npy_head, npy_rows, read_texts, score_columns, scored_head, scored_rows

VECTORS = (np.random.default_rng(0).normal(size=(7, 3)) * 10.0 ** np.arange(-3, 4)[:, None]).astype(np.float32)


@pytest.mark.parametrize("rows", [0, 1, 7])
def test_npy_has_the_bytes_numpy_writes(rows: int) -> None:
    expected = io.BytesIO()
    np.save(expected, VECTORS[:rows], allow_pickle=False)
    blocks = [npy_rows(VECTORS[:rows][start : start + 3]) for start in range(0, rows, 3)]
    assert npy_head(rows, 3) + b"".join(blocks) == expected.getvalue()


def test_the_head_is_as_long_for_any_number_of_rows() -> None:
    assert len({len(npy_head(rows, 128)) for rows in (0, 9, 10**6, 10**12)}) == 1


def test_scores_stand_behind_the_columns_there_are() -> None:
    columns = [["a,b", "x\ny", 'q"'], ["1", None, "\u00fc"]]
    scores = np.array([0.5, -1, 0.1], dtype=np.float32)
    text = (scored_head(score_columns(["left", "id"], 0.1)) + scored_rows(columns, scores, 0.1)).decode()
    assert list(csv.reader(io.StringIO(text, newline=""))) == [
        ["left", "id", "score", "same"],
        ["a,b", "1", "0.5", "1"],
        ["x\ny", "", "-1", "0"],
        ['q"', "\u00fc", "0.100000001", "1"],
    ]
    assert scored_rows([["a"]], scores[:1], None) == b"a,0.5\n"


def test_a_column_that_is_there_is_not_overwritten() -> None:
    assert score_columns(["score", "same"], 0.1) == ["score", "same", "encoder_score", "encoder_same"]
    assert score_columns(["left", "same"], None) == ["left", "same", "score"]


@pytest.mark.parametrize(
    ("text", "lines"), [("a\nb\n", ["a", "b"]), ("\ufeffa\r\nb", ["a", "b"]), ("a\u2028b", ["a\u2028b"])]
)
def test_texts_of_a_text_file(tmp_path: Path, text: str, lines: list[str]) -> None:
    (tmp_path / "a.txt").write_bytes(text.encode())
    assert read_texts(tmp_path / "a.txt", None) == lines


def test_texts_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a\n \nb\n")
    with pytest.raises(DataError, match="line 2: empty text"):
        read_texts(tmp_path / "a.txt", None)
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ConfigError, match="name of the column of texts, one of: 'a', 'b'"):
        read_texts(tmp_path / "a.csv", None)
