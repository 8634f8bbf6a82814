"""The settings that a starter config chooses, next to the alternative: the primary metric on dev, by data set.

    python benchmarks/starter.py [--seeds 3] [NAME ...]

Test is never used. Each row takes minutes; docs/starter.md has the results.
"""

import argparse
import csv
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from figures import show_plain

from seqtwin.api import config_for_data
from seqtwin.config import RunConfig, parse_run, vary
from seqtwin.data.inspect_file import inspect_data
from seqtwin.data.starter_choices import CONTRASTIVE
from seqtwin.run.prepare import prepare
from seqtwin.study.trials import dev_value

Variants = Mapping[str, Mapping[str, object]]

MAKERS = ["Sony", "Canon", "Nikon", "Dell", "Acer", "Bosch", "Philips", "Epson", "Brother", "Samsung"]
NOUNS = ["camera", "printer", "monitor", "drill", "router", "keyboard", "speaker", "charger"]
WORDS = ["black", "white", "compact", "wireless", "digital", "new", "pro"]
TITLES = 2400
LABELS: Variants = {
    "mse": {"loss": "mse"},
    "contrastive, margin .5": {"loss": dict(CONTRASTIVE)},
    "cosent": {"loss": "cosent"},
}
SCORES: Variants = {"mse": {"loss": "mse"}, "cosent": {"loss": "cosent"}}
TITLES_NAME = "titles"  # generated


@dataclass(frozen=True)
class Question:
    """A choice that is measured: the data, the objective, and the changes of the starter config by name."""

    data: str
    variants: Variants
    objective: str = "pairs"


UNITS: Variants = {"words": {"tokens.unit": "word"}, "characters": {"tokens.unit": "char"}}
LETTERS: Variants = {"words": {"tokens.characters": False}, "words and letters": {"tokens.characters": True}}
NGRAMS: Variants = {"without n-grams": {"encoder.lexical": None}, "with n-grams": {"encoder.lexical": {"dim": 512}}}
CELLS: Variants = {"LSTM": {"encoder.cell": "lstm"}, "GRU": {"encoder.cell": "gru"}}
CHANNELS: Variants = {
    "network": {},
    "kernels": {"encoder.kernels": {"share": 1.0}},
    "both": {"encoder.kernels": {}},
}
EPOCHS: Variants = {"5 epochs": {"fit.epochs": 5, "fit.patience": 5}, "starter": {}}
SHAPES: Variants = {
    "max": {},
    "max, small embeddings": {"encoder.embedding_std": 0.1},
    "mean and max, small embeddings": {
        "encoder.embedding_std": 0.1,
        "representation": {"join": ["mean_output", "max_output"]},
    },
}
CLASSES: Variants = {
    "as for pairs": {
        "objective": "classify",
        "tokens.characters": False,
        "encoder.word_dropout": 0,
        "encoder.input_dropout": 0,
        "representation": "max_output",
        "fit": {"epochs": 15, "batch": 64, "lr": 0.002, "patience": 5},
    },
    "for classes": {},
}
QUESTIONS: Mapping[str, Question] = {
    "loss-amazon_google": Question("amazon_google/train.csv", LABELS),
    "loss-qqp": Question("qqp", LABELS),
    "loss-mrpc": Question("mrpc", LABELS),
    "loss-toponyms": Question("toponyms", LABELS),
    "loss-trec": Question("trec", LABELS),
    "loss-sick": Question("sick", SCORES),
    "loss-stsb": Question("stsb", SCORES),
    "loss-japanese_vowels": Question("japanese_vowels", LABELS),
    **{f"ngrams-{name}": Question(name, NGRAMS) for name in ("stsb", "sick", "mrpc", "toponyms", "amazon_google")},
    **{f"shape-{name}": Question(name, SHAPES) for name in ("mrpc", "sick", "stsb", "amazon_google", "qqp")},
    "ngrams-trec": Question("trec", NGRAMS, "classify"),
    "classes-trec": Question("trec", CLASSES, "classify"),
    "unit-amazon_google": Question("amazon_google/train.csv", UNITS),
    "unit-titles": Question(TITLES_NAME, UNITS),
    "letters-ud_ewt": Question("ud_ewt", LETTERS, "label_steps"),
    "cell-japanese_vowels": Question("japanese_vowels", CELLS, "classify"),
    "kernels-japanese_vowels": Question("japanese_vowels", CHANNELS, "classify"),
    "epochs-japanese_vowels": Question("japanese_vowels", EPOCHS, "classify"),
}


def code(rng: np.random.Generator) -> str:
    """A product code: two letters and a number."""
    return "".join(rng.choice(list("ABCDEFGHKLMNPRSTVWX"), 2)) + str(rng.integers(100, 9999))


def title(rng: np.random.Generator, product: tuple[str, str, str]) -> str:
    """One of many titles of a product: a word is added, the code may have a hyphen, and the words are shuffled."""
    maker, noun, number = product
    hyphen = "-" if rng.random() < 0.5 else ""
    words = [maker, noun, str(rng.choice(WORDS)), f"{number[:2]}{hyphen}{number[2:]}"]
    words += [f"{number[-2:]}in"] if rng.random() < 0.5 else []
    return " ".join(rng.permutation(words))


def titles(rng: np.random.Generator) -> Iterator[tuple[str, str, int]]:
    """Pairs of titles, half of them of the same product. The others differ only in the code."""
    for row in range(TITLES):
        maker, noun, number = str(rng.choice(MAKERS)), str(rng.choice(NOUNS)), code(rng)
        other = number if row % 2 else code(rng)
        yield title(rng, (maker, noun, number)), title(rng, (maker, noun, other)), row % 2


def starter(question: Question, folder: Path) -> RunConfig:
    """The starter config of the data of a question."""
    path = Path(os.environ["SEQTWIN_DATA"]) / question.data
    if question.data == TITLES_NAME:
        path = folder / "titles.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("left", "right", "label"), *titles(np.random.default_rng(0))])
    return parse_run(config_for_data(inspect_data(path), folder / "run.yaml", question.objective)[0])


def show_question(name: str, question: Question, seeds: int, folder: Path) -> None:
    """Print the mean on dev of every variant of a question."""
    base = starter(question, folder)
    for variant, changes in question.variants.items():
        configs = [vary(base, {**changes, "fit.seed": seed}) for seed in range(seeds)]
        prepared = prepare(configs[0])
        values = [dev_value(config, prepared) for config in configs]
        mean = float(np.mean([np.nan if value is None else value for value in values]))
        show_plain(f"{name}, {variant}: {prepared.primary} on dev, {seeds} seeds", mean)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*QUESTIONS, []], help="default: all")
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    if "SEQTWIN_DATA" not in os.environ:
        print("starter: not measured, because SEQTWIN_DATA is not set")
        return
    with tempfile.TemporaryDirectory() as folder:
        for name in given.names or QUESTIONS:
            show_question(name, QUESTIONS[name], given.seeds, Path(folder))


if __name__ == "__main__":
    main()
