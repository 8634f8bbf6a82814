"""The objective `label_steps`: one class per step of a sequence."""

from pathlib import Path

import numpy as np

from seqtwin.config import DataConfig, RunConfig
from seqtwin.data.batches import Ragged, StepStore
from seqtwin.data.examples import Examples
from seqtwin.data.files.formats import has_words
from seqtwin.data.reading.step_labels import read_series_steps, read_steps
from seqtwin.data.tokens.tokenizer import TextTokens
from seqtwin.lookup import split_spec
from seqtwin.run.data_files import data_name, files_of
from seqtwin.run.objectives.head_objective import HeadObjective
from seqtwin.run.objectives.load_examples import Way
from seqtwin.run.objectives.prepare_examples import ExampleFormat, class_numbers
from seqtwin.run.part_labels import label
from seqtwin.training.evaluate_heads import evaluate_steps

CONLLU = {"sequence": "sent_id", "token": "token", "label": "upos"}  # the columns of every CoNLL-U file


def add_conllu_columns(config: DataConfig) -> DataConfig:
    """The config with the column names of CoNLL-U, where all its files have that format and it does not name others."""
    paths = [path for path in (config.file, config.train, config.dev, config.test) if path]
    if config.series or not all(has_words(Path(path)) for path in paths):
        return config
    missing = {key: name for key, name in CONLLU.items() if getattr(config, key) is None}
    return config.model_copy(update=missing)


def read_tagged_words(d: DataConfig, _empty: str) -> Examples:
    """Sequences of words with one class per word, from a table with one row per word."""
    assert d.sequence is not None
    assert d.token is not None
    assert d.label is not None
    return read_steps(
        files_of(d),
        sequence=d.sequence,
        token=d.token,
        label=d.label,
        time=d.time,
        fractions=d.split,
        seed=d.seed,
        name=data_name(d),
        quoting=d.quoting,
    )


def read_tagged_series(d: DataConfig, _empty: str) -> Examples:
    """Series with one class per step, from a table with one row per step."""
    assert d.series is not None
    assert d.label is not None
    return read_series_steps(
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


def step_store(data: Examples, split: str, items: Ragged, _written: TextTokens | None) -> StepStore:
    """The items of a split with the number of the class of every step."""
    number = class_numbers(data)
    classes = [np.array([number[name] for name in data.targets[row]], dtype=np.int64) for row in data.rows(split)]
    # a sequence that was too long has been cut, and its classes are cut with it
    cut = [numbers[:length] for numbers, length in zip(classes, items.lengths, strict=True)]
    return StepStore(items, Ragged.of(cut))


def step_row_label(config: RunConfig) -> str:
    """The label of the input of the head at each step: a step read, or the repeated representation."""
    reads = split_spec(config.objective)[1].get("reads", "outputs")
    return f"repeated-{label(config.representation)}" if reads == "repeated" else label(reads)


LABEL_STEPS = HeadObjective(
    name="label_steps",
    title="One class per step, from the outputs at the step.",
    evaluate=evaluate_steps,
    examples=ExampleFormat(
        kind="label_steps",
        primary="accuracy",
        ways=(
            Way(("sequence", "token", "label"), ("time",), read_tagged_words),
            Way(("series", "label"), ("time", "gaps"), read_tagged_series),
        ),
        store=step_store,
        complete=add_conllu_columns,
        of_words=True,
    ),
    row_nouns={"tokens": "tokens", "series": "steps"},
    output="predicts the class of every step, one of {classes}",
    answer="one label per step",
    row_label=step_row_label,
)
