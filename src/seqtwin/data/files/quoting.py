"""Whether the quotes of a tab-separated file enclose fields or are ordinary characters.

The rule: quotes enclose fields only if that reading fits every quote in the file and leaves fewer rows with a wrong
number of fields. Where both readings are equally good they enclose fields only if a quote inside a field is doubled, or
the header is quoted, and no row spans several lines. Everything else is text.

Published .tsv files of texts are mostly unquoted; `csv`, pandas and spreadsheets double the quotes inside a field.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

ENCLOSED = r'"[^"]*(?:""[^"]*)*"'
WHOLE = re.compile(ENCLOSED)
FIELDS = re.compile(rf'(?:{ENCLOSED}|[^"\t]*)(?:\t(?:{ENCLOSED}|[^"\t]*))*')
OPENS = re.compile(rf'(?:(?:{ENCLOSED}|[^"\t]*)\t)*"[^"]*(?:""[^"]*)*')  # the last field goes on
CONTINUES = re.compile(r'[^"]*(?:""[^"]*)*')
CLOSES = re.compile(r'[^"]*(?:""[^"]*)*"(?=\t|$)')


@dataclass
class Evidence:
    """What was counted in a file; rows are those below the header.

    `fits`: every quote belongs to an enclosed field; `spans`: lines of the first row of several lines, if any.
    """

    quotes: bool = False
    fits: bool = True
    doubled: bool = False
    quoted_header: bool = False
    rows: int = 0
    bad_rows: int = 0
    lines: int = 0
    bad_lines: int = 0
    spans: tuple[int, int] | None = None


def quoting_of(found: Evidence) -> Literal["none", "csv"]:
    """How the quotes of a file are meant.

    >>> quoting_of(weighed(["a\\tb", '"x" y\\t1'])), quoting_of(weighed(["a\\tb", '"x\\ty"\\t1']))
    ('none', 'csv')
    """
    if not found.fits or found.bad_rows > found.bad_lines:
        return "none"
    if found.bad_rows < found.bad_lines:
        return "csv"
    return "csv" if (found.doubled or found.quoted_header) and found.spans is None else "none"


def quoting_note(found: Evidence) -> str | None:
    """What to tell about the quotes; None for a file without any."""
    if not found.quotes:
        return None
    if quoting_of(found) == "csv":
        return "quotes enclose fields in this .tsv (quoting: csv); if not: data.quoting: none (--quoting none)"
    note = "quotes are ordinary characters in this .tsv (quoting: none); if not: data.quoting: csv (--quoting csv)"
    if found.fits and found.spans is not None:
        note += f". Lines {found.spans[0]} to {found.spans[1]} would then be one row"
    return note


def weighed(lines: Iterable[str]) -> Evidence:
    """The evidence of a file; a quote that encloses nothing ends the search."""
    scan = _Scan()
    for number, line in enumerate(lines, 1):
        scan.add(number, line.rstrip("\n"))
        if not scan.found.fits:
            break
    scan.end()
    return scan.found


class _Scan:
    """The state of the search: `since` is the line on which an open field's row begins, 0 between rows."""

    def __init__(self) -> None:
        self.found = Evidence()
        self.since = 0
        self.tabs = 0
        self.width: int | None = None  # tabs of the header

    def add(self, number: int, line: str) -> None:
        self._count_line(line)
        if '"' not in line:
            self._plain(line)
        elif self.since:
            self._continue(number, line)
        else:
            self._begin(number, line)

    def end(self) -> None:
        self.found.fits &= not self.since

    def _count_line(self, line: str) -> None:
        if self.width is None and line:
            self.width = line.count("\t")
            self.found.quoted_header = bool(WHOLE.match(line))
        elif line:
            self.found.lines += 1
            self.found.bad_lines += line.count("\t") != self.width
        self.found.quotes |= '"' in line

    def _plain(self, line: str) -> None:
        if line and not self.since:
            self._row(line.count("\t"))

    def _begin(self, number: int, line: str) -> None:
        self.found.doubled |= '""' in WHOLE.sub(_inside, line)
        if FIELDS.fullmatch(line):
            self._row(WHOLE.sub("", line).count("\t"))
        elif OPENS.fullmatch(line):
            self.since, self.tabs = number, WHOLE.sub("", line).split('"')[0].count("\t")
        else:
            self.found.fits = False

    def _continue(self, number: int, line: str) -> None:
        closing = CLOSES.match(line)
        if closing is None:
            self.found.fits = bool(CONTINUES.fullmatch(line))
            return
        begun, self.since = self.since, 0
        self.found.spans = self.found.spans or (begun, number)
        rest = line[closing.end() :].removeprefix("\t")
        more = line[closing.end() :].startswith("\t")
        if FIELDS.fullmatch(rest):
            self._row(self.tabs + more + WHOLE.sub("", rest).count("\t"))
        elif OPENS.fullmatch(rest):
            self.since, self.tabs = begun, self.tabs + more + WHOLE.sub("", rest).split('"')[0].count("\t")
        else:
            self.found.fits = False

    def _row(self, tabs: int) -> None:
        if self.found.lines:
            self.found.rows += 1
            self.found.bad_rows += tabs != self.width


def _inside(match: re.Match[str]) -> str:
    """An enclosed field without its enclosing quotes."""
    return match[0][1:-1] or "-"  # an empty field is no doubled quote
