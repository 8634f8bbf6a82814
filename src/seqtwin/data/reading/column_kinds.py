"""The kind of a column, from its name and its values: texts, numbers, times or ids."""

import re
from typing import Literal

from seqtwin.data.files.number_formats import NUMBER
from seqtwin.data.files.tables import Table, column
from seqtwin.data.reading.column_options import Names

ID_WORDS = frozenset(
    [
        "id",
        "ids",
        "idx",
        "index",
        "key",
        "keys",
        "uid",
        "uuid",
        "guid",
        "qid",
        "did",
        "docid",
        "pid",
        "rowid",
        "pairid",
        "row",
        "number",
        "num",
        "nr",
        "no",
        "time",
        "timestamp",
        "date",
        "datetime",
        "year",
        "created",
        "updated",
        "url",
    ]
)
CODE = re.compile(
    r"[A-Za-z]{0,3}\d+|[A-Za-z]{1,12}[-_:/#.]\d+|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-fA-F]{16,}",
    re.ASCII,
)
MOMENT = re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d.*)?|\d{1,2}[./]\d{1,2}[./]\d{2,4}|\d\d:\d\d(:\d\d)?", re.ASCII)
SAMPLE = 1000
MOSTLY = 0.9

Content = Literal["text", "number", "time", "id"]


def name_words(name: str) -> Names:
    """The words of a column name in lower case.

    >>> name_words("leftTitle"), name_words("#1 String"), name_words("ltable_id"), name_words("name2")
    (('left', 'title'), ('1', 'string'), ('ltable', 'id'), ('name', '2'))
    """
    spaced = re.sub(r"(?<=[^\W\d_A-Z])(?=[A-Z])", " ", name)
    return tuple(word.lower() for word in re.findall(r"[^\W\d_]+|\d+", spaced))


def content_of(table: Table, name: str) -> Content:
    """The kind of the values of a column, from its first rows."""
    values = [value for value in column(table, name)[:SAMPLE] if value is not None and str(value).strip()]
    words = [str(value).strip() for value in values]
    for kind, pattern in _PATTERNS:
        if words and sum(pattern.fullmatch(word) is not None for word in words) >= MOSTLY * len(words):
            return kind
    return "text"


_PATTERNS: tuple[tuple[Content, re.Pattern[str]], ...] = (("number", NUMBER), ("time", MOMENT), ("id", CODE))


def is_id_column(table: Table, name: str) -> bool:
    """Whether a column has ids, numbers or times instead of texts, by its name or by nearly all of its values."""
    return not ID_WORDS.isdisjoint(name_words(name)) or content_of(table, name) != "text"
