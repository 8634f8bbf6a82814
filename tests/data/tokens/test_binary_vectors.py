"""The binary format of word2vec: what its two writers write, and files that are cut or are something else."""

import gzip
import struct
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtwin.data.tokens import binary_vectors
from seqtwin.data.tokens.binary_vectors import list_binary_words, read_binary
from seqtwin.errors import DataError

WORDS = ("[PAD]", "[UNK]", "der", "são", "world")
VECTORS = {"world": [1.0, -2.5], "unasked": [3.0, 4.0], "são": [0.5, 6.0]}


def binary(vectors: dict[str, list[float]], end: bytes = b"") -> bytes:
    """A file as gensim writes it; the tool of word2vec ends each vector with a line feed."""
    dim = len(next(iter(vectors.values())))
    rows = [f"{word} ".encode() + struct.pack(f"<{dim}f", *numbers) + end for word, numbers in vectors.items()]
    return f"{len(vectors)} {dim}\n".encode() + b"".join(rows)


def read(folder: Path, data: bytes, name: str = "v.bin") -> dict[str, list[float]]:
    (folder / name).write_bytes(gzip.compress(data, mtime=0) if name.endswith(".gz") else data)
    rows, vectors = read_binary(folder / name, WORDS)
    return {WORDS[row]: vector for row, vector in zip(rows.tolist(), vectors.tolist(), strict=True)}


@pytest.mark.parametrize("end", [b"", b"\n"], ids=["gensim", "word2vec"])
@pytest.mark.parametrize("name", ["v.bin", "v.bin.gz"])
def test_the_words_of_the_vocabulary_are_found(tmp_path: Path, end: bytes, name: str) -> None:
    assert read(tmp_path, binary(VECTORS, end), name) == {"world": [1, -2.5], "são": [0.5, 6]}
    assert list(list_binary_words(tmp_path / name)) == list(VECTORS)


@given(
    st.dictionaries(
        st.text(st.characters(exclude_characters=" \x7f", exclude_categories=["Cs"], min_codepoint=32), min_size=1),
        st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=3, max_size=3),
        min_size=1,
        max_size=9,
    ),
    st.integers(1, 40),
)
def test_every_word_comes_back_whatever_the_size_of_a_read(vectors: dict[str, list[float]], chunk: int) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(binary_vectors, "CHUNK", chunk)
        path = Path(folder) / "v.bin"
        path.write_bytes(binary(vectors))
        rows, values = read_binary(path, list(vectors))
    assert rows.tolist() == list(range(len(vectors)))
    assert values.tolist() == list(vectors.values())


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (binary(VECTORS)[:-1], "it ends within word 3 of 3"),
        (binary(VECTORS) + b"x", "there are more bytes after the last of 3 words"),
        (binary({"new york": [1, 0], "oslo": [0.5, 0.25]}), "word 2 has control characters"),
        (b"der 1 2\nworld 3 4\n", "expected the number of words and the width in the first line"),
        (binary({"oslo": [1, 0], "new york": [0.5, 0.25]}), "more bytes after the last of 2 words"),
        (b"", "expected the number of words and the width in the first line"),
        (b"\xba\x16\x4f\x2f\x0c\x00\x00\x00", "this is a model of fastText"),
        (binary({"world": [1, float("nan")]}), "a value of 'world' is not finite"),
        (b"1 1\n\xff \x00\x00\x00\x00", "word 1 is not UTF-8"),
    ],
)
def test_files_that_are_not_whole_or_something_else_are_refused(tmp_path: Path, data: bytes, said: str) -> None:
    with pytest.raises(DataError, match=said) as caught:
        read(tmp_path, data)
    assert caught.value.code == "VECTORS_READ"
    assert str(tmp_path) in caught.value.place


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    (tmp_path / "cut.bin.gz").write_bytes(gzip.compress(binary(VECTORS) * 50, mtime=0)[:-9])
    for name, said in (("absent.bin", "cannot be read"), ("cut.bin.gz", "damaged or incomplete")):
        with pytest.raises(DataError, match=said):
            read_binary(tmp_path / name, WORDS)


def test_a_file_without_any_of_the_words_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        read(tmp_path, binary({"other": [1.0, 2.0]}))
    assert caught.value.code == "VECTORS_NONE"
