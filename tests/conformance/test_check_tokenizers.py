"""`check_tokenizer` passes every built-in one, and each of its checks fails on a bug that was planted for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from tokenizers import (
    NormalizedString,
    PreTokenizedString,
    Regex,
    Tokenizer,
    models,
    normalizers,
    pre_tokenizers,
    processors,
)

import seqtwin
from seqtwin.conformance.battery import Check, run_checks
from seqtwin.conformance.check_tokenizers import TOKENIZER_CHECKS, Case, check_tokenizer
from seqtwin.data.tokens.tokenizer import TextTokens, train_tokenizer
from seqtwin.data.tokens.units import UNITS
from seqtwin.errors import ConfigError


@pytest.mark.parametrize("unit", UNITS)
def test_every_built_in_unit_passes_every_check(unit: str) -> None:
    results = check_tokenizer(unit)
    assert [result.name for result in results] == list(TOKENIZER_CHECKS)
    assert all(result.passed and result.found for result in results)


@pytest.mark.parametrize("characters", [False, True])
def test_a_tokenizer_that_was_trained_before_passes(characters: bool) -> None:
    results = seqtwin.check_tokenizer(train_tokenizer(["to be", "or not"], unit="word", characters=characters))
    assert all(result.passed for result in results)
    assert [result.name for result in results if result.found.startswith("not applicable")] == [
        "deterministic",
        "training_order",
        "known",
        "different",
        "size_limit",
    ]


def words(texts: Sequence[str], size: int | None, normalizer: Any, *, vocabulary: Any = sorted) -> Tokenizer:
    """A right one: words and punctuation, in alphabetical order. The others have one bug each."""
    pieces = pre_tokenizers.Whitespace()
    found = [piece for text in texts for piece, _ in pieces.pre_tokenize_str(normalizer.normalize_str(text))]
    listed = ["[PAD]", "[UNK]", *vocabulary(set(found) if vocabulary is sorted else found)][:size]
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(listed)}, unk_token="[UNK]"))
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizer, pieces
    return tokenizer


def after(normalizer: Any, *more: Any) -> Any:
    return normalizers.Sequence([normalizer, *more])


def special(texts: Any, size: Any, normalizer: Any) -> Tokenizer:
    tokenizer = words(texts, size, normalizer)
    tokenizer.add_special_tokens(["[PAD]"])
    return tokenizer


def drops_unknown(texts: Any, size: Any, normalizer: Any) -> Tokenizer:
    return words(texts, size, after(normalizer, normalizers.Replace(Regex("[^a-z ]"), "")))


def begins_each_text(texts: Any, size: Any, normalizer: Any) -> Tokenizer:
    tokenizer = words(texts, size, normalizer)
    tokenizer.post_processor = processors.TemplateProcessing(single="[UNK] $A", special_tokens=[("[UNK]", 1)])
    return tokenizer


def pads(texts: Any, size: Any, normalizer: Any) -> Tokenizer:
    tokenizer = words(texts, size, normalizer)
    tokenizer.enable_padding(pad_id=1)
    return tokenizer


class Forgetful:
    """Each training leaves out one more word."""

    calls = 0

    def __call__(self, texts: Any, size: Any, normalizer: Any) -> Tokenizer:
        self.calls += 1
        return words(texts, 20 - self.calls, normalizer)


def by_first_occurrence(texts: Any, size: Any, normalizer: Any) -> Tokenizer:
    return words(texts, size, normalizer, vocabulary=dict.fromkeys)


def draws(texts: Any, size: Any, normalizer: Any) -> Tokenizer:
    np.random.random()
    return words(texts, size, normalizer)


def few(texts: Any, _: Any, normalizer: Any) -> Tokenizer:
    return words(texts, 5, normalizer)


def all_alike(texts: Any, size: Any, normalizer: Any) -> Tokenizer:
    return words(texts, size, after(normalizer, normalizers.Replace(Regex(".+"), "x")))


def not_normalized(texts: Any, size: Any, _: Any) -> Tokenizer:
    return words(texts, size, normalizers.Strip())


def boundless(texts: Any, _: Any, normalizer: Any) -> Tokenizer:
    return words(texts, None, normalizer)


class Blanks:
    def pre_tokenize(self, text: PreTokenizedString) -> None:
        text.split(lambda _, part: self.split(part))

    def split(self, part: NormalizedString) -> list[NormalizedString]:
        return part.split(" ", "removed")


def callback(texts: Any, size: Any, normalizer: Any) -> Tokenizer:
    tokenizer = words(texts, size, normalizer)
    tokenizer.pre_tokenizer = pre_tokenizers.PreTokenizer.custom(Blanks())
    return tokenizer


@dataclass(frozen=True)
class Positional(TextTokens):
    def encode(self, texts: Sequence[str]) -> list[np.ndarray]:
        return [ids + (row > 5) for row, ids in enumerate(super().encode(texts))]


@dataclass(frozen=True)
class Repeats(TextTokens):
    def encode(self, texts: Sequence[str]) -> list[np.ndarray]:
        return [np.repeat(ids, 2) for ids in super().encode(texts)]


@dataclass(frozen=True)
class FirstLetter(TextTokens):
    def spans(self, text: str) -> tuple[tuple[int, int], ...]:
        return ((0, 1),)


def trained(kind: type[TextTokens]) -> TextTokens:
    return kind(train_tokenizer(["to be", "or not"], unit="word").tokenizer)


# each check with a tokenizer on which it must fail
PLANTED: dict[str, Any] = {
    "ids": special,
    "lengths": drops_unknown,
    "empty": begins_each_text,
    "alone": pads,
    "order": trained(Positional),
    "deterministic": Forgetful(),
    "training_order": by_first_occurrence,
    "no_global_random": draws,
    "known": few,
    "different": all_alike,
    "unicode": not_normalized,
    "long": trained(Repeats),
    "size_limit": boundless,
    "save_and_load": callback,
    "spans": trained(FirstLetter),
}


def test_a_bug_is_planted_for_every_check() -> None:
    assert set(PLANTED) == set(TOKENIZER_CHECKS)


@pytest.mark.parametrize("name", PLANTED)
def test_a_check_fails_on_the_bug_planted_for_it(name: str) -> None:
    build: Any = Check(lambda case: str(case.tokens.size), "")
    check = {name: TOKENIZER_CHECKS[name]}
    [result] = run_checks("part", Case(PLANTED[name]), build, check, raise_error=False)
    assert (result.name, result.passed) == (name, False)


def test_a_right_one_of_a_user_passes() -> None:
    assert all(result.passed for result in check_tokenizer(words))


def test_what_is_no_tokenizer_is_one_failure() -> None:
    for part in (lambda *_: None, dict):
        [result] = check_tokenizer(part, raise_error=False)
        assert (result.name, result.passed) == ("build", False)
    with pytest.raises(ConfigError, match="unknown token unit 'wrod'"):
        check_tokenizer("wrod")
