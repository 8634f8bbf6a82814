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

from changed_texts import words_in
from distil_page import SPEED, students_page
from first_vectors import write_first_vectors
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
    "LSTM, tuned teacher": Student({**LSTM, "encoder.hidden": 160}, tuned=True),
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


def measure(name: str, known: Mapping[str, Any]) -> dict[str, Any]:
    """The test scores of a student on each data set, by seed, and the CPU seconds of its trainings for QQP.

    Those known are taken as they are.
    """
    student, found = STUDENTS[name], dict(known)
    for data in [data for data in GRADED if data not in known]:
        runs = [trainings(student, data, seed) for seed in range(SEEDS)]
        found[data] = [round(score_pairs(seqtwin.load(own[-1]).encode, data, "test"), 4) for own in runs]
        print(name, data, found[data], flush=True)
        if data == "qqp":
            seconds = [[read_json(seconds_of(run))["cpu_seconds"] for run in own[:-1]] for own in runs]
            found["cpu_seconds"] = [round(sum(own), 1) for own in seconds]
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
    return train_once(student_config(student, seed), home_of(student, seed) / "student")


def home_of(student: Student, seed: int) -> Path:
    """The folder of the runs of a student."""
    network = str(student.network.get("encoder.cell", "words"))
    return RUNS / (f"{network}-tuned" if student.tuned else network) / str(seed)


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


def timed_encoder(student: Student) -> Path:
    """A run whose encoder has the shape and the vocabulary of the student, on which alone its speed depends.

    It is the first training if that was done; later ones change no shape. Otherwise it is a training of one epoch, by
    the tuned teacher, whose vectors are known.
    """
    folder = home_of(student, 0) / "student"
    if folder.exists():
        return folder
    changes = {"objective.teacher": str(tuned_teacher()), "fit.epochs": 1}
    return train_once(vary(student_config(student, 0), changes), folder.with_name("one-epoch"))


def measure_speeds() -> dict[str, float]:
    """Texts per CPU second of all encoders, in one run."""
    pairs = read_pairs("qqp", "test")
    methods = {name: seqtwin.load(timed_encoder(student)).encode for name, student in STUDENTS.items()}
    others = {"teacher": transformer(), "static vectors, zero-shot": static_vectors()}
    methods |= {key: encode for key, encode in others.items() if encode is not None}
    rates = speeds(methods, sorted({*pairs.left, *pairs.right}))
    return {("MiniLM, zero-shot" if key == "teacher" else key): rate for key, rate in rates.items()}


def page(results: Mapping[str, Any]) -> str:
    """The page as Markdown."""
    return students_page(results, list(STUDENTS), list(GRADED))


def main() -> None:
    """Measure what is missing, and write the page."""
    results: dict[str, Any] = read_json(RESULTS) if RESULTS.exists() else {}
    wanted = sys.argv[1:] or list(STUDENTS)
    if missing := sorted({"SEQTWIN_DATA", "SEQTWIN_TEACHER", "SEQTWIN_STATIC"} - os.environ.keys()):
        print(f"not measured, because {' and '.join(missing)} is not set", file=sys.stderr)
    elif wanted == [SPEEDS]:
        results[SPEED] = measure_speeds()
        publish_text(RESULTS, dump_json(results))
    elif missing_students := [name for name in wanted if GRADED.keys() - results.get(name, {}).keys()]:
        HOME.mkdir(parents=True, exist_ok=True)
        for name in missing_students:
            results[name] = measure(name, results.get(name, {}))
            publish_text(RESULTS, dump_json(results))
        results |= measure_others(results.keys())
        if STUDENTS.keys() - results.get(SPEED, {}).keys():
            results[SPEED] = measure_speeds()
        publish_text(RESULTS, dump_json(results))
    publish_text(PAGE, page(results))
    print(page(results))


if __name__ == "__main__":
    main()
