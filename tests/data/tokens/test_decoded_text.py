"""Ids back to texts: what comes back is what was read, as it was normalized."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtwin.data.tokens.decoded_text import text_of, to_write
from seqtwin.data.tokens.tokenizer import UNITS, TextTokens, train_tokenizer
from seqtwin.errors import DataError

TEXTS = ["Hello [PAD] world", "it's a [UNK], isn't it?", "São Tomé", "世界", "Привет", "👩‍👩‍👧"]
NORMALIZATIONS = ["none", "nfc", "nfkc", "fold"]

every_unit = pytest.mark.parametrize("unit", list(UNITS))
every_normalization = pytest.mark.parametrize("normalize", NORMALIZATIONS)
texts = st.text(max_size=30)


def normalized(tokens: TextTokens, text: str) -> str:
    return str(tokens.tokenizer.normalizer.normalize_str(text))


@pytest.mark.parametrize("unit", ["char", "bpe"])
@pytest.mark.parametrize("lower", [False, True])
@every_normalization
@given(text=texts)
def test_a_text_comes_back_as_it_was_normalized(unit, lower, normalize, text):
    tokens = train_tokenizer([*TEXTS, text], unit=unit, normalize=normalize, lower=lower, empty="unk")
    form = normalized(tokens, text)
    assert text_of(tokens, tokens.encode([text])[0]) == (form or "[UNK]")


@every_normalization
@given(text=texts)
def test_words_come_back_as_the_same_tokens(normalize, text):
    tokens = train_tokenizer([*TEXTS, text], unit="word", normalize=normalize, empty="unk")
    ids = tokens.encode([text])[0]
    if 1 not in ids:
        assert np.array_equal(tokens.encode([text_of(tokens, ids)])[0], ids)


@pytest.mark.parametrize(
    ("unit", "options", "text", "expected"),
    [
        ("char", {}, "Tomé  SÃO", "Tomé SÃO"),
        ("char", {"lower": True}, "Tomé  SÃO", "tomé são"),
        ("char", {"normalize": "fold"}, "Tomé  SÃO", "tome sao"),
        ("word", {}, "Isn't  it?", "isn ' t it ?"),
        ("word", {"lower": False}, "São Tomé", "São Tomé"),
        ("bpe", {"size": 300}, "Tomé  SÃO 世", "Tomé SÃO 世"),
        ("bpe", {"size": 300, "normalize": "fold"}, "Tomé 👩‍👩‍👧", "tome 👩‍👩‍👧"),
    ],
)
def test_examples(unit, options, text, expected):
    tokens = train_tokenizer([*TEXTS, "Tomé SÃO"], unit=unit, **options)
    assert text_of(tokens, tokens.encode([text])[0]) == expected


@every_unit
def test_a_saved_tokenizer_spells_alike(unit):
    tokens = train_tokenizer(TEXTS, unit=unit)
    again = TextTokens.from_json(tokens.to_json())
    for ids in tokens.encode(TEXTS):
        assert text_of(again, ids) == text_of(tokens, ids)


@every_unit
def test_nothing_is_an_empty_text(unit):
    assert text_of(train_tokenizer(TEXTS, unit=unit), np.zeros(0, dtype=np.int64)) == ""


@every_unit
def test_the_unknown_can_be_seen(unit):
    assert text_of(train_tokenizer(TEXTS, unit=unit), [1]) == "[UNK]"


def test_half_a_sign_is_marked():
    tokens = train_tokenizer(["a"], unit="bpe", size=258)
    ids = tokens.encode(["é"])[0]
    assert len(ids) == 2
    assert text_of(tokens, ids) == "é"
    assert text_of(tokens, ids[:1]) == "\ufffd"


@every_unit
@pytest.mark.parametrize("beyond", [-1, 0])
def test_an_id_outside_the_vocabulary_is_refused(unit, beyond):
    tokens = train_tokenizer(TEXTS, unit=unit)
    with pytest.raises(ValueError, match="ids: expected 0 to"):
        text_of(tokens, [2, beyond if beyond else tokens.size])


@every_unit
def test_what_is_to_be_written_ends(unit):
    tokens = train_tokenizer(TEXTS, unit=unit)
    for ids, text in zip(to_write(tokens, TEXTS), TEXTS, strict=True):
        assert ids.dtype == np.int64
        assert ids[-1] == tokens.size
        assert np.array_equal(ids[:-1], tokens.encode([text])[0])


@pytest.mark.parametrize(("normalize", "same"), [("nfc", True), ("none", False), ("fold", True)])
@every_unit
def test_what_is_normalized_alike_is_written_alike(unit, normalize, same):
    tokens = train_tokenizer(["café", "cafe\u0301"], unit=unit, normalize=normalize, size=300)
    left, right = to_write(tokens, ["café", "cafe\u0301"])
    assert np.array_equal(left, right) is same


def test_words_are_written_without_their_letters():
    plain, spelled = (train_tokenizer(TEXTS, unit="word", characters=read) for read in (False, True))
    assert spelled.encode(TEXTS)[0].ndim == 2
    for ids, expected in zip(to_write(spelled, TEXTS), to_write(plain, TEXTS), strict=True):
        assert np.array_equal(ids, expected)


def test_a_text_without_a_token_is_refused():
    with pytest.raises(DataError):
        to_write(train_tokenizer(TEXTS, unit="char"), ["a", " "])
