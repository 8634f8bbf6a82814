"""Items of one thing, against a plain loop that joins sets."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from seqtwin.data.known_same import number_things

ITEMS = st.integers(0, 7)
KEYS = st.lists(st.one_of(st.none(), st.integers(0, 4)), min_size=8, max_size=8)


@given(st.lists(st.tuples(ITEMS, ITEMS), max_size=6), st.lists(KEYS, max_size=2))
def test_things_are_what_a_plain_loop_joins(pairs: list[tuple[int, int]], keys: list[list[int | None]]) -> None:
    left, right = (np.array([pair[side] for pair in pairs], dtype=np.int64) for side in (0, 1))
    found = number_things(8, left, right, keys)
    alike = [(a, b) for own in keys for a in range(8) for b in range(8) if own[a] is not None and own[a] == own[b]]
    group = {item: {item} for item in range(8)}
    for a, b in [*pairs, *alike]:
        joined = group[a] | group[b]
        group.update(dict.fromkeys(joined, joined))
    for a in range(8):
        assert {b for b in range(8) if found[b] == found[a]} == group[a]
