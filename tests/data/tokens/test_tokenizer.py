"""Tokens: at least one per text, a fixed meaning of ids 0 and 1, the same vocabulary in any process."""

import json
import logging
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtwin.data.tokens.plain_texts import MAX_CHARACTERS
from seqtwin.data.tokens.tokenizer import UNITS, TextTokens, train_tokenizer
from seqtwin.data.tokens.units import normalizer_of
from seqtwin.errors import ConfigError, DamagedError, DataError

TEXTS = ["Hello [PAD] world", "it's a [UNK], isn't it?", "São Tomé", "世界", "Привет"]

every_unit = pytest.mark.parametrize("unit", list(UNITS))
texts = st.lists(st.text(max_size=30), max_size=5)


@every_unit
@given(found=texts)
def test_every_text_has_a_token(unit, found):
    tokens = train_tokenizer(TEXTS, unit=unit, empty="unk")
    ids = tokens.encode(found)
    assert len(ids) == len(found)
    assert all(len(one) >= 1 and one.dtype == np.int64 for one in ids)
    assert all(((one >= 1) & (one < tokens.size)).all() for one in ids)


@every_unit
@given(found=texts)
def test_round_trip(unit, found):
    tokens = train_tokenizer([*TEXTS, *found], unit=unit, empty="unk")
    again = TextTokens.from_json(tokens.to_json(), empty="unk")
    assert again.to_json() == tokens.to_json()
    assert all(np.array_equal(a, b) for a, b in zip(tokens.encode(found), again.encode(found), strict=True))


@every_unit
def test_pad_is_never_read_from_a_text(unit):
    tokens = train_tokenizer(TEXTS, unit=unit)
    assert tokens.vocabulary[:2] == ["[PAD]", "[UNK]"]
    assert 0 not in tokens.encode(["[PAD]"])[0]
    assert len(tokens.encode(["[UNK]"])[0]) > 1


def test_vocabulary_is_by_frequency_then_text():
    counts = Counter("banana cab".replace(" ", ""))
    expected = sorted(counts, key=lambda sign: (-counts[sign], sign))
    assert train_tokenizer(["banana", "cab"], unit="char").vocabulary[2:] == expected


def test_size_counts_all_ids():
    assert train_tokenizer(["a a b b c"], unit="word", size=4).vocabulary == ["[PAD]", "[UNK]", "a", "b"]


def test_words_are_lower_case_and_apart_from_punctuation():
    tokens = train_tokenizer(["The end."], unit="word")
    assert sorted(tokens.vocabulary[2:]) == [".", "end", "the"]
    assert "The" in train_tokenizer(["The end."], unit="word", lower=False).vocabulary


@pytest.mark.parametrize(("normalize", "same"), [("nfc", False), ("none", False), ("nfkc", False), ("fold", True)])
def test_fold_removes_accents(normalize, same):
    tokens = train_tokenizer(["Curaçao", "curacao"], unit="char", normalize=normalize)
    left, right = tokens.encode(["Curaçao", "curacao"])
    assert np.array_equal(left, right) is same


@pytest.mark.parametrize(("normalize", "same"), [("nfc", True), ("none", False)])
def test_twin_spellings_of_one_sign(normalize, same):
    tokens = train_tokenizer(["é", "e\u0301"], unit="char", normalize=normalize)
    left, right = tokens.encode(["é", "e\u0301"])
    assert np.array_equal(left, right) is same


@pytest.mark.parametrize("policy", ["error", "drop"])
def test_an_empty_text_is_an_error(policy):
    with pytest.raises(DataError, match="text 1 is empty"):
        train_tokenizer(TEXTS, unit="char", empty=policy).encode(["a", " \t"])


def test_an_empty_text_is_one_unknown_token():
    assert train_tokenizer(TEXTS, unit="word", empty="unk").encode([""])[0].tolist() == [1]


def test_unknown_share():
    tokens = train_tokenizer(["ab"], unit="char")
    assert tokens.unknown_share(["abxy", "ab"]) == pytest.approx(2 / 6)
    assert tokens.unknown_share([]) == 0


def test_long_texts_are_cut_and_counted(caplog):
    tokens = train_tokenizer(["ab"], unit="char", max_length=3)
    with caplog.at_level(logging.WARNING):
        assert [len(one) for one in tokens.encode(["abababab", "ab"])] == [3, 2]
    assert "1 of 2 texts" in caplog.text
    assert TextTokens.from_json(tokens.to_json()).max_length == 3
    assert TextTokens.from_json(tokens.to_json(), max_length=5).max_length == 5


def test_an_endless_text_is_bounded(caplog):
    assert len(train_tokenizer(["ab"], unit="word").encode(["ab " * MAX_CHARACTERS])[0]) == 4096


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"unit": "wrod"}, ConfigError),
        ({"unit": "word", "normalize": "nfx"}, ConfigError),
        ({"unit": "word", "empty": "ignore"}, ConfigError),
        ({"unit": "word", "max_length": 0}, ValueError),
        ({"unit": "word", "size": 2}, ValueError),
        ({"unit": "bpe", "size": 100}, ValueError),
    ],
)
def test_impossible_settings_are_refused(options, error):
    with pytest.raises(error):
        train_tokenizer(TEXTS, **options)


def test_no_texts_at_all():
    assert train_tokenizer([], unit="char", empty="unk").encode(["ab"])[0].tolist() == [1, 1]


def test_damaged_files_are_named(tmp_path):
    with pytest.raises(DamagedError):
        TextTokens.from_json("{}")
    with pytest.raises(DamagedError, match="cannot be read"):
        TextTokens.load(tmp_path / "tokenizer.json")
    swapped = train_tokenizer(["ab"], unit="char").to_json().replace("[PAD]", "[pad]")
    with pytest.raises(DamagedError, match="ids 0 and 1"):
        TextTokens.from_json(swapped)


def test_the_file_is_the_fields_own(tmp_path):
    tokens = train_tokenizer(TEXTS, unit="bpe", size=300)
    path = tmp_path / "tokenizer.json"
    path.write_text(tokens.to_json(), encoding="utf-8")
    assert json.loads(path.read_text(encoding="utf-8"))["model"]["type"] == "BPE"
    assert TextTokens.load(path).vocabulary == tokens.vocabulary


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("\u00c9lodie \u00c5ngstr\u00f6m", "elodie angstrom"),
        ("\u0401\u043b\u043a\u0430", "\u0435\u043b\u043a\u0430"),
        ("\u03ac\u03bb\u03c6\u03b1", "\u03b1\u03bb\u03c6\u03b1"),
        ("\ufb01n", "fin"),
        ("\u05e9\u05b8\u05c1\u05dc\u05d5\u05b9\u05dd", "\u05e9\u05dc\u05d5\u05dd"),
        ("\u0645\u064f\u062d\u0645", "\u0645\u062d\u0645"),
    ],
)
def test_fold_takes_accents_and_optional_points(text, folded):
    assert normalizer_of(True, "fold").normalize_str(text) == folded


@pytest.mark.parametrize(
    ("a", "b"), [("\u0915\u093f", "\u0915\u0941"), ("\u0e01\u0e35", "\u0e01\u0e39"), ("\u304c", "\u304b")]
)
def test_fold_keeps_the_marks_that_are_letters(a, b):
    """StripAccents of tokenizers 0.23 takes every combining mark: Hindi ki and ku, Thai kii and kuu, Japanese ga and ka
    become one. (Source: its README and behaviour, findings/strip_accents_takes_vowels.sh.)"""
    fold = normalizer_of(True, "fold")
    assert fold.normalize_str(a) != fold.normalize_str(b)
