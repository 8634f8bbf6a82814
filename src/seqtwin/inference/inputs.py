"""The inputs of an encoder: texts or series as a user passes them, checked. Without torch."""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import cast

import numpy as np
from typing_extensions import TypeIs

from seqtwin.errors import DataError
from seqtwin.inference.blank_texts import is_missing


def list_items(texts: object) -> list[object]:
    """The items of any iterable as a list; a single text becomes a list of one.

    Raises: DataError for an object that is not iterable, has no order (a set), or is a table or a mapping.

    >>> list_items("Wien"), list_items(text for text in ("Wien", "Graz"))
    (['Wien'], ['Wien', 'Graz'])
    """
    texts = python_values(texts)
    if isinstance(texts, str):
        return [texts]
    if not is_ordered(texts):
        cause = f"expected a list of texts, got an object of type {type(texts).__name__}"
        remedy = "pass one column of the table" if hasattr(texts, "columns") else "pass a list, a column or an array"
        raise DataError("ENCODE_TYPE", cause, place="encode", remedy=remedy)
    return list(texts)


def is_ordered(texts: object) -> TypeIs[Iterable[object]]:
    """Whether an object is iterable, and yields its items in order: a set, a mapping or a table does not.

    They would yield keys or column names, or another order each time.
    """
    return isinstance(texts, Iterable) and not isinstance(texts, (Mapping, Set)) and not hasattr(texts, "columns")


def python_values(texts: object) -> object:
    """A column of pyarrow as a list, an array without dimensions as its one value; any other object as it is.

    A column of pyarrow yields scalars of its own types, not texts.

    >>> python_values(np.array("Wien")), python_values(["Wien"])
    ('Wien', ['Wien'])
    """
    if isinstance(texts, np.ndarray) and not texts.ndim:
        return texts.item()
    to_list = None if hasattr(texts, "columns") else getattr(texts, "to_pylist", None)
    return to_list() if callable(to_list) else texts


def check_texts(items: Sequence[object]) -> list[str]:
    """The items, checked to be texts.

    Raises: DataError that names the first item that is not a text.
    """
    if set(map(type, items)) <= {str}:  # several times faster than to look at each
        return cast("list[str]", list(items))
    texts = [item for item in items if isinstance(item, str)]
    if len(texts) < len(items):
        row = next(row for row, item in enumerate(items) if not isinstance(item, str))
        raise wrong_item(items[row], row, "encode")
    return texts


def wrong_item(item: object, row: int, place: str) -> DataError:
    """The error for an item that is not a text; `row`: its number in the user's list."""
    if is_missing(item):
        remedy = "leave out missing values, with the method dropna() of a column of pandas for example"
        cause = f"item {row} is missing ({item!r}); expected a text"
        return DataError("ENCODE_TYPE", cause, place=place, remedy=remedy)
    cause = f"item {row}: expected a text, got an object of type {type(item).__name__}"
    return DataError("ENCODE_TYPE", cause, place=place, remedy="convert the values to texts, for example with str()")


def check_series(item: object, channels: int) -> np.ndarray:
    """A series as float32 [time, channels].

    Raises: DataError for another shape, or for numbers that are not finite.

    >>> check_series([[1, 2]], 2)
    array([[1., 2.]], dtype=float32)
    """
    item = list(item) if isinstance(item, Iterator) else item
    try:
        array = np.asarray(item, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise DataError("ENCODE_SERIES", f"expected numbers [time, {channels} channels]", place="encode") from error
    if array.ndim != 2 or not len(array) or array.shape[1] != channels or not np.isfinite(array).all():
        cause = f"expected finite numbers [time >= 1, {channels} channels], got shape {array.shape}"
        remedy = "put a single series into a list: encode([series])" if array.ndim == 1 else ""
        raise DataError("ENCODE_SERIES", cause, place="encode", remedy=remedy)
    return array
