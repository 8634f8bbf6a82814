"""Copies of training texts with words replaced: by the seed alone, about three words in ten, dev and test untouched."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtwin.data.examples import Examples
from seqtwin.data.reading.augment import WORD, substituted, with_substituted

TEXTS = ["the cat sat.", "a dog ran, quickly!", "no", "the cat ran", "a dog sat"]
SPLIT = ["train", "train", "dev", "train", "test"]

some_texts = st.lists(st.text(alphabet="ab ,.é", max_size=12), min_size=1, max_size=6)


def copies_of(texts: list[str], seed: int = 0) -> list[str]:
    return substituted(texts, np.random.default_rng(seed))


def data(**changes: object) -> Examples:
    fields = {"kind": "decode", "items": TEXTS, "targets": TEXTS, "split": SPLIT, "name": "tiny"}
    return Examples(**{**fields, **changes})


@given(texts=some_texts, seed=st.integers(0, 5))
def test_only_words_give_way_and_only_to_words_that_were_there(texts: list[str], seed: int) -> None:
    known = {word for text in texts for word in WORD.findall(text)}
    made = copies_of(texts, seed)
    assert made == copies_of(texts, seed)
    assert len(made) == len(texts)
    for before, after in zip(texts, made, strict=True):
        assert WORD.split(before) == WORD.split(after)
        assert set(WORD.findall(after)) <= known


def test_the_seed_decides() -> None:
    assert copies_of(TEXTS * 10) != copies_of(TEXTS * 10, seed=1)


def test_about_three_words_in_ten_are_others_and_each_is_as_likely() -> None:
    words = [f"w{n:03}" for n in range(1000)]
    (made,) = copies_of([" ".join(words)])
    after = made.split()
    changed = [new for old, new in zip(words, after, strict=True) if old != new]
    # of 1000 draws at .3 the standard deviation is 14.5
    assert abs(len(changed) - 300) < 4 * 14.5
    places = np.array([int(word[1:]) for word in changed])
    # the mean of evenly drawn places, and its standard error
    assert abs(places.mean() - 499.5) < 4 * 288.7 / np.sqrt(len(places))
    assert len(set(changed)) > 0.8 * len(changed)


@pytest.mark.parametrize("copies", [1, 3])
def test_copies_are_training_examples_that_are_to_be_written_themselves(copies: int) -> None:
    more = with_substituted(data(), copies, seed=0)
    assert len(more.items) == len(TEXTS) + 3 * copies
    assert list(more.items) == list(more.targets)
    assert list(more.split) == [*SPLIT, *["train"] * (3 * copies)]
    assert more.kind == "decode"
    assert f"{3 * copies} additional training texts: {copies} copies of each" in more.notes[-1]


def test_what_was_there_stays_where_it_was() -> None:
    before = data(notes=("a note",))
    more = with_substituted(before, 2, seed=0)
    assert list(more.items[: len(TEXTS)]) == TEXTS
    assert list(more.split[: len(TEXTS)]) == SPLIT
    for split in ("dev", "test"):
        assert more.rows(split).tolist() == before.rows(split).tolist()
    assert more.notes[0] == "a note"
    assert list(before.items) == TEXTS


def test_copies_of_one_text_differ_and_hold_no_word_of_dev_or_test() -> None:
    long = " ".join("abcdefghij")
    texts = [long, "secret", "hidden"]
    more = with_substituted(data(items=texts, targets=texts, split=["train", "dev", "test"]), 20, seed=0)
    made = more.items[3:]
    assert len(set(made)) > 15
    assert not {"secret", "hidden"} & {word for text in made for word in text.split()}


def test_the_data_are_others_by_their_fingerprint_and_the_same_by_seed() -> None:
    one, again, other = (with_substituted(data(), 2, seed=seed) for seed in (0, 0, 1))
    assert one.fingerprint == again.fingerprint
    assert len({one.fingerprint, other.fingerprint, data().fingerprint}) == 3


def test_a_translation_is_refused() -> None:
    with pytest.raises(ValueError, match="only be replaced for an auto-encoder"):
        with_substituted(data(targets=["le chat", *TEXTS[1:]]), 1, seed=0)


def test_only_what_training_writes_is_asked() -> None:
    written = [*TEXTS[:2], "yes", *TEXTS[3:]]
    assert len(with_substituted(data(targets=written), 1, seed=0).items) == 8


def test_texts_without_words_and_none_at_all() -> None:
    assert copies_of(["...", "", "!?"]) == ["...", "", "!?"]
    assert copies_of([]) == []
    assert copies_of(["one"]) == ["one"]


def test_no_copy_is_a_text_that_is_kept_back() -> None:
    texts = ["a b", "b a", "a a", "b b"]
    data = Examples("decode", texts, texts, ["train", "train", "dev", "test"], "tiny")
    more = with_substituted(data, 200, seed=0)
    made = [more.items[row] for row in more.rows("train")][2:]
    assert set(made) == {"a b", "b a"}
