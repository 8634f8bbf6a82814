"""Tokenizers of characters, words or byte pairs, based on the library `tokenizers`.

The vocabulary comes from the training split only; `known_words` adds words that have a vector. Id 0 is `[PAD]`, id 1 is
`[UNK]`. Neither is a special token of the library, so "[PAD]" in a text is tokenized like any other text.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path

import numpy as np
from tokenizers import Encoding, Tokenizer, pre_tokenizers

from seqtwin.data.tokens.equal_texts import Reading, TextLength, in_blocks, reading
from seqtwin.data.tokens.letters import LETTERS, Letters, spelled, written
from seqtwin.data.tokens.plain_texts import Found, Reader, read_texts, reader_of, storable
from seqtwin.data.tokens.units import MAX_TOKENS, PAD, UNITS, UNKNOWN, check_sizes, normalizer_of, of_counts
from seqtwin.errors import ConfigError, DamagedError, DataError
from seqtwin.lookup import member

EMPTY_POLICIES = ("error", "unk", "drop")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class TextTokens:
    """A trained tokenizer. `empty`: its policy for texts without a token, `error`, `unk` or `drop`.

    `letters`: if given, each token is encoded together with its letters. `known`: the number of words at the end of the
    vocabulary that were added for their word vectors; 0 for tokens that were loaded.

    >>> tokens = train_tokenizer(["to be", "or not"], unit="word")
    >>> tokens.encode(["not to be", "to fly"])
    [array([3, 5, 2]), array([5, 1])]
    """

    tokenizer: Tokenizer
    empty: str = "error"
    letters: Letters | None = None
    known: int = 0

    def __post_init__(self) -> None:
        member(dict.fromkeys(EMPTY_POLICIES), self.empty, "empty-text policy")
        if (self.tokenizer.token_to_id(PAD), self.tokenizer.token_to_id(UNKNOWN)) != (0, 1):
            raise DamagedError("TOKENIZER_IDS", f"the ids 0 and 1 of this tokenizer are not {PAD} and {UNKNOWN}")

    def encode(self, texts: Sequence[str]) -> list[np.ndarray]:
        """The token ids of each text, int64 [time], at least one. Long texts are truncated, with a warning.

        With letters [time, 1 + LETTERS]: the id of each word, then the ids of its letters as written in the text.

        Raises: DataError for a text without a token, unless the policy is `unk`.
        """
        ids, cut = self._found(texts)
        if cut:
            logger.warning(
                "%d of %d texts were too long and were cut to %d tokens", len(cut), len(texts), self.max_length
            )
        return self._filled(ids, texts)

    def lengths(self, texts: Sequence[str]) -> list[TextLength]:
        """The number of tokens of each text, 0 for a blank one, and whether the text was cut to the largest number."""
        ids, cut = self._found(texts)
        sizes = (len(own) if text.strip() else 0 for own, text in zip(ids, texts, strict=True))
        return [TextLength(size, row in cut) for row, size in enumerate(sizes)]

    def _found(self, texts: Sequence[str]) -> tuple[list[np.ndarray], set[int]]:
        """The ids of each text, and the rows of the texts that were cut."""
        return read_texts(texts, self._reader, self._by_library, self.max_length)

    def _by_library(self, stored: list[str]) -> list[Found]:
        return [one for block in in_blocks(stored) for one in self._found_in(block)]

    def _found_in(self, stored: Sequence[str]) -> list[Found]:
        encodings = self._encodings(stored)
        ids = [np.asarray(encoding.ids, dtype=np.int64) for encoding in encodings]
        if self.letters is not None:
            ids = spelled(ids, written(stored, encodings), self.letters)
        return [Found(own, bool(encoding.overflowing)) for own, encoding in zip(ids, encodings, strict=True)]

    @cached_property
    def _reader(self) -> Reader | None:
        return reader_of(self.tokenizer, self.letters)

    def encode_words(self, sequences: Sequence[Sequence[str]]) -> list[np.ndarray]:
        """The same for sequences of words: one step per word. No word is split, and long sequences are not truncated.

        Raises: ConfigError for characters and byte pairs; DataError for a sequence without words, as `encode`.

        >>> train_word_tokens([["New York", "is", "big"]]).encode_words([["new york", "is", "old"]])
        [array([4, 3, 1])]
        """
        if not self.of_words:
            cause = "sequences of words need a vocabulary of words"
            raise ConfigError("TOKENS_NO_WORDS", cause, place="tokens.unit", remedy="set tokens.unit: word")
        stored = [[storable(word) for word in words] for words in sequences]
        known = {word: self._id_of(word) for words in stored for word in words}
        ids = [np.array([known[word] for word in words], dtype=np.int64) for words in stored]
        whole = ids if self.letters is None else spelled(ids, stored, self.letters)
        return self._filled(whole, [""] * len(stored))

    def _id_of(self, word: str) -> int:
        # id 0 is the padding, even if a word is "[PAD]"
        return self.tokenizer.token_to_id(self.tokenizer.normalizer.normalize_str(word)) or 1

    def _filled(self, sequences: Sequence[np.ndarray], texts: Sequence[str]) -> list[np.ndarray]:
        """The same, with one unknown token for a text without a token, or an error."""
        if all(map(len, sequences)):
            return list(sequences)
        return [ids if len(ids) else self._of_empty(row, texts[row]) for row, ids in enumerate(sequences)]

    def spans(self, text: str) -> tuple[tuple[int, int], ...]:
        """The position of each token of `encode([text])` in the text: first character, and the one after its last.

        >>> train_tokenizer(["to be"], unit="word").spans(" to  BE!")
        ((1, 3), (5, 7), (7, 8))
        """
        offsets = self.tokenizer.encode(storable(text)).offsets
        return tuple((start, end) for start, end in offsets) or ((0, len(text)),)

    def _of_empty(self, row: int, text: str) -> np.ndarray:
        if self.empty == "unk":
            unknown = np.ones(1, dtype=np.int64)
            return unknown if self.letters is None else np.pad(unknown[:, None], ((0, 0), (0, LETTERS)))
        raise DataError(
            "DATA_EMPTY_TEXT",
            f"text {row} is empty: {text[:40]!r} has no token",
            place="tokens",
            remedy="remove it, or train with tokens.empty=unk (which encodes an empty text as one unknown token)",
        )

    def readings(self, texts: Sequence[str]) -> list[Reading]:
        """The reading of each text. Texts with equal keys have equal tokens; a text without a token has no key.

        >>> a, b, c, d, e = train_tokenizer(["to be"], unit="word").readings(["To  be", "to BE", "fly", "go", " "])
        >>> a == b, c == d, c.known, e.key is None
        (True, False, False, True)
        """
        return [one for block in in_blocks(texts) for one in self._readings(block)]

    def _readings(self, texts: Sequence[str]) -> list[Reading]:
        stored = [storable(text) for text in texts]
        encodings = self._encodings(stored)
        ids = [np.asarray(encoding.ids, dtype=np.int64) for encoding in encodings]
        tokens = ids if self.letters is None else spelled(ids, written(stored, encodings), self.letters)
        cut = [
            bool(encoding.overflowing) or text != part
            for encoding, text, part in zip(encodings, texts, stored, strict=True)
        ]
        return [
            reading(text, own[: len(encoding.ids)], cut=was_cut, normalize=self._normalized)
            for text, own, encoding, was_cut in zip(texts, tokens, encodings, cut, strict=True)
        ]

    def _encodings(self, stored: Sequence[str]) -> list[Encoding]:
        # only the slower call returns the positions of the tokens
        encode = self.tokenizer.encode_batch_fast if self.letters is None else self.tokenizer.encode_batch
        return list(encode(list(stored)))

    def _normalized(self, text: str) -> str:
        # texts with lone surrogates are not normalized, because all surrogates are stored as question marks
        return str(self.tokenizer.normalizer.normalize_str(text)) if storable(text) == text else text

    @cached_property
    def max_length(self) -> int:
        """The largest number of tokens of a text."""
        setting = self.tokenizer.truncation or {}
        return int(setting.get("max_length", MAX_TOKENS))

    @property
    def size(self) -> int:
        """The number of ids."""
        return int(self.tokenizer.get_vocab_size())

    @property
    def of_words(self) -> bool:
        """Whether the tokens are words, not characters or byte pairs."""
        return isinstance(self.tokenizer.pre_tokenizer, pre_tokenizers.BertPreTokenizer)

    @property
    def letter_size(self) -> int:
        """The number of letter ids, 0 without letters."""
        return 0 if self.letters is None else self.letters.size

    @cached_property
    def vocabulary(self) -> list[str]:
        """The tokens in the order of their ids."""
        ids = self.tokenizer.get_vocab()
        return sorted(ids, key=ids.__getitem__)

    def unknown_share(self, texts: Sequence[str]) -> float:
        """The share of the tokens of some texts that are not in the vocabulary; 0 without tokens."""
        times = Counter(texts)
        ids, _ = self._found(list(times))
        own = ids if self.letters is None else [rows[:, 0] for rows in ids]
        unknown = sum(n * int((tokens == 1).sum()) for tokens, n in zip(own, times.values(), strict=True))
        return unknown / max(1, sum(n * len(tokens) for tokens, n in zip(own, times.values(), strict=True)))

    def to_json(self) -> str:
        """The text of `tokenizer.json`."""
        return str(self.tokenizer.to_str(pretty=True))

    @classmethod
    def from_json(
        cls, text: str, *, empty: str = "error", max_length: int | None = None, letters: Letters | None = None
    ) -> "TextTokens":
        """The tokenizer from the text of `tokenizer.json`. `max_length` replaces the stored one.

        Raises: DamagedError if the text is not a tokenizer.
        """
        try:
            tokenizer = Tokenizer.from_str(text)
        except Exception as error:  # the library raises Exception itself
            raise DamagedError("TOKENIZER_UNREADABLE", f"not a tokenizer: {error}") from error
        if max_length is not None or tokenizer.truncation is None:
            tokenizer.enable_truncation(max_length or MAX_TOKENS)
        return cls(tokenizer, empty, letters)

    @classmethod
    def load(
        cls, path: Path, *, empty: str = "error", max_length: int | None = None, letters: Letters | None = None
    ) -> "TextTokens":
        """The tokenizer from a file `tokenizer.json`.

        Raises: DamagedError if it cannot be read.
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
    """A tokenizer with the vocabulary of some texts, most frequent tokens first; ties in alphabetical order.

    `unit`: char, word or bpe; `size`: largest number of ids, including `[PAD]` and `[UNK]`, by default unlimited (bpe:
    8000); `lower`: by default true only for words; `characters`: encode tokens together with their letters. Runs of
    white space become one blank.

    Raises: ConfigError for an unknown name; ValueError for an invalid size or length.

    >>> train_tokenizer(["abba"], unit="char").vocabulary
    ['[PAD]', '[UNK]', 'a', 'b']
    """
    train = member(UNITS, unit, "token unit")
    check_sizes(size, max_length)
    stored = [storable(text) for text in texts]
    tokenizer = train(stored, size, normalizer_of(unit == "word" if lower is None else lower, normalize))
    tokenizer.enable_truncation(max_length)
    if not characters:
        return TextTokens(tokenizer, empty)
    words = chain.from_iterable(written(stored, tokenizer.encode_batch(stored)))
    return TextTokens(tokenizer, empty, Letters.of(words))


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
    """The same for the unit `word`, from sequences of words, for `encode_words`.

    Texts can still be encoded; they are split at blanks and punctuation.

    Raises: ConfigError for an unknown name; ValueError for an invalid size or length.
    """
    check_sizes(size, max_length)
    words = [storable(word) for words in sequences for word in words]
    normalizer = normalizer_of(lower is not False, normalize)
    counts = Counter(normalizer.normalize_str(word) for word in words)
    for reserved in ("", PAD, UNKNOWN):
        del counts[reserved]
    tokenizer = of_counts(counts, size, normalizer, pre_tokenizers.BertPreTokenizer())
    tokenizer.enable_truncation(max_length)
    return TextTokens(tokenizer, empty, Letters.of(words) if characters else None)
