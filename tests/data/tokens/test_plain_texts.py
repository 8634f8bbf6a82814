"""Plain texts: the same ids as the library, which is the oracle."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

from seqtwin.data.tokens import plain_texts
from seqtwin.data.tokens.plain_texts import MOST_WORDS, reader_of
from seqtwin.data.tokens.tokenizer import TextTokens, train_tokenizer, train_word_tokens
from seqtwin.data.tokens.units import PAD, UNKNOWN, normalizer_of

TRAINED = ["To be, or not to be: (that) is the question!", "naïve Café [PAD] 12.5 %", "Straße ΣΑΣ 東京 日本 हिन्दी", "x"]
ASCII = st.text(st.characters(min_codepoint=0, max_codepoint=127), max_size=40)
PIECES = st.lists(st.sampled_from(["to", "Be", ",", "[PAD]", "[UNK]", " ", "\t", "café", "12.5", "ΣΑΣ", "\x1c"])).map(
    "".join
)
TEXTS = st.lists(st.one_of(ASCII, PIECES, st.text(max_size=30)), min_size=1, max_size=6)
FORMS = [
    ("word", lower, form, letters)
    for lower in (True, False)
    for form in ("nfc", "fold", "nfkc", "none")
    for letters in (False, True)
] + [("char", lower, form, False) for lower in (True, False) for form in ("nfc", "fold", "nfkc", "none")]
MADE = {
    form: train_tokenizer(
        TRAINED, unit=form[0], lower=form[1], normalize=form[2], characters=form[3], empty="unk", max_length=9
    )
    for form in FORMS
}


@pytest.mark.parametrize("form", FORMS, ids=str)
@given(texts=TEXTS)
def test_the_ids_are_those_of_the_library(form: tuple[str, bool, str, bool], texts: list[str]) -> None:
    tokens = MADE[form]
    assert reader_of(tokens.tokenizer, tokens.letters) is not None
    stored = [text.encode("utf-8", "replace").decode() for text in texts]
    expected = [
        found.ids if len(found.ids) else np.array([[1, *[0] * 20]] if form[3] else [1])
        for found in tokens._by_library(stored)
    ]
    assert [ids.tolist() for ids in tokens.encode(texts)] == [ids.tolist() for ids in expected]


def test_what_is_cut_is_counted_alike(caplog: pytest.LogCaptureFixture) -> None:
    tokens = train_tokenizer(["a b c"], unit="word", max_length=2)
    found = tokens.encode(["a b c", "ä b c", "a b"])
    assert [len(ids) for ids in found] == [2, 2, 2]
    assert "2 of 3 texts were too long" in caplog.text


def test_the_last_word_of_a_text_that_is_cut_has_its_own_letters() -> None:
    tokens = train_tokenizer(["ab cd ef"], unit="word", characters=True, max_length=2)
    cut, whole, accented = tokens.encode(["ab cd ef", "ab cd", "ab cd\u0301 \xe4 ef"])
    assert cut.tolist() == whole.tolist()
    assert [row[1:4].tolist() for row in accented] == [whole[0, 1:4].tolist(), [*whole[1, 1:3].tolist(), 1]]


def test_texts_of_any_kind_keep_their_order() -> None:
    tokens = train_tokenizer(["ab ä cd"], unit="word")
    texts = ["ab", "ä", "cd", "ä ab", "cd ä"]
    assert [ids.tolist() for ids in tokens.encode(texts)] == [tokens.encode([text])[0].tolist() for text in texts]


def test_a_tokenizer_of_words_is_read_too() -> None:
    tokens = train_word_tokens([["New York", "is", "big"]])
    assert [ids.tolist() for ids in tokens.encode(["is BIG", "new york"])] == [[3, 2], [1, 1]]


def _changed(**parts: object) -> Tokenizer:
    """A tokenizer of words with other parts."""
    tokenizer = Tokenizer(models.WordLevel({PAD: 0, UNKNOWN: 1, "a": 2}, unk_token=UNKNOWN))
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizer_of(True, "nfc"), pre_tokenizers.BertPreTokenizer()
    for name, part in parts.items():
        setattr(tokenizer, name, part)
    return tokenizer


FOREIGN = {
    "another normalization": _changed(normalizer=normalizers.Replace("a", "b")),
    "another normalization of whole words": _changed(normalizer=normalizers.Replace("a a", "b")),
    "another unknown token": _changed(model=models.WordLevel({PAD: 0, UNKNOWN: 1, "a": 2, "?": 3}, unk_token="?")),
    "other words": _changed(pre_tokenizer=pre_tokenizers.Whitespace()),
    "added tokens": _changed(
        post_processor=processors.TemplateProcessing(single="[PAD] $A", special_tokens=[(PAD, 0)])
    ),
    "characters otherwise": _changed(pre_tokenizer=pre_tokenizers.Split("a", "isolated")),
    "byte pairs": train_tokenizer(["ab"], unit="bpe", size=300).tokenizer,
}


@pytest.mark.parametrize("tokenizer", FOREIGN.values(), ids=FOREIGN)
def test_foreign_tokenizers_are_left_to_the_library(tokenizer: Tokenizer) -> None:
    assert reader_of(tokenizer, None) is None
    tokens = TextTokens(tokenizer, empty="unk")
    assert [ids.tolist() for ids in tokens.encode(["a", "b a"])] == [
        tokenizer.encode(text).ids for text in ("a", "b a")
    ]


def test_a_vocabulary_of_words_is_read_as_characters() -> None:
    """Longer tokens of such a vocabulary never occur, with the library either."""
    split = pre_tokenizers.Split(Regex("."), "isolated")
    model = models.WordLevel({PAD: 0, UNKNOWN: 1, "ab": 2, "b": 3}, unk_token=UNKNOWN)
    tokens = TextTokens(_changed(model=model, pre_tokenizer=split))
    assert reader_of(tokens.tokenizer, None) is not None
    assert tokens.encode(["ab"])[0].tolist() == tokens.tokenizer.encode("ab").ids == [1, 3]


def test_kept_words_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_texts, "MOST_WORDS", 3)
    tokens = train_tokenizer(["a b c d e f"], unit="word")
    reader = reader_of(tokens.tokenizer, None)
    assert isinstance(reader, plain_texts.WordReader)
    found = reader.read(["a b c d e f a"])
    assert found[0].tolist() == [2, 3, 4, 5, 6, 7, 2]
    assert len(reader.rows) <= 3 < MOST_WORDS


@pytest.mark.parametrize("form", FORMS, ids=str)
@given(texts=st.lists(ASCII, min_size=1, max_size=6))
def test_texts_looked_at_together_have_the_ids_that_each_has_alone(
    form: tuple[str, bool, str, bool], texts: list[str]
) -> None:
    tokens = MADE[form]
    reader = reader_of(tokens.tokenizer, tokens.letters)
    together, cut = plain_texts.read_texts(texts, reader, tokens._by_library, 9)
    alone, also_cut = plain_texts._one_by_one(texts, reader, tokens._by_library, 9)
    assert [ids.tolist() for ids in together] == [ids.tolist() for ids in alone]
    assert cut == also_cut


def test_a_text_of_too_many_characters_is_cut_also_among_short_ones() -> None:
    tokens = train_tokenizer(["a b c"], unit="word")
    [length, short] = tokens.lengths(["a" + " " * plain_texts.MAX_CHARACTERS + "b", "a b"])
    assert (length.tokens, length.cut, short.tokens, short.cut) == (1, True, 2, False)
