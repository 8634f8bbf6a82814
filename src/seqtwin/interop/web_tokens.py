"""A tokenizer as data for JavaScript: `settings.json` of a folder for the web, read by its `seqtwin.mjs`."""

import itertools
import json
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Literal

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from seqtwin.data.tokens.letters import LAST as LAST_LETTERS
from seqtwin.data.tokens.letters import LETTERS
from seqtwin.data.tokens.plain_texts import ONE_BY_ONE
from seqtwin.data.tokens.tokenizer import TextTokens
from seqtwin.data.tokens.units import ACCENTS, NORMALIZE, normalizer_of
from seqtwin.errors import ConfigError

NormalForm = Literal["NFC", "NFKC", "NFKD"]
Form = Literal["", "NFC", "NFKC", "NFKD"]
LOWEST, HIGH = "\u0334", "\u0345"  # marks with the lowest and the highest place in the order
FORMS: dict[str, Form] = {"none": "", "nfc": "NFC", "nfkc": "NFKC", "fold": "NFKD"}
NORMALIZERS = {"NFC": normalizers.NFC, "NFKC": normalizers.NFKC, "NFKD": normalizers.NFKD}
BYTES = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
LAST = 0x20000  # no letter with a case, and no punctuation, has a larger code point
CHUNK = 4096
HALVES = range(0xD800, 0xE000)


def tokens_for_web(tokens: TextTokens) -> dict[str, object]:
    """The data of a tokenizer: its unit, its vocabulary in the order of the ids, and how it changes a text.

    The lower case of letters and the marks of punctuation are listed: those of a browser can be of another version of
    Unicode.

    Raises: ConfigError for `tokens.characters: true`, or a tokenizer that seqtwin has not trained.
    """
    if tokens.letters is not None and not tokens.letters.lower:
        raise _unsupported("tokens.characters: true")
    unit, (lower, form) = _unit(tokens.tokenizer), _normalization(tokens.tokenizer)
    data: dict[str, object] = {
        "unit": unit,
        "vocabulary": tokens.vocabulary,
        "max_length": tokens.max_length,
        "empty": tokens.empty,
        "form": FORMS[form],
        "unchanged": "".join(unchanged(FORMS[form])),
        "accents": ACCENTS if form == "fold" else None,
        "lower": lower_case() if lower or form == "fold" else None,
    }
    if unit == "word":
        data["punctuation"] = list(_ranges(punctuation()))
    if tokens.letters is not None:
        data["letters"] = {"alphabet": tokens.letters.alphabet, "longest": LETTERS, "last": LAST_LETTERS}
    if unit == "bpe":
        data["merges"] = json.loads(tokens.to_json())["model"]["merges"]
    return data


def _unsupported(part: str) -> ConfigError:
    cause = f"{part} cannot be exported to the web"
    return ConfigError("EXPORT_UNSUPPORTED", cause, place="export", remedy="use seqtwin serve, or train without it")


def _unit(tokenizer: Tokenizer) -> str:
    pieces = tokenizer.pre_tokenizer
    if isinstance(tokenizer.model, models.WordLevel) and isinstance(pieces, pre_tokenizers.BertPreTokenizer):
        return "word"
    state = json.loads(pieces.__getstate__())
    if isinstance(tokenizer.model, models.WordLevel) and state == ONE_BY_ONE:
        return "char"
    if isinstance(tokenizer.model, models.BPE) and state == BYTES:
        return "bpe"
    raise _unsupported("a tokenizer that seqtwin has not trained")


def _normalization(tokenizer: Tokenizer) -> tuple[bool, str]:
    """Whether texts are lower-cased, and their form of NORMALIZE."""
    for lower, form in itertools.product((False, True), NORMALIZE):
        if normalizer_of(lower, form).__getstate__() == tokenizer.normalizer.__getstate__():
            return lower, form
    raise _unsupported("a tokenizer with other changes of the text than seqtwin's")


def _chunks() -> Iterator[list[str]]:
    letters = [chr(code) for code in range(1, LAST) if code not in HALVES]
    for start in range(0, len(letters), CHUNK):
        yield letters[start : start + CHUNK]


def unchanged(form: Form) -> list[str]:
    """The letters that the library leaves where and as they are, because its version of Unicode is older.

    To it they are letters that do not change together with a letter next to them.
    """
    if not form:
        return []
    kept = set(_uncomposed(form)) | set(_unordered(form))
    return sorted(kept)


def _uncomposed(form: NormalForm) -> Iterator[str]:
    """The letters that have another normal form in Python than in the library, where they stay the same."""
    for letters in _chunks():
        pairs = zip(letters, _normalized(form, letters), strict=True)
        yield from (letter for letter, own in pairs if own == letter != unicodedata.normalize(form, letter))


def _unordered(form: NormalForm) -> Iterator[str]:
    """The marks that the library does not bring into an order with the marks next to them."""
    for letters in _chunks():
        marks = [letter for letter in letters if unicodedata.combining(letter)]
        before = zip(marks, _normalized(form, [mark + LOWEST for mark in marks]), strict=True)
        after = zip(marks, _normalized(form, [HIGH + mark for mark in marks]), strict=True)
        unknown = {mark for mark, own in before if own == mark + LOWEST}
        yield from (mark for mark, own in after if own == HIGH + mark and mark in unknown)


def _normalized(form: NormalForm, texts: list[str]) -> list[str]:
    return NORMALIZERS[form]().normalize_str("\0".join(texts)).split("\0") if texts else []


def lower_case() -> dict[str, str]:
    """The lower case of every letter that has one, as the library writes it."""
    found: dict[str, str] = {}
    for letters in _chunks():
        lowered = normalizers.Lowercase().normalize_str("\0".join(letters)).split("\0")
        found |= {letter: low for letter, low in zip(letters, lowered, strict=True) if letter != low}
    return found


def punctuation() -> list[int]:
    """The code points that the library makes a word of their own."""
    found: list[int] = []
    for letters in _chunks():
        # each letter stands between two others, and a blank follows
        pieces = pre_tokenizers.BertPreTokenizer().pre_tokenize_str(" ".join(f"a{letter}a" for letter in letters))
        alone = {start for _, (start, end) in pieces if end == start + 1}
        places = range(1, 4 * len(letters), 4)
        found += [ord(letter) for place, letter in zip(places, letters, strict=True) if place in alone]
    return found


def _ranges(codes: Iterable[int]) -> Iterator[list[int]]:
    """Runs of consecutive numbers, each as its first and its last.

    >>> list(_ranges([3, 4, 5, 9]))
    [[3, 5], [9, 9]]
    """
    for _, run in itertools.groupby(enumerate(codes), lambda pair: pair[1] - pair[0]):
        numbers = [code for _, code in run]
        yield [numbers[0], numbers[-1]]
