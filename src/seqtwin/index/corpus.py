"""The items of an index: one line of JSON each, with id, text and metadata, parsed only when a search returns it."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat

import numpy as np

from seqtwin.errors import DamagedError, DataError

Columns = Mapping[str, Sequence[object]]


@dataclass(frozen=True)
class Item:
    """The record of one vector. `text` is empty for a series."""

    id: str
    text: str
    metadata: dict[str, object]


@dataclass(frozen=True)
class Items:
    """Items as lines of JSON. `ends`: Int[items], the offset after each line."""

    data: bytes
    ends: np.ndarray

    @classmethod
    def from_bytes(cls, data: bytes) -> "Items":
        """The items in the bytes of a file.

        Raises: DamagedError if the last line is incomplete.
        """
        if data[-1:] not in (b"", b"\n"):
            raise DamagedError("INDEX_DAMAGED", "the last line is incomplete", place="items.jsonl")
        return cls(data, np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == ord("\n")) + 1)

    @classmethod
    def from_columns(cls, ids: Sequence[str], texts: Iterable[str], metadata: Columns) -> "Items":
        """Items from one id, one text and one value per metadata column each.

        Raises: DataError for metadata that JSON cannot represent.
        """
        rows = [dict(zip(metadata, row, strict=True)) for row in zip(*metadata.values(), strict=True)]
        records = zip(ids, texts, rows if metadata else repeat({}, len(ids)), strict=True)
        return cls.from_bytes(b"".join(_json_line(id_, text, row) for id_, text, row in records))

    def __len__(self) -> int:
        return len(self.ends)

    def __getitem__(self, row: int) -> Item:
        try:
            record = json.loads(self._line(row))
            item = Item(record["id"], record["text"], record["metadata"])
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise _not_an_item(row) from error
        if not isinstance(item.id, str) or not isinstance(item.text, str) or not isinstance(item.metadata, dict):
            raise _not_an_item(row)
        return item

    def __iter__(self) -> Iterator[Item]:
        return (self[row] for row in range(len(self)))

    def __add__(self, other: "Items") -> "Items":
        return Items.from_bytes(self.data + other.data)

    def select(self, keep: np.ndarray) -> "Items":
        """The items for which `keep`, Bool[n], is true."""
        return Items.from_bytes(b"".join(self._line(int(row)) for row in np.flatnonzero(keep)))

    def _line(self, row: int) -> bytes:
        return self.data[self.ends[row - 1] if row else 0 : self.ends[row]]


def _not_an_item(row: int) -> DamagedError:
    return DamagedError("INDEX_DAMAGED", f"line {row + 1} is not an item", place="items.jsonl")


def _json_line(id_: str, text: str, metadata: dict[str, object]) -> bytes:
    try:
        record = {"id": id_, "text": text, "metadata": metadata}
        line = json.dumps(record, ensure_ascii=False, allow_nan=False, default=_plain_number)
    except (TypeError, ValueError) as error:
        cause = f"item '{id_[:40]}': expected metadata of texts, finite numbers, booleans or None: {error}"
        raise DataError("INDEX_METADATA", cause, place="index") from error
    # a lone surrogate has no UTF-8
    return line.encode("utf-8", "replace") + b"\n"


def _plain_number(value: object) -> object:
    """A number of numpy as one of Python."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"got a {type(value).__name__}")


def check_columns(count: int, metadata: Columns, expected: Sequence[str] | None) -> None:
    """Check that every column has one value per item, and that the columns are the expected ones (None: any).

    Raises: DataError.
    """
    for name, values in metadata.items():
        if len(values) != count:
            cause = f"metadata '{name}': expected {count} values, got {len(values)}"
            raise DataError("INDEX_METADATA", cause, place="index")
    if expected is not None and sorted(metadata) != sorted(expected):
        cause = f"expected the metadata columns [{', '.join(expected)}], got [{', '.join(metadata)}]"
        remedy = "name the same columns as when the index was built, or build a new index"
        raise DataError("INDEX_METADATA", cause, place="index", remedy=remedy)


def check_ids(ids: Sequence[str], known: Iterable[str], count: int) -> None:
    """Check that there is one id per item, and that no id is repeated or `known`.

    Raises: DataError that names the first repeated id.
    """
    if len(ids) != count:
        raise DataError("INDEX_IDS", f"expected {count} ids, got {len(ids)}", place="index")
    seen = set(known)
    for id_ in ids:
        if id_ in seen:
            cause = f"the id '{id_[:80]}' is used twice; expected a different id for each item"
            remedy = "choose another column of ids, or remove the old item first"
            raise DataError("INDEX_IDS", cause, place="index", remedy=remedy)
        seen.add(id_)
