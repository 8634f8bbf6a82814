"""Word vectors from a text file: the words asked for, both text formats, and errors that name the line."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from seqtwin.data.tokens.word_vectors import list_words, read_vectors
from seqtwin.errors import DataError

WORDS = ("[PAD]", "[UNK]", "der", "são", "world")


def written(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "vectors.txt"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("head", ["", "3 2\n"], ids=["glove", "word2vec"])
@pytest.mark.parametrize("end", ["\n", "\r\n", " \n"], ids=["unix", "windows", "word2vec"])
def test_the_words_of_the_vocabulary_are_found(tmp_path: Path, head: str, end: str) -> None:
    lines = ["world 1 -2.5", "unasked 3 4", "são 5e-1 6"]
    rows, vectors = read_vectors(written(tmp_path, head + end.join(lines) + end), WORDS)
    found = dict(zip(rows.tolist(), vectors.tolist(), strict=True))
    assert found == {4: [1, -2.5], 3: [0.5, 6]}
    assert vectors.dtype == np.float32


def test_a_word_that_comes_twice_keeps_its_first_vector(tmp_path: Path) -> None:
    rows, vectors = read_vectors(written(tmp_path, "der 1 2\nder 3 4\n"), WORDS)
    assert rows.tolist() == [2]
    assert vectors.tolist() == [[1, 2]]


def test_all_words_are_listed_in_the_order_of_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, "3 2\nder 1 2\nat the end 3 4\nworld 5\n\u00e9t\u00e9 7 8\n")
    assert list(list_words(path)) == ["der", "at the end", "\u00e9t\u00e9"]


def test_blank_lines_and_odd_separators_inside_words_are_no_lines(tmp_path: Path) -> None:
    rows, _ = read_vectors(written(tmp_path, "der 1 2\n\n\x85\u2028x 3 4\nworld 5 6"), WORDS)
    assert rows.tolist() == [2, 4]


def test_a_number_may_be_a_word_of_the_first_line(tmp_path: Path) -> None:
    rows, vectors = read_vectors(written(tmp_path, "2024 1 2\nder 3 4\n"), (*WORDS, "2024"))
    assert rows.tolist() == [5, 2]
    assert vectors.tolist() == [[1, 2], [3, 4]]


def test_all_faults_are_named_with_their_lines(tmp_path: Path) -> None:
    path = written(tmp_path, "der 1 2\nworld 1 two\nx 1\nsão 1 nan\n")
    with pytest.raises(DataError) as caught:
        read_vectors(path, WORDS)
    said = str(caught.value)
    assert str(path) in said
    assert "3 problems" in said
    assert "line 2: a value of 'world' is not a number" in said
    assert "line 3: expected 2 numbers after 'x', got 1" in said
    assert "line 4: a value of 'são' is not finite" in said


@pytest.mark.parametrize("text", ["", "other 1 2\n", "3 2\n"])
def test_a_file_without_any_of_the_words_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(DataError) as caught:
        read_vectors(written(tmp_path, text), WORDS)
    assert caught.value.code == "VECTORS_NONE"


def test_a_word_without_numbers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="line 1: expected 2 numbers after 'der', got 0"):
        read_vectors(written(tmp_path, "der\nworld 1 2\n"), WORDS)


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.txt", tmp_path):
        with pytest.raises(DataError) as caught:
            read_vectors(path, WORDS)
        assert caught.value.code == "VECTORS_READ"
        assert str(path) in str(caught.value)


def test_real_vectors_are_read(shared_data: Path) -> None:
    rows, vectors = read_vectors(shared_data / "glove_twitter_25d" / "vectors.txt", ("[PAD]", "[UNK]", "man", "dog"))
    assert vectors.shape == (len(rows), 25)
    assert rows.tolist()


# --- as they are published ---------------------------------------------------------------------------------------


def found(folder: Path, text: str | bytes, name: str = "vectors.txt") -> dict[str, list[float]]:
    data = text.encode() if isinstance(text, str) else text
    (folder / name).write_bytes(gzip.compress(data, mtime=0) if name.endswith(".gz") else data)
    rows, vectors = read_vectors(folder / name, WORDS)
    return {WORDS[row]: vector for row, vector in zip(rows.tolist(), vectors.tolist(), strict=True)}


PUBLISHED = {
    "a word with blanks": "der 1 2\nat the end 3 4\nworld 5 6\n",
    "a word with blanks first": ". . . 9 9\nder 1 2\nworld 5 6\n",
    "mostly words with blanks": "3 2\na b 3 4\nc d 5 6\nder 1 2\nworld 5 6\n",
    "a header": "2 2\nder 1 2\nworld 5 6\n",
    "tabs": "der\t1\t2\nworld\t5\t6\n",
    "a tab, then blanks": "der\t1 2\nworld\t5 6\n",
    "several blanks": "der  1  2 \nworld   5 6\n",
    "a byte order mark": "\ufeffder 1 2\nworld 5 6\n",
    "a word of blanks alone": "der 1 2\n  7 8\nworld 5 6\n",
    "a no-break space in a word": "a\u00a0b 3 4\nder 1 2\nworld 5 6\n",
    "a number as a word": "2024 3 4\nder 1 2\nworld 5 6\n",
    "exponents and signs": "der +1e0 2.0\nworld .5e1 6.\n",
}


@pytest.mark.parametrize("name", ["a.txt", "a.vec", "a.vec.gz", "a.txt.gz"])
@pytest.mark.parametrize("case", PUBLISHED)
def test_vectors_as_they_are_published(tmp_path: Path, case: str, name: str) -> None:
    assert found(tmp_path, PUBLISHED[case], name) == {"der": [1, 2], "world": [5, 6]}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("der 1 2\nworld 1 2 3\nx 3 4\n", "line 2: expected 2 numbers after 'world', got 3"),
        ("der 1 2\nworld 1\nx 3 4\n", "line 2: expected 2 numbers after 'world', got 1"),
        ("der 1 2\nat the end 3\nx 3 4\n", "line 2: expected 2 numbers at the end of the line, found 'end'"),
        ("der 1 2\nso long\nx 3 4\n", "line 2: expected 2 numbers after 'so', got 1"),
        ("2 3\nder 1 2\nx 3 4\n", "line 1: the header states 3 numbers per word, but most lines have 2"),
        ("der 1 2\nworld 0,5 1,5\n", "line 2: a value of 'world' is not a number"),
        (b"der 1 2\nworld 3 4\ncaf\xe9 5 6\n", r"line 3: byte 0xe9 at position 4 of the line is not UTF-8"),
        (b"\xff\xfed\x00e\x00r\x00", "line 1: byte 0xff"),
    ],
)
@pytest.mark.parametrize("name", ["a.txt", "a.vec.gz"])
def test_lines_of_another_width_are_refused(tmp_path: Path, text: str | bytes, said: str, name: str) -> None:
    with pytest.raises(DataError, match=said) as caught:
        found(tmp_path, text, name)
    assert caught.value.code == "VECTORS_ROW"


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.vec.gz", gzip.compress(b"der 1 2\n" * 500, mtime=0)[:-9], "gzip data are damaged or incomplete"),
        ("a.zip", b"PK\x03\x04", "this is a zip file"),
        ("a.vec.bz2", b"BZh9", "this is a bzip2 file"),
    ],
)
def test_other_packings_are_refused_by_name(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(DataError, match=said) as caught:
        read_vectors(tmp_path / name, WORDS)
    assert caught.value.code == "VECTORS_READ"
