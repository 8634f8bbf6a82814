"""Scores of a trained encoder: thresholds and calibration fitted on dev, applied to test once."""

import csv
import io
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from seqtwin.data.batches import PairStore, Ragged
from seqtwin.metrics import (
    Isotonic,
    Undefined,
    fit_isotonic,
    fit_threshold,
    measure,
    measure_ranking,
    threshold_optimism,
)
from seqtwin.model.siamese import Siamese
from seqtwin.study.prepare import Prepared
from seqtwin.training.predict import encode_items, predict, score_matrix

# some steps of float32, relative to the largest score
SAME = 1e-6


@dataclass(frozen=True)
class Judged:
    """Scores of one encoder, ready to be written."""

    scores: dict[str, Any]
    predictions: str
    status: str
    encoded_per_second: float


@dataclass(frozen=True)
class Fitted:
    """What dev decides for test; None where it could not be fitted, with the reason in `why`."""

    threshold: float | None
    isotonic: Isotonic | None
    why: str


def fit_on_dev(scores: np.ndarray, targets: np.ndarray, cut: float) -> Fitted:
    """Threshold and isotonic map from the dev split."""
    try:
        isotonic = fit_isotonic(scores, targets)
        return Fitted(fit_threshold(scores, targets >= cut), isotonic, "")
    except Undefined as nothing:
        return Fitted(None, None, nothing.reason)


def score_splits(
    scores: Mapping[str, np.ndarray], targets: Mapping[str, np.ndarray], cut: float
) -> tuple[dict[str, dict[str, float]], dict[str, str], Fitted]:
    """Metrics of dev and test under the same keys, the reasons of undefined ones, and what was fitted on dev."""
    fitted = fit_on_dev(scores["dev"], targets["dev"], cut)
    values: dict[str, dict[str, float]] = {}
    undefined: dict[str, str] = {}
    for split in ("dev", "test"):
        values[split], missing = measure(scores[split], targets[split], cut, fitted.threshold, fitted.isotonic)
        undefined |= {name: f"{split}: {why}" for name, why in missing.items()}
    shared = {split: {k: v for k, v in values[split].items() if k not in undefined} for split in values}
    return shared, undefined, fitted


def judge_untrained(model: Siamese, prepared: Prepared) -> dict[str, float]:
    """Test metrics of the encoder as it is before training."""
    stores = {split: prepared.stores[split] for split in ("dev", "test")}
    scores = {split: predict(model, store) for split, store in stores.items()}
    values, _, _ = score_splits(scores, {s: store.target for s, store in stores.items()}, prepared.data.cut)
    return values["test"]


def judge(model: Siamese, prepared: Prepared, untrained: Mapping[str, float]) -> Judged:
    """Everything a trained encoder is measured by."""
    stores = {split: prepared.stores[split] for split in ("dev", "test")}
    scores = {"dev": predict(model, stores["dev"])}
    start = time.monotonic()
    scores["test"] = predict(model, stores["test"])
    seconds = time.monotonic() - start
    targets = {split: store.target for split, store in stores.items()}
    values, undefined, fitted = score_splits(scores, targets, prepared.data.cut)
    found = {
        "dev": values["dev"],
        "test": values["test"],
        "untrained": dict(untrained),
        "primary": prepared.primary,
        "threshold": fitted.threshold,
        "threshold_optimism": _optimism(scores["test"], targets["test"] >= prepared.data.cut, fitted),
        "undefined": undefined,
    }
    retrieval = _retrieval(model, prepared)
    if retrieval:
        found["retrieval"] = retrieval
    status = "collapsed" if _constant(scores["test"]) else "finished"
    texts = len(np.unique(np.concatenate([stores["test"].left, stores["test"].right])))
    return Judged(found, _predictions(stores, scores, prepared), status, texts / seconds)


def _constant(scores: np.ndarray) -> bool:
    """Whether the scores of all pairs are the same but for rounding: nothing was learnt that tells pairs apart."""
    return float(np.ptp(scores)) <= SAME * float(np.abs(scores).max())


def _optimism(scores: np.ndarray, same: np.ndarray, fitted: Fitted) -> float | None:
    if fitted.threshold is None:
        return None
    try:
        return threshold_optimism(scores, same, fitted.threshold)
    except Undefined:
        return None


def _predictions(stores: Mapping[str, PairStore], scores: Mapping[str, np.ndarray], prepared: Prepared) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["split", "row", "cluster", "target", "score"])
    for split, store in stores.items():
        columns = zip(prepared.clusters[split], store.target, scores[split], strict=True)
        writer.writerows([split, i, int(c), f"{t:.9g}", f"{s:.9g}"] for i, (c, t, s) in enumerate(columns))
    return text.getvalue()


def _retrieval(model: Siamese, prepared: Prepared) -> dict[str, float]:
    task, tokens = prepared.data.retrieval, prepared.tokens
    if task is None or tokens is None or not task.queries:
        return {}
    queries = encode_items(model, Ragged.of(tokens.encode(task.queries)))
    corpus = encode_items(model, Ragged.of(tokens.encode(task.corpus)))
    values, _ = measure_ranking(score_matrix(model, queries, corpus), [{answer} for answer in task.relevant])
    return values
