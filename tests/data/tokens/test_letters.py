"""Words with their letters: as the text writes them, cut alike in every process, saved and read back."""

import unicodedata
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtwin.data.tokens.letters import LAST, LETTERS, Letters, shortened
from seqtwin.data.tokens.tokenizer import TextTokens, train_tokenizer, train_word_tokens
from seqtwin.errors import ConfigError, DataError

TEXTS = ["The dog sees the Dog.", "São Tomé", "世界", "don't"]
TOKENS = train_tokenizer(TEXTS, unit="word", characters=True, empty="unk")

texts = st.lists(st.text(max_size=30), max_size=5)
plain_words = st.lists(st.lists(st.text("abXYé", min_size=1, max_size=6), min_size=1, max_size=5), min_size=1)


def letters_of(row: np.ndarray, tokens: TextTokens = TOKENS) -> str:
    """The letters of one token, unknown ones as ?."""
    assert tokens.letters is not None
    return "".join("\0?"[i] if i < 2 else tokens.letters.alphabet[i - 2] for i in row[1:] if i)


@given(found=texts)
def test_words_are_read_as_without_letters(found: list[str]) -> None:
    alone = TextTokens(TOKENS.tokenizer, "unk")
    for with_letters, ids in zip(TOKENS.encode(found), alone.encode(found), strict=True):
        assert with_letters.shape == (len(ids), 1 + LETTERS)
        assert with_letters.dtype == np.int64
        assert np.array_equal(with_letters[:, 0], ids)


@given(found=texts)
def test_letters_are_ids_from_one_on_and_then_nothing(found: list[str]) -> None:
    for text in TOKENS.encode(found):
        letters = text[:, 1:]
        assert ((letters >= 0) & (letters < TOKENS.letter_size)).all()
        assert (np.diff((letters > 0).astype(int), axis=1) <= 0).all()


def test_letters_are_those_the_text_writes() -> None:
    [found] = TOKENS.encode(["the The\tTHE dog."])
    assert [letters_of(row) for row in found] == ["the", "The", "T??", "dog", "."]
    assert len(set(found[:3, 0])) == 1
    assert len({tuple(row) for row in found[:3]}) == 3


def test_two_ways_to_store_a_letter_are_one() -> None:
    tokens = train_tokenizer(["São Tomé, 가각!"], unit="word", characters=True)
    one, other = tokens.encode([unicodedata.normalize(form, " Tomé, 가각 é!") for form in ("NFC", "NFD")])
    assert np.array_equal(one, other)
    assert [letters_of(row, tokens) for row in one] == ["Tomé", ",", "가각", "é", "!"]


def test_a_sign_that_becomes_two_tokens_is_written_twice() -> None:
    tokens = train_tokenizer(["a…"], unit="word", normalize="nfkc", characters=True)
    assert [letters_of(row, tokens) for row in tokens.encode(["a…"])[0]] == ["a", *"………"]


@given(word=st.text("ab", max_size=60))
def test_a_long_word_keeps_both_ends(word: str) -> None:
    kept = shortened(word)
    assert len(kept) == min(len(word), LETTERS)
    assert kept == word or (word.startswith(kept[:-LAST]) and word.endswith(kept[-LAST:]))


def test_an_alphabet_is_by_frequency_then_code_point() -> None:
    words = ["banana", "Cab"]
    counts = Counter("bananaCab")
    assert list(Letters.of(words).alphabet) == sorted(counts, key=lambda letter: (-counts[letter], letter))


def test_only_training_letters_are_known() -> None:
    tokens = train_tokenizer(["abc"], unit="word", characters=True)
    assert tokens.letter_size == 5
    assert tokens.encode(["abz"])[0][0].tolist() == [1, 2, 3, 1, *[0] * 17]


def test_a_text_without_a_token_is_one_unknown_word_without_letters() -> None:
    expected = [[1, *[0] * LETTERS]]
    assert TOKENS.encode([" \t"])[0].tolist() == expected
    assert TOKENS.encode_words([[]])[0].tolist() == expected
    strict = train_tokenizer(TEXTS, unit="word", characters=True)
    with pytest.raises(DataError, match="text 1 is empty"):
        strict.encode(["a", ""])
    with pytest.raises(DataError, match="text 0 is empty"):
        strict.encode_words([[]])


@given(found=st.lists(st.text(max_size=30), min_size=1, max_size=5))
def test_round_trip(found: list[str]) -> None:
    tokens = train_tokenizer([*TEXTS, *found], unit="word", characters=True, empty="unk")
    assert tokens.letters is not None
    again = TextTokens.from_json(tokens.to_json(), empty="unk", letters=Letters(tokens.letters.alphabet))
    assert all(np.array_equal(a, b) for a, b in zip(tokens.encode(found), again.encode(found), strict=True))


@pytest.mark.parametrize("characters", [False, True])
@given(sequences=plain_words)
def test_given_words_are_read_as_the_text_they_make(characters: bool, sequences: list[list[str]]) -> None:
    joined = [" ".join(words) for words in sequences]
    given_words = train_word_tokens(sequences, characters=characters)
    of_texts = train_tokenizer(joined, unit="word", characters=characters)
    assert given_words.vocabulary == of_texts.vocabulary
    assert given_words.letters == of_texts.letters
    for one, other in zip(given_words.encode_words(sequences), of_texts.encode(joined), strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize("characters", [False, True])
@given(sequences=st.lists(st.lists(st.text(max_size=8), min_size=1, max_size=6), max_size=4))
def test_one_given_word_is_one_step(characters: bool, sequences: list[list[str]]) -> None:
    tokens = train_word_tokens([["a", "b"]], characters=characters, max_length=1)
    found = tokens.encode_words(sequences)
    assert [len(one) for one in found] == [len(words) for words in sequences]
    assert all(((one >= 0) & (one.reshape(len(one), -1)[:, :1] >= 1)).all() for one in found)


def test_given_words_are_never_split_and_no_word_is_the_pad() -> None:
    tokens = train_word_tokens([["don't", "[PAD]", "New York", " ", "don't"]], lower=False)
    assert tokens.vocabulary == ["[PAD]", "[UNK]", "don't", "New York"]
    assert tokens.encode_words([["New  York", "[PAD]", "[UNK]", " ", "don't"]])[0].tolist() == [3, 1, 1, 1, 2]


def test_given_words_are_lower_cased_but_for_their_letters() -> None:
    tokens = train_word_tokens([["The", "the"]], characters=True)
    [found] = tokens.encode_words([["The", "the"]])
    assert found[:, 0].tolist() == [2, 2]
    assert [letters_of(row, tokens) for row in found] == ["The", "the"]


@pytest.mark.parametrize("unit", ["char", "bpe"])
def test_given_words_need_a_vocabulary_of_words(unit: str) -> None:
    with pytest.raises(ConfigError, match=r"tokens\.unit: word"):
        train_tokenizer(TEXTS, unit=unit).encode_words([["a"]])


@pytest.mark.parametrize("options", [{"size": 2}, {"max_length": 0}])
def test_impossible_sizes_are_refused(options: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="expected"):
        train_word_tokens([["a"]], **options)


def test_size_keeps_the_most_frequent_words() -> None:
    assert train_word_tokens([["a", "b", "b"]], size=3).vocabulary[2:] == ["b"]


def test_lower_letters_make_no_difference_of_capitals() -> None:
    letters = Letters.of(["Lamp", "lAMP", "É"], lower=True)
    assert letters.alphabet.islower()
    table = letters.table(["LAMP", "lamp", "é", "É"])
    assert (table["LAMP"] == table["lamp"]).all()
    assert (table["É"] == table["é"]).all()
    assert (Letters.of(["Lamp"]).table(["LAMP"])["LAMP"] != Letters.of(["Lamp"]).table(["lamp"])["lamp"]).any()
