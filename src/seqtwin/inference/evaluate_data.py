"""Evaluation of an encoder on a data file or on frames in memory, as a frame."""

import logging
from dataclasses import replace

import pandas as pd

from seqtwin.data.files.kept_frames import data_file
from seqtwin.data.inspect_file import inspect_data
from seqtwin.data.reading.column_options import ColumnOptions
from seqtwin.inference.evaluate_heads import evaluate_head
from seqtwin.inference.evaluate_pairs import Evaluated, evaluate_pairs
from seqtwin.inference.trained_on import training_note

log = logging.getLogger(__name__)


def evaluate_data(encoder: Evaluated, data: object, options: ColumnOptions) -> pd.DataFrame:
    """One row per metric: `value`, and `undefined`, the reason where it has none. The index is named `metric`.

    Raises: ConfigError, DataError.
    """
    with data_file(data) as path:
        found = inspect_data(path, replace(options, any_classes=encoder.predicts is not None))
        if encoder.home is not None and (note := training_note(encoder.home, found.judged_file)):
            log.warning(note)
        values, undefined = (evaluate_pairs if encoder.predicts is None else evaluate_head)(encoder, found)
    names = pd.Index([*values, *undefined], name="metric")
    reasons = [*[""] * len(values), *undefined.values()]
    numbers = [*values.values(), *[float("nan")] * len(undefined)]
    return pd.DataFrame({"value": numbers, "undefined": reasons}, index=names)
