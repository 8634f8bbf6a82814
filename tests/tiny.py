"""A task so small that it is learnt in a second: two sequences are the same when their first tokens are."""

from pathlib import Path
from typing import Any

import numpy as np

from seqtwin.build import Blueprint, build_siamese
from seqtwin.config import EncoderConfig
from seqtwin.data.batches import PairStore, Ragged
from seqtwin.data.tokens.tokenizer import train_tokenizer
from seqtwin.model.siamese import Siamese
from seqtwin.run.build_losses import build_loss
from seqtwin.store import Stored, save_encoder
from seqtwin.training.losses import Loss
from seqtwin.training.recipe import Recipe

LETTERS = "abcdef"
VOCABULARY = len(LETTERS) + 2


def drawn_pairs(count: int, seed: int) -> list[tuple[str, str, int]]:
    """Left, right and label, half of them the same."""
    rng = np.random.default_rng(seed)
    found = []
    for row in range(count):
        left, right = ("".join(rng.choice(list(LETTERS), rng.integers(1, 6))) for _ in range(2))
        right = left[0] + right[1:] if row % 2 else right
        found.append((left, right, int(left[0] == right[0])))
    return found


def store(count: int = 96, seed: int = 0) -> PairStore:
    """Pairs of token ids."""
    pairs = drawn_pairs(count, seed)
    texts = [text for left, right, _ in pairs for text in (left, right)]
    items = Ragged.of([np.array([LETTERS.index(letter) + 2 for letter in text]) for text in texts])
    places = np.arange(2 * count)
    return PairStore(items, places[::2], places[1::2], np.array([float(same) for *_, same in pairs]))


def siamese(
    representation: Any = "final_hidden", *, seed: int = 0, similarity: Any = "cosine", **encoder: Any
) -> Siamese:
    """An untrained Siamese of eight tokens, six wide, with eight hidden units."""
    settings = EncoderConfig(**{"embedding": 6, "hidden": 8, **encoder})
    parts = {"representation": representation, "projection": "identity", "similarity": similarity}
    return build_siamese(Blueprint(inputs="tokens", size=VOCABULARY, encoder=settings, **parts), seed=seed)


def loss_of(model: Siamese, spec: Any = "mse") -> Loss:
    """A loss for its vectors."""
    return build_loss(spec, model, 0.5)


def recipe(**changes: Any) -> Recipe:
    """Three epochs at a steady, high rate."""
    usual: dict[str, Any] = {"epochs": 3, "batch": 16, "lr": 0.05, "optimizer": "adam", "weight_decay": 0.0}
    usual |= {"schedule": "constant", "warmup": 0.0, "clip": 1.0, "patience": None, "precision": "fp32", "seed": 0}
    return Recipe(**{**usual, **changes})


def write_pairs(
    folder: Path, counts: tuple[int, int, int] = (96, 40, 40), *, only: dict[str, int] | None = None
) -> Path:
    """train.csv, dev.csv and test.csv in a folder; `only`: splits that have pairs of one label alone."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed, (split, count) in enumerate(zip(("train", "dev", "test"), counts, strict=True)):
        label = (only or {}).get(split)
        rows = [row for row in drawn_pairs(4 * count, seed) if label in (None, row[2])][:count]
        lines = [f"{left},{right},{same}" for left, right, same in rows]
        (folder / f"{split}.csv").write_text("\n".join(["left,right,label", *lines]) + "\n", encoding="utf-8")
    return folder


def raw_run(folder: Path, **sections: Any) -> dict[str, Any]:
    """The raw config of a run on the pairs in a folder; the values of each section are laid over the usual ones."""
    raw: dict[str, Any] = {
        "data": {"label": "label", **{split: str(folder / f"{split}.csv") for split in ("train", "dev", "test")}},
        "encoder": {"embedding": 6, "hidden": 8},
        "representation": "final_hidden",
        "fit": {"epochs": 3, "batch": 16, "lr": 0.05, "device": "cpu"},
    }
    for name, value in sections.items():
        raw[name] = (
            {**raw.get(name, {}), **value}
            if isinstance(value, dict) and name in ("data", "encoder", "fit", "tokens")
            else value
        )
    return raw


def saved_encoder(
    folder: Path, *, series: bool = False, characters: bool = False, empty: str = "error", **encoder: Any
) -> Path:
    """An untrained encoder of the texts of the tiny task (or of series of three channels), saved in a folder.

    With `characters` a text is one word, read with its letters.
    """
    texts = [text for left, right, _ in drawn_pairs(40, 0) for text in (left, right)]
    tokens = (
        None
        if series
        else train_tokenizer(texts, unit="word" if characters else "char", empty=empty, characters=characters)
    )
    blueprint = Blueprint(
        inputs="series" if series else "tokens",
        size=3 if series else tokens.size if tokens else 0,
        letters=tokens.letter_size if tokens else 0,
        encoder=EncoderConfig(**{"embedding": 6, "hidden": 8, **encoder}),
        representation={"name": "join", "parts": ["mean_output", "max_output"]},
        projection={"name": "linear", "dim": 5},
        similarity="cosine",
    )
    facts = {"threshold": 0.25, "scores": {"roc_auc": 0.5}}
    save_encoder(folder, Stored(build_siamese(blueprint, seed=3).eval(), blueprint, tokens, facts), "# card\n")
    return folder
