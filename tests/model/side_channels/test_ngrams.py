"""Hashed n-grams: those of scikit-learn's `char_wb`, hashed as a plain loop hashes them, whatever the batch."""

from collections import Counter

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer

from seqtwin.model.side_channels import ngrams
from seqtwin.model.side_channels.ngrams import PRIME, hash_ngrams

ALPHABET = " abcdefgh"  # the place is the id; a blank is a boundary
texts_of_letters = st.lists(st.text(ALPHABET, max_size=20), min_size=1, max_size=6)


def as_ids(texts: list[str]) -> torch.Tensor:
    width = max(1, *map(len, texts))
    return torch.tensor([[ALPHABET.index(letter) for letter in text.ljust(width)] for text in texts])


def plain_hash(letters: str, kind: int, count: int) -> int:
    factors, offset = ngrams.multipliers(kind, count, torch.device("cpu"))
    terms = (int(factors[i % count]) * ALPHABET.index(letter) for i, letter in enumerate(letters))
    return (sum(terms) + int(offset)) % PRIME


def plain_grams(text: str, shortest: int, longest: int) -> Counter[int]:
    """The hashes of one text, by loops over its words."""
    found: Counter[int] = Counter()
    for word in text.split():
        found[plain_hash(word, 0, ngrams.WORD_PLACES)] += 1
        framed = f" {word} "
        for length in range(shortest, longest + 1):
            found.update(plain_hash(framed[i : i + length], length, length) for i in range(len(framed) - length + 1))
    return found


@given(texts_of_letters)
def test_hashes_are_those_of_a_plain_loop(texts: list[str]) -> None:
    grams = hash_ngrams(as_ids(texts), 2, 4)
    for row, text in enumerate(texts):
        assert Counter(grams.hashes[grams.rows == row].tolist()) == plain_grams(text, 2, 4)


def test_a_long_word_does_not_overflow() -> None:
    text = "h" * 500
    grams = hash_ngrams(as_ids([text]), 2, 4)
    assert Counter(grams.hashes.tolist()) == plain_grams(text, 2, 4)
    assert int(grams.hashes.min()) >= 0


@given(texts_of_letters)
def test_there_are_as_many_as_in_scikit_learn(texts: list[str]) -> None:
    # a word of one letter, with its blanks, is shorter than four: scikit-learn then adds it once more
    texts = [" ".join(word for word in text.split() if len(word) > 1) for text in texts]
    vectorizer = CountVectorizer(analyzer="char_wb", ngram_range=(2, 4))
    grams = hash_ngrams(as_ids(texts), 2, 4)
    for row, text in enumerate(texts):
        ours = int((grams.rows == row).sum()) - len(text.split())
        assert ours == len(vectorizer.build_analyzer()(text))


@given(texts_of_letters)
def test_a_text_alone_has_the_ngrams_it_has_in_a_batch(texts: list[str]) -> None:
    grams = hash_ngrams(as_ids(texts), 2, 4)
    for row, text in enumerate(texts):
        alone = hash_ngrams(as_ids([text + "   "]), 2, 4).hashes
        assert sorted(alone.tolist()) == sorted(grams.hashes[grams.rows == row].tolist())


@pytest.mark.parametrize("text", ["", " ", "     "])
def test_a_text_without_letters_has_none(text: str) -> None:
    assert len(hash_ngrams(as_ids([text]), 2, 4).hashes) == 0


def test_different_ngrams_have_different_hashes() -> None:
    words = sorted({a + b + c for a in ALPHABET[1:] for b in ALPHABET[1:] for c in ALPHABET[1:]})
    by_word = [frozenset(plain_grams(word, 2, 4)) for word in words]
    assert len(set(by_word)) == len(words)
