"""Which items are known to be the same thing: through pairs labelled as the same, equal texts or equal classes."""

from collections.abc import Hashable, Sequence

import numpy as np


def number_things(
    count: int, left: np.ndarray, right: np.ndarray, keys: Sequence[Sequence[Hashable | None]]
) -> np.ndarray:
    """The number of the thing of each of `count` items: Int[count].

    Items are the same thing if they are connected by pairs (`left`, `right`: items of same pairs), directly or through
    others, or if any of their keys is equal. `keys`: lists of one key per item, None for no key.

    >>> number_things(4, np.array([0]), np.array([1]), [["a", "b", "b", None]]).tolist()
    [0, 0, 0, 1]
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    links = [(left, right), *map(_with_first, keys)]
    a, b = (np.concatenate(side) for side in zip(*links, strict=True))
    graph = coo_array((np.ones(len(a), dtype=np.int8), (a, b)), shape=(count, count))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def _with_first(keys: Sequence[Hashable | None]) -> tuple[np.ndarray, np.ndarray]:
    """Each item with a key, and the first item with the same key."""
    first: dict[Hashable, int] = {}
    found = [(place, first.setdefault(key, place)) for place, key in enumerate(keys) if key is not None]
    pairs = np.array(found, dtype=np.int64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]
