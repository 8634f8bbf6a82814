"""Whether the quotes of a tab-separated file enclose fields or are ordinary characters.

Rule: quotes enclose fields only if this interpretation fits every quote in the file and results in fewer rows with a
wrong number of fields. If both interpretations are equally good, quotes enclose fields only if a quote inside a field
is doubled or the header is quoted, and no row spans several lines. Otherwise quotes are text.

Published .tsv files of texts are mostly unquoted. The module `csv`, pandas and spreadsheets double quotes in fields.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

ENCLOSED = r'"[^"]*(?:""[^"]*)*"'
WHOLE = re.compile(ENCLOSED)
FIELDS = re.compile(rf'(?:{ENCLOSED}|[^"\t]*)(?:\t(?:{ENCLOSED}|[^"\t]*))*')
OPENS = re.compile(rf'(?:(?:{ENCLOSED}|[^"\t]*)\t)*"[^"]*(?:""[^"]*)*')  # the last field continues on the next line
CONTINUES = re.compile(r'[^"]*(?:""[^"]*)*')
CLOSES = re.compile(r'[^"]*(?:""[^"]*)*"(?=\t|$)')


@dataclass
class Evidence:
    """Counts of a file, below its header. Rows: if quotes enclose fields. Lines: if they do not.

    `fits`: every quote belongs to an enclosed field; `spans`: first and last line of the first row with several lines.
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


def quoting_of(evidence: Evidence) -> Literal["none", "csv"]:
    """The meaning of the quotes of a file: `none` for ordinary characters, `csv` if they enclose fields.

    >>> quoting_of(quote_evidence(["a\\tb", '"x" y\\t1'])), quoting_of(quote_evidence(["a\\tb", '"x\\ty"\\t1']))
    ('none', 'csv')
    """
    if not evidence.fits or evidence.bad_rows > evidence.bad_lines:
        return "none"
    if evidence.bad_rows < evidence.bad_lines:
        return "csv"
    return "csv" if (evidence.doubled or evidence.quoted_header) and evidence.spans is None else "none"


def quoting_note(evidence: Evidence) -> str | None:
    """A note on the meaning of the quotes, None for a file without quotes."""
    if not evidence.quotes:
        return None
    if quoting_of(evidence) == "csv":
        return "quotes enclose fields in this .tsv (quoting: csv); if not: data.quoting: none (--quoting none)"
    note = "quotes are ordinary characters in this .tsv (quoting: none); if not: data.quoting: csv (--quoting csv)"
    if evidence.fits and evidence.spans is not None:
        note += f". Lines {evidence.spans[0]} to {evidence.spans[1]} would then be one row"
    return note


def quote_evidence(lines: Iterable[str]) -> Evidence:
    """The evidence of a file. Stops at the first quote that cannot enclose a field."""
    scan = _Scan()
    for number, line in enumerate(lines, 1):
        scan.add(number, line.rstrip("\n"))
        if not scan.evidence.fits:
            break
    scan.end()
    return scan.evidence


class _Scan:
    """The state of the scan. `since`: the first line of a row with an open field, 0 between rows; `tabs`: its tabs."""

    def __init__(self) -> None:
        self.evidence = Evidence()
        self.since = 0
        self.tabs = 0
        self.width: int | None = None  # number of tabs in the header

    def add(self, number: int, line: str) -> None:
        self._count_line(line)
        if '"' not in line:
            self._plain(line)
        elif self.since:
            self._continue(number, line)
        else:
            self._begin(number, line)

    def end(self) -> None:
        self.evidence.fits &= not self.since

    def _count_line(self, line: str) -> None:
        if self.width is None and line:
            self.width = line.count("\t")
            self.evidence.quoted_header = bool(WHOLE.match(line))
        elif line:
            self.evidence.lines += 1
            self.evidence.bad_lines += line.count("\t") != self.width
        self.evidence.quotes |= '"' in line

    def _plain(self, line: str) -> None:
        if line and not self.since:
            self._row(line.count("\t"))

    def _begin(self, number: int, line: str) -> None:
        self.evidence.doubled |= '""' in WHOLE.sub(_inside, line)
        if FIELDS.fullmatch(line):
            self._row(WHOLE.sub("", line).count("\t"))
        elif OPENS.fullmatch(line):
            self.since, self.tabs = number, WHOLE.sub("", line).split('"')[0].count("\t")
        else:
            self.evidence.fits = False

    def _continue(self, number: int, line: str) -> None:
        closing = CLOSES.match(line)
        if closing is None:
            self.evidence.fits = bool(CONTINUES.fullmatch(line))
            return
        begun, self.since = self.since, 0
        self.evidence.spans = self.evidence.spans or (begun, number)
        rest = line[closing.end() :].removeprefix("\t")
        more = line[closing.end() :].startswith("\t")
        if FIELDS.fullmatch(rest):
            self._row(self.tabs + more + WHOLE.sub("", rest).count("\t"))
        elif OPENS.fullmatch(rest):
            self.since, self.tabs = begun, self.tabs + more + WHOLE.sub("", rest).split('"')[0].count("\t")
        else:
            self.evidence.fits = False

    def _row(self, tabs: int) -> None:
        if self.evidence.lines:
            self.evidence.rows += 1
            self.evidence.bad_rows += tabs != self.width


def _inside(match: re.Match[str]) -> str:
    """An enclosed field without its enclosing quotes."""
    return match[0][1:-1] or "-"  # an empty field is not a doubled quote
