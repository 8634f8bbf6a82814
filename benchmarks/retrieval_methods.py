"""The methods of the retrieval benchmark: encoders of each seed, the same encoders untrained, and two floors."""

import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from seqtwin.build import build_siamese
from seqtwin.config import RunConfig, parse_run
from seqtwin.data.sets.placenames import fold
from seqtwin.inference.trained_encoder import TrainedEncoder, load
from seqtwin.run.train import train
from seqtwin.store import load_encoder

SEEDS = (0, 1, 2)
FIT = {"batch": 64, "lr": 0.003, "schedule": "linear", "clip": 1.0, "patience": 5, "threads": 1, "device": "cpu"}


@dataclass(frozen=True)
class Twin:
    """A trained encoder of one seed, and the same encoder before its training."""

    trained: TrainedEncoder
    untrained: TrainedEncoder
    scores: dict[str, Any]


def twins(config: RunConfig) -> Iterator[Twin]:
    """The encoder of a config for each seed."""
    with tempfile.TemporaryDirectory() as folder:
        for seed in SEEDS:
            seeded = config.model_copy(update={"fit": config.fit.model_copy(update={"seed": seed})})
            run = train(seeded, Path(folder) / str(seed))
            stored = load_encoder(run.path / "encoder")
            fresh = replace(stored, model=build_siamese(stored.blueprint, seed=seed).eval())
            yield Twin(load(run.path), TrainedEncoder(fresh), run.scores)


def recipe(config: RunConfig) -> dict[str, Any]:
    """The settings of the encoder, without the paths of its data."""
    used = config.model_dump(mode="json", exclude_unset=True, exclude={"data", "fit"})
    return {**used, "fit": config.fit.model_dump(mode="json", include={"epochs", "batch", "lr", "schedule"})}


def file_config(name: str, encoder: dict[str, Any]) -> RunConfig:
    """The config of a run on a shared data set of labelled pairs."""
    files = {
        split: os.path.join(os.environ["SEQTWIN_DATA"], name, f"{split}.csv") for split in ("train", "dev", "test")
    }
    return parse_run({"data": {**files, "left": "left", "right": "right", "label": "label"}, **encoder})


def dev_of(made: Sequence[Twin]) -> dict[str, list[float]]:
    """The metrics of the trained encoders on the dev pairs, by seed."""
    return {metric: [round(twin.scores["dev"][metric], 4) for twin in made] for metric in ("roc_auc", "f1")}


def tfidf(queries: Sequence[str], corpus: Sequence[str]) -> np.ndarray:
    """The cosine of character 2-4-gram TF-IDF, fitted on the corpus, in lower case without accents like the encoder."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True, preprocessor=fold)
    right = vectorizer.fit_transform(corpus)
    return np.round((vectorizer.transform(queries) @ right.T).toarray(), 9)  # rounding errors must not break ties


def jaro_winkler(queries: Sequence[str], corpus: Sequence[str]) -> np.ndarray:
    """The Jaro-Winkler similarity of every query with every item, in lower case without accents."""
    from rapidfuzz.distance import JaroWinkler
    from rapidfuzz.process import cdist

    sides = ([fold(text) for text in side] for side in (queries, corpus))
    return cdist(*sides, scorer=JaroWinkler.similarity, dtype=np.float64)
