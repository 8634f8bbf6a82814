"""Teachers of short texts, written by the tests: the vector of a text is the mean of those of its letters."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Regex, Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Split

import tiny_examples
from tiny_examples import LETTERS

WIDTH = 5


def letter_vectors(seed: int = 0) -> np.ndarray:
    """One vector per letter: Float[letters width]."""
    return np.random.default_rng(seed).normal(size=(len(LETTERS), WIDTH)).astype(np.float32)


def expected(texts: Sequence[str]) -> np.ndarray:
    """The vectors of a teacher: Float[texts width]."""
    vectors = letter_vectors()
    return np.stack([vectors[[LETTERS.index(letter) for letter in text]].mean(0) for text in texts])


def write_vectors(path: Path, texts: Sequence[str]) -> Path:
    """A .npy file of vectors, with the list of the texts next to it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, expected(texts))
    path.with_suffix(".txt").write_text("\n".join(texts) + "\n", encoding="utf-8")
    return path


def write_sentence_transformer(folder: Path) -> Path:
    """A folder of sentence-transformers with one module, StaticEmbedding."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    vocabulary = {"[UNK]": 0, **{letter: row for row, letter in enumerate(LETTERS, 1)}}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Split(Regex("."), "isolated")
    weights = np.concatenate([np.zeros((1, WIDTH), dtype=np.float32), letter_vectors()])
    model = SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_weights=weights)], device="cpu")
    model.save(str(folder), create_model_card=False)
    return folder


def write_texts(path: Path, count: int = 90) -> list[str]:
    """A file with the column text, and its texts. They are split into train, dev and test by the run."""
    tiny_examples.write_texts(path, count)
    return tiny_examples.drawn_texts(count)


def raw_run(file: Path, teacher: Path, **sections: Any) -> dict[str, Any]:
    """The raw config of a distillation; the values of a section are laid over the usual ones."""
    raw: dict[str, Any] = {
        "data": {"file": str(file), "text": "text"},
        "objective": {"name": "distil", "teacher": str(teacher), "cache": str(file.parent / "cache")},
        "tokens": {"unit": "char"},
        "encoder": {"embedding": 6, "hidden": 8},
        "representation": "mean_output",
        "fit": {"epochs": 2, "batch": 16, "lr": 0.02, "device": "cpu", "patience": None},
    }
    for name, value in sections.items():
        raw[name] = {**raw[name], **value} if isinstance(raw.get(name), dict) and isinstance(value, dict) else value
    return raw
