"""A .ts file, as the UEA and UCR archives of time series have them, as a long table.

Header lines begin with @, comments with #. After @data each line is one series: its dimensions joined by colons, the
values of each by commas, the class last where @classLabel says true.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seqtwin.data.sources import read_text
from seqtwin.errors import DataError

SERIES, TIME, LABEL = "series_id", "t", "label"
REMEDY = "expected lines like '@classLabel true a b', then '@data', then a series a line"


@dataclass(frozen=True)
class Header:
    """What stands above @data. `classes`: None where the series have none; `first`: the line after @data."""

    classes: tuple[str, ...] | None
    first: int


@dataclass
class Long:
    """Columns of a long table under construction: a row a step. The line of a step is that of its series."""

    columns: dict[str, list[Any]] = field(default_factory=dict)
    lines: list[int] = field(default_factory=list)
    problems: list[tuple[int, str]] = field(default_factory=list)

    def add(self, line: int, number: int, dimensions: list[list[float]], label: str | None) -> None:
        """The steps of one series."""
        steps = len(dimensions[0])
        row: dict[str, list[Any]] = {SERIES: [str(number)] * steps, TIME: list(range(steps))}
        row |= {f"ch{channel}": values for channel, values in enumerate(dimensions)}
        row |= {} if label is None else {LABEL: [label] * steps}
        for name, values in row.items():
            self.columns.setdefault(name, []).extend(values)
        self.lines += [line] * steps


def read_ts(path: Path) -> Long:
    """The columns series_id (0, 1, ... in the order of the file), t, ch0, ch1, ... and label, with bad series noted.

    Raises: DataError for a file without @data, with time stamps, or with numbers to predict in place of classes.
    """
    lines = read_text(path).split("\n")
    header = _header(lines, path)
    long = Long()
    width = 0
    for number, (line, text) in enumerate(_data_lines(lines, header.first)):
        found = _series(text, header, width)
        if isinstance(found, str):
            long.problems.append((line, found))
        else:
            width = len(found[0])
            long.add(line, number, *found)
    return long


def _header(lines: list[str], path: Path) -> Header:
    classes: tuple[str, ...] | None = None
    for number, line in enumerate(lines, 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        tag, values = words[0].lower(), words[1:]
        if tag == "@data":
            return Header(classes, number)
        if not tag.startswith("@"):
            raise DataError("DATA_TS", f"line {number}: expected @data before the series", place=str(path))
        stated = bool(values) and values[0].lower() == "true"
        if tag in REFUSED and stated:
            raise DataError("DATA_TS", f"line {number}: {REFUSED[tag]}", place=str(path))
        if tag == "@classlabel" and stated:
            classes = tuple(values[1:])
    raise DataError("DATA_TS", "no @data line", place=str(path), remedy=REMEDY)


STAMPED = "series with a time stamp at each value are not read; write the values alone, at equal steps"
REFUSED = {"@timestamps": STAMPED, "@targetlabel": "numbers to predict are not read; expected @classLabel"}


def _data_lines(lines: list[str], first: int) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(lines[first:], first + 1):
        text = line.strip()
        if text and not text.startswith("#"):
            yield number, text


def _series(text: str, header: Header, width: int) -> tuple[list[list[float]], str | None] | str:
    """The dimensions of a series and its class, or what is wrong with it. `width`: of those before it, 0 for none."""
    fields = text.split(":")
    label = fields.pop().strip() if header.classes is not None else None
    if label is not None and label not in (header.classes or ()):
        return f"class '{label[:40]}' is not among those of @classLabel: {', '.join(header.classes or ())}"
    if not fields:
        return "a class without a series"
    dimensions = []
    for place, part in enumerate(fields):
        values = _values(part, place)
        if isinstance(values, str):
            return values
        dimensions.append(values)
    return _shape_problem(dimensions, width) or (dimensions, label)


def _values(part: str, place: int) -> list[float] | str:
    if "(" in part:
        return STAMPED
    found = []
    for step, word in enumerate(part.split(",")):
        try:
            value = float(word)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            missing = " (a missing value)" if word.strip() == "?" else ""
            return f"dimension {place}, step {step}: expected a finite number, found {word.strip()[:40]!r}{missing}"
        found.append(value)
    return found


def _shape_problem(dimensions: list[list[float]], width: int) -> str | None:
    lengths = sorted({len(values) for values in dimensions})
    if len(lengths) > 1:
        return f"dimensions of unequal length: {', '.join(map(str, lengths))} steps"
    if width and len(dimensions) != width:
        return f"expected {width} dimensions as in the series before it, found {len(dimensions)}"
    return None
