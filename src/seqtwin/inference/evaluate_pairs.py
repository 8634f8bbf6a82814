"""An encoder measured on labelled data it was not trained on: pairs, or texts or series with their classes."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from seqtwin.data.inspect import Inspection
from seqtwin.data.inspected_pairs import read_inspected_pairs
from seqtwin.data.pairs import PairData, Retrieval
from seqtwin.data.reading.pairs_from_classes import read_items
from seqtwin.data.reading.series import read_series
from seqtwin.errors import DataError
from seqtwin.inference.trained_encoder import TrainedEncoder
from seqtwin.metrics import measure, measure_ranking

RANKED = ("mrr", "recall@1", "recall@10", "hit_rate@1", "hit_rate@10", "map_at_r")
KINDS = {"tokens": ("pairs", "items"), "series": ("series",)}
READ = {"tokens": "pairs of texts or texts with their class", "series": "series with their class"}


def evaluate_pairs(encoder: TrainedEncoder, found: Inspection) -> tuple[dict[str, float], dict[str, str]]:
    """Metrics of the pairs of inspected data, and the reasons of undefined ones; the threshold is the encoder's own.

    Items with classes become balanced pairs; and each of them (500 at most) looks for the others of its class, which
    adds the metrics of a search: hit_rate@1 is the accuracy of the nearest neighbour. Of a folder the test file counts.

    Raises: DataError for data this encoder does not read, for a file without pairs or with bad rows.
    """
    if found.kind not in KINDS[encoder.inputs]:
        cause = f"expected {READ[encoder.inputs]}, found {found.kind}"
        raise DataError("EVALUATE_KIND", cause, place=str(found.judged_file))
    data = _read(found, float(encoder.facts.get("cut", 0.5)))
    part = data.part("test")
    scores = encoder.score(*(_items(data, part[side].tolist()) for side in ("left", "right")))
    values, undefined = measure(scores, part["target"].to_numpy(), data.cut, encoder.threshold, None)
    kept = "needs the calibration on dev, which an encoder does not keep"
    undefined = {name: kept if name.endswith("_iso") else why for name, why in undefined.items()}
    return {**values, **(_search(encoder, data, data.retrieval) if data.retrieval else {})}, undefined


def _read(found: Inspection, cut: float) -> PairData:
    """The data as one test split."""
    files = {"test": found.judged_file}
    if found.kind == "series":
        series, time, label = (found.name(role) for role in ("series", "time", "label"))
        return read_series(files, series=series, time=time, label=label, gaps=found.gaps)
    if found.kind == "items":
        return replace(read_items(files, text=found.name("text"), label=found.name("label"), empty="drop"), cut=cut)
    return read_inspected_pairs(found, cut=cut)


def _items(data: PairData, items: Sequence[Any]) -> list[Any]:
    """Texts as they are, positions as the series that stand there."""
    return list(items) if data.series is None else [data.series[place] for place in items]


def _search(encoder: TrainedEncoder, data: PairData, task: Retrieval) -> dict[str, float]:
    queries, corpus = (encoder.encode(_items(data, side)) for side in (task.queries, task.corpus))
    scores = encoder.similarity(queries, corpus).astype(np.float64)
    scores[np.arange(len(scores)), list(task.itself or ())] = -np.inf
    return measure_ranking(scores, task.relevant, RANKED)[0]
