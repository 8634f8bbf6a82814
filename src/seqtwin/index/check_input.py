"""What may enter an index: texts with ids and metadata that fit, vectors of its encoder, a k that can be."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from seqtwin.errors import ConfigError, DataError
from seqtwin.index.corpus import Columns, Items, check_columns, check_ids
from seqtwin.index.exact_search import Array
from seqtwin.index.hits import Encoder
from seqtwin.inference.blank_texts import is_missing, readings_of

_SPOT = 8


def check_indexable(encoder: Encoder) -> None:
    """Nothing, for an encoder whose similarity an index can serve.

    Raises: ConfigError.
    """
    if not encoder.indexable:
        cause = f"no index can serve the similarity '{encoder.similarity_name}': it is no function of a distance"
        remedy = "build the index with another encoder and use this one to re-rank: search(..., rerank=encoder)"
        raise ConfigError("NOT_INDEXABLE", cause, place="index", remedy=remedy)


def check_k(k: int) -> None:
    """Nothing, for a whole number from 1 on.

    Raises: ConfigError.
    """
    if not isinstance(k, (int, np.integer)) or isinstance(k, bool) or k < 1:
        raise ConfigError("SEARCH_K", f"k: expected a whole number from 1 on, got {k!r}", place="search")


@dataclass(frozen=True)
class Given:
    """Items with what belongs to each. `places`: Int[items], the row of each among all that were given."""

    items: list[Any]
    places: Array
    ids: Iterable[Any] | None
    metadata: Columns
    vectors: Array | None

    def named(self, start: int) -> Iterable[Any]:
        """The ids; without any the row numbers, counted from `start`."""
        return (self.places + start).tolist() if self.ids is None else self.ids


def without_blank(
    encoder: Encoder, items: list[Any], ids: Iterable[Any] | None, metadata: Columns, vectors: Array | None
) -> Given:
    """The items that are no blank texts, with their ids, metadata and vectors; numbered as all of them were.

    Raises: DataError for ids, columns or vectors that do not fit the items.
    """
    every: Array = np.arange(len(items))
    there: Array = every if encoder.inputs != "tokens" else np.flatnonzero(_present(encoder, items))
    if len(there) == len(items):
        return Given(items, every, ids, metadata, vectors)
    check_columns(len(items), metadata, None)
    names = None if ids is None else _taken(list(ids), there, len(items))
    kept = {name: [values[row] for row in there.tolist()] for name, values in metadata.items()}
    own = None if vectors is None else checked_shape(vectors, len(items), encoder.dim)[there]
    return Given([items[row] for row in there], there, names, kept, own)


def _present(encoder: Encoder, items: Sequence[Any]) -> list[bool]:
    """Which items are no blank texts; what is no text at all is left for others to refuse."""
    texts = list(dict.fromkeys(item for item in items if isinstance(item, str)))
    read = dict(zip(texts, readings_of(encoder, texts), strict=True))
    return [read[item].key is not None if isinstance(item, str) else not is_missing(item) for item in items]


def _taken(ids: list[Any], rows: Array, count: int) -> list[Any]:
    if len(ids) != count:
        raise DataError("INDEX_IDS", f"expected {count} ids, got {len(ids)}", place="index")
    return [ids[row] for row in rows]


def listed(
    encoder: Encoder,
    given: Given,
    start: int,
    known: Iterable[str],
    columns: Sequence[str] | None,
) -> Items:
    """The items as they are stored; ids from `start` on where none are given.

    Raises: DataError for no items, ids that stand twice or are `known`, columns that do not fit.
    """
    items, metadata = given.items, given.metadata
    if not items:
        raise DataError("INDEX_EMPTY", "no texts; expected one or more that are not blank", place="index")
    names = [str(one) for one in given.named(start)]
    check_ids(names, known, len(items))
    check_columns(len(items), metadata, columns)
    return Items.made(names, _texts(given) if encoder.inputs == "tokens" else [""] * len(items), metadata)


def _texts(given: Given) -> Sequence[str]:
    wrong = next((row for row, item in enumerate(given.items) if not isinstance(item, str)), None)
    if wrong is not None:
        cause = f"expected texts, got a {type(given.items[wrong]).__name__} (item {given.places[wrong]})"
        raise DataError("ENCODE_TYPE", cause, place="index")
    return given.items


def vectors_of(encoder: Encoder, items: Sequence[Any], given: Array | None, show: bool) -> Array:
    """The vectors of the items: encoded, or those given after a few were found to be this encoder's.

    Raises: ConfigError, DataError.
    """
    if given is None:
        return encoder.encode(items, show_progress_bar=show)
    vectors = checked_vectors(given, len(items), encoder.dim)
    rows = np.unique(np.linspace(0, len(items) - 1, min(_SPOT, len(items))).astype(int))
    expected = encoder.encode([items[row] for row in rows])
    if not np.allclose(vectors[rows], expected, rtol=1e-3, atol=1e-4):
        cause = "these vectors are not those this encoder gives these texts"
        remedy = "encode the texts with this encoder, without normalize_embeddings"
        raise ConfigError("INDEX_OTHER_ENCODER", cause, place="index", remedy=remedy)
    return vectors


def checked_vectors(vectors: Array, count: int | None, dim: int) -> Array:
    """Vectors as float32 [count, dim].

    Raises: DataError for another shape, or numbers that are not finite.
    """
    found = checked_shape(vectors, count, dim)
    if not np.isfinite(found).all():
        raise DataError("VECTOR_FINITE", "expected finite numbers", place="index")
    return found


def checked_shape(vectors: Array, count: int | None, dim: int) -> Array:
    """The same where rows may hold numbers that are not finite: those of blank texts.

    Raises: DataError for another shape.
    """
    found = np.atleast_2d(np.asarray(vectors, dtype=np.float32))
    if found.ndim != 2 or found.shape[1] != dim or count not in (None, len(found)):
        rows = "n" if count is None else count
        raise DataError("VECTOR_WIDTH", f"expected vectors [{rows}, {dim}], got shape {found.shape}", place="index")
    return found
