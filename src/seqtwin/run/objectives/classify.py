"""The objective `classify`: one class per sequence."""

import numpy as np

from seqtwin.config import DataConfig
from seqtwin.data.batches import ClassStore, Ragged
from seqtwin.data.examples import Examples
from seqtwin.data.reading.classes import read_classes, read_series_classes
from seqtwin.data.tokens.tokenizer import TextTokens
from seqtwin.run.data_files import data_name, files_of
from seqtwin.run.objectives.head_objective import HeadObjective
from seqtwin.run.objectives.load_examples import Way
from seqtwin.run.objectives.prepare_examples import ExampleFormat, class_numbers
from seqtwin.training.evaluate_heads import evaluate_classes


def read_texts_with_class(d: DataConfig, empty: str) -> Examples:
    """Texts with one class each, from the columns `data.text` and `data.label`."""
    assert d.text is not None
    assert d.label is not None
    return read_classes(
        files_of(d),
        text=d.text,
        label=d.label,
        fractions=d.split,
        seed=d.seed,
        empty=empty,
        name=data_name(d),
        quoting=d.quoting,
    )


def read_series_with_class(d: DataConfig, _empty: str) -> Examples:
    """Series with one class each, from the columns `data.series`, `data.time` and `data.label`."""
    assert d.series is not None
    assert d.label is not None
    return read_series_classes(
        files_of(d),
        series=d.series,
        time=d.time or "t",
        label=d.label,
        fractions=d.split,
        seed=d.seed,
        name=data_name(d),
        quoting=d.quoting,
        gaps=d.gaps,
    )


def class_store(data: Examples, split: str, items: Ragged, _written: TextTokens | None) -> ClassStore:
    """The items of a split, each with the number of its class."""
    number = class_numbers(data)
    return ClassStore(items, np.array([number[data.targets[row]] for row in data.rows(split)], dtype=np.int64))


CLASSIFY = HeadObjective(
    name="classify",
    title="One class per sequence: one or two linear layers on any representation.",
    evaluate=evaluate_classes,
    examples=ExampleFormat(
        kind="classify",
        primary="accuracy",
        ways=(
            Way(("text", "label"), (), read_texts_with_class),
            Way(("series", "label"), ("time", "gaps"), read_series_with_class),
        ),
        store=class_store,
    ),
    row_nouns={"tokens": "texts", "series": "series"},
    output="predicts its class, one of {classes}",
    answer="label, probability",
    one_class=True,
)
