"""Word vectors composed from the pieces of words: tables of model2vec, wordllama and sentence-transformers.

Such a source has a tokenizer and one row per piece. The vector of a word is the mean of the rows of its pieces: these
sources average the rows of a text in the same way. Pieces that the tokenizer does not know are left out, as model2vec
does. Everything is read from files; no hub is contacted.
"""

import json
import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from zipfile import BadZipFile, ZipFile

import numpy as np
import safetensors.numpy
from safetensors import safe_open
from tokenizers import Tokenizer

from seqtwin.data.tokens.word_vectors import no_words
from seqtwin.errors import DataError

WEIGHTS, TOKENIZER, MODULES = "model.safetensors", "tokenizer.json", "modules.json"
STATIC = "embedding.weight"
# names of the word embeddings in checkpoints of transformers: BERT and its relatives, ModernBERT, GPT-2, LLaMA, T5,
# XLNet, GPT-NeoX, CLIP, XLM
TRANSFORMER = re.compile(
    r"(^|\.)(word_embeddings?|tok_embeddings|wte|embed_tokens|shared|embed_in|token_embedding|embeddings)\.weight$"
)
WORDLLAMA_TABLE = re.compile(r"(^|/)weights/[^/]*_(\d+)\.safetensors$")
WORDLLAMA_TOKENIZER = re.compile(r"(^|/)tokenizers/[^/]*\.json$")
BEFORE = "a"  # pieces within a text can differ from those at its beginning


@dataclass(frozen=True)
class Pieces:
    """A table with one row per id of a tokenizer, Float[ids dim]. `unknown`: the id of unknown pieces, if there is one.

    `path`: where both are from.
    """

    path: Path
    table: np.ndarray
    tokenizer: Tokenizer
    unknown: int | None

    def split(self, words: Sequence[str]) -> list[list[int]]:
        """The ids of the pieces of each word, as it is split within a text."""
        before = len(self._ids([BEFORE])[0])
        return [ids[before:] for ids in self._ids([f"{BEFORE} {word}" for word in words])]

    def _ids(self, texts: Sequence[str]) -> list[list[int]]:
        return [encoding.ids for encoding in self.tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)]

    def fewest(self, words: Sequence[str]) -> list[list[int]]:
        """The known pieces of each word in the spelling that has the fewest: as given, capitalized, or in capitals.

        Many tables have `▁London` and no `▁london`, and the pieces `▁l`, `ond`, `on` mean nothing together. A spelling
        with an unknown piece is chosen only if all have one; then it is the one given.
        """
        spellings = [self.split([spell(word) for word in words]) for spell in (str, str.capitalize, str.upper)]
        chosen = (min(ways, key=self._cost) for ways in zip(*spellings, strict=True))
        return [[piece for piece in ids if piece != self.unknown] for ids in chosen]

    def _cost(self, pieces: Sequence[int]) -> float:
        return math.inf if self.unknown in pieces else len(pieces)

    def words(self) -> Iterator[str]:
        """The pieces that are whole words, in the order of their ids, as written and then in lower case."""
        texts = self.tokenizer.decode_batch([[i] for i in range(len(self.table))])
        words = [text.strip() for text in texts]
        for word, pieces in zip(words, self.split(words), strict=True):
            if word and len(pieces) == 1 and pieces[0] != self.unknown:
                yield word
                yield word.lower()

    def read(self, words: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """The vectors of the words that have a piece: their positions in `words`, Int[n], and the vectors, [n, dim].

        Raises: DataError if no word has one.
        """
        pieces = self.fewest(words)
        rows = [row for row, ids in enumerate(pieces) if ids]
        if not rows:
            raise no_words(self.path, len(words))
        return np.array(rows), np.stack([self.table[pieces[row]].mean(axis=0) for row in rows])


def load_model2vec(path: Path) -> Pieces:
    """The pieces of a folder of model2vec: its embeddings, looked up by its `mapping`, times its `weights`.

    Raises: DataError.
    """
    tensors = _tensors(path / WEIGHTS, lambda name: name in ("embeddings", "mapping", "weights"))
    table = tensors["embeddings"]
    if "mapping" in tensors:
        table = table[tensors["mapping"].astype(np.int64)]
    if "weights" in tensors:
        table = table * tensors["weights"][:, None]
    return _pieces(path, table, _text(path / TOKENIZER))


def load_sentence_transformers(path: Path) -> Pieces:
    """The pieces of a folder of sentence-transformers or transformers: the table of its input embeddings.

    Raises: DataError.
    """
    inner = _first_module(path)
    tensors = _tensors(inner / WEIGHTS, lambda name: name == STATIC or bool(TRANSFORMER.search(name)))
    if not tensors:
        cause = f"{WEIGHTS} has no table of word embeddings that is known here"
        raise DataError("VECTORS_READ", cause, place=str(inner), remedy="write its rows as a text file: word v1 v2 ...")
    return _pieces(path, next(iter(tensors.values())), _text(inner / TOKENIZER))


def load_wordllama(path: Path) -> Pieces:
    """The pieces of wordllama, from the folder of the installed package or from its wheel; its widest table.

    Raises: DataError.
    """
    read = _members(path)
    tables = {name: int(found[2]) for name in read if (found := WORDLLAMA_TABLE.search(name))}
    tokenizers = [name for name in read if WORDLLAMA_TOKENIZER.search(name)]
    if not tables or not tokenizers:
        cause = "expected weights/*_256.safetensors and tokenizers/*.json"
        raise DataError("VECTORS_READ", cause, place=str(path), remedy="name the folder of the package, or its wheel")
    widest = max(tables, key=lambda name: (tables[name], name))
    return _pieces(path, safetensors.numpy.load(read[widest]())[STATIC], read[min(tokenizers)]().decode("utf-8"))


def is_model2vec(path: Path) -> bool:
    """Whether a folder has the files and the tensor of a model of model2vec."""
    return (path / TOKENIZER).is_file() and (path / WEIGHTS).is_file() and "embeddings" in _names(path / WEIGHTS)


def is_wordllama(path: Path) -> bool:
    """Whether a path is the package wordllama: its folder, or its wheel."""
    return path.name.lower().endswith(".whl") or ((path / "weights").is_dir() and (path / "tokenizers").is_dir())


def is_sentence_transformers(path: Path) -> bool:
    """Whether a folder has the files of a model of sentence-transformers or transformers."""
    return path.is_dir() and (_first_module(path) / WEIGHTS).is_file() and (_first_module(path) / TOKENIZER).is_file()


def _pieces(path: Path, table: np.ndarray, tokenizer_json: str) -> Pieces:
    try:
        tokenizer = Tokenizer.from_str(tokenizer_json)
    except Exception as error:  # the library raises Exception itself
        raise DataError("VECTORS_READ", f"its tokenizer cannot be read: {error}", place=str(path)) from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    table = np.asarray(table, dtype=np.float32)
    largest = max(tokenizer.get_vocab().values(), default=-1)
    if table.ndim != 2 or largest >= len(table) or not np.isfinite(table).all():
        cause = f"expected a table of finite numbers with a row for each id up to {largest}, got shape {table.shape}"
        raise DataError("VECTORS_READ", cause, place=str(path), remedy="download the model again")
    return Pieces(path, table, tokenizer, _unknown_id(tokenizer, json.loads(tokenizer_json)["model"]))


def _unknown_id(tokenizer: Tokenizer, model: dict[str, object]) -> int | None:
    token, number = model.get("unk_token"), model.get("unk_id")  # Unigram has a number
    return tokenizer.token_to_id(token) if isinstance(token, str) else number if isinstance(number, int) else None


def _first_module(path: Path) -> Path:
    """The folder of the first module of sentence-transformers; the folder itself where there are no modules."""
    modules = json.loads(_text(path / MODULES)) if (path / MODULES).is_file() else [{"path": ""}]
    return path / modules[0]["path"]


def _names(path: Path) -> set[str]:
    """The names of the tensors in a file."""
    try:
        with safe_open(path, framework="numpy") as file:
            return set(file.keys())
    except Exception as error:  # the library has no errors of its own that are public
        raise _unreadable(path, error) from error


def _tensors(path: Path, wanted: Callable[[str], bool]) -> dict[str, np.ndarray]:
    """The tensors of these names, as float32, in the order of their names."""
    names = sorted(filter(wanted, _names(path)))
    with safe_open(path, framework="pt") as file:  # numpy has no bfloat16
        return {name: file.get_tensor(name).float().numpy() for name in names}


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, error) from error


def _members(path: Path) -> dict[str, Callable[[], bytes]]:
    """The names of the files in a folder or wheel, each with a function that reads it."""
    if path.is_dir():
        return {
            file.relative_to(path).as_posix(): file.read_bytes for file in sorted(path.rglob("*")) if file.is_file()
        }
    try:
        wheel = ZipFile(path)
    except (OSError, BadZipFile) as error:
        raise _unreadable(path, error) from error
    return {name: partial(wheel.read, name) for name in sorted(wheel.namelist())}


def _unreadable(path: Path, error: Exception) -> DataError:
    return DataError("VECTORS_READ", f"cannot be read: {error}", place=str(path), remedy="download the model again")
