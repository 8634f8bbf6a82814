"""Students of a sentence encoder, fine-tuned on labelled pairs: quality on test, and speed next to the teacher.

    SEQTWIN_TEACHER=all-MiniLM-L6-v2 SEQTWIN_STATIC=wordllama python benchmarks/distil.py [STUDENT ... | speeds]

SEQTWIN_TEACHER is a folder that sentence-transformers loads, SEQTWIN_STATIC the folder or wheel of wordllama. A student
learns from 50,300 texts without labels, then once per data set from its train pairs. Epochs and thresholds are chosen
on dev, and test is scored once per training. What is missing in experiments/distil/results.json is measured, and
experiments/distil/README.md is written from it.
"""

import os
import sys
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from changed_texts import words_in
from first_vectors import write_first_vectors
from measured_page import mean_and_range
from recipes import cosines, speeds, static_vectors, transformer
from scored_pairs import write_scored_pairs
from tune_teacher import read_pairs, texts_of, tuned_teacher

import seqtwin
from seqtwin.config import RunConfig, parse_run, read_run, vary
from seqtwin.files import dump_json, publish_text, read_json
from seqtwin.metrics import METRICS
from seqtwin.teachers.open_teacher import open_teacher
from seqtwin.teachers.teacher import Encode, TeacherSource

ROOT = Path(__file__).parent.parent
HOME = ROOT / "experiments" / "distil"
RESULTS, PAGE = HOME / "results.json", HOME / "README.md"
RUNS = ROOT / "runs" / "distil"
SEEDS = 3
LSTM: Mapping[str, object] = {
    "encoder.cell": "lstm",
    "encoder.hidden": 128,
    "representation": {"join": ["mean_output", "max_output"]},
    "fit.lr": 0.002,
}


@dataclass(frozen=True)
class Student:
    """How a student is trained.

    `network`: changes of the recipe. `tuned`: its teacher is tuned on the labelled pairs first (tune_teacher.py), and
    the student then learns from pairs that the teacher scores (scored_pairs.py).
    """

    network: Mapping[str, object] = field(default_factory=dict)
    tuned: bool = False


@dataclass(frozen=True)
class Training:
    """How a student learns from pairs. `encoder`: further keys of that section."""

    loss: str | Mapping[str, object]
    fit: Mapping[str, object]
    encoder: Mapping[str, object] = field(default_factory=dict)


SPEEDS = "speeds"  # of all encoders, measured again
STUDENTS: Mapping[str, Student] = {
    "word vectors": Student(),
    "LSTM": Student(LSTM),
    "LSTM, tuned teacher": Student(LSTM, tuned=True),
}
GRADED: Mapping[str, Mapping[str, object]] = {
    "sick": {"score": "score", "scale": [1, 5]},
    "stsb": {"score": "score", "scale": [0, 5]},
    "qqp": {"score": "label", "scale": [0, 1]},
}
METRIC = {"sick": "pearson", "stsb": "pearson", "qqp": "roc_auc"}
MARGIN = {"name": "contrastive", "distance": "cosine", "margin": 0.5}
SCORES = Training("mse", {"epochs": 5, "batch": 32, "lr": 0.0005})
LABELS = Training(MARGIN, {"epochs": 5, "batch": 128, "lr": 0.0005})
LABELLED: Mapping[str, Training] = {"sick": SCORES, "stsb": SCORES, "qqp": LABELS}
AVERAGED = {"average": {"name": "ema"}}
DROPPED = {"input_dropout": 0.2, "word_dropout": 0.05}
GRADES = Training("mse", {"epochs": 4, "batch": 128, "lr": 0.001, "patience": 1})
SCORED: Mapping[str, Training] = {
    "sick": GRADES,
    "stsb": GRADES,
    "qqp": Training("mse", {"epochs": 5, "batch": 128, "lr": 0.0015, **AVERAGED}, DROPPED),
}
HEAD = """# Students of a sentence encoder

Written by `python benchmarks/distil.py` from [results.json](results.json). The teacher is all-MiniLM-L6-v2. A student
has the config [configs/recipes/distilled.yaml](../../configs/recipes/distilled.yaml); the LSTM has hidden 128 and the
mean and maximum of its outputs. It learns from 50,300 texts of the train splits of SICK, STS-B, MRPC and QQP without
labels, then from the train pairs of one data set. Figures are of the test split: the mean over three seeds (lowest to
highest). *Zero-shot*: nothing is trained on the pairs. Speeds are texts per CPU second with one thread on the test
texts of QQP, all measured in one run. CPU minutes are those of a student for QQP before its labelled pairs, without
those of the teacher.

*Tuned teacher*: the teacher learns the train pairs of SICK, STS-B and QQP first (one seed,
[tune_teacher.py](../../benchmarks/tune_teacher.py)). Its student starts from static word vectors
([first_vectors.py](../../benchmarks/first_vectors.py)), learns from the same texts, then from pairs that the teacher
scores: near texts of train, texts with changed copies, random texts
([scored_pairs.py](../../benchmarks/scored_pairs.py)). For SICK and STS-B the labelled pairs are among them, each three
times; for QQP they follow.

| encoder | SICK, Pearson | STS-B, Pearson | QQP, ROC-AUC | texts per CPU second | CPU minutes per student |
| --- | --- | --- | --- | ---: | ---: |
"""
TAIL = """
The following did not help and was left out. Figures are of dev, with one seed (three: SICK, STS-B, QQP):

- A tuned teacher without scored pairs: .857 on SICK and .868 on QQP after the labelled pairs.
- One file of scored pairs for all data sets, without changed copies and dropout, and the labelled pairs afterwards:
  .867 on SICK and .870 on QQP.
- The pairs of QQP with a learning rate of .001 and no dropout: .870 instead of .874 (three epochs). Those of
  STS-B with a learning rate of .0015 and the dropout of QQP: .847 instead of .853.
- Two epochs of the scored pairs of QQP without averaged weights: .874 after the labelled pairs, instead of .877.
- Eight epochs of the scored pairs of QQP instead of five: .877 after the labelled pairs, the same. Weights on the line
  from those before to those after the labelled pairs: .8767 at three quarters, .8768 at the end, .8766 beyond it, at
  five quarters.
- Random word vectors at first: .820, .839, .842 before any pair, instead of .825, .842, .841. Static vectors with their
  own standard deviation of .91: .814, .833, .833.
- Changed copies among the texts without pairs, with three epochs: .823, .832, .837 before any pair.
"""


def student_config(student: Student, seed: int) -> RunConfig:
    """The config by which a student learns from its teacher."""
    config = read_run(ROOT / "configs" / "recipes" / "distilled.yaml")
    changes: dict[str, object] = {**student.network, "fit.seed": seed, "fit.threads": 1}
    if student.tuned:
        changes["objective"] = {"name": "distil", "teacher": str(tuned_teacher())}
        words = {word for data in GRADED for text in texts_of(data, "train") for word in words_in(text)}
        changes["encoder.vectors"] = str(write_first_vectors(sorted(words), RUNS / "first-vectors.txt"))
    return vary(config, changes)


def scored_config(student: Student, start: Path, data: str, seed: int) -> RunConfig:
    """The config by which a student learns from the scored pairs of a data set."""
    pairs = write_scored_pairs(open_teacher(TeacherSource(tuned_teacher())), RUNS)[data]
    return pairs_config(student, start, {**files_of(data), "train": str(pairs), **GRADED[data]}, SCORED[data], seed)


def labelled_config(student: Student, start: Path, data: str, seed: int) -> RunConfig:
    """The config by which a student learns from the labelled pairs of a data set."""
    columns = {"label": "label"} if data == "qqp" else GRADED[data]
    training = LABELLED[data]
    if student.tuned:
        training = replace(training, fit={**training.fit, **AVERAGED}, encoder=DROPPED)
    return pairs_config(student, start, {**files_of(data), **columns}, training, seed)


def pairs_config(student: Student, start: Path, data: Mapping[str, object], training: Training, seed: int) -> RunConfig:
    """The config that trains a student on pairs."""
    raw = {
        "data": {**data, "left": "left", "right": "right"},
        "encoder": {"from": str(start), **training.encoder},
        "representation": student_config(student, 0).representation,
        "loss": training.loss,
        "fit": {**training.fit, "seed": seed, "threads": 1},
    }
    return parse_run(raw)


def files_of(data: str) -> dict[str, str]:
    """The files of a data set, by split."""
    folder = Path(os.environ["SEQTWIN_DATA"]) / data
    return {split: str(folder / f"{split}.csv") for split in ("train", "dev", "test")}


def train_once(config: RunConfig, folder: Path) -> Path:
    """Train a run unless its folder exists, and write the CPU seconds next to it. Returns the folder."""
    if not (folder / "manifest.json").exists():
        start = time.process_time()
        seqtwin.train(config.model_dump(exclude_unset=True, by_alias=True), folder, baselines=False)
        publish_text(seconds_of(folder), dump_json({"cpu_seconds": round(time.process_time() - start, 1)}))
    return folder


def seconds_of(folder: Path) -> Path:
    """The file with the CPU seconds of a training."""
    return folder.with_name(f"{folder.name}.json")


def measure(name: str) -> dict[str, Any]:
    """The test scores of a student on each data set, by seed, and the CPU seconds of its trainings for QQP."""
    student = STUDENTS[name]
    found: dict[str, Any] = {data: [] for data in GRADED}
    found["cpu_seconds"] = []
    for seed in range(SEEDS):
        for data in GRADED:
            encode = seqtwin.load(trainings(student, data, seed)[-1]).encode
            found[data].append(round(score_pairs(encode, data, "test"), 4))
            print(name, seed, data, found[data][-1], flush=True)
        runs = trainings(student, "qqp", seed)
        found["cpu_seconds"].append(round(sum(read_json(seconds_of(run))["cpu_seconds"] for run in runs[:-1]), 1))
    return found


def trainings(student: Student, data: str, seed: int) -> list[Path]:
    """The runs of a student for a data set, each of which starts from the one before.

    It learns from texts; with a tuned teacher from scored pairs; and from labelled pairs, unless the scored ones have
    all that these have: the scores.
    """
    runs = [first_training(student, seed)]
    home = runs[0].parent
    if student.tuned:
        runs.append(train_once(scored_config(student, runs[-1], data, seed), home / f"scored-{data}"))
    if not student.tuned or data == "qqp":
        folder = home / (f"labelled-{data}" if student.tuned else f"student-{data}")
        runs.append(train_once(labelled_config(student, runs[-1], data, seed), folder))
    return runs


def first_training(student: Student, seed: int) -> Path:
    """The run in which a student learns from texts."""
    network = str(student.network.get("encoder.cell", "words"))
    home = RUNS / (f"{network}-tuned" if student.tuned else network) / str(seed)
    return train_once(student_config(student, seed), home / "student")


def score_pairs(encode: Encode, data: str, split: str) -> float:
    """The metric of a data set for the cosines of an encoder."""
    pairs = read_pairs(data, split)
    return float(METRICS[METRIC[data]].function(cosines(encode(pairs.left), encode(pairs.right)), pairs.target))


def load_tuned() -> Encode:
    """The tuned teacher."""
    return open_teacher(TeacherSource(tuned_teacher())).load()


OTHERS: Mapping[str, Callable[[], Encode | None]] = {
    "MiniLM, zero-shot": transformer,
    "MiniLM, tuned": load_tuned,
    "static vectors, zero-shot": static_vectors,
}


def measure_others(known: Collection[str]) -> dict[str, Any]:
    """The scores of the teachers and of static vectors on test, except those known."""
    return {
        title: {data: [round(score_pairs(encode, data, "test"), 4)] for data in GRADED}
        for title, load in OTHERS.items()
        if title not in known and (encode := load()) is not None
    }


def measure_speeds() -> dict[str, float]:
    """Texts per CPU second of all encoders, in one run. Pairs, which students learn from later, change no shape."""
    pairs = read_pairs("qqp", "test")
    methods = {name: seqtwin.load(first_training(student, 0)).encode for name, student in STUDENTS.items()}
    others = {"teacher": transformer(), "static vectors, zero-shot": static_vectors()}
    methods |= {key: encode for key, encode in others.items() if encode is not None}
    rates = speeds(methods, sorted({*pairs.left, *pairs.right}))
    return {("MiniLM, zero-shot" if key == "teacher" else key): rate for key, rate in rates.items()}


def page(results: Mapping[str, Any]) -> str:
    """The page as Markdown."""
    rates = results.get("texts_per_second", {})
    rest = results.keys() - STUDENTS.keys() - {"texts_per_second"}
    names = [name for name in (*STUDENTS, *sorted(rest)) if name in results]
    return HEAD + "".join(_row(name, results[name], rates) for name in names) + TAIL


def _row(name: str, own: Mapping[str, Any], rates: Mapping[str, float]) -> str:
    scores = [mean_and_range(own[data]) for data in GRADED]
    minutes = f"{np.mean(own['cpu_seconds']) / 60:.1f}" if "cpu_seconds" in own else ""
    return f"| {' | '.join([name, *scores, f'{rates[name]:,.0f}' if name in rates else '', minutes])} |\n"


def main() -> None:
    """Measure what is missing, and write the page."""
    results: dict[str, Any] = read_json(RESULTS) if RESULTS.exists() else {}
    wanted = sys.argv[1:] or list(STUDENTS)
    if missing := sorted({"SEQTWIN_DATA", "SEQTWIN_TEACHER", "SEQTWIN_STATIC"} - os.environ.keys()):
        print(f"not measured, because {' and '.join(missing)} is not set", file=sys.stderr)
    elif wanted == [SPEEDS]:
        publish_text(RESULTS, dump_json(results | {"texts_per_second": measure_speeds()}))
        results = read_json(RESULTS)
    elif any(name not in results for name in wanted):
        HOME.mkdir(parents=True, exist_ok=True)
        for name in wanted:
            if name not in results:
                results[name] = measure(name)
                publish_text(RESULTS, dump_json(results))
        results |= measure_others(results.keys())
        results["texts_per_second"] = measure_speeds()
        publish_text(RESULTS, dump_json(results))
    publish_text(PAGE, page(results))
    print(page(results))


if __name__ == "__main__":
    main()
