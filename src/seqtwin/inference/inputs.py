"""What a user hands to an encoder, checked, and its batches; without torch, so that every backend shares it."""

from collections.abc import Iterable, Iterator, Mapping, Set
from typing import Any

import numpy as np

from seqtwin.errors import ConfigError, DataError

MOST_STEPS = 2**18  # of one batch


def items_of(texts: Any) -> list[Any]:
    """The items of any iterable; one text alone is a list of one.

    Raises: DataError for what has no items, or has them in no order (a set), or is a table or a mapping.

    >>> items_of("Wien"), items_of(text for text in ("Wien", "Graz"))
    (['Wien'], ['Wien', 'Graz'])
    """
    if isinstance(texts, str):
        return [texts]
    # these would be iterated by their keys or column names, or in another order each time
    if not isinstance(texts, Iterable) or isinstance(texts, (Mapping, Set)) or hasattr(texts, "columns"):
        raise DataError("ENCODE_TYPE", f"expected a list of texts, got a {type(texts).__name__}", place="encode")
    return list(texts)


def texts_of(items: list[Any]) -> list[str]:
    """The items, when all of them are texts.

    Raises: DataError that names the first that is none.
    """
    wrong = next((row for row, item in enumerate(items) if not isinstance(item, str)), None)
    if wrong is not None:
        cause = f"expected texts, got a {type(items[wrong]).__name__} (item {wrong})"
        raise DataError("ENCODE_TYPE", cause, place="encode")
    return items


def series_of(item: Any, channels: int) -> np.ndarray:
    """A series as float32 [time, channels].

    Raises: DataError for another shape, or numbers that are not finite.

    >>> series_of([[1, 2]], 2)
    array([[1., 2.]], dtype=float32)
    """
    item = list(item) if isinstance(item, Iterator) else item
    try:
        array = np.asarray(item, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise DataError("ENCODE_SERIES", f"expected numbers [time, {channels} channels]", place="encode") from error
    if array.ndim != 2 or not len(array) or array.shape[1] != channels or not np.isfinite(array).all():
        cause = f"expected finite numbers [time >= 1, {channels} channels], got shape {array.shape}"
        remedy = "one series alone goes into a list: encode([series])" if array.ndim == 1 else ""
        raise DataError("ENCODE_SERIES", cause, place="encode", remedy=remedy)
    return array


def batches_of(lengths: np.ndarray, size: int) -> Iterator[np.ndarray]:
    """Rows of every batch, shortest first; a batch of long sequences has fewer rows, so that memory stays small.

    Raises: ConfigError for a size that cannot be.

    >>> [rows.tolist() for rows in batches_of(np.array([9, 1, 2]), 2)]
    [[1, 2], [0]]
    """
    if size < 1:
        raise ConfigError("ENCODE_BATCH", f"batch_size: expected 1 or more, got {size}", place="encode")
    order = np.argsort(lengths, kind="stable")
    for start in range(0, len(order), size):
        rows = order[start : start + size]
        step = max(1, MOST_STEPS // int(lengths[rows[-1]]))
        yield from (rows[i : i + step] for i in range(0, len(rows), step))


def shown(batches: Iterator[np.ndarray], show: bool) -> Iterable[np.ndarray]:
    """The batches, with a bar on stderr while they are gone through, where it is a terminal."""
    if not show:
        return batches
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    return track(list(batches), "encoding", console=console, disable=not console.is_terminal)
