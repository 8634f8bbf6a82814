"""`check_tokenizer`: all checks of a tokenizer."""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from seqtwin.conformance.battery import Check, CheckResult, NotMetError, part_name, require, run_checks
from seqtwin.conformance.randomness import require_no_draw
from seqtwin.data.tokens.plain_texts import MAX_CHARACTERS
from seqtwin.data.tokens.tokenizer import TextTokens
from seqtwin.data.tokens.units import MAX_TOKENS, UNITS, Train, normalizer_of
from seqtwin.errors import DataError
from seqtwin.lookup import member

CORPUS = (
    "to be, or not to be",
    "that is the question",
    "Wien ist schön",
    "a b c",
    "être",
    "東京 大阪",
    "100% x-y",
    "to go",
)
UNSEEN = ("zzzz qqqq", "Ω≈ç", "Ελλάδα", "12345", "[PAD]", "[UNK] [PAD] to")
ODD = (
    "👩‍👩‍👧‍👦", "שלום", "مرحبا", "क्षत्रिय", "e\u0301", "\u200d", "a\x00b",
    "\ud800x", "\u2028y", "ﬁ", "𝔘", "\ufeffto", "a" * 999,
)  # fmt: skip
BLANK = ("", " ", "\t\n", "\u3000")
SMALL = 300  # more than the 258 that byte pairs need


@dataclass(frozen=True)
class Case:
    """A tokenizer that was trained already, or how one is trained."""

    part: TextTokens | Train

    def trained(self, texts: Sequence[str] = CORPUS, *, size: int | None = None, limit: int = MAX_TOKENS) -> TextTokens:
        """The tokenizer of these texts, with the policy `unk`. One that was trained already ignores them."""
        if isinstance(self.part, TextTokens):
            return replace(self.part, empty="unk")
        tokenizer = self.part(list(texts), size, normalizer_of(False, "nfc"))
        tokenizer.enable_truncation(limit)
        return TextTokens(tokenizer, "unk")

    @cached_property
    def tokens(self) -> TextTokens:
        """The tokenizer of the usual texts."""
        return self.trained()

    @property
    def is_trained(self) -> bool:
        """Whether it was trained before, and cannot be trained here."""
        return isinstance(self.part, TextTokens)


ALREADY = "not applicable: it is trained already"
ALL = (*CORPUS, *UNSEEN, *ODD)


def ids(case: Case) -> str:
    """Whether ids are integers int64 [time] from 1 to the size; 0 is the padding alone."""
    for text, found in zip(ALL, case.tokens.encode(ALL), strict=True):
        steps = found if found.ndim == 1 else found[:, 0]
        require(found.dtype == np.int64, f"ids are {found.dtype}, expected int64")
        valid = bool(((steps >= 1) & (steps < case.tokens.size)).all())
        require(valid, f"the ids of {text[:20]!r} go from {steps.min()} to {steps.max()}, size {case.tokens.size}")
    return f"{case.tokens.size} ids, and 0 occurs in no text"


def lengths(case: Case) -> str:
    """Whether every text that is not blank has at least one token (N1)."""
    none = [text for text in (*CORPUS, *UNSEEN) if not len(case.tokens.tokenizer.encode(text).ids)]
    require(not none, f"{none[:1]} has no token")
    return "at least one token per text"


def empty(case: Case) -> str:
    """Whether blank texts follow the policy: an error, or one unknown token (N1)."""
    tokens = case.tokens
    for text in BLANK:
        found = tokens.encode([text])[0]
        steps = found if found.ndim == 1 else found[:, 0]
        require(steps.tolist() == [1], f"with the policy unk, {text!r} has the ids {steps.tolist()}, expected [1]")
        try:
            replace(tokens, empty="error").encode([text])
        except DataError:
            continue
        raise NotMetError(f"with the policy error, {text!r} raised no error")
    return "blank texts follow the policy"


def alone(case: Case) -> str:
    """Whether a text has the same ids alone and in a batch."""
    _require_equal([case.tokens.encode([text])[0] for text in ALL], case.tokens.encode(ALL), "alone and in a batch")
    return "equal alone and in a batch"


def order(case: Case) -> str:
    """Whether the order of the texts in a batch does not matter."""
    _require_equal(case.tokens.encode(ALL[::-1])[::-1], case.tokens.encode(ALL), "in another order")
    return "equal in any order"


def deterministic(case: Case) -> str:
    """Whether training twice gives the same vocabulary."""
    if case.is_trained:
        return ALREADY
    require(case.trained().vocabulary == case.trained().vocabulary, "two trainings give different vocabularies")
    return "the same vocabulary twice"


def training_order(case: Case) -> str:
    """Whether the vocabulary does not depend on the order of the training texts."""
    if case.is_trained:
        return ALREADY
    same = case.trained().vocabulary == case.trained(CORPUS[::-1]).vocabulary
    require(same, "training on the same texts in another order gives another vocabulary")
    return "the same vocabulary from any order"


def no_global_random(case: Case) -> str:
    """Whether neither training nor encoding draws from a global generator."""
    require_no_draw(lambda: case.trained().encode(ALL), "training or encoding")
    return "no global generator is used"


def known(case: Case) -> str:
    """Whether its own training texts are encoded with hardly any unknown token."""
    if case.is_trained:
        return ALREADY
    share = case.tokens.unknown_share(CORPUS)
    require(share == 0, f"{share:.0%} of the tokens of its training texts are unknown")
    return "no unknown token in the training texts"


def different(case: Case) -> str:
    """Whether different training texts have different ids."""
    if case.is_trained:
        return ALREADY
    count = len({tuple(found.flat) for found in case.tokens.encode(CORPUS)})
    require(count == len(CORPUS), f"{len(CORPUS)} different texts have only {count} different sequences of ids")
    return "different texts have different ids"


def unicode(case: Case) -> str:
    """Whether texts of every script, and half a surrogate pair, are encoded; NFC and NFD twins are equal."""
    composed, decomposed = (unicodedata.normalize(form, "schön être") for form in ("NFC", "NFD"))
    require(len(case.tokens.encode(ODD)) == len(ODD), "a text is missing from the result")
    if not case.is_trained:
        _require_equal(case.tokens.encode([composed]), case.tokens.encode([decomposed]), "in NFC and NFD")
    return f"{len(ODD)} odd texts are encoded"


def long(case: Case) -> str:
    """Whether a text beyond the limits is truncated to at most `max_length` tokens."""
    most = len(case.tokens.encode(["to be " * MAX_CHARACTERS])[0])
    require(most <= case.tokens.max_length, f"a long text has {most} tokens, max_length is {case.tokens.max_length}")
    if not case.is_trained:
        short = len(case.trained(limit=3).encode(["to be or not to be"])[0])
        require(short <= 3, f"with max_length 3 a text has {short} tokens")
    return "long texts are truncated"


def size_limit(case: Case) -> str:
    """Whether a vocabulary of limited size has at most this size."""
    if case.is_trained:
        return ALREADY
    texts = [*CORPUS, *(chr(code) + chr(code + 1) for code in range(0x4E00, 0x4E00 + 2 * SMALL))]
    found = case.trained(texts, size=SMALL).size
    require(found <= SMALL, f"with size {SMALL} it has {found} ids")
    return "the size is respected"


def save_and_load(case: Case) -> str:
    """Whether a saved tokenizer encodes as before."""
    tokens = case.tokens
    loaded = TextTokens.from_json(tokens.to_json(), empty="unk", letters=tokens.letters)
    require(loaded.vocabulary == tokens.vocabulary, "the vocabulary differs after saving and loading")
    require(loaded.max_length == tokens.max_length, f"max_length is {loaded.max_length} after loading")
    _require_equal(loaded.encode(ALL), tokens.encode(ALL), "after saving and loading")
    return "equal after saving and loading"


def spans(case: Case) -> str:
    """Whether each token has a position within the text, in order."""
    for text in CORPUS:
        found, count = case.tokens.spans(text), len(case.tokens.encode([text])[0])
        require(len(found) == count, f"{text!r} has {count} tokens and {len(found)} positions")
        inside = all(0 <= start <= end <= len(text) for start, end in found)
        ordered = [start for start, _ in found] == sorted(start for start, _ in found)
        require(inside and ordered, f"the positions of {text!r} are {found[:4]} ...")
    return "each token has its position"


def _require_equal(a: Sequence[np.ndarray], b: Sequence[np.ndarray], where: str) -> None:
    for left, right in zip(a, b, strict=True):
        require(np.array_equal(left, right), f"ids differ {where}: {left[:8].tolist()} and {right[:8].tolist()}")


_ONE_TEXT = "encode each text on its own"
_ORDERED = "rank the vocabulary by frequency and then by spelling, not by first occurrence"
TOKENIZER_CHECKS: Mapping[str, Check[Case]] = {
    "ids": Check(
        ids,
        "give [PAD] the id 0 and [UNK] the id 1, and let no text contain them: split them, and add no special token",
    ),
    "lengths": Check(lengths, "give a text without a known token unknown tokens, not none"),
    "empty": Check(empty, "give a blank text no token; the policy decides what to do with it"),
    "alone": Check(alone, _ONE_TEXT + ", without padding to the batch"),
    "order": Check(order, _ONE_TEXT),
    "deterministic": Check(deterministic, _ORDERED),
    "training_order": Check(training_order, _ORDERED),
    "no_global_random": Check(no_global_random, "draw from a generator of your own, with a fixed seed"),
    "known": Check(known, "put every token of the training texts in the vocabulary unless size forbids it"),
    "different": Check(different, "do not drop or join what makes texts different"),
    "unicode": Check(unicode, "use the normalizer that is given, and no character class that fails on other scripts"),
    "long": Check(long, "let the library truncate: return the Tokenizer, without a model that ignores it"),
    "size_limit": Check(size_limit, "count [PAD] and [UNK] in size"),
    "save_and_load": Check(save_and_load, "build it from parts that the library can save, not from Python callbacks"),
    "spans": Check(spans, "use pre-tokenizers and normalizers that keep the positions"),
}

_BUILD: Check[Case] = Check(
    lambda case: f"{case.tokens.size} ids", "return a tokenizers.Tokenizer from (texts, size, normalizer)"
)


def check_tokenizer(
    tokenizer: str | TextTokens | Callable[..., object], *, raise_error: bool = True
) -> tuple[CheckResult, ...]:
    """Check a tokenizer against everything that SeqTwin expects of one, and return one result per check.

    `tokenizer`: the function as it would be in `UNITS`, called with (texts, size, normalizer); the name of one in this
    dict; or a tokenizer that is trained already, for which some checks do not apply.

    Raises: ConfigError that lists every failed check with its remedy; with `raise_error=False`, nothing.

    >>> results = check_tokenizer("word")
    >>> len(results), all(result.passed for result in results)
    (15, True)
    """
    part = member(UNITS, tokenizer, "token unit") if isinstance(tokenizer, str) else tokenizer
    case: Case = Case(part)  # type: ignore[arg-type]  # what it returns is checked, not trusted
    return run_checks(part_name(tokenizer), case, _BUILD, TOKENIZER_CHECKS, raise_error=raise_error)
