"""Equal texts: the same tokens, or the same spelling if tokens are unknown or cut."""

from typing import Any

import pytest

from seqtwin.data.tokens import equal_texts
from seqtwin.data.tokens.tokenizer import TextTokens, train_tokenizer

WORDS = ["amber lamp", "birch chair", "to be, or not"]


def keys(tokens: TextTokens, *texts: str) -> list[bytes | None]:
    return [one.key for one in tokens.readings(texts)]


@pytest.mark.parametrize(
    ("settings", "one", "other"),
    [
        ({"unit": "word"}, "amber lamp", "AMBER  Lamp "),
        ({"unit": "word"}, "to be,or", "to be , or"),  # white space is no token of words
        ({"unit": "word", "normalize": "fold"}, "\u00e4mber lamp", "amber lamp"),
        ({"unit": "char"}, "amber\u00a0lamp", "amber lamp"),
        ({"unit": "char", "lower": True}, "AMBER", "amber"),
        ({"unit": "char", "normalize": "nfkc"}, "\uff41mber", "amber"),
        ({"unit": "bpe", "lower": True}, "Birch Chair", "birch chair"),
        ({"unit": "word"}, "zebra lamp", "Zebra LAMP"),  # an unknown word, spelled the same but for case
        ({"unit": "word", "characters": True}, "amber  lamp", "amber lamp"),
    ],
)
def test_texts_of_the_same_tokens_are_one(settings: dict[str, object], one: str, other: str) -> None:
    tokens = train_tokenizer(WORDS, **settings)  # type: ignore[arg-type]
    first, second = keys(tokens, one, other)
    assert first == second is not None


@pytest.mark.parametrize(
    ("settings", "one", "other"),
    [
        ({"unit": "word"}, "zebra", "quagga"),  # both are the one unknown token
        ({"unit": "word"}, "amber zebra", "amber quagga"),
        ({"unit": "word"}, "amber lamp", "lamp amber"),
        ({"unit": "char"}, "\u03b1mber", "\u03b2mber"),
        ({"unit": "char"}, "Amber", "amber"),  # case is kept: the capital is unknown, and not the small letter
        ({"unit": "word", "max_length": 2}, "to be or", "to be not"),  # the same up to the cut
        ({"unit": "word", "max_length": 2}, "to be", "to be or"),
        ({"unit": "word", "characters": True}, "Amber lamp", "amber lamp"),  # its letters are read as they are written
        ({"unit": "char"}, "a" * 100_000 + "b", "a" * 100_000 + "e"),
        ({"unit": "word"}, "\ud800", "\ud801"),  # halves of a letter, both stored as a question mark
        ({"unit": "word", "size": 4}, "birch", "chair"),  # known once, but not in so small a vocabulary
    ],
)
def test_texts_that_the_ids_do_not_tell_apart_are_not_one(settings: dict[str, object], one: str, other: str) -> None:
    tokens = train_tokenizer(WORDS, **settings)  # type: ignore[arg-type]
    first, second = keys(tokens, one, other)
    assert first != second


@pytest.mark.parametrize("text", ["", " ", "\t\n", "\u00a0\u2003", "\x1c", "\u0301"])
@pytest.mark.parametrize("unit", ["word", "char", "bpe"])
@pytest.mark.parametrize("characters", [False, True])
def test_blank_texts_have_no_key(text: str, unit: str, characters: bool) -> None:
    tokens = train_tokenizer(WORDS, unit=unit, normalize="fold", characters=characters)
    assert tokens.readings(["amber", text])[1] == (None, False)


@pytest.mark.parametrize("text", ["0", "-", "None", "nan", "[PAD]", "[UNK]", "?"])
def test_texts_that_look_like_nothing_are_texts(text: str) -> None:
    assert keys(train_tokenizer(WORDS, unit="word"), text) != [None]


def test_an_encoder_knows_a_text_by_any_token() -> None:
    tokens = train_tokenizer(WORDS, unit="word")
    assert [one.known for one in tokens.readings(["zebra", "zebra amber", "amber", "zebra quagga"])] == [
        False, True, True, False,
    ]  # fmt: skip
    spelled = train_tokenizer(WORDS, unit="word", characters=True)
    assert [one.known for one in spelled.readings(["rehab", "\u03b1\u03b2"])] == [True, False]


@pytest.mark.parametrize("settings", [{"unit": "bpe"}, {"unit": "word", "characters": True}])
def test_texts_are_read_some_at_a_time(settings: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> None:
    """The library keeps kilobytes for each text, so those of a whole list never exist at once."""
    tokens, seen = train_tokenizer(WORDS, **settings), list[int]()  # type: ignore[arg-type]
    real, texts = TextTokens._encodings, ["amber", "l\u00e4mp", "birch", "", "not \u00fc", "Z\u00fcrich", "amber lamp"]
    whole = (tokens.readings(texts), tokens.lengths(texts))

    def counted(self: TextTokens, stored: list[str]) -> Any:
        seen.append(len(stored))
        return real(self, stored)

    monkeypatch.setattr(TextTokens, "_encodings", counted)
    monkeypatch.setattr(equal_texts, "AT_ONCE", 3)
    assert (tokens.readings(texts), tokens.lengths(texts)) == whole
    assert max(seen) == 3
