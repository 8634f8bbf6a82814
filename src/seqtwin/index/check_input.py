"""Checks of what an index accepts: items with their ids and metadata, vectors of its encoder, and k."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from seqtwin.data.tokens.equal_texts import in_blocks
from seqtwin.errors import ConfigError, DataError
from seqtwin.index.corpus import Columns, Items, check_columns, check_ids
from seqtwin.index.exact_search import Array
from seqtwin.index.hits import Encoder
from seqtwin.inference.blank_texts import is_missing, text_readings
from seqtwin.inference.inputs import wrong_item

_SPOT = 8  # rows whose given vectors are checked


def check_indexable(encoder: Encoder) -> None:
    """Refuse an encoder whose similarity no index can serve.

    Raises: ConfigError.
    """
    if not encoder.indexable:
        cause = f"no index can serve the similarity '{encoder.similarity_name}': it does not follow from a distance"
        remedy = "build the index with another encoder and use this one to re-rank: search(..., rerank=encoder)"
        raise ConfigError("NOT_INDEXABLE", cause, place="index", remedy=remedy)


def check_k(k: object, name: str = "k") -> None:
    """Refuse a k that is not a positive integer. `name`: of the setting, for the error.

    Raises: ConfigError.
    """
    if not isinstance(k, (int, np.integer)) or isinstance(k, bool) or k < 1:
        raise ConfigError("SEARCH_K", f"{name}: expected a positive integer, got {k!r}", place="search")


@dataclass(frozen=True)
class Given:
    """Items with their ids, metadata and vectors. `places`: Int[items], the row of each item in the user's list."""

    items: Sequence[object]
    places: Array
    ids: Iterable[object] | None
    metadata: Columns
    vectors: Array | None

    def ids_or_rows(self, start: int) -> Iterable[object]:
        """The ids; if none were given, the row numbers, counted from `start`."""
        return (self.places + start).tolist() if self.ids is None else self.ids


def without_blank(
    encoder: Encoder,
    items: Sequence[object],
    ids: Iterable[object] | None,
    metadata: Columns,
    vectors: Array | None,
) -> Given:
    """The items that are not blank texts, with their ids, metadata and vectors.

    Raises: DataError for ids, columns or vectors that do not fit the items.
    """
    every: Array = np.arange(len(items))
    places: Array = every if encoder.inputs != "tokens" else np.flatnonzero(_present(encoder, items))
    if len(places) == len(items):
        return Given(items, every, ids, metadata, vectors)
    check_columns(len(items), metadata, None)
    rows = places.tolist()
    own_ids = None if ids is None else _select_ids(list(ids), rows, len(items))
    columns = {name: [values[row] for row in rows] for name, values in metadata.items()}
    own_vectors = None if vectors is None else checked_shape(vectors, len(items), encoder.dim)[places]
    return Given([items[row] for row in rows], places, own_ids, columns, own_vectors)


def _present(encoder: Encoder, items: Sequence[object]) -> list[bool]:
    """Whether each item is a text that is not blank, or an object of another type, which is refused later."""
    texts = list(dict.fromkeys(item for item in items if isinstance(item, str)))
    present: dict[str, bool] = {}
    for block in in_blocks(texts):
        present |= {text: own.key is not None for text, own in zip(block, text_readings(encoder, block), strict=True)}
    return [present[item] if isinstance(item, str) else not is_missing(item) for item in items]


def _select_ids(ids: list[object], rows: list[int], count: int) -> list[object]:
    if len(ids) != count:
        raise DataError("INDEX_IDS", f"expected {count} ids, got {len(ids)}", place="index")
    return [ids[row] for row in rows]


def items_to_store(
    encoder: Encoder, given: Given, start: int, known: Iterable[str], columns: Sequence[str] | None
) -> Items:
    """The items as they are stored. Without ids, they are numbered from `start`.

    `known`: the ids in the index; `columns`: its metadata columns, None for a new index.

    Raises: DataError for no items, for ids that are repeated or `known`, and for columns that do not fit.
    """
    if not given.items:
        raise no_texts()
    ids = [str(id_) for id_ in given.ids_or_rows(start)]
    check_ids(ids, known, len(given.items))
    check_columns(len(given.items), given.metadata, columns)
    texts = _texts(given) if encoder.inputs == "tokens" else [""] * len(given.items)
    return Items.from_columns(ids, texts, given.metadata)


def no_texts() -> DataError:
    """The error for items without any text."""
    return DataError("INDEX_EMPTY", "no texts; expected at least one that is not blank", place="index")


def _texts(given: Given) -> list[str]:
    for item, place in zip(given.items, given.places, strict=True):
        if not isinstance(item, str):
            raise wrong_item(item, int(place), "index")
    return [str(item) for item in given.items]


def encode_or_check(encoder: Encoder, items: Sequence[object], vectors: Array | None, show: bool) -> Array:
    """The vectors of the items: encoded, or those given. A few of the given ones are compared with the encoder's.

    `show`: show a progress bar.

    Raises: ConfigError for vectors of another encoder; DataError.
    """
    if vectors is None:
        return encoder.encode(items, show_progress_bar=show)
    checked = checked_vectors(vectors, len(items), encoder.dim)
    rows = np.unique(np.linspace(0, len(items) - 1, min(_SPOT, len(items))).astype(int))
    expected = encoder.encode([items[row] for row in rows])
    if not np.allclose(checked[rows], expected, rtol=1e-3, atol=1e-4):
        cause = "the given vectors are not the vectors of these texts by this encoder"
        remedy = "encode the texts with this encoder, without normalize_embeddings"
        raise ConfigError("INDEX_OTHER_ENCODER", cause, place="index", remedy=remedy)
    return checked


def checked_vectors(vectors: Array, count: int | None, dim: int) -> Array:
    """Vectors as float32 [count, dim].

    Raises: DataError for another shape, or for numbers that are not finite.
    """
    checked = checked_shape(vectors, count, dim)
    if not np.isfinite(checked).all():
        raise DataError("VECTOR_FINITE", "expected vectors of finite numbers, got NaN or infinity", place="index")
    return checked


def checked_shape(vectors: Array, count: int | None, dim: int) -> Array:
    """Vectors as float32 [count, dim]. Rows of blank texts may contain numbers that are not finite.

    Raises: DataError for another shape.
    """
    checked = np.atleast_2d(np.asarray(vectors, dtype=np.float32))
    if checked.ndim != 2 or checked.shape[1] != dim or count not in (None, len(checked)):
        rows = "n" if count is None else count
        raise DataError("VECTOR_WIDTH", f"expected vectors [{rows}, {dim}], got shape {checked.shape}", place="index")
    return checked
