"""The starter config's rules for pairs of texts, checked on data sets that they were not made from.

    python benchmarks/leave_one_out.py [NAME ...]

Token unit, loss and lexical channel are varied together on eight data sets: eight trainings each, judged on dev. Then
each data set is left out in turn, and its rules are made again from the others. What is missing in
experiments/leave_one_out/results.json is measured, and experiments/leave_one_out/README.md is written from it.
"""

import itertools
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from measured_page import measure_missing, short

from seqtwin.api import config_for_data
from seqtwin.config import RunConfig, parse_run, vary
from seqtwin.data.inspect_file import Inspection, inspect_data
from seqtwin.data.starter_choices import CONTRASTIVE, MANY_NUMBERS, ONE_SCRIPT, SHORT_WORDS
from seqtwin.lookup import split_spec
from seqtwin.metrics import metric_name
from seqtwin.run.prepare import DataSets
from seqtwin.study.trials import dev_value

HOME = Path(__file__).parent.parent / "experiments" / "leave_one_out"
ROWS, EPOCHS = 3000, 8
LATIN = "toponyms, Latin"
SETS = ("amazon_google", "mrpc", "qqp", "sick", "stsb", "toponyms", LATIN, "trec")
Choice = Mapping[str, str]
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Rule:
    """A choice of the starter config. `fact`: the property of the data that decides; `levels`: the changes by name."""

    fact: str
    levels: Mapping[str, Mapping[str, object]]


RULES: Mapping[str, Rule] = {
    "unit": Rule("texts", {"word": {"tokens.unit": "word"}, "char": {"tokens.unit": "char"}}),
    "loss": Rule("labels", {"mse": {"loss": "mse"}, "contrastive": {"loss": dict(CONTRASTIVE)}}),
    "n-grams": Rule("scripts", {"yes": {"encoder.lexical": {"dim": 512}}, "no": {"encoder.lexical": None}}),
}
CHOICES: Sequence[Choice] = [
    dict(zip(RULES, levels, strict=True)) for levels in itertools.product(*(rule.levels for rule in RULES.values()))
]


def facts_of(found: Inspection) -> dict[str, str]:
    """The properties of the data that the rules look at."""
    texts = "with codes" if found.numbers >= MANY_NUMBERS else "sentences"
    short_texts = found.words[0] <= SHORT_WORDS
    labels = "labels of short texts" if short_texts else "labels"
    return {
        "texts": "short" if short_texts else texts,
        "labels": "classes" if found.kind != "pairs" else labels if found.scale is None else "scores",
        "scripts": "one" if max(found.scripts.values(), default=1.0) >= ONE_SCRIPT else "several",
    }


def folder_of(name: str, folder: Path) -> Path:
    """The folder of a data set. The Latin one has the toponyms whose texts are both ASCII."""
    home = Path(os.environ["SEQTWIN_DATA"])
    if name != LATIN:
        return home / name
    for path in (home / "toponyms").glob("*.csv"):
        table = pd.read_csv(path, keep_default_na=False)
        table[table["left"].str.isascii() & table["right"].str.isascii()].to_csv(folder / path.name, index=False)
    return folder


def measure(name: str) -> dict[str, Any]:
    """The primary metric on dev of every choice, the facts of the data, and the choice of the starter config."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "data"
        folder.mkdir()
        found = inspect_data(folder_of(name, folder))
        config = parse_run(config_for_data(found, Path(temporary) / "run.yaml", "pairs")[0])
        small = {"data.rows": ROWS, "fit.epochs": EPOCHS, "fit.patience": EPOCHS, "fit.threads": 1}
        data, rows, metric = DataSets(), [], ""
        for choice in CHOICES:
            own = vary(config, {**small, **changes_of(choice)})
            prepared = data.prepare(own)
            value, metric = dev_value(own, prepared), prepared.primary
            rows.append({**choice, "dev": None if value is None else round(value, 4)})
            print(name, rows[-1], flush=True)
    return {"metric": metric, "facts": facts_of(found), "starter": choice_of(config), "rows": rows}


def changes_of(choice: Choice) -> dict[str, object]:
    """The changes of a config for a choice."""
    return {key: value for rule, level in choice.items() for key, value in RULES[rule].levels[level].items()}


def choice_of(config: RunConfig) -> dict[str, str]:
    """The choice that a config makes."""
    loss = split_spec(config.loss)[0]
    return {"unit": config.tokens.unit, "loss": loss, "n-grams": "no" if config.encoder.lexical is None else "yes"}


def gain(rule: str, found: Row) -> float:
    """How much better the second level of a rule is on a data set: the mean over the choices of the other rules."""
    levels = list(RULES[rule].levels)
    means = [np.mean([_value(row) for row in found["rows"] if row[rule] == level]) for level in levels]
    return float(means[1] - means[0])


def learned(results: Mapping[str, Row], out: str) -> dict[str, str]:
    """The choice for a data set by the others: for each rule, the better level on those with the same fact.

    Where no other data set has the fact, all others decide.
    """
    others = [found for name, found in results.items() if name != out]
    chosen = {}
    for name, rule in RULES.items():
        fact = results[out]["facts"][rule.fact]
        same = [found for found in others if found["facts"][rule.fact] == fact] or others
        chosen[name] = list(rule.levels)[int(np.mean([gain(name, found) for found in same]) > 0)]
    return chosen


def loss_of(found: Row, choice: Choice) -> float:
    """How far a choice is below the best on dev."""
    values = {tuple(row[rule] for rule in RULES): _value(row) for row in found["rows"]}
    return max(values.values()) - values[tuple(choice[rule] for rule in RULES)]


def _value(row: Row) -> float:
    return 0.0 if row["dev"] is None else float(row["dev"])


HEAD = f"""# The rules of the starter config, each data set left out in turn

Written by `python benchmarks/leave_one_out.py` from [results.json](results.json). On each data set the token unit, the
loss and the lexical channel were varied together: eight trainings of {EPOCHS} epochs on at most {ROWS:,} pairs, one
seed, judged on dev. *starter*: the rules of [docs/starter.md](../../docs/starter.md). *left out*: the rules made from
the other data sets only. A rule takes the better level on the data sets with the same property (kind of texts, labels,
scripts); where no other has it, on all others. *behind*: how far the choice is below the best of the eight on dev.

| data | texts, labels, scripts | metric | best of eight | starter | behind | left out | behind |
| --- | --- | --- | --- | --- | ---: | --- | ---: |
"""


def page(results: Mapping[str, Row]) -> str:
    """The page as Markdown."""
    own = {name: results[name] for name in SETS if name in results}
    return HEAD + "".join(_row(name, own) for name in own) + _summary(own)


def _row(name: str, results: Mapping[str, Row]) -> str:
    found = results[name]
    top = max(found["rows"], key=_value)
    best = f"{_named(top)}: {short(_value(top))}"
    cells = [name, ", ".join(found["facts"].values()), metric_name(found["metric"]), best]
    for choice in (found["starter"], learned(results, name)):
        cells += [_named(choice), short(loss_of(found, choice))]
    return f"| {' | '.join(cells)} |\n"


def _named(choice: Mapping[str, Any]) -> str:
    return f"{choice['unit']}, {choice['loss']}" + (", n-grams" if choice["n-grams"] == "yes" else "")


def _summary(results: Mapping[str, Row]) -> str:
    """The mean distances to the best, and that of the best choice for all data sets."""
    starter = [loss_of(found, found["starter"]) for found in results.values()]
    left_out = [loss_of(found, learned(results, name)) for name, found in results.items()]
    fixed = {_named(choice): [loss_of(found, choice) for found in results.values()] for choice in CHOICES}
    best = min(fixed, key=lambda name: float(np.mean(fixed[name])))
    return (
        f"\nMean distance to the best: starter {np.mean(starter):.3f} (largest {max(starter):.3f}), left out "
        f"{np.mean(left_out):.3f} (largest {max(left_out):.3f}), one choice for all data sets ({best}) "
        f"{np.mean(fixed[best]):.3f} (largest {max(fixed[best]):.3f}).\n"
    )


def main() -> None:
    """Measure what is missing, and write the page."""
    measure_missing(HOME, SETS, measure, page)


if __name__ == "__main__":
    main()
