"""A re-ranker as a folder: `reranker.json` (its card), `arrays.safetensors` and `words.json`. No pickle."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from seqtwin.cards import verified_card
from seqtwin.errors import ConfigError, DamagedError
from seqtwin.files import dump_json, read_json, sha256, write_bytes, write_text
from seqtwin.json_values import hash_of
from seqtwin.reranker.lexical_features import WordWeights, feature_names
from seqtwin.reranker.random_forest import Forest
from seqtwin.reranker.reranker import JUDGEMENTS, LinearMap, Measured, Reranker

FORMAT = 1
FOLDER = "reranker"
CARD, ARRAYS, WORDS = "reranker.json", "arrays.safetensors", "words.json"
REFIT = "move the folder away, and fit it again: seqtwin fit-reranker ENCODER"
_FOREST = {
    "roots": np.int32,
    "feature": np.int32,
    "threshold": np.float64,
    "lower": np.int32,
    "upper": np.int32,
    "value": np.float64,
}


def save_reranker(folder: Path, reranker: Reranker) -> None:
    """Write a re-ranker into a folder under construction."""
    arrays = {name: np.ascontiguousarray(getattr(reranker.spelling, name), kind) for name, kind in _FOREST.items()}
    arrays |= {name: _as_array(getattr(reranker, name)) for name in ("vectors", "combined")}
    write_bytes(folder / ARRAYS, save(arrays))
    write_text(folder / WORDS, dump_json({"texts": reranker.weights.texts, "counts": dict(reranker.weights.counts)}))
    card: dict[str, object] = {
        "format": FORMAT,
        "fingerprint": reranker.fingerprint,
        "judgements": list(JUDGEMENTS),
        "features": feature_names(),
        "threshold": reranker.threshold,
        "facts": reranker.facts.as_json(),
        "files": {name: sha256(folder / name) for name in (ARRAYS, WORDS)},
    }
    write_text(folder / CARD, dump_json({**card, "sha256": hash_of(card)}))


def _as_array(line: LinearMap) -> np.ndarray:
    """The bias, followed by the weights."""
    return np.concatenate([[line.bias], line.weights])


def _as_line(array: np.ndarray) -> LinearMap:
    values = array.astype(np.float64).reshape(-1)
    return LinearMap(values[1:], float(values[0]))


def read_card(folder: Path, fingerprint: str) -> dict[str, Any]:
    """The card of a re-ranker, after checking that its files are unchanged. `fingerprint`: of the encoder.

    Raises: ConfigError if there is none, or if it belongs to another encoder or to other features than this version
    has; DamagedError when a file is missing or changed.
    """
    if not (folder / CARD).exists():
        remedy = f"fit one: seqtwin fit-reranker {folder.parent}"
        raise ConfigError("NO_RERANKER", "this encoder has no re-ranker", place=str(folder), remedy=remedy)
    card = verified_card(folder / CARD, FORMAT, REFIT)
    own = str(card.get("fingerprint"))
    if own != fingerprint:
        cause = f"it belongs to encoder {own[:12]}, not to {fingerprint[:12]}"
        raise ConfigError("RERANKER_OTHER_ENCODER", cause, place=str(folder), remedy=REFIT)
    if (card.get("features"), card.get("judgements")) != (feature_names(), list(JUDGEMENTS)):
        cause = "it was fitted to other features than this version computes"
        raise ConfigError("RERANKER_FEATURES", cause, place=str(folder), remedy=REFIT)
    return card


def load_reranker(folder: Path, fingerprint: str, dim: int) -> Reranker:
    """The re-ranker of a folder. `fingerprint`, `dim`: of the encoder that it is used with, and the width of a vector.

    Raises: as `read_card`; DamagedError for values that are not valid.
    """
    card = read_card(folder, fingerprint)
    try:
        arrays, words = load((folder / ARRAYS).read_bytes()), read_json(folder / WORDS)
        weights = WordWeights(int(words["texts"]), {str(word): int(count) for word, count in words["counts"].items()})
        forest = Forest(**{name: arrays[name].astype(kind) for name, kind in _FOREST.items()})
        facts = Measured(**card["facts"])
        vectors, combined = (_as_line(arrays[name]) for name in ("vectors", "combined"))
        reranker = Reranker(weights, forest, vectors, combined, float(card["threshold"]), fingerprint, facts)
        _check(reranker, dim)
    except (SafetensorError, OSError, LookupError, TypeError, ValueError, AttributeError) as error:
        raise DamagedError("RERANKER_DAMAGED", f"not a re-ranker: {error}", place=str(folder), remedy=REFIT) from error
    return reranker


def _check(reranker: Reranker, dim: int) -> None:
    """Raises: ValueError for arrays that do not fit each other, the features or the encoder."""
    sizes: Mapping[str, tuple[int, int]] = {
        "vectors": (len(reranker.vectors.weights), 2 * dim),
        "combined": (len(reranker.combined.weights), len(JUDGEMENTS)),
    }
    for name, (size, expected) in sizes.items():
        if size != expected:
            raise ValueError(f"{name} has {size} weights, expected {expected}")
    lines = (reranker.vectors, reranker.combined)
    if not all(np.isfinite(line.weights).all() and np.isfinite(line.bias) for line in lines):
        raise ValueError("some weights are not finite numbers")
    if not reranker.spelling.is_sound or reranker.spelling.feature.max() >= len(feature_names()):
        raise ValueError("the nodes of the forest do not fit each other")
