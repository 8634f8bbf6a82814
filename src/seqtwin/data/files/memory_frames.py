"""Frames in memory as rows of plain values: pandas, polars, pyarrow, Hugging Face datasets, and lists of rows."""

import datetime
import decimal
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeAlias, TypeGuard

import numpy as np
import pandas as pd

from seqtwin.errors import DataError

Value = str | int | float | bool | None | list["Value"] | dict[str, "Value"]
Rows = Iterator[dict[str, object]]


class HasColumns(Protocol):
    """A frame of pandas or polars."""

    @property
    def columns(self) -> Iterable[object]: ...


class HasColumnNames(Protocol):
    """A table of pyarrow, or a Hugging Face data set."""

    @property
    def column_names(self) -> Sequence[str] | None: ...


Frame: TypeAlias = HasColumns | HasColumnNames | Sequence[Sequence[object]] | Sequence[Mapping[str, object]]
NAMES = {2: ("text", "label"), 3: ("left", "right", "label")}
CUSTOM = "custom"  # the format of `datasets` that `set_transform` sets
EXPECTED = "expected tuples (left, right, label or score), tuples (text, label), or one dict per row"


def is_frame(value: object) -> bool:
    """Whether a value has rows: a frame of a known library, or a list or tuple of rows.

    >>> is_frame(pd.DataFrame({"a": [1]})), is_frame([("a", "b", 1)]), is_frame("pairs.csv"), is_frame({"data": {}})
    (True, True, False, False)
    """
    return _reader_of(value) is not None


def frame_rows(frame: object) -> list[dict[str, Value]]:
    """The rows of a frame with plain values: missing values are None, dates are text in ISO format.

    Tuples of three get the columns left, right and label (or score, for numbers other than 0 and 1); tuples of two get
    text and label. Classes of a Hugging Face data set are their names.

    Raises: DataError for another type, no rows, rows of different lengths, or a value that no file can have.

    >>> frame_rows([("a", "b", 1)])
    [{'left': 'a', 'right': 'b', 'label': 1}]
    """
    reader = _reader_of(frame)
    if reader is None:
        remedy = "expected a frame of pandas, polars, pyarrow or datasets, or a list of tuples"
        raise DataError("FRAME_TYPE", f"found {type(frame).__name__}", place="the frame", remedy=remedy)
    rows = [_plain_row(number, row) for number, row in enumerate(reader(frame), start=1)]
    if not rows:
        raise DataError("DATA_NO_ROWS", "no rows", place="the frame", remedy="expected at least one row")
    return rows


def refuse_no_data(value: object) -> None:
    """Raises: DataError for a value that is neither a frame nor a mapping with a config or with frames."""
    if value is None or not isinstance(value, Mapping):
        frame_rows(value)
    mixed = isinstance(value, Mapping) and any(map(is_frame, value.values()))
    if mixed:
        cause = "some splits are frames and some are not"
        remedy = "give a frame for each split, or a file for each in a config: {'data': {'train': ..., 'test': ...}}"
        raise DataError("FRAME_SPLITS", cause, place="the frames", remedy=remedy)


def _reader_of(value: object) -> Callable[[Any], Rows] | None:
    if _is_list(value):
        return _of_list
    for library, names, reader in LIBRARIES:
        module = sys.modules.get(library)  # a value of a library exists only if that was imported
        if module is not None and isinstance(value, tuple(getattr(module, name) for name in names)):
            return reader
    return None


def _is_list(value: object) -> TypeGuard[Sequence[object]]:
    return isinstance(value, (list, tuple)) and all(isinstance(row, (tuple, list, Mapping)) for row in value)


def _of_pandas(frame: object) -> Rows:
    assert isinstance(frame, pd.DataFrame)
    names = [str(name) for name in frame.columns]
    _refuse_twice(names)
    return (dict(zip(names, row, strict=True)) for row in frame.itertuples(index=False, name=None))


def _refuse_twice(names: Sequence[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        cause = f"column '{twice[0]}' occurs more than once"
        raise DataError("DATA_HEADER", cause, place="the frame", remedy="give each column its own name")


def _of_polars(frame: object) -> Rows:
    collect: Callable[[], Any] | None = getattr(frame, "collect", None)
    collected: Any = frame if collect is None else collect()
    rows: Rows = collected.iter_rows(named=True)
    return rows


class _ListedRows(Protocol):
    @property
    def schema(self) -> Any: ...

    def to_pylist(self) -> list[dict[str, object]]: ...


def _of_pyarrow(frame: _ListedRows) -> Rows:
    _refuse_twice(frame.schema.names)
    return iter(frame.to_pylist())


def _of_datasets(frame: object) -> Rows:
    """The rows of a Hugging Face data set. A class is a number there, and -1 a missing one."""
    frame = _with_plain_rows(frame)
    features: Mapping[str, object] = getattr(frame, "features", None) or {}
    classes = {name: feature.names for name, feature in features.items() if hasattr(feature, "names")}
    assert isinstance(frame, Iterable)
    for row in frame:
        yield {name: _class_name(value, classes.get(name)) for name, value in row.items()}


def _with_plain_rows(frame: object) -> object:
    """The data set with Python's values, whatever `set_format` is set to; a function of the user still applies.

    In the formats torch, pandas and polars a row has tensors, or is a frame of one row (datasets 5.2).
    """
    form = getattr(frame, "format", None)  # of a streamed data set, it is private
    kind = getattr(getattr(frame, "_formatting", None), "format_type", None) if form is None else form["type"]
    with_format: Callable[..., object] | None = getattr(frame, "with_format", None)
    if kind in (None, CUSTOM) or with_format is None:
        return frame
    return with_format(None) if form is None else with_format(None, columns=form["columns"])


def _class_name(value: object, names: Sequence[str] | None) -> object:
    if names is None or not isinstance(value, int):
        return value
    return names[value] if value >= 0 else None


def _of_list(rows: object) -> Rows:
    assert _is_list(rows)
    if all(isinstance(row, Mapping) for row in rows):
        return (dict(row) for row in rows if isinstance(row, Mapping))
    return _of_tuples([row for row in rows if isinstance(row, (tuple, list))], len(rows))


def _of_tuples(rows: Sequence[Sequence[object]], count: int) -> Rows:
    widths = {len(row) for row in rows}
    names = getattr(rows[0], "_fields", None) or NAMES.get(len(rows[0]))
    if len(widths) > 1 or len(rows) < count or names is None:
        found = f"rows with {' and '.join(map(str, sorted(widths)))} values" if len(rows) == count else "mixed rows"
        raise DataError("FRAME_ROWS", f"found {found}", place="the list of rows", remedy=EXPECTED)
    if names == NAMES[3] and any(not _is_label(row[2]) for row in rows):
        names = ("left", "right", "score")
    return (dict(zip(names, row, strict=True)) for row in rows)


def _is_label(value: object) -> bool:
    return isinstance(value, (str, bool, np.bool_)) or value is None or value in (0, 1)


LIBRARIES: tuple[tuple[str, tuple[str, ...], Callable[[Any], Rows]], ...] = (
    ("pandas", ("DataFrame",), _of_pandas),
    ("polars", ("DataFrame", "LazyFrame"), _of_polars),
    ("pyarrow", ("Table", "RecordBatch"), _of_pyarrow),
    ("datasets", ("Dataset", "IterableDataset"), _of_datasets),
)


def _plain_row(number: int, row: Mapping[str, object]) -> dict[str, Value]:
    plain: dict[str, Value] = {}
    for name, value in row.items():
        try:
            plain[str(name)] = _plain(value)
        except (TypeError, ValueError) as error:
            cause = f"row {number}, column '{name}': {error}"
            remedy = "expected a text, a number, a date or nothing"
            raise DataError("FRAME_VALUE", cause, place="the frame", remedy=remedy) from error
    return plain


def _plain(value: object) -> Value:
    """A value that JSON has. Raises: ValueError, TypeError for one that it lacks."""
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, (np.generic, np.ndarray)):
        return _plain(value.tolist())
    if isinstance(value, str):
        value.encode()  # half a character cannot be written
        return value
    if isinstance(value, float):
        return None if math.isnan(value) else value if math.isfinite(value) else str(value)
    if isinstance(value, (bool, int)):
        return value
    return _plain_object(value)


def _plain_object(value: object) -> Value:
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, (decimal.Decimal, datetime.timedelta)):
        return str(value)
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    raise TypeError(f"found a value of type {type(value).__name__}")
