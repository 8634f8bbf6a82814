"""Evaluation of one encoder, or of two on the same rows, on a data file or on frames in memory, as a frame."""

import logging
from dataclasses import replace

import pandas as pd

from seqtwin.data.files.kept_frames import data_file
from seqtwin.data.inspect_file import Inspection, inspect_data
from seqtwin.data.reading.column_options import ColumnOptions
from seqtwin.errors import ConfigError
from seqtwin.inference.evaluate.evaluate_heads import evaluate_head
from seqtwin.inference.evaluate.evaluate_pairs import Evaluated, cut_of, evaluate_pairs
from seqtwin.inference.evaluate.evaluation import Evaluation, difference
from seqtwin.inference.trained_on import training_note

log = logging.getLogger(__name__)
NAN = float("nan")


def evaluate_data(
    encoder: Evaluated, data: object, options: ColumnOptions, against: Evaluated | None = None
) -> pd.DataFrame:
    """One row per metric: `value`, and `undefined`, the reason where it has none. The index is named `metric`.

    With `against`, another encoder: its value in the column `against`, `difference`, and for the primary metric the
    95 % interval of the difference, `low` to `high`.

    Raises: ConfigError, DataError.
    """
    with data_file(data) as path:
        found = inspect_data(path, replace(options, any_classes=encoder.predicts is not None))
        for one in [encoder] if against is None else [encoder, against]:
            if one.home is not None and (note := training_note(one.home, found.judged_file)):
                log.warning(note)
        first, second = (evaluate(encoder, found), None) if against is None else evaluate_both(encoder, against, found)
    names = pd.Index([*first.values, *first.undefined], name="metric")
    reasons = [*[""] * len(first.values), *first.undefined.values()]
    numbers = [*first.values.values(), *[NAN] * len(first.undefined)]
    frame = pd.DataFrame({"value": numbers, "undefined": reasons}, index=names)
    return frame if second is None else _with_difference(frame, first, second)


def _with_difference(frame: pd.DataFrame, first: Evaluation, second: Evaluation) -> pd.DataFrame:
    against = [second.values.get(name, NAN) for name in frame.index]
    frame = frame.assign(against=against, difference=frame["value"] - against, low=NAN, high=NAN)
    found = difference(first, second)
    if found is not None and found.interval is not None:
        frame.loc[found.metric, ["low", "high"]] = found.interval
    return frame


def evaluate(encoder: Evaluated, data: Inspection) -> Evaluation:
    """The metrics of an encoder: those of its head, or those of pairs.

    Raises: ConfigError, DataError.
    """
    return evaluate_pairs(encoder, data) if encoder.predicts is None else evaluate_head(encoder, data)


def evaluate_both(encoder: Evaluated, other: Evaluated, data: Inspection) -> tuple[Evaluation, Evaluation]:
    """The metrics of two encoders on the same rows, with the labels that the first one uses.

    Raises: ConfigError if the two do not answer the same question; DataError.
    """
    if (encoder.predicts, encoder.inputs) != (other.predicts, other.inputs):
        cause = f"the other encoder {_task(other)}, this one {_task(encoder)}"
        raise ConfigError("EVALUATE_AGAINST", cause, place="against", remedy="choose one for the same task")
    if encoder.predicts is not None:
        return evaluate_head(encoder, data), evaluate_head(other, data)
    return evaluate_pairs(encoder, data), evaluate_pairs(other, data, cut_of(encoder))


def _task(encoder: Evaluated) -> str:
    what = "series" if encoder.inputs == "series" else "texts"
    return f"compares {what}" if encoder.predicts is None else f"predicts the {encoder.predicts} of {what}"
