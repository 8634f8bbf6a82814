"""The items of an index: id, text and metadata a line of JSON, read only where a search finds them."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import numpy as np

from seqtwin.errors import DamagedError, DataError

Columns = Mapping[str, Sequence[Any]]


@dataclass(frozen=True)
class Item:
    """What an index knows of one vector. `text` is empty for a series."""

    id: str
    text: str
    metadata: dict[str, Any]


@dataclass(frozen=True)
class Items:
    """Lines of JSON; `ends` are the places after each line's end."""

    data: bytes
    ends: np.ndarray

    @classmethod
    def of(cls, data: bytes) -> "Items":
        """The items of a file's bytes.

        Raises: DamagedError when the last line has no end.
        """
        if data[-1:] not in (b"", b"\n"):
            raise DamagedError("INDEX_DAMAGED", "the last line is cut", place="items.jsonl")
        return cls(data, np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == ord("\n")) + 1)

    @classmethod
    def made(cls, ids: Sequence[str], texts: Iterable[str], metadata: Columns) -> "Items":
        """Items from columns.

        Raises: DataError for metadata that JSON cannot hold.
        """
        rows = [dict(zip(metadata, row, strict=True)) for row in zip(*metadata.values(), strict=True)]
        kept = rows if metadata else repeat({}, len(ids))
        lines = (_line(one, text, row) for one, text, row in zip(ids, texts, kept, strict=True))
        return cls.of(b"".join(lines))

    def __len__(self) -> int:
        return len(self.ends)

    def __getitem__(self, row: int) -> Item:
        line = self._line(row)
        try:
            found = json.loads(line)
            item = Item(found["id"], found["text"], found["metadata"])
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise DamagedError("INDEX_DAMAGED", f"line {row + 1} is no item", place="items.jsonl") from error
        if not isinstance(item.id, str) or not isinstance(item.text, str) or not isinstance(item.metadata, dict):
            raise DamagedError("INDEX_DAMAGED", f"line {row + 1} is no item", place="items.jsonl")
        return item

    def __iter__(self) -> Iterator[Item]:
        return (self[row] for row in range(len(self)))

    def __add__(self, other: "Items") -> "Items":
        return Items.of(self.data + other.data)

    def kept(self, keep: np.ndarray) -> "Items":
        """Those where Bool[n] is true."""
        return Items.of(b"".join(self._line(int(row)) for row in np.flatnonzero(keep)))

    def _line(self, row: int) -> bytes:
        return self.data[self.ends[row - 1] if row else 0 : self.ends[row]]


def _line(one: str, text: str, metadata: dict[str, Any]) -> bytes:
    try:
        found = {"id": one, "text": text, "metadata": metadata}
        line = json.dumps(found, ensure_ascii=False, allow_nan=False, default=_plain)
    except (TypeError, ValueError) as error:
        cause = f"item '{one[:40]}': metadata must be texts, finite numbers, booleans or None: {error}"
        raise DataError("INDEX_METADATA", cause, place="index") from error
    # a lone surrogate has no UTF-8
    return line.encode("utf-8", "replace") + b"\n"


def _plain(value: Any) -> Any:
    """A number of numpy as one of Python."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"got a {type(value).__name__}")


def check_columns(count: int, metadata: Columns, expected: Sequence[str] | None) -> None:
    """Nothing, when every column has a value for each item and the columns are those expected.

    Raises: DataError.
    """
    for name, values in metadata.items():
        if len(values) != count:
            cause = f"metadata '{name}': expected {count} values, got {len(values)}"
            raise DataError("INDEX_METADATA", cause, place="index")
    if expected is not None and sorted(metadata) != sorted(expected):
        cause = f"expected the metadata columns [{', '.join(expected)}], got [{', '.join(metadata)}]"
        raise DataError("INDEX_METADATA", cause, place="index")


def check_ids(ids: Sequence[str], known: Iterable[str], count: int) -> None:
    """Nothing, when there is an id for each item and none stands twice.

    Raises: DataError that names the first one that does.
    """
    if len(ids) != count:
        raise DataError("INDEX_IDS", f"expected {count} ids, got {len(ids)}", place="index")
    seen = set(known)
    for one in ids:
        if one in seen:
            cause = f"the id '{one[:80]}' stands twice; expected a different one for each item"
            raise DataError("INDEX_IDS", cause, place="index", remedy="name another column of ids, or remove it first")
        seen.add(one)
