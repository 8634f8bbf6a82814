"""Evaluation of an encoder on new labelled data: pairs, or texts or series with one class each."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from seqtwin.data.inspect_file import Inspection
from seqtwin.data.inspected_pairs import read_inspected_pairs
from seqtwin.data.pairs import PairData, Retrieval
from seqtwin.data.reading.pairs_from_classes import read_items
from seqtwin.data.reading.series import read_series
from seqtwin.data.splits import clusters
from seqtwin.errors import DataError
from seqtwin.inference.evaluate.evaluation import Evaluation
from seqtwin.metrics import METRICS, measure, measure_ranking, primary_metric
from seqtwin.model.base_head import Predicts

Measured = Callable[[np.ndarray, np.ndarray], float]
RANKED = ("mrr", "recall@1", "recall@10", "hit_rate@1", "hit_rate@10", "map_at_r")
KINDS = {"tokens": ("pairs", "items"), "series": ("series",)}
EXPECTED = {"tokens": "pairs of texts, or texts with one class each", "series": "series with one class each"}


class Evaluated(Protocol):
    """An encoder that can be evaluated, such as a trained one."""

    inputs: str
    threshold: float | None
    home: Path | None

    @property
    def facts(self) -> Mapping[str, Any]: ...

    @property
    def predicts(self) -> Predicts | None: ...

    @property
    def classes(self) -> tuple[str, ...]: ...

    def encode(self, texts: Iterable[object]) -> np.ndarray: ...

    def score(self, left: Iterable[object], right: Iterable[object]) -> np.ndarray: ...

    def similarity(self, a: np.ndarray, b: np.ndarray) -> np.ndarray: ...

    def probabilities(self, items: Iterable[object]) -> np.ndarray: ...


def evaluate_pairs(encoder: Evaluated, data: Inspection, cut: float | None = None) -> Evaluation:
    """Metrics of the pairs in labelled data. The threshold is the encoder's own.

    Items with classes become balanced pairs. Each item (500 at most) also searches for the others of its class, which
    adds retrieval metrics: hit_rate@1 is the accuracy of the nearest neighbour. In a folder the test file is used.
    `cut`: the score from which a pair is the same, by default that of the encoder.

    Raises: DataError for data this encoder does not take, for a file without pairs or with bad rows.
    """
    if data.kind not in KINDS[encoder.inputs]:
        cause = f"expected {EXPECTED[encoder.inputs]}, found {data.kind}"
        raise DataError("EVALUATE_KIND", cause, place=str(data.judged_file))
    pairs = _read(data, cut_of(encoder) if cut is None else cut)
    test = pairs.part("test")
    left, right = (test[side].tolist() for side in ("left", "right"))
    scores, target = encoder.score(_items(pairs, left), _items(pairs, right)), test["target"].to_numpy()
    values, undefined = measure(scores, target, pairs.cut, encoder.threshold, None)
    no_calibration = "needs the calibration on dev, which is not saved with an encoder"
    undefined = {name: no_calibration if name.endswith("_iso") else why for name, why in undefined.items()}
    values |= _search(encoder, pairs, pairs.retrieval) if pairs.retrieval else {}
    primary = primary_metric(pairs.own_targets)
    metric = METRICS[primary]
    judged = target if metric.targets == "graded" else target >= pairs.cut
    return Evaluation(
        values, undefined, primary, partial(on_rows, metric.function, scores, judged), clusters(left, right)[0]
    )


def cut_of(encoder: Evaluated) -> float:
    """The score from which this encoder takes a pair as the same."""
    return float(encoder.facts.get("cut", 0.5))


def on_rows(function: Measured, predicted: np.ndarray, target: np.ndarray, rows: np.ndarray) -> float:
    """A metric of some rows."""
    return function(predicted[rows], target[rows])


def _read(data: Inspection, cut: float) -> PairData:
    """The data as one test split."""
    files = {"test": data.judged_file}
    if data.kind == "series":
        series, time, label = (data.name(role) for role in ("series", "time", "label"))
        return read_series(files, series=series, time=time, label=label, gaps=data.gaps)
    if data.kind == "items":
        text, label = data.name("text"), data.name("label")
        return replace(read_items(files, text=text, label=label, empty="drop", quoting=data.quoting), cut=cut)
    return read_inspected_pairs(data, cut=cut)


def _items(data: PairData, items: Iterable[str | int]) -> list[object]:
    """The items to encode: texts as they are, or the series at the given positions."""
    return [item if data.series is None else data.series[int(item)] for item in items]


def _search(encoder: Evaluated, data: PairData, task: Retrieval) -> dict[str, float]:
    queries, corpus = (encoder.encode(_items(data, side)) for side in (task.queries, task.corpus))
    scores = encoder.similarity(queries, corpus).astype(np.float64)
    scores[np.arange(len(scores)), list(task.itself or ())] = -np.inf
    return measure_ranking(scores, task.relevant, RANKED)[0]
