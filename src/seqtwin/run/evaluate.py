"""Scores of a trained encoder. Threshold and calibration are fitted on dev and applied to test once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from seqtwin.data.batches import Ragged
from seqtwin.metrics import METRICS, Fitted, Undefined, measure_ranking, score_splits, threshold_optimism
from seqtwin.metrics.dev_and_test import SAME
from seqtwin.model.siamese import Siamese
from seqtwin.published import Scores
from seqtwin.run.nearest_class import nearest_scores
from seqtwin.run.prepared_data import Prepared, Ready
from seqtwin.training.clock import per_second
from seqtwin.training.diagnostics.every_representation import ReadPairs, read_pairs
from seqtwin.training.encode_store import encode_items, predict, score_matrix, score_pairs

RETRIEVAL = ("mrr", "recall@1", "recall@10", "hit_rate@1", "hit_rate@10", "map_at_r")


@dataclass(frozen=True)
class Judged:
    """The scores of one encoder. `predicted`: the score of every judged row of dev and test, Float[rows].

    `status`: finished or collapsed. `read`: the vectors of the pairs of dev and test; empty where no pairs are judged.
    """

    scores: Scores
    predicted: Mapping[str, np.ndarray]
    status: str
    encoded_per_second: float
    read: Mapping[str, ReadPairs] = field(default_factory=dict)


def primary_value(prepared: Prepared, target: np.ndarray, scores: np.ndarray) -> float | None:
    """The primary metric of some pairs; None where it is undefined."""
    try:
        return _primary(prepared, target, scores)
    except Undefined:
        return None


def _primary(prepared: Prepared, target: np.ndarray, scores: np.ndarray) -> float:
    metric = METRICS[prepared.primary]
    return metric.function(scores, target >= prepared.data.cut if metric.targets == "binary" else target)


def undefined_on_test(prepared: Ready) -> str:
    """The reason why the primary metric of pairs has no value on test, whatever the scores; empty otherwise."""
    if not isinstance(prepared, Prepared):
        return ""
    target = prepared.stores["test"].target
    try:
        _primary(prepared, target, np.arange(len(target)))
    except Undefined as nothing:
        return nothing.reason
    return ""


def judge_untrained(model: Siamese, prepared: Prepared) -> dict[str, float]:
    """Test metrics of an encoder before training."""
    stores = {split: prepared.stores[split] for split in ("dev", "test")}
    scores = {split: predict(model, store) for split, store in stores.items()}
    values, _, _ = score_splits(scores, {s: store.target for s, store in stores.items()}, prepared.data.cut)
    return values["test"]


def judge(model: Siamese, prepared: Prepared, untrained: Mapping[str, float]) -> Judged:
    """The scores of a trained encoder. `untrained`: its test metrics before training."""
    stores = {split: prepared.stores[split] for split in ("dev", "test")}
    read = {split: read_pairs(model, store) for split, store in stores.items()}
    scores = {
        split: score_pairs(model, own.vectors.own, own.pairs.left, own.pairs.right) for split, own in read.items()
    }
    targets = {split: store.target for split, store in stores.items()}
    values, undefined, fitted = score_splits(scores, targets, prepared.data.cut)
    result: Scores = {
        "dev": values["dev"],
        "test": values["test"],
        "untrained": dict(untrained),
        "primary": prepared.primary,
        "threshold": fitted.threshold,
        "threshold_optimism": _optimism(scores["test"], targets["test"] >= prepared.data.cut, fitted),
        "undefined": undefined,
    }
    retrieval = {**_retrieval(model, prepared), **nearest_scores(model, prepared)}
    if retrieval:
        result["retrieval"] = retrieval
    status = "collapsed" if all_equal(scores) else "finished"
    speed = per_second(len(read["test"].pairs.items), read["test"].vectors.seconds)
    return Judged(result, scores, status, speed, read)


def all_equal(scores: Mapping[str, np.ndarray]) -> bool:
    """Whether the scores of all test pairs are equal up to rounding: the encoder has collapsed.

    A single test pair always equals itself, so the dev pairs are compared with it.
    """
    judged = scores["test"] if len(scores["test"]) > 1 else np.concatenate([scores["test"], scores["dev"]])
    return float(np.ptp(judged)) <= SAME * float(np.abs(judged).max())


def _optimism(scores: np.ndarray, same: np.ndarray, fitted: Fitted) -> float | None:
    if fitted.threshold is None:
        return None
    try:
        return threshold_optimism(scores, same, fitted.threshold)
    except Undefined:
        return None


def _retrieval(model: Siamese, prepared: Prepared) -> dict[str, float]:
    """Ranking metrics of the search task of the data; empty where they have none."""
    task = prepared.data.retrieval
    if task is None or not task.queries:
        return {}
    queries, corpus = (encode_items(model, _items(prepared, side)) for side in (task.queries, task.corpus))
    scores = score_matrix(model, queries, corpus).astype(np.float64)
    for row, place in enumerate(task.itself or ()):
        scores[row, place] = -np.inf
    try:
        return measure_ranking(scores, task.relevant, RETRIEVAL)[0]
    except Undefined:
        return {}


def _items(prepared: Prepared, items: Sequence[str | int]) -> Ragged:
    if prepared.tokens is not None:
        return Ragged.of(prepared.tokens.encode([str(text) for text in items]))
    return prepared.stores["test"].items.only(np.asarray(items))
