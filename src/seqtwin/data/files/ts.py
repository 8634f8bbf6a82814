"""The reader of .ts files, the format of the UEA and UCR archives of time series: one row per step.

Header lines begin with @, comments with # or %. After @data, each line is one series. Its dimensions are separated by
colons, the values of a dimension by commas. The class comes last if @classLabel is true. A class name with a blank is
quoted after @classLabel.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from seqtwin.data.files.number_formats import is_missing
from seqtwin.data.files.rows import Opened, Rows
from seqtwin.errors import DataError

Value = float | str  # a missing value stays a text
NAME = re.compile(r'"([^"]*)"|(\S+)')
COMMENTS = ("#", "%")
SERIES, TIME, LABEL = "series_id", "t", "label"
REMEDY = "expected lines like '@classLabel true a b', then '@data', then one series per line"


@dataclass(frozen=True)
class Header:
    """The header of a file. `first`: the number of the line @data, after which the series begin.

    `classes`: None if the series have no class; `words`: the unquoted words after @classLabel, to recognize a class
    name that should be quoted.
    """

    classes: tuple[str, ...] | None
    words: tuple[str, ...]
    first: int


def read_ts(file: Opened) -> Rows:
    """One row per step: series_id (0, 1, ... in the order of the file), t, ch0, ch1, ... and label.

    The line of a step is that of its series. A missing value (?, NaN or nothing) is kept as text.

    Raises: DataError for a file without @data, with time stamps, or with numeric targets.
    """
    lines = file.text().split("\n")
    header = _header(lines, file.path)
    width = 0
    for number, (line, text) in enumerate(_data_lines(lines, header.first)):
        series = _series(text, header, width)
        if isinstance(series, str):
            yield line, series
        else:
            width = len(series[0])
            yield from ((line, row) for row in _steps(number, *series))


def _steps(number: int, dimensions: list[list[Value]], label: str | None) -> Iterator[dict[str, object]]:
    names = [f"ch{channel}" for channel in range(len(dimensions))]
    labels = {} if label is None else {LABEL: label}
    for step, values in enumerate(zip(*dimensions, strict=True)):
        yield {SERIES: str(number), TIME: step, **dict(zip(names, values, strict=True)), **labels}


def _header(lines: list[str], path: Path) -> Header:
    classes: tuple[str, ...] | None = None
    named: tuple[str, ...] = ()
    for number, line in enumerate(lines, 1):
        words = line.split()
        if not words or words[0].startswith(COMMENTS):
            continue
        tag, values = words[0].lower(), words[1:]
        if tag == "@data":
            return Header(classes, named, number)
        if not tag.startswith("@"):
            cause = f"line {number}: expected @data before the series"
            raise DataError("DATA_TS", cause, place=str(path), remedy=REMEDY)
        stated = bool(values) and values[0].lower() == "true"
        if tag in REFUSED and stated:
            raise DataError("DATA_TS", f"line {number}: {REFUSED[tag]}", place=str(path))
        if tag == "@classlabel" and stated:
            classes = tuple(quoted or plain for quoted, plain in NAME.findall(line.split(maxsplit=2)[-1]))
            named = tuple(values[1:])
    raise DataError("DATA_TS", "no @data line", place=str(path), remedy=REMEDY)


STAMPED = "time stamps are not supported; write only the values, at equal steps"
REFUSED = {"@timestamps": STAMPED, "@targetlabel": "numeric targets are not supported; expected @classLabel"}


def _data_lines(lines: list[str], first: int) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(lines[first:], first + 1):
        text = line.strip()
        if text and not text.startswith(COMMENTS):
            yield number, text


def _series(text: str, header: Header, width: int) -> tuple[list[list[Value]], str | None] | str:
    """The dimensions and the class of a series, or a problem. `width`: dimensions of earlier series, 0 without one."""
    fields = text.split(":")
    label = fields.pop().strip().strip('"') if header.classes is not None else None
    if label is not None and label not in (header.classes or ()):
        return _unknown_class(label, header)
    if not fields:
        return "a class without a series"
    dimensions = []
    for place, part in enumerate(fields):
        values = _values(part, place)
        if isinstance(values, str):
            return values
        dimensions.append(values)
    return _shape_problem(dimensions, width) or (dimensions, label)


def _unknown_class(label: str, header: Header) -> str:
    if " " in label and set(label.split()) <= set(header.words):
        return f"class '{label[:40]}' contains a blank: write it in quotes after @classLabel, as \"{label[:40]}\""
    return f"class '{label[:40]}' is not among those of @classLabel: {', '.join(header.classes or ())}"


def _values(part: str, place: int) -> list[Value] | str:
    if "(" in part:
        return STAMPED
    values: list[Value] = []
    for step, word in enumerate(part.split(",")):
        value = word.strip() if is_missing(word) else _finite(word)
        if value is None:
            return f"dimension {place}, step {step}: expected a finite number, found {word.strip()[:40]!r}"
        values.append(value)
    return values


def _finite(word: str) -> float | None:
    try:
        value = float(word)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _shape_problem(dimensions: list[list[Value]], width: int) -> str | None:
    lengths = sorted({len(values) for values in dimensions})
    if len(lengths) > 1:
        return f"dimensions of unequal length: {', '.join(map(str, lengths))} steps"
    if width and len(dimensions) != width:
        return f"expected {width} dimensions, as in the series before it, found {len(dimensions)}"
    return None
