"""Readers of plain texts: the ids that the library `tokenizers` gives, several times faster.

A reader knows texts whose tokens are simple to find: printable ASCII for words, every text for characters. It keeps the
ids of words that it has met. All other texts, byte pairs and foreign tokenizers are left to the library.
"""

import itertools
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from tokenizers import Tokenizer, models, pre_tokenizers

from seqtwin.data.tokens.letters import LETTERS, Letters
from seqtwin.data.tokens.units import NORMALIZE, UNKNOWN, normalizer_of

# as BertPreTokenizer: blanks separate words, and every mark of punctuation is a word
PIECES = re.compile(r"[!-/:-@\[-`{-~]|[^\s!-/:-@\[-`{-~]+", re.ASCII)
MAX_CHARACTERS = 100_000  # of a text
MOST_WORDS = 2**16  # that are kept, in 10 MB with their letters
ONE_BY_ONE = {"type": "Split", "pattern": {"Regex": "."}, "behavior": "Isolated", "invert": False}


class Found(NamedTuple):
    """The ids of a text, and whether it was too long."""

    ids: np.ndarray
    cut: bool


class Reader(Protocol):
    """The methods of a reader. `reads`: whether it knows the tokens of a text; `read`: the ids of such texts."""

    def reads(self, text: str, /) -> bool: ...

    def read(self, texts: Sequence[str], /) -> list[np.ndarray]: ...


def reader_of(tokenizer: Tokenizer, letters: Letters | None) -> Reader | None:
    """The reader with the ids of a tokenizer; None where the library is needed for every text."""
    normalize, model = _normalization(tokenizer), tokenizer.model
    own = isinstance(model, models.WordLevel) and model.unk_token == UNKNOWN and tokenizer.post_processor is None
    if normalize is None or not own or tokenizer.get_added_tokens_decoder():
        return None
    vocabulary = tokenizer.get_vocab()
    if isinstance(tokenizer.pre_tokenizer, pre_tokenizers.BertPreTokenizer):
        return WordReader(_Rows(vocabulary, normalize, letters))
    if letters is None and json.loads(tokenizer.pre_tokenizer.__getstate__()) == ONE_BY_ONE:
        return CharacterReader(normalize, tokenizer.normalizer.normalize_str, _table(vocabulary))
    return None


def read_texts(
    texts: Sequence[str], reader: Reader | None, by_library: Callable[[list[str]], list[Found]], longest: int
) -> tuple[list[np.ndarray], set[int]]:
    """The ids of each text, at most `longest`, and the rows of the texts that were cut.

    A reader is used where it knows the text, otherwise the library.
    """
    if reader is None or not _are_plain(texts, reader):
        return _one_by_one(texts, reader, by_library, longest)
    ids = reader.read(texts)
    if max(map(len, ids), default=0) <= longest:
        return ids, set()
    return [own[:longest] for own in ids], {row for row, own in enumerate(ids) if len(own) > longest}


def _are_plain(texts: Sequence[str], reader: Reader) -> bool:
    """Whether the reader knows all texts, and all are storable: one look at all together is several times faster."""
    whole = "".join(texts)
    return whole.isascii() and reader.reads(whole) and max(map(len, texts), default=0) <= MAX_CHARACTERS


def _one_by_one(
    texts: Sequence[str], reader: Reader | None, by_library: Callable[[list[str]], list[Found]], longest: int
) -> tuple[list[np.ndarray], set[int]]:
    stored = [storable(text) for text in texts]
    plain = [reader is not None and reader.reads(text) for text in stored]
    read = reader.read([text for text, own in zip(stored, plain, strict=True) if own]) if reader else []
    ids = iter(read)
    rest = iter(by_library([text for text, own in zip(stored, plain, strict=True) if not own]))
    found = [Found((own := next(ids))[:longest], len(own) > longest) if is_plain else next(rest) for is_plain in plain]
    cut = {row for row, own in enumerate(found) if own.cut or len(texts[row]) > MAX_CHARACTERS}
    return [own.ids for own in found], cut


def storable(text: str) -> str:
    """The text as the library stores it: written in Rust, it accepts no lone surrogates. Long lines need memory."""
    cut = text[:MAX_CHARACTERS]
    return cut if cut.isascii() else cut.encode("utf-8", "replace").decode("utf-8")


def _normalization(tokenizer: Tokenizer) -> Callable[[str], str] | None:
    """The change of printable ASCII by a normalizer of `units`: str or str.lower; None for a foreign one."""
    state = None if tokenizer.normalizer is None else tokenizer.normalizer.__getstate__()
    forms = itertools.product((False, True), NORMALIZE)
    own = {normalizer_of(lower, form).__getstate__(): lower or form == "fold" for lower, form in forms}
    return None if state not in own else str.lower if own[state] else str


class _Rows(dict[str, bytes]):
    """The id of each word, and those of its letters, as bytes. It fills itself, up to MOST_WORDS."""

    def __init__(self, vocabulary: dict[str, int], normalize: Callable[[str], str], letters: Letters | None) -> None:
        super().__init__()
        self.letters, self.width = letters, 1 if letters is None else 1 + LETTERS
        self._vocabulary, self._normalize = vocabulary, normalize

    def __missing__(self, word: str) -> bytes:
        # id 0 is the padding, even if a word is "[PAD]"
        row = [self._vocabulary.get(self._normalize(word), 1) or 1]
        if self.letters is not None:
            row += self.letters.table([word])[word].tolist()
        if len(self) >= MOST_WORDS:
            self.clear()
        self[word] = found = np.array(row, dtype=np.int32).tobytes()
        return found


@dataclass(frozen=True)
class WordReader:
    """Words of printable ASCII, with their letters or without."""

    rows: _Rows

    def reads(self, text: str) -> bool:
        """Whether the text is printable ASCII."""
        return text.isascii() and text.isprintable()

    def read(self, texts: Sequence[str]) -> list[np.ndarray]:
        """The ids of each text, int64 [time] or [time, 1 + LETTERS]; time can be 0."""
        words = [PIECES.findall(text) for text in texts]
        joined = b"".join(map(self.rows.__getitem__, itertools.chain.from_iterable(words)))
        ids = np.frombuffer(joined, dtype=np.int32).astype(np.int64)
        return _cut(ids if self.rows.letters is None else ids.reshape(-1, self.rows.width), words)


@dataclass(frozen=True)
class CharacterReader:
    """Characters of any text. `plain`: normalizes printable ASCII; `table`: the id of each code point."""

    plain: Callable[[str], str]
    normalize: Callable[[str], str]
    table: np.ndarray

    def reads(self, _text: str) -> bool:
        """True: every text has characters."""
        return True

    def read(self, texts: Sequence[str]) -> list[np.ndarray]:
        """The ids of each text, int64 [time]; time can be 0."""
        normal = [self._normal(text) for text in texts]
        codes = np.frombuffer("".join(normal).encode("utf-32-le"), dtype=np.uint32)
        return _cut(self.table[np.minimum(codes, len(self.table) - 1)], normal)

    def _normal(self, text: str) -> str:
        if text.isascii() and text.isprintable():
            return " ".join(self.plain(text).split())
        return self.normalize(text)


def _table(vocabulary: dict[str, int]) -> np.ndarray:
    """The id of each code point, up to one after the largest; unknown ones have id 1."""
    known = {ord(token): place for token, place in vocabulary.items() if len(token) == 1}
    table = np.ones(max(known, default=0) + 2, dtype=np.int64)
    table[list(known)] = list(known.values())
    return table


def _cut(ids: np.ndarray, parts: Sequence[Sequence[object]]) -> list[np.ndarray]:
    """Rows of ids, one per token, cut into one array per text."""
    ends = np.cumsum([0, *map(len, parts)]).tolist()
    return [ids[start:end] for start, end in itertools.pairwise(ends)]
