"""Pairs made from a list: balanced, of texts that no other group has, without pairs that may be the same."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from seqtwin.data.made_pairs import LIKELY_SAME, MadePair, pairs_from_list
from seqtwin.data.split_examples import form
from seqtwin.data.splits import connected_pairs
from seqtwin.errors import DataError

NAMES = [f"{a} {b}" for a in ("amber", "cedar", "brass", "linen", "marble") for b in ("lamp", "table", "chair", "vase")]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text("abcdefgh ", min_size=4, max_size=14), min_size=60, max_size=90), st.integers(0, 5))
def test_the_pairs_of_any_list(texts: list[str], seed: int) -> None:
    pairs = pairs_from_list([*texts, *NAMES], seed=seed)
    assert pairs == pairs_from_list([*texts, *NAMES], seed=seed)
    own = {form(text) for text in (*texts, *NAMES)}
    same, different = ([p for p in pairs if p.label == label] for label in (1, 0))
    assert len(same) == len(different)
    assert all(form(p.left) in own and form(p.right) not in own for p in same), "a copy is no text of the list"
    assert all(form(p.left) != form(p.right) for p in pairs)
    assert len({form(p.left) for p in same}) == len(same), "each text is used once"
    groups = connected_pairs([p.left for p in pairs], [p.right for p in pairs])
    assert sorted(groups.tolist()) == sorted(i for i in range(len(pairs) // 4) for _ in range(4))
    texts_only = [p for p in different if form(p.right) in own]
    assert len(texts_only) * 2 == len(different)
    assert all(Levenshtein.normalized_similarity(p.left, p.right) < LIKELY_SAME for p in texts_only)


def test_likely_duplicates_are_no_different_pair_and_similar_texts_are() -> None:
    pairs = pairs_from_list([*NAMES, *(name + "s" for name in NAMES)])
    different = [(p.left, p.right) for p in pairs if p.label == 0]
    assert not [pair for pair in different if pair[0] + "s" == pair[1] or pair[1] + "s" == pair[0]]
    similar = sum(Levenshtein.normalized_similarity(*pair) for pair in different) / len(different)
    assert similar > 0.4


def test_a_list_that_is_too_small_or_cannot_be_changed_is_refused() -> None:
    for texts in (NAMES[:19], ["", *NAMES[:3] * 30], [str(n) for n in range(100)]):
        with pytest.raises(DataError, match="at least 20 distinct texts with letters") as caught:
            pairs_from_list(texts)
        assert caught.value.code == "LIST_SMALL"


def test_a_pair_is_left_right_and_label() -> None:
    assert vars(MadePair("a", "b", 1)) == {"left": "a", "right": "b", "label": 1}
