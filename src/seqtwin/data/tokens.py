"""Text to token ids by characters, words or byte pairs, through the `tokenizers` library.

The vocabulary comes from the training split alone. Id 0 is `[PAD]`, id 1 is `[UNK]`; neither is a special token of the
library, so a text that spells "[PAD]" is read as the characters it consists of.
"""

import json
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers

from seqtwin.errors import DamagedError, DataError
from seqtwin.lookup import member

PAD, UNKNOWN = "[PAD]", "[UNK]"
MAX_CHARACTERS = 100_000
MAX_TOKENS = 4096
MAX_VOCABULARY = 5_000_000
BYTES = 256
EMPTY_POLICIES = ("error", "unk", "drop")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class TextTokens:
    """A trained tokenizer with what it does on texts without a token.

    >>> tokens = train_tokenizer(["to be", "or not"], unit="word")
    >>> tokens.encode(["not to be", "to fly"])
    [array([3, 5, 2]), array([5, 1])]
    """

    tokenizer: Tokenizer
    empty: str = "error"

    def __post_init__(self) -> None:
        member(dict.fromkeys(EMPTY_POLICIES), self.empty, "empty-text policy")
        if (self.tokenizer.token_to_id(PAD), self.tokenizer.token_to_id(UNKNOWN)) != (0, 1):
            raise DamagedError("TOKENIZER_IDS", f"a tokenizer whose ids 0 and 1 are not {PAD} and {UNKNOWN}")

    def encode(self, texts: Sequence[str]) -> list[np.ndarray]:
        """Token ids of each text, int64, at least one. Texts too long are cut, counted and warned of.

        Raises: DataError for a text without a token, unless the policy is `unk`.
        """
        found = self.tokenizer.encode_batch_fast([_storable(text) for text in texts])
        cut = sum(bool(one.overflowing) or len(text) > MAX_CHARACTERS for one, text in zip(found, texts, strict=True))
        if cut:
            logger.warning("%d of %d texts were too long and were cut to %d tokens", cut, len(texts), self.max_length)
        ids = [np.asarray(one.ids, dtype=np.int64) for one in found]
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
            remedy="remove it, or set tokens.empty to unk (one unknown token) or drop",
        )

    @property
    def max_length(self) -> int:
        """The most tokens a text keeps."""
        setting = self.tokenizer.truncation or {}
        return int(setting.get("max_length", MAX_TOKENS))

    @property
    def size(self) -> int:
        """How many ids there are."""
        return int(self.tokenizer.get_vocab_size())

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
    def from_json(cls, text: str, *, empty: str = "error", max_length: int | None = None) -> "TextTokens":
        """The tokenizer back from its text; `max_length` replaces the stored one.

        Raises: DamagedError when the text is no tokenizer.
        """
        try:
            tokenizer = Tokenizer.from_str(text)
        except Exception as error:  # the library raises the bare class
            raise DamagedError("TOKENIZER_UNREADABLE", f"not a tokenizer: {error}") from error
        if max_length is not None or tokenizer.truncation is None:
            tokenizer.enable_truncation(max_length or MAX_TOKENS)
        return cls(tokenizer, empty)

    @classmethod
    def load(cls, path: Path, *, empty: str = "error", max_length: int | None = None) -> "TextTokens":
        """The tokenizer of a `tokenizer.json`.

        Raises: DamagedError when it cannot be read.
        """
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise DamagedError("TOKENIZER_UNREADABLE", f"cannot be read: {error}", place=str(path)) from error
        return cls.from_json(text, empty=empty, max_length=max_length)


def train_tokenizer(
    texts: Iterable[str],
    *,
    unit: str,
    size: int | None = None,
    lower: bool | None = None,
    normalize: str = "nfc",
    max_length: int = MAX_TOKENS,
    empty: str = "error",
) -> TextTokens:
    """A tokenizer with the vocabulary of these texts: the most frequent tokens first, equal ones by their text.

    `size` counts all ids, `[PAD]` and `[UNK]` included; without it every token is kept (bpe: 8000 ids).
    `lower` defaults to true for words only. White space runs become one blank.

    Raises: ConfigError for an unknown name; ValueError for a size or length that cannot be.

    >>> train_tokenizer(["abba"], unit="char").vocabulary
    ['[PAD]', '[UNK]', 'a', 'b']
    """
    train = member(UNITS, unit, "token unit")
    if not 1 <= max_length <= MAX_TOKENS:
        raise ValueError(f"max_length: expected 1 to {MAX_TOKENS}, got {max_length}")
    if size is not None and not 3 <= size <= MAX_VOCABULARY:
        raise ValueError(f"size: expected 3 to {MAX_VOCABULARY}, got {size}")
    normalizer = _normalizer(unit == "word" if lower is None else lower, normalize)
    tokenizer = train([_storable(text) for text in texts], size, normalizer)
    tokenizer.enable_truncation(max_length)
    return TextTokens(tokenizer, empty)


def _storable(text: str) -> str:
    # lone surrogates cannot cross into Rust; the limit bounds memory on endless lines
    return text[:MAX_CHARACTERS].encode("utf-8", "replace").decode("utf-8")


def _normalizer(lower: bool, normalize: str) -> normalizers.Normalizer:
    steps = [*member(NORMALIZE, normalize, "normalization")()]
    if lower:
        steps.append(normalizers.Lowercase())
    return normalizers.Sequence([*steps, normalizers.Replace(Regex(r"\s+"), " "), normalizers.Strip()])


def _by_frequency(
    texts: Sequence[str], size: int | None, normalizer: normalizers.Normalizer, pieces: pre_tokenizers.PreTokenizer
) -> Tokenizer:
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(piece for piece, _ in pieces.pre_tokenize_str(normalizer.normalize_str(text)))
    ranked = sorted(counts, key=lambda piece: (-counts[piece], piece))
    kept = [PAD, UNKNOWN, *ranked[: (size or MAX_VOCABULARY) - 2]]
    tokenizer = Tokenizer(models.WordLevel({piece: i for i, piece in enumerate(kept)}, unk_token=UNKNOWN))
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizer, pieces
    return tokenizer


def _chars(texts: Sequence[str], size: int | None, normalizer: normalizers.Normalizer) -> Tokenizer:
    return _by_frequency(texts, size, normalizer, pre_tokenizers.Split(Regex("."), "isolated"))


def _words(texts: Sequence[str], size: int | None, normalizer: normalizers.Normalizer) -> Tokenizer:
    return _by_frequency(texts, size, normalizer, pre_tokenizers.BertPreTokenizer())


def _byte_pairs(texts: Sequence[str], size: int | None, normalizer: normalizers.Normalizer) -> Tokenizer:
    size = size or 8000
    if size < BYTES + 2:
        raise ValueError(f"size: bpe starts from all {BYTES} bytes, so expected {BYTES + 2} or more, got {size}")
    tokenizer = Tokenizer(models.BPE(unk_token=UNKNOWN))
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=[PAD, UNKNOWN], initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    trained = json.loads(tokenizer.to_str())
    trained["added_tokens"] = []  # else the library reads "[PAD]" in a text as padding
    return Tokenizer.from_str(json.dumps(trained))


Train = Callable[[Sequence[str], int | None, normalizers.Normalizer], Tokenizer]

NORMALIZE: dict[str, Callable[[], list[normalizers.Normalizer]]] = {
    "none": list,
    "nfc": lambda: [normalizers.NFC()],
    "nfkc": lambda: [normalizers.NFKC()],
    "fold": lambda: [normalizers.NFKD(), normalizers.StripAccents(), normalizers.Lowercase()],
}

UNITS: dict[str, Train] = {"char": _chars, "word": _words, "bpe": _byte_pairs}
