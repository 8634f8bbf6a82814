"""Anatomies that several tests look at, of encoders of the tiny task."""

from typing import Any

import numpy as np

import tiny
from seqtwin.anatomy.dissect import Subject, dissect
from seqtwin.anatomy.records import Anatomy
from seqtwin.build import Blueprint, build_siamese
from seqtwin.config import EncoderConfig
from seqtwin.data.tokens.tokenizer import TextTokens, train_tokenizer
from seqtwin.model.siamese import Siamese

CHANNELS = 3


def letters() -> TextTokens:
    """Letters a to f."""
    return train_tokenizer([tiny.LETTERS], unit="char")


def of_text(text: str = "cafe", representation: Any = "final_hidden", *, source: str = "", **encoder: Any) -> Anatomy:
    """The anatomy of a text in an untrained encoder."""
    return dissect(Subject(tiny.siamese(representation, **encoder), letters(), text, source))


def series_model(**encoder: Any) -> Siamese:
    """An untrained encoder of series of three channels."""
    settings = EncoderConfig(**{"embedding": 6, "hidden": 8, **encoder})
    parts = {"representation": "mean_output", "projection": "identity", "similarity": "cosine"}
    return build_siamese(Blueprint(inputs="series", size=CHANNELS, encoder=settings, **parts), seed=0)


def of_series(steps: int = 5, **encoder: Any) -> Anatomy:
    """The anatomy of a random series."""
    drawn = np.random.default_rng(0).normal(size=(steps, CHANNELS))
    return dissect(Subject(series_model(**encoder), None, drawn, name="noise"))
