"""Pairs from groups: balanced, never twice, never wrong."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtwin.data.sample_pairs import MOST_SEARCHED, balanced_pairs, evenly, pairs_by_split, search_among, split_items

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


@given(groups=groups_of, seed=st.integers(0, 3))
def test_each_item_looks_for_the_others_of_its_group(groups, seed):
    items = 100 + np.arange(len(groups))
    task = search_among(items, groups.astype(int), seed)
    alone = all((groups == group).sum() == 1 for group in groups)
    assert (task is None) == alone
    if task is None:
        return
    assert task.corpus == items.tolist()
    for query, itself, answers in zip(task.queries, task.itself, task.relevant, strict=True):
        assert query == task.corpus[itself]
        assert answers == {i for i, group in enumerate(groups) if group == groups[itself] and i != itself}
    assert len(task.queries) == sum((groups == group).sum() > 1 for group in groups)


def test_a_search_is_capped_and_drawn_with_the_seed():
    items = np.arange(2000)
    first, again, other = (search_among(items, items % 3, seed) for seed in (0, 0, 1))
    assert len(first.corpus) == MOST_SEARCHED
    assert first.corpus == again.corpus
    assert first.corpus != other.corpus
