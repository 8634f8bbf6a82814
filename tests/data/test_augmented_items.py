"""The texts of an epoch: the same for the same seed and epoch, all different, and never a text of dev or test."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqtwin.data.augmented_items import Augmented, TextAugmenter
from seqtwin.data.split_examples import form
from seqtwin.data.tokens.tokenizer import TextTokens, train_tokenizer

NAMES = ["Bad Ems", "Bad Homburg", "Köln", "New York", "York", "Αθήνα", "東京 都", "São Paulo"]
ALL = {"drops": 0.3, "swaps": 0.3, "abbreviations": 0.3, "initials": 0.3, "typos": 0.5}
SMALL = st.lists(
    st.text("abc ", min_size=1, max_size=6).map(str.strip).filter(bool), min_size=2, max_size=12, unique=True
)


def augmenter(texts: Sequence[str] = NAMES, *, reserved: Sequence[str] = (), **changes: object) -> TextAugmenter:
    tokens = train_tokenizer([*texts, "."], unit="char")
    usual = {"rates": ALL, "copies": 0.0, "whole": True, "seed": 0}
    return TextAugmenter(texts, tokens.encode(texts), tokens, reserved=reserved, **{**usual, **changes})  # type: ignore[arg-type]


def texts_of(made: Augmented, tokens: TextTokens) -> list[str]:
    items = made.items
    return ["".join(tokens.vocabulary[i] for i in own) for own in np.split(items.steps, items.starts[1:])]


def test_an_epoch_depends_on_the_seed_and_its_number_alone() -> None:
    first, again, other = augmenter(), augmenter(), augmenter(seed=1)
    kept = [texts_of(first.epoch(epoch), first.tokens) for epoch in (1, 2, 3)]
    assert texts_of(again.epoch(3), again.tokens) == kept[2], "an epoch does not need those before it"
    assert len({tuple(texts) for texts in kept}) == 3
    assert texts_of(other.epoch(1), other.tokens) != kept[0]


def test_every_text_keeps_its_place_and_the_counts_are_true() -> None:
    a = augmenter(copies=1.5)
    made = a.epoch(1)
    found = texts_of(made, a.tokens)
    changed = [text != name for text, name in zip(found, NAMES, strict=False)]
    assert a.counts["texts"] == sum(changed) + len(made.copied) == len(found) - changed.count(False)
    assert a.counts["copies"] == len(made.copied) <= 12 == a.copies_per_epoch
    assert max(np.bincount(made.copied)) <= 2
    assert sum(a.counts[name] for name in ALL) >= a.counts["texts"]
    assert a.epoch(2).items.lengths.shape != (8,)
    assert a.counts["texts"] > sum(changed)


def test_copies_alone_leave_the_texts_as_they_are() -> None:
    a = augmenter(copies=1.0, whole=False)
    made = a.epoch(1)
    found = texts_of(made, a.tokens)
    assert found[: len(NAMES)] == NAMES
    assert len(made.copied) > 4
    for text, place in zip(found[len(NAMES) :], made.copied, strict=True):
        assert text != NAMES[place]


@settings(max_examples=60)
@given(SMALL, st.integers(0, 3))
def test_no_two_texts_become_equal_and_none_is_a_text_of_dev_or_test(texts: list[str], seed: int) -> None:
    distinct = list({form(text): text for text in texts}.values())
    own, reserved = distinct[::2], distinct[1::2]
    a = augmenter(own, reserved=reserved, copies=1.0, seed=seed)
    for epoch in (1, 2):
        found = [form(text) for text in texts_of(a.epoch(epoch), a.tokens)]
        assert len(found) == len(set(found))
        assert not set(found) & {form(text) for text in reserved}


def test_a_change_to_another_text_of_the_data_is_left_out_and_counted() -> None:
    a = augmenter(["a b", "b"], reserved=["a", "B A"], rates={"swaps": 1.0, "drops": 0.5})
    assert [texts_of(a.epoch(epoch), a.tokens) for epoch in range(9)] == [["a b", "b"]] * 9
    assert a.counts["left_out"] > 0
    assert a.counts["texts"] == 0


@pytest.mark.parametrize("unit", ["word", "bpe"])
def test_other_tokens_are_changed_too(unit: str) -> None:
    tokens = train_tokenizer(NAMES, unit=unit)
    a = TextAugmenter(NAMES, tokens.encode(NAMES), tokens, {"swaps": 1.0}, 0.0, True, (), 0)
    made, swapped = a.epoch(1), tokens.encode(["Ems Bad"])[0]
    np.testing.assert_array_equal(made.items.take(np.array([0])).values[0], swapped)
