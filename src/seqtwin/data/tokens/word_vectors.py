"""Initial word vectors from a text file, one word per line: `word v1 v2 ...` (GloVe, or word2vec in text format).

Words may contain blanks, because the last fields of a line are the numbers. Their count is in the first line (word2vec
and fastText), otherwise it is that of most of the first lines. A file may be compressed with gzip.
"""

import gzip
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from seqtwin.data.files.read_text import PACKED
from seqtwin.errors import DataError, gathered

FIRST_LINES = 1000  # used to determine the width
MOST_PROBLEMS = 1000
BLANKS = re.compile("[ \t]+")  # words in published files contain other separators
REMEDY = "fix or delete these lines"


@dataclass(frozen=True)
class Line:
    """One line of a file. `problem`: why it has no fields, empty if it has."""

    number: int
    fields: list[str]
    problem: str = ""


def read_vectors(path: Path, words: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """The vectors of the words that are in a file: their positions in `words`, Int[n], and the vectors, [n, dim].

    Raises: DataError for a missing file, lines of different widths, invalid numbers, or if no word is in the file.
    """
    wanted = {word: row for row, word in enumerate(words)}
    rows: list[int] = []
    vectors: list[np.ndarray] = []
    problems: list[str] = []
    width = _width(path)
    for line in _lines(path):
        entry = _entry(line, width)
        if isinstance(entry, str):
            problems += [f"line {line.number}: {entry}"] if entry else []
        elif entry[0] in wanted:
            rows.append(wanted.pop(entry[0]))
            vectors.append(_numbers(entry[1], line.number, entry[0], problems))
        if len(problems) > MOST_PROBLEMS:
            break
    if problems:
        raise gathered("VECTORS_ROW", str(path), problems, REMEDY)
    if not rows:
        raise no_words(path, len(words))
    return np.array(rows), np.stack(vectors)


def list_words(path: Path) -> Iterator[str]:
    """The words of a file, in its order. Lines that are not valid are left out; `read_vectors` reports them.

    Raises: DataError for a missing file, or one that is not text.
    """
    width = _width(path)
    entries = (_entry(line, width) for line in _lines(path))
    return (entry[0] for entry in entries if not isinstance(entry, str))


def no_words(path: Path, count: int) -> DataError:
    """The error for vectors that have none of the words of the vocabulary. `count`: of these words."""
    cause = f"none of the {count} words of the vocabulary is in the file"
    return DataError("VECTORS_NONE", cause, place=str(path), remedy="check tokens.unit and tokens.lower")


@dataclass(frozen=True)
class Width:
    """The number of values per line. `stated`: whether it is from the first line."""

    dim: int
    stated: bool


def _width(path: Path) -> Width:
    """The width in the first line, otherwise that of most of the first lines.

    Raises: DataError if the width in the first line differs from that of most lines.
    """
    first = [line.fields for line in islice(_lines(path), FIRST_LINES) if not line.problem]
    stated = int(first[0][1]) if first and len(first[0]) == 2 and all(field.isdigit() for field in first[0]) else None
    # a file with a single line may consist of these counts
    rest = first[1:] if stated is not None else first
    counts = Counter(map(_count_numbers, rest))
    most, often = max(counts.items(), key=lambda item: (item[1], item[0]), default=(stated or 0, 0))
    if stated is None or (stated != most and most == 1):
        return Width(most, stated=False)
    if stated != most and often > len(rest) / 2:
        cause = f"line 1: the header states {stated} numbers per word, but most lines have {most}"
        raise DataError("VECTORS_ROW", cause, place=str(path), remedy="correct the header, or delete it")
    return Width(stated, stated=True)


def _entry(line: Line, width: Width) -> tuple[str, list[str]] | str:
    """The word and the numbers of a line, or a problem; an empty text for the header and for a blank word."""
    if line.problem or (line.number == 1 and width.stated):
        return line.problem
    dim, fields = width.dim, line.fields
    if not dim or len(fields) <= dim:
        # if the word is blank, only numbers are left
        only_numbers = bool(dim) and len(fields) == dim and _is_number(fields[0])
        return "" if only_numbers else f"expected {dim or 'some'} numbers after '{fields[0]}', got {len(fields) - 1}"
    word, numbers = fields[: len(fields) - dim], fields[len(fields) - dim :]
    if len(word) > 1 and _is_number(word[-1]):
        count = _count_numbers(fields)
        return f"expected {dim} numbers after '{' '.join(fields[: len(fields) - count])}', got {count}"
    if len(word) > 1 and not _is_number(numbers[0]):
        return f"expected {dim} numbers at the end of the line, found {numbers[0][:40]!r} among them"
    return " ".join(word), numbers


def _count_numbers(fields: list[str]) -> int:
    """The number of values after the word of a line."""
    return next((i for i, field in enumerate(reversed(fields[1:])) if not _is_number(field)), len(fields) - 1)


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def _numbers(values: list[str], line: int, word: str, problems: list[str]) -> np.ndarray:
    try:
        # float() converts each value, then rows of float32 need an eighth of the memory of lists
        numbers = np.array([float(v) for v in values], dtype=np.float32)
    except ValueError:
        problems.append(f"line {line}: a value of '{word}' is not a number")
        return np.zeros(0, dtype=np.float32)
    if not np.isfinite(numbers).all():
        problems.append(f"line {line}: a value of '{word}' is not finite")
    return numbers


def _lines(path: Path) -> Iterator[Line]:
    """The lines that are not blank, one at a time: these files are often larger than memory."""
    try:
        with path.open("rb") as raw:
            packed = _is_gzip(raw.read(8), path)
            raw.seek(0)
            with gzip.GzipFile(fileobj=raw) if packed else raw as file:
                for number, line in enumerate(file, 1):  # lines end only with \n: words contain other separators
                    if line.strip():
                        yield _line(number, line)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        cause = f"the gzip data are damaged or incomplete ({error})"
        raise DataError("VECTORS_READ", cause, place=str(path), remedy="download the file again") from error
    except OSError as error:
        raise DataError("VECTORS_READ", f"cannot be read: {error}", place=str(path)) from error


def _is_gzip(start: bytes, path: Path) -> bool:
    """Whether a file is compressed with gzip. `start`: its first bytes.

    Raises: DataError for another compression.
    """
    kind = next((kind for mark, kind in PACKED if start.startswith(mark)), None)
    if kind not in (None, "gzip"):
        raise DataError(
            "VECTORS_READ", f"this is a {kind} file", place=str(path), remedy="unpack it, or compress it with gzip"
        )
    return kind == "gzip"


def _line(number: int, line: bytes) -> Line:
    try:
        text = line.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        cause = f"byte 0x{line[error.start]:02x} at position {error.start + 1} of the line is not UTF-8"
        return Line(number, [], cause)
    text = text.strip(" \t\r\n")
    single = "\t" not in text and "  " not in text  # the usual case, and much faster
    return Line(number, text.split(" ") if single else BLANKS.split(text))
