"""The readers of comma- and tab-separated files: quotes, headers, and rows with missing or extra fields."""

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from seqtwin.data.files.headers import refuse_other_separator
from seqtwin.data.files.quoting import quote_evidence, quoting_note, quoting_of
from seqtwin.data.files.rows import Opened, Rows
from seqtwin.errors import DataError

MAX_FIELD = 10 * 2**20
SAMPLE = 50  # lines inspected for the separator
LIKELY_JOINED = (
    "a quoted field contains tabs and line ends, so several rows may have been read as one; "
    "set data.quoting: none (--quoting none) if quotes are ordinary characters, or csv if the text contains these tabs"
)


def read_csv(file: Opened) -> Rows:
    """The rows of a comma-separated file. Quotes enclose fields, unless `quoting` is `none`."""
    return _rows(file, ",", _unquoted(file, ",") if file.quoting == "none" else _quoted(file, ","))


def read_tsv(file: Opened) -> Rows:
    """The rows of a tab-separated file. If `quoting` is None, the meaning of quotes is inferred from the file."""
    if file.quoting == "none":
        return _rows(file, "\t", _unquoted(file, "\t"))
    if file.quoting == "csv":
        return _rows(file, "\t", _quoted(file, "\t"))
    evidence = quote_evidence(file.lines())
    note = quoting_note(evidence)
    file.notes.extend([note] if note else [])
    if quoting_of(evidence) == "none":
        return _rows(file, "\t", _unquoted(file, "\t"))
    return _rows(file, "\t", _flag_joined(_quoted(file, "\t")))


def check_header(header: Sequence[str], path: Path) -> None:
    """Check that no two columns have the same name.

    Raises: DataError.
    """
    twice = [name for name, count in Counter(header).items() if count > 1]
    if twice:
        cause = f"line 1: column '{twice[0]}' occurs twice in the header"
        remedy = "give each column its own name; if this line is data, add a header line above it"
        raise DataError("DATA_HEADER", cause, place=str(path), remedy=remedy)


@dataclass(frozen=True)
class _Record:
    line: int
    fields: list[str]
    problem: str | None = None


def _rows(file: Opened, delimiter: str, records: Iterator[_Record]) -> Rows:
    refuse_other_separator(list(islice(file.lines(), SAMPLE)), delimiter, file.path)
    header: list[str] = []
    for record in records:
        if not header and record.problem is None:
            header = [name.strip() for name in record.fields]
            check_header(header, file.path)
            file.header.extend(header)
        else:
            problem = record.problem or _shape_problem(record.fields, header, delimiter)
            yield record.line, problem or dict(zip(header, record.fields, strict=True))
    if header:
        file.header.extend(header)


def _shape_problem(fields: list[str], header: list[str], delimiter: str) -> str | None:
    """The problem of a row that repeats the header or has a wrong number of fields, otherwise None."""
    if [value.strip() for value in fields] == header:
        return "the header is repeated"
    if len(fields) != len(header):
        shown = delimiter.join(fields)[:60]
        return f"expected {len(header)} fields ({', '.join(header)}), found {len(fields)}: {shown!r}"
    return None


def _unquoted(file: Opened, delimiter: str) -> Iterator[_Record]:
    for number, line in enumerate(file.lines(), 1):
        text = line.removesuffix("\n")
        if text:
            yield _Record(number, text.split(delimiter))


def _quoted(file: Opened, delimiter: str) -> Iterator[_Record]:
    """The records, each with its first line. A wrong quote is the last record, as a problem."""
    reader = csv.reader(file.lines(), delimiter=delimiter, strict=True)
    begin = 1
    try:
        while (fields := _next_row(reader)) is not None:
            if fields:
                yield _Record(begin, fields)
            begin = reader.line_num + 1
    except csv.Error as error:
        line, problem = _quote_problem(file, delimiter, begin, error)
        yield _Record(line, [], problem)


def _next_row(reader: Iterator[list[str]]) -> list[str] | None:
    """The next row, None after the last. The field size limit is global, so it is restored at once."""
    before = csv.field_size_limit(MAX_FIELD)
    try:
        return next(reader, None)
    finally:
        csv.field_size_limit(before)


def _flag_joined(records: Iterator[_Record]) -> Iterator[_Record]:
    """The records, with a problem for each that has tabs and line ends in one quoted field."""
    for record in records:
        joined = any("\t" in field and "\n" in field for field in record.fields)
        yield _Record(record.line, record.fields, LIKELY_JOINED) if joined else record


def _quote_problem(file: Opened, delimiter: str, begin: int, error: csv.Error) -> tuple[int, str]:
    if "field larger" in str(error):
        return begin, f"a field is larger than {MAX_FIELD} bytes, or a quote on this line is never closed"
    opened = begin - 1 + _opening_line(file.text_from(begin), delimiter)
    how = "is never closed" if "unexpected end" in str(error) else f"is closed in the middle of a field ({error})"
    advice = "double the quotes inside a field, or set data.quoting: none (--quoting none) if they are part of the text"
    return opened, f"the quote that opens on this line {how}; the rest of the file was not read; {advice}"


def _opening_line(text: str, delimiter: str) -> int:
    """The number of the line with the last quote that opens a field, from 1."""
    opened, line, quoted, fresh = 1, 1, False, True
    position = 0
    while position < len(text):
        sign = text[position]
        if quoted and sign == '"' and text[position + 1 : position + 2] == '"':
            position += 1
        elif quoted and sign == '"':
            quoted = False
            if text[position + 1 : position + 2] not in (delimiter, "\n", ""):
                break
        elif sign == '"' and fresh:
            quoted, opened = True, line
        fresh = not quoted and sign in (delimiter, "\n")
        line += sign == "\n"
        position += 1
    return opened
