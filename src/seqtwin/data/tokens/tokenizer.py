"""Text to token ids by characters, words or byte pairs, through the `tokenizers` library.

The vocabulary comes from the training split alone. Id 0 is `[PAD]`, id 1 is `[UNK]`; neither is a special token of the
library, so a text that spells "[PAD]" is read as the characters it consists of.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from tokenizers import Encoding, Tokenizer, pre_tokenizers

from seqtwin.data.tokens.equal_texts import Reading, reading
from seqtwin.data.tokens.letters import Letters, spelled
from seqtwin.data.tokens.units import MAX_VOCABULARY, PAD, UNITS, UNKNOWN, normalizer_of, of_counts
from seqtwin.errors import ConfigError, DamagedError, DataError
from seqtwin.lookup import member

MAX_CHARACTERS = 100_000
MAX_TOKENS = 4096
EMPTY_POLICIES = ("error", "unk", "drop")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class TextTokens:
    """A trained tokenizer with what it does on texts without a token.

    With `letters` each token is read with its letters beside it.

    >>> tokens = train_tokenizer(["to be", "or not"], unit="word")
    >>> tokens.encode(["not to be", "to fly"])
    [array([3, 5, 2]), array([5, 1])]
    """

    tokenizer: Tokenizer
    empty: str = "error"
    letters: Letters | None = None

    def __post_init__(self) -> None:
        member(dict.fromkeys(EMPTY_POLICIES), self.empty, "empty-text policy")
        if (self.tokenizer.token_to_id(PAD), self.tokenizer.token_to_id(UNKNOWN)) != (0, 1):
            raise DamagedError("TOKENIZER_IDS", f"a tokenizer whose ids 0 and 1 are not {PAD} and {UNKNOWN}")

    def encode(self, texts: Sequence[str]) -> list[np.ndarray]:
        """Token ids of each text, int64 [time], at least one. Texts too long are cut, counted and warned of.

        With letters [time, 1 + LETTERS]: the word's id, then the ids of its letters as the text writes them.

        Raises: DataError for a text without a token, unless the policy is `unk`.
        """
        stored = [_storable(text) for text in texts]
        found = self._found(stored)
        cut = sum(bool(one.overflowing) or len(text) > MAX_CHARACTERS for one, text in zip(found, texts, strict=True))
        if cut:
            logger.warning("%d of %d texts were too long and were cut to %d tokens", cut, len(texts), self.max_length)
        ids = self._ids([one.ids for one in found], texts)
        return ids if self.letters is None else spelled(ids, _written(stored, found), self.letters)

    def encode_words(self, sequences: Sequence[Sequence[str]]) -> list[np.ndarray]:
        """The same for sequences that are cut into words already: one step a word, none split, dropped or cut off.

        Raises: ConfigError for characters and byte pairs; DataError for a sequence without a word, as `encode`.

        >>> train_word_tokens([["New York", "is", "big"]]).encode_words([["new york", "is", "old"]])
        [array([4, 3, 1])]
        """
        if not isinstance(self.tokenizer.pre_tokenizer, pre_tokenizers.BertPreTokenizer):
            cause = "given words are read by their ids in a vocabulary of words"
            raise ConfigError("TOKENS_NO_WORDS", cause, place="tokens.unit", remedy="set tokens.unit: word")
        stored = [[_storable(word) for word in words] for words in sequences]
        known = {word: self._id_of(word) for words in stored for word in words}
        ids = self._ids([[known[word] for word in words] for words in stored], [""] * len(stored))
        return ids if self.letters is None else spelled(ids, stored, self.letters)

    def _id_of(self, word: str) -> int:
        # id 0 would be a word that spells "[PAD]"
        return self.tokenizer.token_to_id(self.tokenizer.normalizer.normalize_str(word)) or 1

    def _ids(self, found: Sequence[list[int]], texts: Sequence[str]) -> list[np.ndarray]:
        ids = [np.asarray(one, dtype=np.int64) for one in found]
        return [one if len(one) else self._of_empty(row, texts[row]) for row, one in enumerate(ids)]

    def spans(self, text: str) -> tuple[tuple[int, int], ...]:
        """Where each token of `encode([text])` stands in the text: first character and the one behind its last.

        >>> train_tokenizer(["to be"], unit="word").spans(" to  BE!")
        ((1, 3), (5, 7), (7, 8))
        """
        found = self.tokenizer.encode(_storable(text)).offsets
        return tuple((start, end) for start, end in found) or ((0, len(text)),)

    def _of_empty(self, row: int, text: str) -> np.ndarray:
        if self.empty == "unk":
            return np.ones(1, dtype=np.int64)
        raise DataError(
            "DATA_EMPTY_TEXT",
            f"text {row} is empty: {text[:40]!r} has no token",
            place="tokens",
            remedy="remove it, or train with tokens.empty=unk (an empty text is then one unknown token)",
        )

    def readings(self, texts: Sequence[str]) -> list[Reading]:
        """A key for each text, None for one without a token: texts with equal keys consist of the same tokens.

        >>> a, b, c, d, e = train_tokenizer(["to be"], unit="word").readings(["To  be", "to BE", "fly", "go", " "])
        >>> a == b, c == d, c.known, e.key is None
        (True, False, False, True)
        """
        stored = [_storable(text) for text in texts]
        found = self._found(stored)
        ids = [np.asarray(one.ids or [1], dtype=np.int64) for one in found]
        tokens = ids if self.letters is None else spelled(ids, _written(stored, found), self.letters)
        return [
            reading(text, own[: len(one.ids)], cut=bool(one.overflowing) or text != kept, normalize=self._normalized)
            for text, kept, own, one in zip(texts, stored, tokens, found, strict=True)
        ]

    def _found(self, stored: list[str]) -> list[Encoding]:
        # only the slower call says where the tokens stand
        find = self.tokenizer.encode_batch_fast if self.letters is None else self.tokenizer.encode_batch
        return list(find(stored))

    def _normalized(self, text: str) -> str:
        # what cannot be stored is compared as it is: every lone surrogate is stored as the same question mark
        return str(self.tokenizer.normalizer.normalize_str(text)) if _storable(text) == text else text

    @property
    def max_length(self) -> int:
        """The most tokens a text keeps."""
        setting = self.tokenizer.truncation or {}
        return int(setting.get("max_length", MAX_TOKENS))

    @property
    def size(self) -> int:
        """How many ids there are."""
        return int(self.tokenizer.get_vocab_size())

    @property
    def letter_size(self) -> int:
        """How many ids letters have; 0 where tokens are read without them."""
        return 0 if self.letters is None else self.letters.size

    @cached_property
    def vocabulary(self) -> list[str]:
        """The tokens by id."""
        known = self.tokenizer.get_vocab()
        return sorted(known, key=known.__getitem__)

    def unknown_share(self, texts: Sequence[str]) -> float:
        """Share of the tokens of these texts that the vocabulary does not know; 0 without tokens."""
        found = self.tokenizer.encode_batch_fast([_storable(text) for text in texts])
        unknown = sum(one.ids.count(1) for one in found)
        return unknown / max(1, sum(len(one.ids) for one in found))

    def to_json(self) -> str:
        """The text of `tokenizer.json`."""
        return str(self.tokenizer.to_str(pretty=True))

    @classmethod
    def from_json(
        cls, text: str, *, empty: str = "error", max_length: int | None = None, letters: Letters | None = None
    ) -> "TextTokens":
        """The tokenizer back from its text, which holds the words alone; `max_length` replaces the stored one.

        Raises: DamagedError when the text is no tokenizer.
        """
        try:
            tokenizer = Tokenizer.from_str(text)
        except Exception as error:  # the library raises the bare class
            raise DamagedError("TOKENIZER_UNREADABLE", f"not a tokenizer: {error}") from error
        if max_length is not None or tokenizer.truncation is None:
            tokenizer.enable_truncation(max_length or MAX_TOKENS)
        return cls(tokenizer, empty, letters)

    @classmethod
    def load(
        cls, path: Path, *, empty: str = "error", max_length: int | None = None, letters: Letters | None = None
    ) -> "TextTokens":
        """The tokenizer of a `tokenizer.json`.

        Raises: DamagedError when it cannot be read.
        """
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise DamagedError("TOKENIZER_UNREADABLE", f"cannot be read: {error}", place=str(path)) from error
        return cls.from_json(text, empty=empty, max_length=max_length, letters=letters)


def train_tokenizer(
    texts: Iterable[str],
    *,
    unit: str,
    size: int | None = None,
    lower: bool | None = None,
    normalize: str = "nfc",
    max_length: int = MAX_TOKENS,
    empty: str = "error",
    characters: bool = False,
) -> TextTokens:
    """A tokenizer with the vocabulary of these texts: the most frequent tokens first, equal ones by their text.

    `size` counts all ids, `[PAD]` and `[UNK]` included; without it every token is kept (bpe: 8000 ids).
    `lower` defaults to true for words only. White space runs become one blank. With `characters` the tokens are read
    with their letters, of which those of these texts are known.

    Raises: ConfigError for an unknown name; ValueError for a size or length that cannot be.

    >>> train_tokenizer(["abba"], unit="char").vocabulary
    ['[PAD]', '[UNK]', 'a', 'b']
    """
    train = member(UNITS, unit, "token unit")
    _check_sizes(size, max_length)
    stored = [_storable(text) for text in texts]
    tokenizer = train(stored, size, normalizer_of(unit == "word" if lower is None else lower, normalize))
    tokenizer.enable_truncation(max_length)
    if not characters:
        return TextTokens(tokenizer, empty)
    written = (word for words in _written(stored, tokenizer.encode_batch(stored)) for word in words)
    return TextTokens(tokenizer, empty, Letters.of(written))


def train_word_tokens(
    sequences: Iterable[Sequence[str]],
    *,
    size: int | None = None,
    lower: bool | None = None,
    normalize: str = "nfc",
    max_length: int = MAX_TOKENS,
    empty: str = "error",
    characters: bool = False,
) -> TextTokens:
    """The same, unit `word`, from sequences that are cut into words already; for `encode_words`.

    A text is still cut as texts are, at blanks and punctuation.

    Raises: ConfigError for an unknown name; ValueError for a size or length that cannot be.
    """
    _check_sizes(size, max_length)
    words = [_storable(word) for words in sequences for word in words]
    normalizer = normalizer_of(lower is not False, normalize)
    counts = Counter(normalizer.normalize_str(word) for word in words)
    for reserved in ("", PAD, UNKNOWN):
        del counts[reserved]
    tokenizer = of_counts(counts, size, normalizer, pre_tokenizers.BertPreTokenizer())
    tokenizer.enable_truncation(max_length)
    return TextTokens(tokenizer, empty, Letters.of(words) if characters else None)


def _check_sizes(size: int | None, max_length: int) -> None:
    if not 1 <= max_length <= MAX_TOKENS:
        raise ValueError(f"max_length: expected 1 to {MAX_TOKENS}, got {max_length}")
    if size is not None and not 3 <= size <= MAX_VOCABULARY:
        raise ValueError(f"size: expected 3 to {MAX_VOCABULARY}, got {size}")


def _written(texts: Sequence[str], found: Sequence[Encoding]) -> list[list[str]]:
    """The tokens of each text as it spells them."""
    return [_cut(text, one.offsets) for text, one in zip(texts, found, strict=True)]


def _cut(text: str, spans: Sequence[tuple[int, int]]) -> list[str]:
    # the library leaves a last letter's accents out of the span, if they are characters of their own
    ends = [*(start for start, _ in spans[1:]), len(text)]
    return [text[start : max(end, then)].strip() for (start, end), then in zip(spans, ends, strict=False)]


def _storable(text: str) -> str:
    # lone surrogates cannot cross into Rust; the limit bounds memory on endless lines
    return text[:MAX_CHARACTERS].encode("utf-8", "replace").decode("utf-8")
