"""Classes of questions (TREC) learned from a teacher: accuracy on test, next to the recipe without one.

    SEQTWIN_TEACHER=all-MiniLM-L6-v2 SEQTWIN_STATIC=wordllama python benchmarks/taught_classes.py [NAME ...]

Two teachers are tuned on the train questions of TREC with linear layers above them (fixed seeds and epochs); the
teacher has the mean of their weights. It labels the questions of the train split of QQP, and copies of the train
questions of TREC with other words. A student with the recipe of classes, static word vectors and a wider LSTM learns
from all of them. Questions of dev and test of TREC are left out of the labelled ones. What is missing in
experiments/taught_classes/results.json is measured, and experiments/taught_classes/README.md is written from it.
"""

import csv
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from changed_texts import near_copies, words_of
from measured_page import mean_and_range, measure_missing, short
from question_teacher import RUNS, averaged_teacher, questions
from tune_teacher import texts_of

import seqtwin
from seqtwin.config import RunConfig, parse_run, read_run, vary
from seqtwin.files import dump_json, publish_text, read_json
from seqtwin.run.prepare import prepare
from seqtwin.run.pretrained import followed
from seqtwin.study.trials import dev_value

ROOT = Path(__file__).parent.parent
HOME = ROOT / "experiments" / "taught_classes"
RECIPE = ROOT / "configs" / "recipes" / "classes.yaml"
RECIPES = ROOT / "experiments" / "recipes" / "results.json"
SEEDS, SEED = 3, 0
OWN, LONGEST = 2, 16  # how often a question with a true label occurs; words of a question of QQP
STUDENT: Mapping[str, object] = {
    "encoder.embedding": 256,
    "encoder.hidden": 192,
    "encoder.spelling": 100,
    "encoder.vectors_frozen": True,
    "encoder.input_dropout": 0.3,
    "fit.epochs": 5,
    "fit.batch": 64,
    "fit.lr": 0.002,
    "fit.average": {"name": "ema"},
    "fit.precision": "auto",
    "fit.threads": 1,
}


@dataclass(frozen=True)
class Lesson:
    """What a student learns from.

    `teachers`: how many are averaged. `others`: whether there are questions of QQP. `copies`: at most, of each train
    question. `changes`: of the config of a student.
    """

    teachers: int = 2
    others: bool = True
    copies: int = 3
    changes: Mapping[str, object] = field(default_factory=dict)


FULL = Lesson()
WITHOUT: Mapping[str, Lesson] = {  # one seed, dev alone
    "without changed questions": Lesson(copies=0),
    "without questions of QQP": Lesson(others=False),
    "without averaged weights": Lesson(changes={"fit.average": None}),
    "with one teacher": Lesson(teachers=1),
    "with trained word vectors": Lesson(changes={"encoder.vectors_frozen": False}),
}
STARTED = "from the distilled LSTM"
DISTILLED = ROOT / "runs" / "distil" / "lstm-tuned" / "0" / "student"  # written by distil.py


def labelled_questions(lesson: Lesson) -> Path:
    """The file of all questions to learn from, which is written unless it exists."""
    path = RUNS / f"train-{lesson.teachers}-{int(lesson.others)}-{lesson.copies}.csv"
    if not path.exists():
        teacher, dev, own = averaged_teacher(lesson.teachers), questions("dev"), questions("train")[["text", "label"]]
        correct = float((np.array(teacher.label(list(dev["text"]))) == dev["label"]).mean())
        print(f"teacher: accuracy {correct:.4f} on dev", flush=True)
        others, copies = texts_to_label(lesson)
        labelled = pd.DataFrame({"text": others + copies, "label": teacher.label(others + copies)})
        rows = pd.concat([*[own] * OWN, labelled])
        facts = {"teacher_on_dev": round(correct, 4), "others": len(others), "copies": len(copies)}
        publish_text(path.with_suffix(".json"), dump_json(facts))
        publish_text(path, rows.to_csv(index=False, quoting=csv.QUOTE_ALL))
    return path


def texts_to_label(lesson: Lesson) -> tuple[list[str], list[str]]:
    """Questions of QQP, and copies of the train questions with near words in the place of some."""
    own = list(questions("train")["text"])
    held_out = {*questions("dev")["text"], *questions("test")["text"]}
    known = {*own, *held_out}
    others = [text for text in texts_of("qqp", "train") if text not in known and len(text.split()) <= LONGEST]
    near = words_of(own + others).near
    copies = near_copies(own, lesson.copies, near, {*held_out, *others}, np.random.default_rng(SEED))
    return (others if lesson.others else []), copies


def student(lesson: Lesson, seed: int) -> RunConfig:
    """The config of a student."""
    files = {"data.train": str(labelled_questions(lesson)), "encoder.vectors": os.environ["SEQTWIN_STATIC"]}
    return vary(read_run(RECIPE), {**STUDENT, **lesson.changes, **files, "fit.seed": seed})


def started() -> RunConfig:
    """The config of an encoder of the train questions alone that starts from the student of distil.py."""
    raw = {
        "data": read_run(RECIPE).data.model_dump(exclude_unset=True),
        "objective": {"name": "classify", "dropout": 0.5},
        "encoder": {"from": str(DISTILLED), "input_dropout": 0.3, "word_dropout": 0.1},
        "representation": {"join": ["attention_output", "final_hidden", "max_output"]},
        "fit": {"epochs": 8, "batch": 32, "lr": 0.001, "optimizer": "adamw", "weight_decay": 0.05, "patience": 8},
    }
    return followed(vary(parse_run(raw), {"fit.average": {"name": "ema"}, "fit.threads": 1}))


def measure(name: str) -> dict[str, Any]:
    """Accuracy: of the student on dev and test with each seed, of the others on dev with one seed."""
    if name == "student":
        return measure_students()
    config = started() if name == STARTED else student(WITHOUT[name], SEED)
    return {"dev": round(dev_value(config, prepare(config)) or 0.0, 4)}


def measure_students() -> dict[str, Any]:
    """Accuracy on dev and test with each seed, the CPU minutes of a student, and facts of what it learns from."""
    configs, scores = [student(FULL, seed) for seed in range(SEEDS)], []
    start = time.process_time()
    for seed, config in enumerate(configs):
        folder = RUNS / str(seed)
        if not (folder / "manifest.json").exists():
            seqtwin.train(config.model_dump(exclude_unset=True, by_alias=True), folder, baselines=False)
        found = read_json(folder / "scores.json")
        scores.append({split: round(found[split]["accuracy"], 4) for split in ("dev", "test")})
        print(seed, scores[-1], flush=True)
    minutes = round((time.process_time() - start) / 60 / SEEDS, 1)
    return {"scores": scores, "minutes": minutes, **read_json(labelled_questions(FULL).with_suffix(".json"))}


HEAD = """# Classes of questions, learned from a teacher

Written by `python benchmarks/taught_classes.py` from [results.json](results.json). Accuracy on TREC, the mean over
three seeds (lowest to highest).

The teacher has the mean weights of two all-MiniLM-L6-v2 that were tuned with different seeds on the train questions,
on their classes and the finer ones ([question_teacher.py](../../benchmarks/question_teacher.py)). It labels {others}
questions of the train split of QQP, and {copies} changed copies of the train questions, in which near words replace
some of the rarer ones ([changed_texts.py](../../benchmarks/changed_texts.py)). The student has the config
[configs/recipes/classes.yaml](../../configs/recipes/classes.yaml), frozen static word vectors of wordllama, an LSTM of
hidden 192 and averaged weights. It learns from the labelled texts and from the train questions, twice each. Everything
was chosen on dev. CPU minutes are those of a student, without the teacher.

| encoder | dev | test | CPU minutes |
| --- | --- | --- | ---: |
"""
WITHOUT_HEAD = """
Without one ingredient of the student, with seed 0:

| student | dev |
| --- | ---: |
"""
TRIED = """
The following did not help on dev, with one seed, and was left out:

- Labels drawn by the probabilities of the teacher, with at most 4,000 questions of QQP per class. This student was
  behind after two epochs and was stopped.
- Six copies per question, with that limit: the same.
"""
STARTED_LINE = """- An encoder of the train questions alone that starts from the LSTM student of
  [distil](../distil/README.md), with averaged weights: {}. Unlike the recipe, this LSTM reads forwards only and does
  not see the letters of words.
"""


def page(results: Mapping[str, Any]) -> str:
    """The page as Markdown."""
    found = results["student"]
    dev, test = (mean_and_range([scores[split] for scores in found["scores"]]) for split in ("dev", "test"))
    text = HEAD.format(**{name: f"{found[name]:,}" for name in ("others", "copies")})
    text += f"| teacher | {short(found['teacher_on_dev'])} | | |\n"
    text += f"| student | {dev} | {test} | {found['minutes']} |\n"
    text += "".join(_plain_rows(read_json(RECIPES)["classes"]))
    if parts := {name: results[name] for name in WITHOUT if name in results}:
        rows = {"complete": found["scores"][0], **parts}
        text += WITHOUT_HEAD + "".join(f"| {name} | {short(own['dev'])} |\n" for name, own in rows.items())
    return text + TRIED + (STARTED_LINE.format(short(results[STARTED]["dev"])) if STARTED in results else "")


def _plain_rows(recipe: Mapping[str, Any]) -> list[str]:
    """The rows of the recipe without a teacher, and of its baseline."""
    free, minutes = recipe["free"], np.mean(recipe["cpu_seconds"]) / 60
    dev, test = mean_and_range(recipe["dev"]), mean_and_range(recipe["test"])
    plain = f"| {free['title']} | {short(free['dev'])} | {short(free['test'])} | |\n"
    return [f"| recipe, no teacher | {dev} | {test} | {minutes:.1f} |\n", plain]


def main() -> None:
    """Measure what is missing, and write the page."""
    if missing := sorted({"SEQTWIN_DATA", "SEQTWIN_TEACHER", "SEQTWIN_STATIC"} - os.environ.keys()):
        print(f"not measured, because {' and '.join(missing)} is not set", file=sys.stderr)
    measure_missing(HOME, () if missing else ("student", *WITHOUT, STARTED), measure, page)


if __name__ == "__main__":
    main()
