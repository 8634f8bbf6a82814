"""The inputs of an encoder: texts or series as a user passes them, checked. Without torch."""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import cast

import numpy as np

from seqtwin.errors import DataError


def list_items(texts: object) -> list[object]:
    """The items of any iterable as a list; a single text becomes a list of one.

    Raises: DataError for an object that is not iterable, has no order (a set), or is a table or a mapping.

    >>> list_items("Wien"), list_items(text for text in ("Wien", "Graz"))
    (['Wien'], ['Wien', 'Graz'])
    """
    if isinstance(texts, str):
        return [texts]
    # iterating over these would yield keys or column names, or another order each time
    if not isinstance(texts, Iterable) or isinstance(texts, (Mapping, Set)) or hasattr(texts, "columns"):
        raise DataError("ENCODE_TYPE", f"expected a list of texts, got a {type(texts).__name__}", place="encode")
    return list(texts)


def check_texts(items: Sequence[object]) -> list[str]:
    """The items, checked to be texts.

    Raises: DataError that names the first item that is not a text.
    """
    if set(map(type, items)) <= {str}:  # several times faster than to look at each
        return cast("list[str]", list(items))
    texts = [item for item in items if isinstance(item, str)]
    if len(texts) < len(items):
        row = next(row for row, item in enumerate(items) if not isinstance(item, str))
        cause = f"expected texts, got a {type(items[row]).__name__} (item {row})"
        raise DataError("ENCODE_TYPE", cause, place="encode")
    return texts


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
