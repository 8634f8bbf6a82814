"""Students of a sentence encoder, fine-tuned on labelled pairs: quality on test, and speed next to the teacher.

    SEQTWIN_TEACHER=all-MiniLM-L6-v2 SEQTWIN_STATIC=wordllama python benchmarks/distil.py [STUDENT ...]

SEQTWIN_TEACHER is a folder that sentence-transformers loads, SEQTWIN_STATIC the folder or wheel of wordllama. A student
learns from 50,300 texts without labels, then once per data set from its train pairs. Epochs and thresholds are chosen
on dev, and test is scored once per training. What is missing in experiments/distil/results.json is measured, and
experiments/distil/README.md is written from it.
"""

import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from measured_page import mean_and_range
from recipes import cosines, speeds, static_vectors, transformer

import seqtwin
from seqtwin.config import RunConfig, parse_run, read_run, vary
from seqtwin.files import dump_json, publish_text, read_json
from seqtwin.metrics import METRICS

ROOT = Path(__file__).parent.parent
HOME = ROOT / "experiments" / "distil"
RESULTS, PAGE = HOME / "results.json", HOME / "README.md"
RUNS = ROOT / "runs" / "distil"
SEEDS = 3
STUDENTS: Mapping[str, Mapping[str, object]] = {
    "word vectors": {},
    "LSTM": {
        "encoder.cell": "lstm",
        "encoder.hidden": 128,
        "representation": {"join": ["mean_output", "max_output"]},
        "fit.lr": 0.002,
    },
}
SCORED: Mapping[str, Mapping[str, object]] = {
    "sick": {"score": "score", "scale": [1, 5]},
    "stsb": {"score": "score", "scale": [0, 5]},
    "qqp": {"label": "label"},
}
METRIC = {"sick": "pearson", "stsb": "pearson", "qqp": "roc_auc"}
MARGIN = {"name": "contrastive", "distance": "cosine", "margin": 0.5}
HEAD = """# Students of a sentence encoder

Written by `python benchmarks/distil.py` from [results.json](results.json). The teacher is all-MiniLM-L6-v2. A student
has the config [configs/recipes/distilled.yaml](../../configs/recipes/distilled.yaml); the LSTM has hidden 128 and the
mean and maximum of its outputs. It learns from 50,300 texts of the train splits of SICK, STS-B, MRPC and QQP without
labels, then from the train pairs of one data set (mse for scores, contrastive for labels). Figures are of the test
split: the mean over three seeds (lowest to highest). *Zero-shot*: nothing is trained on the pairs. Speeds are texts
per CPU second with one thread on the test texts of QQP, all measured in one run.

| encoder | SICK, Pearson | STS-B, Pearson | QQP, ROC-AUC | texts per CPU second | CPU minutes per student |
| --- | --- | --- | --- | ---: | ---: |
"""


def student_config(name: str, seed: int) -> RunConfig:
    """The config of a student."""
    config = read_run(ROOT / "configs" / "recipes" / "distilled.yaml")
    return vary(config, {**STUDENTS[name], "fit.seed": seed, "fit.threads": 1})


def tuned_config(data: str, student: Path, name: str, seed: int) -> RunConfig:
    """The config that fine-tunes a student on the pairs of a data set."""
    folder = Path(os.environ["SEQTWIN_DATA"]) / data
    files = {split: str(folder / f"{split}.csv") for split in ("train", "dev", "test")}
    raw = {
        "data": {**files, "left": "left", "right": "right", **SCORED[data]},
        "encoder": {"from": str(student)},
        "representation": student_config(name, seed).representation,
        "loss": MARGIN if data == "qqp" else "mse",
        "fit": {"epochs": 5, "batch": 128 if data == "qqp" else 32, "lr": 0.0005, "seed": seed, "threads": 1},
    }
    return parse_run(raw)


def trained(config: RunConfig, folder: Path) -> tuple[Path, float]:
    """The folder of a run, and its CPU seconds; a finished run is taken as it is."""
    start = time.process_time()
    if not (folder / "manifest.json").exists():
        seqtwin.train(config.model_dump(exclude_unset=True, by_alias=True), folder, baselines=False)
    return folder, time.process_time() - start


def measure(name: str) -> dict[str, Any]:
    """The test scores of a student after fine-tuning on each data set, by seed."""
    found: dict[str, Any] = {data: [] for data in SCORED}
    found["cpu_seconds"] = []
    for seed in range(SEEDS):
        home = RUNS / name.replace(" ", "-") / str(seed)
        student, seconds = trained(student_config(name, seed), home / "student")
        found["cpu_seconds"].append(round(seconds, 1))
        for data in SCORED:
            run, _ = trained(tuned_config(data, student, name, seed), home / data)
            found[data].append(round(read_json(run / "scores.json")["test"][METRIC[data]], 4))
            print(name, seed, data, found[data][-1], flush=True)
    return found


def test_pairs(data: str) -> tuple[list[str], list[str], np.ndarray]:
    """Both texts of each test pair, and the targets."""
    table = pd.read_csv(Path(os.environ["SEQTWIN_DATA"]) / data / "test.csv", keep_default_na=False)
    target = SCORED[data]
    return (
        list(table["left"]),
        list(table["right"]),
        table[str(target.get("score", target.get("label")))].to_numpy(float),
    )


def measure_zero_shot() -> dict[str, Any]:
    """The scores of teacher and static vectors without training on the pairs."""
    found: dict[str, Any] = {}
    for title, make in (("MiniLM, zero-shot", transformer), ("static vectors, zero-shot", static_vectors)):
        encode = make()
        if encode is None:
            continue
        found[title] = {}
        for data in SCORED:
            left, right, target = test_pairs(data)
            score = METRICS[METRIC[data]].function(cosines(encode(left), encode(right)), target)
            found[title][data] = [round(float(score), 4)]
    return found


def measure_speeds() -> dict[str, float]:
    """Texts per CPU second of all encoders, in one run."""
    left, right, _ = test_pairs("qqp")
    methods = {name: seqtwin.load(RUNS / name.replace(" ", "-") / "0" / "qqp").encode for name in STUDENTS}
    others = {"teacher": transformer(), "static vectors, zero-shot": static_vectors()}
    methods |= {key: encode for key, encode in others.items() if encode is not None}
    rates = speeds(methods, sorted({*left, *right}))
    return {("MiniLM, zero-shot" if key == "teacher" else key): rate for key, rate in rates.items()}


def page(results: Mapping[str, Any]) -> str:
    """The page as Markdown."""
    rates = results.get("texts_per_second", {})
    return HEAD + "".join(_row(name, own, rates) for name, own in results.items() if name != "texts_per_second")


def _row(name: str, own: Mapping[str, Any], rates: Mapping[str, float]) -> str:
    scores = [mean_and_range(own[data]) for data in SCORED]
    minutes = f"{np.mean(own['cpu_seconds']) / 60:.1f}" if "cpu_seconds" in own else ""
    return f"| {' | '.join([name, *scores, f'{rates[name]:,.0f}' if name in rates else '', minutes])} |\n"


def main() -> None:
    """Measure what is missing, and write the page."""
    results: dict[str, Any] = read_json(RESULTS) if RESULTS.exists() else {}
    wanted = sys.argv[1:] or list(STUDENTS)
    if not {"SEQTWIN_DATA", "SEQTWIN_TEACHER"} <= os.environ.keys():
        print("not measured, because SEQTWIN_DATA or SEQTWIN_TEACHER is not set", file=sys.stderr)
    elif any(name not in results for name in wanted):
        results |= {name: measure(name) for name in wanted if name not in results}
        results |= measure_zero_shot()
        if results.keys() >= STUDENTS.keys():
            results["texts_per_second"] = measure_speeds()
        HOME.mkdir(parents=True, exist_ok=True)
        publish_text(RESULTS, dump_json(results))
    publish_text(PAGE, page(results))
    print(page(results))


if __name__ == "__main__":
    main()
