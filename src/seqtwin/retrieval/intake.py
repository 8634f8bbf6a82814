"""What may enter an index: texts with ids and metadata that fit, vectors of its encoder, a k that can be."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from seqtwin.errors import ConfigError, DataError
from seqtwin.retrieval.corpus import Columns, Items, check_columns, check_ids
from seqtwin.retrieval.hits import Encoder
from seqtwin.retrieval.neighbours import Array

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


def listed(
    encoder: Encoder,
    items: Sequence[Any],
    ids: Iterable[Any] | None,
    metadata: Columns,
    start: int,
    known: Iterable[str],
    columns: Sequence[str] | None,
) -> Items:
    """The items as they are stored; ids from `start` on where none are given.

    Raises: DataError for no items, ids that stand twice or are `known`, columns that do not fit.
    """
    if not items:
        raise DataError("INDEX_EMPTY", "no texts; expected one or more", place="index")
    names = [str(one) for one in (range(start, start + len(items)) if ids is None else ids)]
    check_ids(names, known, len(items))
    check_columns(len(items), metadata, columns)
    return Items.made(names, _texts(items) if encoder.inputs == "tokens" else [""] * len(items), metadata)


def _texts(items: Sequence[Any]) -> Sequence[str]:
    wrong = next((row for row, item in enumerate(items) if not isinstance(item, str)), None)
    if wrong is not None:
        cause = f"expected texts, got a {type(items[wrong]).__name__} (item {wrong})"
        raise DataError("ENCODE_TYPE", cause, place="index")
    return items


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
    found = np.atleast_2d(np.asarray(vectors, dtype=np.float32))
    if found.ndim != 2 or found.shape[1] != dim or count not in (None, len(found)):
        rows = "n" if count is None else count
        raise DataError("VECTOR_WIDTH", f"expected vectors [{rows}, {dim}], got shape {found.shape}", place="index")
    if not np.isfinite(found).all():
        raise DataError("VECTOR_FINITE", "expected finite numbers", place="index")
    return found
