"""Word vectors from the binary format of word2vec: a line with two counts, then each word, a blank, and its float32s.

Words of this format contain no blanks. A file may be compressed with gzip.
"""

import gzip
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from seqtwin.data.files.read_text import ending_of
from seqtwin.data.tokens.word_vectors import no_words
from seqtwin.errors import DataError

GZIP_MARK = b"\x1f\x8b"
FASTTEXT_MARK = b"\xba\x16\x4f\x2f"
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
CHUNK = 1 << 20
LONGEST_HEADER = 64
WIDEST = 100_000
FORMAT = "the format is: two counts, then each word, a blank, and its values as float32"


def is_binary(path: Path) -> bool:
    """Whether a file name has the ending of the binary format: .bin or .bin.gz."""
    return ending_of(path) == ".bin"


def read_binary(path: Path, words: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """The vectors of the words that are in a file: their positions in `words`, Int[n], and the vectors, [n, dim].

    Raises: DataError for a missing, incomplete or damaged file, or if no word is in the file.
    """
    wanted = {word: row for row, word in enumerate(words)}
    rows: list[int] = []
    vectors: list[np.ndarray] = []
    for word, vector in _entries(path):
        if word in wanted:
            rows.append(wanted.pop(word))
            vectors.append(vector)
            if not np.isfinite(vector).all():
                raise _damaged(path, f"a value of '{word}' is not finite")
    if not rows:
        raise no_words(path, len(words))
    return np.array(rows), np.stack(vectors)


def list_binary_words(path: Path) -> Iterator[str]:
    """The words of a file, in its order. Raises: DataError for a missing, incomplete or damaged file."""
    return (word for word, _ in _entries(path))


def _entries(path: Path) -> Iterator[tuple[str, np.ndarray]]:
    """Each word and its vector, a copy of [dim]."""
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == GZIP_MARK
            raw.seek(0)
            with gzip.GzipFile(fileobj=raw) if packed else raw as file:
                yield from _parse(file, path)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        cause = f"the gzip data are damaged or incomplete ({error})"
        raise DataError("VECTORS_READ", cause, place=str(path), remedy="download the file again") from error
    except OSError as error:
        raise DataError("VECTORS_READ", f"cannot be read: {error}", place=str(path)) from error


@dataclass
class _Window:
    """A part of a file. `start`: the position in `data` of the next byte."""

    file: IO[bytes] | gzip.GzipFile
    data: bytes = b""
    start: int = 0

    def extend(self) -> bool:
        """Read more, and drop what was used. False at the end of the file."""
        chunk = self.file.read(CHUNK)
        self.data, self.start = self.data[self.start :] + chunk, 0
        return bool(chunk)


def _parse(file: IO[bytes] | gzip.GzipFile, path: Path) -> Iterator[tuple[str, np.ndarray]]:
    count, dim = _header(file.readline(LONGEST_HEADER), path)
    window = _Window(file)
    for number in range(1, count + 1):
        blank = window.data.find(b" ", window.start)
        while blank < 0 or len(window.data) < blank + 1 + 4 * dim:
            if not window.extend():
                raise _damaged(path, f"it ends within word {number:,} of {count:,}")
            blank = window.data.find(b" ", window.start)
        word = window.data[window.start : blank].lstrip(b"\n")  # the tool of word2vec ends each vector with a line feed
        window.start = blank + 1 + 4 * dim
        yield _decoded(word, number, path), np.frombuffer(window.data, "<f4", dim, blank + 1).astype(np.float32)
    if window.data[window.start :].strip(b"\n") or window.file.read(CHUNK):
        raise _damaged(path, f"there are more bytes after the last of {count:,} words")


def _header(line: bytes, path: Path) -> tuple[int, int]:
    """The number of words and the width of their vectors."""
    if line.startswith(FASTTEXT_MARK):
        cause = "this is a model of fastText, not a list of vectors"
        raise DataError("VECTORS_READ", cause, place=str(path), remedy="use the .vec file of the same vectors")
    fields = line.split()
    if len(fields) != 2 or not all(field.isdigit() for field in fields) or not 0 < int(fields[1]) <= WIDEST:
        raise _damaged(path, f"expected the number of words and the width in the first line, found {line[:40]!r}")
    return int(fields[0]), int(fields[1])


def _decoded(word: bytes, number: int, path: Path) -> str:
    # if a word has a blank, its rest is read as numbers, and the next word begins with bytes of the vector
    try:
        text = word.decode("utf-8")
    except UnicodeDecodeError:
        raise _damaged(path, f"word {number:,} is not UTF-8: {word[:40]!r}") from None
    if CONTROL.search(text):
        raise _damaged(path, f"word {number:,} has control characters: {text[:40]!r}")
    return text


def _damaged(path: Path, cause: str) -> DataError:
    remedy = "download the file again; if words contain blanks, use the text form of the same vectors"
    return DataError("VECTORS_READ", f"{cause}; {FORMAT}", place=str(path), remedy=remedy)
