"""Initial word vectors from a text file: `word v1 v2 ...`, one word a line (the format of GloVe and word2vec text)."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from seqtwin.errors import DataError, gathered


def read_vectors(path: Path, words: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Vectors of the words the file has: rows of `words` [found], vectors [found, dim].

    Raises: DataError for a missing file, an unequal width, a value that is no number, or when no word is found.
    """
    wanted = {word: row for row, word in enumerate(words)}
    rows, vectors, problems, dim = [], [], [], None
    for line, word, values in _lines(path):
        if line == 1 and len(values) == 1 and word.isdigit():
            continue  # word2vec's text format starts with two counts
        dim = dim or len(values)
        if not dim or len(values) != dim:
            problems.append(f"line {line}: expected {dim or 'some'} numbers after '{word}', got {len(values)}")
        elif word in wanted:
            rows.append(wanted.pop(word))
            vectors.append(_numbers(values, line, word, problems))
    if problems:
        raise gathered("VECTORS_ROW", str(path), problems, "mend or delete these lines")
    if not rows:
        cause = f"none of the {len(words)} words of the vocabulary is in the file"
        raise DataError("VECTORS_NONE", cause, place=str(path), remedy="check tokens.unit and tokens.lower")
    return np.array(rows), np.array(vectors, dtype=np.float32)


def _numbers(values: list[str], line: int, word: str, problems: list[str]) -> list[float]:
    try:
        found = [float(v) for v in values]
    except ValueError:
        problems.append(f"line {line}: a value of '{word}' is no number")
        return []
    if not np.isfinite(found).all():
        problems.append(f"line {line}: a value of '{word}' is not finite")
    return found


def _lines(path: Path) -> Iterator[tuple[int, str, list[str]]]:
    """Number, word and values of each line, one at a time: these files are often larger than the memory."""
    try:
        # only \n ends a line: words of real files hold other separators
        with path.open(encoding="utf-8", newline="\n") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    word, *values = line.rstrip().split(" ")
                    yield number, word, [v for v in values if v]
    except (OSError, UnicodeDecodeError) as error:
        raise DataError("VECTORS_READ", f"cannot be read: {error}", place=str(path)) from error
