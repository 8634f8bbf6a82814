"""The first line of a delimited file: missing headers and wrong separators."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from seqtwin.data.files.number_formats import NUMBER
from seqtwin.data.files.quoting import WHOLE
from seqtwin.data.label_words import WORDS, word_form
from seqtwin.errors import DataError

SEPARATORS = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "vertical bars"}
ENDINGS = {",": ".csv", "\t": ".tsv"}
MOST = 0.9  # share of the lines
WORDY = 4  # more words than a column name has
USUAL = (
    {"id", "index", "idx", "left", "right", "label", "score", "text", "title", "sentence", "sentence1", "sentence2"}
    | {"sentence_a", "sentence_b", "text1", "text2", "text_a", "text_b", "question1", "question2", "name1", "name2"}
    | {"s1", "s2", "similarity", "relatedness", "is_duplicate", "class", "category", "target", "series_id", "series"}
    | {"sent_id", "token", "word", "form", "upos", "t", "time"}
)


def refuse_other_separator(lines: Sequence[str], delimiter: str, path: Path) -> None:
    """Check that the first lines of a file have the separator of its ending. A single column has none.

    Raises: DataError with the separator of the file.
    """
    outside = [WHOLE.sub("", line.rstrip("\n")) for line in lines if line.strip()]
    if len(outside) < 2 or _separates(delimiter, outside):
        return
    other = next((sign for sign in SEPARATORS if sign != delimiter and _separates(sign, outside)), None)
    if other is None:
        return
    header = "the header is one field" if delimiter not in outside[0] else "the lines have different numbers of fields"
    cause = f"{header}: this {ENDINGS[delimiter]} is separated by {SEPARATORS[other]}, not {SEPARATORS[delimiter]}"
    save = "save the file with commas (.csv) or tabs (.tsv)"
    remedy = f"rename it to end in {ENDINGS[other]}, or {save}" if other in ENDINGS else save
    raise DataError("DATA_SEPARATOR", cause, place=str(path), remedy=remedy)


def separator_of(lines: Sequence[str]) -> str | None:
    """The ending (.csv or .tsv) that fits the separator of these lines, None if it is not clear.

    >>> separator_of(["a\\tb", "c d\\te"]), separator_of(["a, b", "c"])
    ('.tsv', None)
    """
    if len(lines) < 2:
        return None
    return next((ending for sign, ending in reversed(ENDINGS.items()) if _separates(sign, lines)), None)


def _separates(sign: str, lines: Sequence[str]) -> bool:
    """Whether nearly all lines contain a character as often as the first line does."""
    count = lines[0].count(sign)
    return count > 0 and sum(line.count(sign) == count for line in lines) >= MOST * len(lines)


def missing_header(columns: Mapping[str, Sequence[object]]) -> str | None:
    """The reason why the column names look like a row of data, None if they do not.

    >>> missing_header({"red lamp": ["blue lamp"], "TRUE": ["FALSE"]})
    "'TRUE' looks like the values below it"
    >>> missing_header({"name": ["TRUE", "x"], "same": ["1", "0"]})
    """
    if USUAL.intersection(name.lower() for name in columns) or len(columns) < 2 or _numbered(list(columns)):
        return None
    value = next((name for name, values in columns.items() if _is_value(name, values)), None)
    if value is not None:
        return f"'{value[:60]}' looks like the values below it"
    wordy = next((name for name in columns if len(name.split()) >= WORDY or len(name) > 60), None)
    return None if wordy is None else f"'{wordy[:60]}' is longer than a column name"


def is_surely_data(columns: Mapping[str, Sequence[object]]) -> bool:
    """Whether the column names are certainly data: each looks like a value of its column or contains blanks.

    >>> is_surely_data({"red lamp": ["blue lamp"], "TRUE": ["FALSE"]}), is_surely_data({"city": ["x"], "2019": ["3"]})
    (True, False)
    """
    if missing_header(columns) is None:
        return False
    values = [_is_value(name, column) for name, column in columns.items()]
    return any(values) and all(value or " " in name for name, value in zip(columns, values, strict=True))


def no_header(columns: Mapping[str, Sequence[object]], delimiter: str, place: str) -> DataError:
    """The error for a file without a header line."""
    cause = f"line 1: the file seems to have no header line: {missing_header(columns)}"
    count = len(columns)
    names = delimiter.join(["left", "right", "label"] if count == 3 else ["text", "label"] if count == 2 else [])
    example = f", for example: {names!r}" if names else ""
    remedy = f"add a first line with the names of the {count} columns{example}"
    return DataError("DATA_NO_HEADER", cause, place=place, remedy=remedy)


def _numbered(names: Sequence[str]) -> bool:
    """Whether the names are 0, 1, 2, ..., as in tables that were saved without names."""
    return list(names) == [str(number) for number in range(len(names))]


def _is_value(name: str, values: Sequence[object]) -> bool:
    """Whether a name looks like the values of its column: a label word, a number, or one of a few classes."""
    if not values:
        return False
    word, words = word_form(name), [word_form(value) for value in values]
    if word in WORDS and all(other in WORDS for other in words):
        return word in words or {word, *words} <= {"true", "false"} or {word, *words} <= {"0", "1"}
    if NUMBER.fullmatch(word):
        return all(NUMBER.fullmatch(other) for other in words)
    return word in words and len(set(words)) < len(words) / 2
