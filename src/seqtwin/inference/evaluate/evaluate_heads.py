"""Evaluation of an encoder with a head on new labelled data: classes of sequences, or of steps."""

import logging
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from seqtwin.data.examples import Examples
from seqtwin.data.inspect_file import Inspection
from seqtwin.data.reading.classes import read_classes, read_series_classes
from seqtwin.data.reading.step_labels import read_series_steps, read_steps
from seqtwin.errors import ConfigError, DataError
from seqtwin.inference.evaluate.evaluate_pairs import Evaluated, on_rows
from seqtwin.inference.evaluate.evaluation import Evaluation
from seqtwin.metrics import CLASS_METRICS, measured
from seqtwin.metrics.spans import measure_span_f1
from seqtwin.model.base_head import Predicts

log = logging.getLogger(__name__)
PRIMARY = "accuracy"
Reader = Callable[[Inspection], Examples]


def evaluate_head(encoder: Evaluated, data: Inspection) -> Evaluation:
    """Metrics of the classes that the head predicts for labelled data.

    In a folder the test file is used. Repeated texts count once; a warning has their number. Steps whose classes are
    span tags (B-, I-, O) also get span F1.

    Raises: ConfigError for a decoder; DataError for data of another kind, or with classes unknown to the head.
    """
    examples = _read(encoder, data)
    for note in examples.notes:
        log.warning("note: %s", note)
    rows = [examples.targets] if encoder.predicts == "class" else list(examples.targets)
    target = _indices(encoder, [name for row in rows for name in row], data.judged_file)
    shares = encoder.probabilities(list(examples.items))
    values, undefined = measured(CLASS_METRICS, shares, target)
    lengths = np.ones(len(target), dtype=np.int64)
    if encoder.predicts == "class per step":
        lengths = np.array([len(labels) for labels in examples.targets])
        spans, undefined_spans = measure_span_f1(shares.argmax(axis=1), target, lengths, encoder.classes)
        values, undefined = {**values, **spans}, {**undefined, **undefined_spans}
    clusters = np.repeat(np.arange(len(lengths)), lengths)
    of_rows = partial(on_rows, CLASS_METRICS[PRIMARY].function, shares, target)
    return Evaluation(values, undefined, PRIMARY, of_rows, clusters)


def _read(encoder: Evaluated, data: Inspection) -> Examples:
    """All rows of one file, whatever split it is."""
    path = data.judged_file
    readers = None if encoder.predicts is None else READERS.get(encoder.predicts)
    if readers is None:
        cause = "a decoder is evaluated only on the test split of its training"
        remedy = "write its texts with seqtwin predict"
        raise ConfigError("EVALUATE_DECODER", cause, place=str(path), remedy=remedy)
    kinds = [kind for kind in readers if kind.startswith("series") == (encoder.inputs == "series")]
    if data.kind not in kinds:
        cause = f"expected {' or '.join(KINDS[kind] for kind in kinds)}, found {data.kind}"
        raise DataError("EVALUATE_KIND", cause, place=str(path))
    return readers[data.kind](data)


def _indices(encoder: Evaluated, names: Sequence[str], path: Path) -> np.ndarray:
    place = {name: i for i, name in enumerate(encoder.classes)}
    unknown = sorted(set(names) - set(place))
    if unknown:
        cause = f"classes unknown to the encoder: {', '.join(unknown[:8])}; it knows {', '.join(place)}"
        raise DataError("EVALUATE_CLASSES", cause[:400], place=str(path), remedy="remove these rows")
    return np.array([place[name] for name in names], dtype=np.int64)


def _read_texts(data: Inspection) -> Examples:
    files, text, label = {"test": data.judged_file}, data.name("text"), data.name("label")
    return read_classes(files, text=text, label=label, empty="drop", quoting=data.quoting)


def _read_series(data: Inspection) -> Examples:
    series, time, label = (data.name(role) for role in ("series", "time", "label"))
    return read_series_classes({"test": data.judged_file}, series=series, time=time, label=label, gaps=data.gaps)


def _read_words(data: Inspection) -> Examples:
    sequence, token, label = (data.name(role) for role in ("sequence", "token", "label"))
    files = {"test": data.judged_file}
    return read_steps(files, sequence=sequence, token=token, label=label, quoting=data.quoting)


def _read_series_steps(data: Inspection) -> Examples:
    series, time, label = (data.name(role) for role in ("series", "time", "label"))
    return read_series_steps({"test": data.judged_file}, series=series, time=time, label=label, gaps=data.gaps)


KINDS = {
    "items": "texts with one class each",
    "series": "series with one class each",
    "steps": "words with one tag each",
    "series_steps": "series with one class per step",
}
READERS: dict[Predicts, dict[str, Reader]] = {
    "class": {"items": _read_texts, "series": _read_series},
    "class per step": {"steps": _read_words, "series_steps": _read_series_steps},
}
