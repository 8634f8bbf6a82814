"""Pairs from groups: balanced, never twice, never wrong."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtwin.data.sampling import balanced_pairs, evenly, pairs_by_split, split_items

groups_of = st.lists(st.integers(0, 4), min_size=0, max_size=40).map(np.array)


@given(groups=groups_of, count=st.integers(0, 60), seed=st.integers(0, 9))
def test_pairs_are_balanced_distinct_and_right(groups, count, seed):
    pairs, target = balanced_pairs(groups.astype(int), count, np.random.default_rng(seed))
    assert len(pairs) <= count
    assert target.sum() * 2 == len(target)
    assert len({frozenset(pair) for pair in pairs.tolist()}) == len(pairs)
    assert all((groups[a] == groups[b]) == bool(t) and a != b for (a, b), t in zip(pairs, target, strict=True))


@given(items=st.integers(1, 30), count=st.integers(0, 90))
def test_items_are_used_evenly(items, count):
    used = np.bincount(evenly(items, count, np.random.default_rng(0)), minlength=items)
    assert used.sum() == count
    assert used.max() - used.min() <= 1


def test_all_pairs_are_found_when_few_exist():
    pairs, target = balanced_pairs(np.array([0, 0, 1, 1]), 4, np.random.default_rng(1))
    assert {tuple(sorted(p)) for p, t in zip(pairs.tolist(), target, strict=True) if t} == {(0, 1), (2, 3)}


@given(groups=groups_of)
def test_split_items_is_a_partition(groups):
    if not len(groups):
        return
    parts = split_items(groups, (0.7, 0.15, 0.15), np.random.default_rng(0))
    assert sorted(np.concatenate(list(parts.values())).tolist()) == list(range(len(groups)))


def test_a_split_without_pairs_is_refused():
    with pytest.raises(ValueError, match="test: no pairs"):
        pairs_by_split(
            {"train": np.arange(4), "test": np.array([4, 5])},
            np.array([0, 0, 1, 1, 2, 3]),
            20,
            np.random.default_rng(0),
        )
