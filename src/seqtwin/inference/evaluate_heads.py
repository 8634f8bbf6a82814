"""An encoder with a head measured on labelled data it was not trained on: classes of sequences, or of steps."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from seqtwin.data.examples import Examples
from seqtwin.data.inspect import Inspection
from seqtwin.data.reading.classes import read_classes, read_series_classes
from seqtwin.data.reading.column_options import Gaps
from seqtwin.data.reading.step_labels import read_series_steps, read_steps
from seqtwin.errors import ConfigError, DataError
from seqtwin.inference.trained_encoder import TrainedEncoder
from seqtwin.metrics import CLASS_METRICS, measured
from seqtwin.metrics.spans import measure_span_f1

Values = tuple[dict[str, float], dict[str, str]]
Reader = Callable[[Path, Mapping[str, str], Gaps], Examples]


def evaluate_head(encoder: TrainedEncoder, found: Inspection) -> Values:
    """Metrics of the classes that the head predicts for labelled data, and the reasons of undefined ones.

    Of a folder the test file counts. Steps whose classes are tags of spans (B-, I-, O) get span F1 too.

    Raises: ConfigError for a decoder; DataError for data of another kind, or with classes the head does not know.
    """
    data = _read(encoder, found)
    names = [data.targets] if encoder.objective == "classify" else list(data.targets)
    target = _indices(encoder, [name for own in names for name in own], found.judged_file)
    shares = encoder.probabilities(list(data.items))
    values, undefined = measured(CLASS_METRICS, shares, target)
    if encoder.objective != "label_steps":
        return values, undefined
    lengths = np.array([len(one) for one in data.targets])
    spans, none = measure_span_f1(shares.argmax(axis=1), target, lengths, encoder.classes)
    return {**values, **spans}, {**undefined, **none}


def _read(encoder: TrainedEncoder, found: Inspection) -> Examples:
    """All of one file, whatever split it is."""
    path = found.judged_file
    readers = READERS.get(encoder.objective)
    if readers is None:
        cause, remedy = "a decoder is measured on its own test split", "seqtwin predict writes its texts"
        raise ConfigError("EVALUATE_DECODER", cause, place=str(path), remedy=remedy)
    kinds = [kind for kind in readers if kind.startswith("series") == (encoder.inputs == "series")]
    if found.kind not in kinds:
        cause = f"expected {' or '.join(KINDS[kind] for kind in kinds)}, found {found.kind}"
        raise DataError("EVALUATE_KIND", cause, place=str(path))
    return readers[found.kind](path, {role: found.name(role) for role in found.roles}, found.gaps)


def _indices(encoder: TrainedEncoder, names: Sequence[str], path: Path) -> np.ndarray:
    place = {name: i for i, name in enumerate(encoder.classes)}
    unknown = sorted(set(names) - set(place))
    if unknown:
        cause = f"classes that the encoder does not know: {', '.join(unknown[:8])}; it knows {', '.join(place)}"
        raise DataError("EVALUATE_CLASSES", cause[:400], place=str(path), remedy="leave these rows out")
    return np.array([place[name] for name in names], dtype=np.int64)


def _of_texts(path: Path, r: Mapping[str, str], _gaps: Gaps) -> Examples:
    return read_classes({"test": path}, text=r["text"], label=r["label"])


def _of_series(path: Path, r: Mapping[str, str], gaps: Gaps) -> Examples:
    return read_series_classes({"test": path}, series=r["series"], time=r["time"], label=r["label"], gaps=gaps)


def _of_words(path: Path, r: Mapping[str, str], _gaps: Gaps) -> Examples:
    return read_steps({"test": path}, sequence=r["sequence"], token=r["token"], label=r["label"])


def _of_series_steps(path: Path, r: Mapping[str, str], gaps: Gaps) -> Examples:
    return read_series_steps({"test": path}, series=r["series"], time=r["time"], label=r["label"], gaps=gaps)


KINDS = {
    "items": "texts with their class",
    "series": "series with their class",
    "steps": "words with a tag each",
    "series_steps": "series with a class a step",
}
READERS: dict[str, dict[str, Reader]] = {
    "classify": {"items": _of_texts, "series": _of_series},
    "label_steps": {"steps": _of_words, "series_steps": _of_series_steps},
}
