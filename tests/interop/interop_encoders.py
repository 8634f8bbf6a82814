"""Encoders of every kind with random weights, for what is exported and wrapped."""

from pathlib import Path
from typing import Any

import torch

from seqtwin.build import Blueprint, build_siamese
from seqtwin.config import EncoderConfig
from seqtwin.data.tokens.tokenizer import train_tokenizer
from seqtwin.inference.trained_encoder import TrainedEncoder
from seqtwin.inference.trained_encoder import load as load_torch
from seqtwin.store import Stored, save_encoder

TEXTS = ["a", "fedcba" * 20, "be", "a", "cafe", "zzz", "b", "d" * 3]
SPECS: dict[str, Any] = {
    "attention_output": {"name": "attention_output", "heads": 2, "dim": 5},
    "join": {"name": "join", "parts": ["mean_output", "final_hidden", {"name": "attention_output"}]},
}


def encoder_of(
    folder: Path,
    *,
    representation: Any = "mean_output",
    projection: Any = "identity",
    similarity: Any = "cosine",
    series: bool = False,
    characters: bool = False,
    threshold: float | None = 0.25,
    empty: str = "error",
    **encoder: Any,
) -> TrainedEncoder:
    unit = "word" if characters else "char"
    tokens = None if series else train_tokenizer(["abcdef cafe"], unit=unit, characters=characters, empty=empty)
    blueprint = Blueprint(
        inputs="series" if series else "tokens",
        size=3 if series else tokens.size if tokens else 0,
        letters=tokens.letter_size if tokens else 0,
        encoder=EncoderConfig(**{"embedding": 6, "hidden": 8, **encoder}),
        representation=representation,
        projection=projection,
        similarity=similarity,
    )
    model = build_siamese(blueprint, seed=3).eval()
    with torch.no_grad():  # initial weights are small; larger ones leave less room for a wrong gate to hide
        relu = getattr(model.encoder.rnn, "mode", None) == "RNN_RELU"  # it has no bound, and would explode
        for parameter in model.parameters():
            parameter.mul_(1 if relu else 2)
    facts = {"threshold": threshold, "scores": {"roc_auc": 0.5}}
    save_encoder(folder, Stored(model, blueprint, tokens, facts), "# card\n")
    return load_torch(folder)
