"""The recipes of configs/recipes: quality on test and speed, next to methods that need no training.

    SEQTWIN_TEACHER=all-MiniLM-L6-v2 SEQTWIN_STATIC=wordllama python benchmarks/recipes.py [NAME ...]

SEQTWIN_TEACHER is a folder that sentence-transformers loads, SEQTWIN_STATIC the folder or wheel of wordllama; without
them their columns stay empty. Epochs and thresholds are chosen on dev, and test is scored once per training. Speeds are
texts per CPU second with one thread; the methods take turns in one process. What is missing in
experiments/recipes/results.json is measured, and experiments/recipes/README.md is written from it.
"""

import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from measured_page import mean_and_range, measure_missing, short

import seqtwin
from seqtwin.config import RunConfig, read_run, vary
from seqtwin.data.tokens.piece_tables import load_wordllama
from seqtwin.metrics import METRICS, metric_name
from seqtwin.paths import expand
from seqtwin.run.prepare import prepare
from seqtwin.run.train import measured_baselines
from seqtwin.teachers.open_teacher import open_teacher
from seqtwin.teachers.teacher import Encode, TeacherSource

ROOT = Path(__file__).parent.parent
HOME = ROOT / "experiments" / "recipes"
RECIPES = ("sentences", "questions", "names", "products", "series", "classes")
PAIRS = frozenset({"sentences", "questions", "names", "products"})  # of texts
SEEDS, ROUNDS, TEXTS = 3, 3, 2000
HEAD = """# The recipes

Written by `python benchmarks/recipes.py` from [results.json](results.json). Each recipe is a file of
[configs/recipes](../../configs/recipes), trained with three seeds. Epochs and thresholds are chosen on dev. Figures
are of the test split: the mean over the seeds (lowest to highest). The free baseline is the best on dev of those that
`train` prints. *Static vectors*: wordllama, 256 wide, zero-shot. *MiniLM*: all-MiniLM-L6-v2, zero-shot. Speeds are
texts per CPU second with one thread, all measured in one run. The speed of TF-IDF is that of making vectors of
character 2- to 4-grams.

| recipe | metric | recipe | free baseline | static vectors | MiniLM | CPU minutes per training |
| --- | --- | --- | --- | --- | --- | ---: |
"""
SPEED_HEAD = """
| recipe | texts per CPU second: recipe | TF-IDF | static vectors | MiniLM | recipe : MiniLM |
| --- | ---: | ---: | ---: | ---: | ---: |
"""


def recipe_of(name: str, seed: int) -> RunConfig:
    """The config of a recipe with this seed, on one thread."""
    config = read_run(ROOT / "configs" / "recipes" / f"{name}.yaml")
    return vary(config, {"fit.seed": seed, "fit.threads": 1})


def measure(name: str) -> dict[str, Any]:
    """The scores of three trainings, of the best free baseline and of the zero-shot methods, and all speeds."""
    prepared = prepare(recipe_of(name, 0))
    baselines = measured_baselines(recipe_of(name, 0), prepared)
    metric, best = prepared.primary, baselines.best
    found: dict[str, Any] = {"metric": metric, "test": [], "dev": [], "cpu_seconds": []}
    if best is not None:
        found["free"] = {"name": best.name, "title": best.title, "dev": round(best.dev, 4), "test": round(best.test, 4)}
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(SEEDS):
            start = time.process_time()
            run = seqtwin.train(recipe_of(name, seed).model_dump(exclude_unset=True), Path(folder) / str(seed))
            found["cpu_seconds"].append(round(time.process_time() - start, 1))
            for split in ("dev", "test"):
                found[split].append(round(run.scores[split][metric], 4))
            if "f1" in run.scores["test"]:
                found.setdefault("f1", []).append(round(run.scores["test"]["f1"], 4))
        if name in PAIRS:
            found |= compare_texts(recipe_of(name, 0), run.path, metric)
    return found


def compare_texts(config: RunConfig, folder: Path, metric: str) -> dict[str, Any]:
    """Zero-shot scores on the test pairs, and the speed of every method on the same texts."""
    table = pd.read_csv(expand(str(config.data.test)), keep_default_na=False)
    target = table[config.data.score or config.data.label].to_numpy(np.float64)
    texts = sorted({*table["left"], *table["right"]})
    encoder = seqtwin.load(folder)
    methods: dict[str, Encode] = {"recipe": encoder.encode, "tfidf": tfidf(config)}
    zero_shot = {"static": static_vectors, "teacher": transformer}
    methods |= {key: made for key, make in zero_shot.items() if (made := make()) is not None}
    scores = {}
    for key in zero_shot.keys() & methods.keys():
        left, right = (methods[key](list(table[side])) for side in ("left", "right"))
        scores[key] = round(float(METRICS[metric].function(cosines(left, right), target)), 4)
    return {"zero_shot": scores, "texts_per_second": speeds(methods, texts)}


def cosines(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The cosine of each pair of rows."""
    norms = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1)
    return np.asarray((left * right).sum(1) / np.maximum(norms, 1e-12))


def speeds(methods: Mapping[str, Encode], texts: list[str]) -> dict[str, float]:
    """Texts per CPU second of each method: the median of some rounds, in which they take turns."""
    rates: dict[str, list[float]] = {key: [] for key in methods}
    for part in range(ROUNDS):
        for key, encode in methods.items():
            rows = texts[part::ROUNDS][: TEXTS if key != "teacher" else TEXTS // 8]
            encode(rows[:32])
            start = time.process_time()
            encode(rows)
            rates[key].append(len(rows) / max(time.process_time() - start, 1e-9))
    return {key: round(float(np.median(values)), 0) for key, values in rates.items()}


def tfidf(config: RunConfig) -> Encode:
    """TF-IDF vectors of character 2- to 4-grams, fitted on the training texts."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    table = pd.read_csv(expand(str(config.data.train)), keep_default_na=False)
    fitted = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True)
    fitted.fit(sorted({*table["left"], *table["right"]}))
    return fitted.transform


def static_vectors() -> Encode | None:
    """The mean vector of the pieces of a text, as wordllama computes it; None without SEQTWIN_STATIC."""
    place = os.environ.get("SEQTWIN_STATIC")
    if not place:
        return None
    pieces = load_wordllama(Path(place))
    nothing = np.zeros(pieces.table.shape[1], pieces.table.dtype)

    def encode(rows: Sequence[str]) -> np.ndarray:
        every = pieces.tokenizer.encode_batch_fast(list(rows), add_special_tokens=False)
        return np.stack([pieces.table[own.ids].mean(0) if own.ids else nothing for own in every])

    return encode


def transformer() -> Encode | None:
    """The encoder of SEQTWIN_TEACHER; None without it."""
    place = os.environ.get("SEQTWIN_TEACHER")
    return open_teacher(TeacherSource(Path(place))).load() if place else None


def page(results: Mapping[str, Any]) -> str:
    """The page as Markdown."""
    own = [name for name in RECIPES if name in results]
    rows = "".join(_quality(name, results[name]) for name in own)
    return HEAD + rows + SPEED_HEAD + "".join(_speed(name, results[name]) for name in own)


DATA = {
    "sentences": "STS-B",
    "questions": "Quora",
    "names": "places in several scripts",
    "products": "Amazon, Google",
    "series": "Japanese vowels",
    "classes": "TREC",
}


def short_table(results: Mapping[str, Any]) -> str:
    """The table of the README: means on test, and speeds."""
    head = "| recipe: data, metric | score | free baseline | static vectors | MiniLM | texts/s (MiniLM) |\n"
    rows = [_short_row(name, results[name]) for name in RECIPES if name in results]
    return "".join([head, "| --- | ---: | ---: | ---: | ---: | ---: |\n", *rows])


def _short_row(name: str, found: Mapping[str, Any]) -> str:
    zero, rates = found.get("zero_shot", {}), found.get("texts_per_second", {})
    scores = [float(np.mean(found["test"])), found["free"]["test"], zero.get("static"), zero.get("teacher")]
    speed = f"{rates['recipe']:,.0f} ({rates['teacher']:,.0f})" if "teacher" in rates else ""
    title = f"[{name}](configs/recipes/{name}.yaml): {DATA[name]}, {metric_name(found['metric'])}"
    return f"| {' | '.join([title, *map(_short, scores), speed])} |\n"


def expected(found: Mapping[str, Any]) -> str:
    """What a recipe leads one to expect, as its config states it."""
    minutes = max(0.1, np.mean(found["cpu_seconds"]) / 60)
    free = f"{found['free']['title']} {_short(found['free']['test'])}"
    own = f"{metric_name(found['metric'])} {_short(float(np.mean(found['test'])))}"
    return f"Measured on test: {own} ({free}); {minutes:.1f} CPU minutes."


def _quality(name: str, found: Mapping[str, Any]) -> str:
    free = f"{_short(found['free']['test'])} ({found['free']['title']})" if "free" in found else ""
    zero = [_short(found.get("zero_shot", {}).get(key)) for key in ("static", "teacher")]
    minutes = f"{np.mean(found['cpu_seconds']) / 60:.1f}"
    link = f"[{name}](../../configs/recipes/{name}.yaml)"
    return (
        f"| {' | '.join([link, metric_name(found['metric']), mean_and_range(found['test']), free, *zero, minutes])} |\n"
    )


def _speed(name: str, found: Mapping[str, Any]) -> str:
    rates = found.get("texts_per_second", {})
    if not rates:
        return ""
    cells = [f"{rates[key]:,.0f}" if key in rates else "" for key in ("recipe", "tfidf", "static", "teacher")]
    ratio = f"{rates['recipe'] / rates['teacher']:.0f}" if "teacher" in rates else ""
    return f"| {' | '.join([name, *cells, ratio])} |\n"


def _short(value: float | None) -> str:
    return "" if value is None else short(value)


def main() -> None:
    """Measure what is missing, and write the page."""
    measure_missing(HOME, RECIPES, measure, page)


if __name__ == "__main__":
    main()
