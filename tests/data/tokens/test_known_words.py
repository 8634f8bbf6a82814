"""Vocabularies with words beyond the training texts: which words enter, and that no id of a training word changes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtwin.data.tokens.known_words import with_known_words
from seqtwin.data.tokens.tokenizer import TextTokens, train_tokenizer, train_word_tokens

TEXTS = ("der Hund", "der Wald")


def words_of(tokens: TextTokens) -> list[str]:
    return tokens.vocabulary[-tokens.known :] if tokens.known else []


def test_further_words_come_after_those_of_train() -> None:
    tokens = with_known_words(train_tokenizer(TEXTS, unit="word"), ["wald", "see", "berg"], most=9)
    assert tokens.vocabulary == ["[PAD]", "[UNK]", "der", "hund", "wald", "see", "berg"]
    assert [ids.tolist() for ids in tokens.encode(["Der See", "der Mond"])] == [[2, 5], [2, 1]]


def test_no_more_than_asked_for() -> None:
    plain = train_tokenizer(TEXTS, unit="word")
    assert words_of(with_known_words(plain, ["der", "see", "berg", "tal"], most=2)) == ["see", "berg"]
    assert with_known_words(plain, ["der", "hund"], most=2) is plain


@pytest.mark.parametrize(
    ("lower", "whole", "expected"),
    [
        (True, False, ["see", "\u00e9t\u00e9"]),
        (False, False, ["See", "see", "\u00e9t\u00e9"]),
        (True, True, ["see", "geht's", "new york", "\u00e9t\u00e9"]),
    ],
)
def test_only_words_that_a_text_can_have(lower: bool, whole: bool, expected: list[str]) -> None:
    plain = (
        train_word_tokens([text.split() for text in TEXTS], lower=lower)
        if whole
        else train_tokenizer(TEXTS, unit="word", lower=lower)
    )
    words = ["See", "see", "see", "geht's", "new york", " ", "", "e\u0301te\u0301", "\u00e9t\u00e9", "[PAD]"]
    tokens = with_known_words(plain, words, most=9, whole=whole)
    assert [word for word in words_of(tokens) if word != "[PAD]"] == expected
    assert tokens.vocabulary.count("[PAD]") == 1


def test_limits_and_policies_stay() -> None:
    plain = train_tokenizer(TEXTS, unit="word", max_length=3, empty="unk", characters=True)
    tokens = with_known_words(plain, ["see"], most=9)
    assert (tokens.max_length, tokens.empty, tokens.letters) == (3, "unk", plain.letters)


@given(st.lists(st.text(max_size=6), max_size=6), st.text(max_size=40))
def test_training_words_keep_their_ids(words: list[str], text: str) -> None:
    plain = train_tokenizer([*TEXTS, "a b c"], unit="word", empty="unk")
    tokens = with_known_words(plain, words, most=4)
    before, after = plain.encode([text])[0], tokens.encode([text])[0]
    assert np.array_equal(after[before != 1], before[before != 1])
    assert all(tokens.encode([word])[0].tolist() == [plain.size + i] for i, word in enumerate(words_of(tokens)))
