"""Splits keep shared texts together; leakage is counted."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtwin.data.splits import clusters, leakage, leakage_notes, split_pairs
from seqtwin.errors import DataError

FRACTIONS = (0.7, 0.15, 0.15)
sides = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=1, max_size=60)


def components(pairs):
    """The plain way: merge sets until nothing changes."""
    sets = []
    for pair in pairs:
        joined = set(pair).union(*[s for s in sets if s & set(pair)])
        sets = [s for s in sets if not s & joined] + [joined]
    return sets


@given(pairs=sides)
def test_clusters_are_components_or_left_texts(pairs):
    left, right = zip(*pairs, strict=True)
    groups, how = clusters(left, right)
    sets = components(pairs)
    home = [next(i for i, s in enumerate(sets) if a in s) for a in left]
    expected = home if "connected components of" in how else list(left)
    assert list(pd.factorize(np.array(expected))[0]) == groups.tolist()
    assert "largest" in how or how


@given(pairs=sides, seed=st.integers(0, 5))
def test_no_text_stands_in_two_splits(pairs, seed):
    left, right = ([f"t{i}" for i in side] for side in zip(*pairs, strict=True))
    try:
        split, how = split_pairs(left, right, FRACTIONS, np.random.default_rng(seed))
    except DataError:
        return
    assert set(split) == {"train", "dev", "test"}
    if "same left text" not in how:
        found = leakage(pd.DataFrame({"left": left, "right": right, "split": split}))
        assert all(one["texts_in_train"] == 0 for one in found.values())


def test_shares_are_met_by_many_small_groups():
    left = [f"l{i}" for i in range(1000)]
    split, _ = split_pairs(left, [f"r{i}" for i in range(1000)], FRACTIONS, np.random.default_rng(0))
    assert pd.Series(split).value_counts().to_dict() == {"train": 700, "dev": 150, "test": 150}


def test_a_giant_component_falls_back_and_says_so():
    left = [f"l{i % 50}" for i in range(500)]
    right = [f"r{i % 49}" for i in range(500)]
    split, how = split_pairs(left, right, FRACTIONS, np.random.default_rng(0))
    assert "same left text" in how
    assert "100%" in how
    by_left = pd.DataFrame({"left": left, "split": split}).groupby("left")["split"].nunique()
    assert by_left.max() == 1


def test_case_and_blanks_tie_texts():
    groups, _ = clusters(["A  b", "x", *"cdefghij"], ["q", "a B", *"CDEFGHIJ"])
    assert groups[0] == groups[1]


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_too_few_pairs_are_refused(rows):
    with pytest.raises(DataError, match="too few for train, dev and test"):
        split_pairs(list("ab")[:rows], list("xy")[:rows], FRACTIONS, np.random.default_rng(0))


@pytest.mark.parametrize("fractions", [(0.5, 0.5), (0.7, 0.3, 0.0), (0.7, 0.2, 0.2)])
def test_impossible_shares_are_refused(fractions):
    with pytest.raises(ValueError, match="three positive shares"):
        split_pairs(list("abc"), list("xyz"), fractions, np.random.default_rng(0))


def test_leakage_counts_texts_and_unordered_pairs():
    frame = pd.DataFrame(
        {
            "left": ["a", "c", "b", "x"],
            "right": ["b", "d", "a", "c"],
            "split": ["train", "train", "test", "test"],
        }
    )
    found = leakage(frame)
    assert found["test"] == {
        "texts_in_train": 3,
        "texts_in_train_share": 0.75,
        "pairs_in_train": 1,
        "pairs_in_train_share": 0.5,
        "pairs_in_dev": 0,
        "pairs_in_dev_share": 0.0,
    }
    assert found["dev"]["texts_in_train"] == 0
    assert "3 texts of test (75.0%)" in leakage_notes(found)[0]


def test_test_pairs_that_occur_in_dev_have_a_note():
    """The file of dev named as test, too: threshold and pairing are then chosen on test. Sides may be exchanged."""
    rows = {"left": ["a", "c", "e", "d", "g"], "right": ["b", "d", "f", "c", "h"]}
    found = leakage(pd.DataFrame({**rows, "split": ["train", "dev", "dev", "test", "test"]}))
    assert found["test"]["pairs_in_dev_share"] == 0.5
    (note,) = leakage_notes(found)
    assert "1 pairs of test (50.0%) also occur in dev" in note
