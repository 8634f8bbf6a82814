"""The choices of a starter config that depend on the data: tokens, loss, epochs. Each was measured: docs/starter.md."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from seqtwin.data.inspect_file import Inspection
from seqtwin.data.label_words import label_value

SHORT_WORDS = 4  # at most so many words on average are a short string
MOSTLY = 0.5
ONE_SCRIPT = 0.9  # share of the letters, from which texts are taken to be in one script
MANY_NUMBERS = 0.15  # share of words with a digit, from which spelling decides
FEW_ROWS = 2000
FEW_SERIES = 100  # measured on 32 to 67 series, where kernels alone are better, and on 216, where the network is
SMALL_BATCH, BATCH = 32, 64
FEWEST_STEPS, STEPS_OF_CLASSES, STEPS_OF_TAGS = 1000, 1500, 3000
FEWEST_EPOCHS, MOST_EPOCHS = 5, 500
PATIENCE, PATIENT_STEPS = 5, 300  # dev of a few rows is a staircase: patience has to count steps, too
CONTRASTIVE: Mapping[str, object] = {"name": "contrastive", "distance": "cosine", "margin": 0.5}


@dataclass(frozen=True)
class Setting:
    """A value of a config and its reason. `active`: False for an alternative, which is only a comment in YAML."""

    value: object
    reason: str
    active: bool = True


Section = dict[str, Setting]


@dataclass(frozen=True)
class Schedule:
    """How long to train: `epochs` over the training rows in batches of `batch`, which are `steps` optimiser steps."""

    epochs: int
    batch: int
    steps: int
    patience: int


def choose_schedule(rows: int, *, batch: int | None = None, steps: int = FEWEST_STEPS) -> Schedule:
    """The schedule for this number of training rows: at least so many `steps`, in 5 to 500 epochs.

    >>> choose_schedule(4500)
    Schedule(epochs=15, batch=64, steps=1065, patience=5)
    >>> choose_schedule(22).epochs, choose_schedule(100_000).epochs
    (500, 5)
    """
    batch = batch or (SMALL_BATCH if rows < FEW_ROWS else BATCH)
    each = math.ceil(rows / batch)
    epochs = min(MOST_EPOCHS, max(FEWEST_EPOCHS, math.ceil(steps / each)))
    patience = max(PATIENCE, math.ceil(PATIENT_STEPS / each))
    return Schedule(epochs, batch, epochs * each, min(patience, epochs))


def fit_section(rows: int, noun: str, *, text_classes: bool = False, tags: bool = False) -> Section:
    """The section `fit`. `noun`: of the training rows. `text_classes`, `tags`: a class per text, or per word."""
    few = choose_schedule(rows, batch=SMALL_BATCH, steps=STEPS_OF_CLASSES)
    chosen = few if text_classes else choose_schedule(rows, steps=STEPS_OF_TAGS if tags else FEWEST_STEPS)
    decay = {
        "optimizer": Setting("adamw", "Adam with weight decay"),
        "weight_decay": Setting(0.05, "few texts are soon memorised"),
    }
    return {
        "epochs": Setting(chosen.epochs, f"passes over {rows:,} {noun}: {chosen.steps:,} steps"),
        "batch": Setting(chosen.batch, f"{noun} per step"),
        "lr": Setting(0.004 if text_classes else 0.002, "the usual learning rate of Adam for encoders of this width"),
        **(decay if text_classes else {}),
        "patience": Setting(chosen.patience, "epochs without a better dev metric before stopping"),
        "seed": Setting(0, "the same config on the same machine gives the same numbers"),
    }


def classify_instead(noun: str) -> Setting:
    """The objective `classify` as an alternative to pairs, which needs another config. `noun`: of what has a label."""
    reason = f"to predict the label of each {noun} instead: seqtwin init --classify writes a config for it"
    return Setting("classify", reason, active=False)


def token_unit(inspection: Inspection) -> Setting:
    """The unit of the tokens."""
    words, latin = inspection.words[0], inspection.scripts.get("latin", 0.0)
    if inspection.kind == "steps":
        return Setting("word", "each row is a word, and each word is a step")
    if words <= SHORT_WORDS:
        return Setting("char", f"short strings ({words:.1f} words), so spelling matters")
    if latin < MOSTLY:
        return Setting("char", f"mostly not Latin ({1 - latin:.0%} of the letters): blanks may not separate words")
    if inspection.numbers >= MANY_NUMBERS:
        share = f"{inspection.numbers:.0%} of the words contain a digit"
        return Setting("char", f"{share}: codes differ by characters")
    return Setting("word", f"sentences of {words:.1f} words")


def cell(inspection: Inspection) -> Setting:
    """The RNN cell: GRU for series with a class, LSTM for everything else."""
    if inspection.kind == "series":
        return Setting("gru", "dev accuracy .975 on spoken vowels, LSTM .957; rnn | gru | lstm | none")
    return Setting("lstm", "rnn | gru | lstm | none")


def letters_of_words() -> Setting:
    """Whether the encoder of tagged words also sees the letters of each word."""
    return Setting(True, "the letters of words, too: accuracy .88 on dev of tagged English, without .84")


def lexical_channel(inspection: Inspection) -> Setting:
    """The lexical channel beside the recurrent network; none for texts in several scripts, which share no n-grams."""
    if max(inspection.scripts.values(), default=1.0) < ONE_SCRIPT:
        shares = ", ".join(f"{script} {share:.0%}" for script, share in list(inspection.scripts.items())[:2])
        return Setting(None, f"no n-grams: names in two scripts share none ({shares}); dev ROC-AUC .80, .68 with them")
    return Setting({"dim": 512}, "words and n-grams, too: Spearman .81 on dev of STS-B, .73 without; null: none")


def kernel_channel(series: int) -> Section:
    """The kernel channel, for a few training series with a class; nothing for more, from which a network learns."""
    if series >= FEW_SERIES:
        return {}
    reason = (
        f"{series} series are few: convolution kernels without a network; share: 0.5: with it; null: without kernels"
    )
    return {"kernels": Setting({"share": 1.0}, reason)}


def with_network(config: Mapping[str, object]) -> str:
    """The override with which `compare` takes a config that has kernels and no recurrent network; empty for others.

    >>> with_network({"encoder": {"kernels": {"share": 1.0}}})
    ' encoder.kernels=null'
    """
    encoder = config.get("encoder")
    return " encoder.kernels=null" if isinstance(encoder, dict) and encoder.get("kernels") else ""


def text_class_objective() -> Setting:
    """The objective for texts with a class."""
    return Setting(
        {"name": "classify", "dropout": 0.5}, "predict the class of each text; half of the vector is dropped"
    )


def text_class_network() -> Section:
    """The settings of an encoder of texts with a class, beyond its widths."""
    return {
        "spelling": Setting(50, "width of the vector of a word's letters"),
        "word_dropout": Setting(0.1, "words that are unknown in training, as some of later texts will be"),
        "input_dropout": Setting(0.1, "few texts are soon memorised"),
    }


def tagged_word_network() -> Section:
    """The settings of an encoder of tagged words, beyond its widths."""
    return {
        "spelling": Setting(100, "width of the vector of a word's letters"),
        "embedding_std": Setting(0.1, "small initial vectors learn faster"),
        "input_dropout": Setting(0.3, "words are soon memorised"),
    }


def text_class_reading() -> Setting:
    """The representation of texts with a class."""
    reading = {"join": ["attention_output", "final_hidden", "max_output"]}
    return Setting(reading, "the words that decide, both ends, and the strongest of each feature")


def are_all_same(inspection: Inspection) -> bool:
    """Whether the labels of pairs are all the same: there is no different pair to learn from."""
    target = inspection.target
    return target is not None and target.scale is None and {label_value(w, target.own) for w in target.words} == {1.0}


def pair_loss(inspection: Inspection) -> Setting:
    """The loss of pairs: in_batch for same pairs only, contrastive for labels of longer texts, else mse."""
    if are_all_same(inspection):
        return Setting("in_batch", "for same pairs only: finds the right of each left in the batch; try triplet, too")
    if inspection.kind != "pairs":
        return Setting("mse", "squared difference of similarity and target; half of the drawn pairs are the same")
    if inspection.scale is not None:
        return Setting("mse", "squared difference of similarity and target, which suits scores")
    if inspection.words[0] <= SHORT_WORDS:
        return Setting("mse", "for short strings: dev ROC-AUC .84 on Latin place names, contrastive .79")
    return Setting(dict(CONTRASTIVE), "for labels: dev ROC-AUC .92, mse .87 on product pairs; try mse, too")
