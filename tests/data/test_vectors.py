"""Word vectors from a text file: the words asked for, both text formats, and errors that name the line."""

from pathlib import Path

import numpy as np
import pytest

from seqtwin.data.vectors import read_vectors
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
    assert "line 2: a value of 'world' is no number" in said
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
