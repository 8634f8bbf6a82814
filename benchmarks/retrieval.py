"""Search and matching with a trained encoder, compared with TF-IDF, Jaro-Winkler and the untrained encoder.

`placenames`: search for the foreign name of an unseen place among the English names of all places. `toponyms`: search
for a name among all right names of the test file. `amazon_google`: which pairs of titles are the same product. The last
two need SEQTWIN_DATA. `python benchmarks/retrieval.py [TASK ...]` trains again, writes the figures of these tasks to
experiments/retrieval and the page to reports/retrieval.
"""

import os
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from figures import show_plain
from retrieval_figures import Outcome, Outcomes, called, part, ranked, rows
from retrieval_methods import FIT, Twin, dev_of, file_config, jaro_winkler, recipe, tfidf, twins
from retrieval_page import KEPT, publish

from seqtwin.baselines.pairs import TEXT_FLOORS
from seqtwin.config import RunConfig, read_run, vary
from seqtwin.data.pairs import Retrieval
from seqtwin.data.sets.placenames import fold
from seqtwin.files import dump_json, publish_text, read_json
from seqtwin.inference.trained_encoder import TrainedEncoder
from seqtwin.metrics.thresholds import fit_threshold
from seqtwin.run.prepare import prepare

HERE = Path(__file__).parent
RANKING = "in_batch"  # ranks the right text among those of the batch, as a search does
TRAINED, UNTRAINED = "trained", "untrained"


def searched(config: RunConfig, task: Retrieval) -> tuple[Outcomes, list[Twin]]:
    """How well each method ranks the corpus for each query."""
    made = list(twins(config))
    queries, corpus = list(task.queries), list(task.corpus)

    def by(encoder: TrainedEncoder) -> Outcome:
        scores = encoder.similarity(encoder.encode(queries), encoder.encode(corpus))
        return ranked(scores, task.relevant)

    floors = {"TF-IDF": tfidf(queries, corpus), "Jaro-Winkler": jaro_winkler(queries, corpus)}
    return {
        TRAINED: [by(twin.trained) for twin in made],
        **{name: [ranked(scores, task.relevant)] for name, scores in floors.items()},
        UNTRAINED: [by(twin.untrained) for twin in made],
    }, made


def placenames() -> dict[str, Any]:
    """Foreign name to English name. The places of the queries are in no training pair."""
    config = read_run(HERE.parent / "configs" / "placenames.yaml")
    config = vary(config, {"loss": RANKING, "fit.threads": 1, "fit.device": "cpu"})
    data = prepare(config).data
    assert data.retrieval is not None
    outcomes, made = searched(config, data.retrieval)
    place = [min(answers) for answers in data.retrieval.relevant]
    facts = {**sizes(data.retrieval), "places": len(set(place)), "pairs": len(data.part("train"))}
    return {**facts, "encoder": recipe(config), "dev": dev_of(made), "parts": {"all": rows(outcomes, place)}}


def toponyms() -> dict[str, Any]:
    """Left name of a positive test pair to its right name, among all right names of the test file."""
    config = file_config(
        "toponyms",
        {
            "tokens": {"unit": "char", "lower": True, "normalize": "fold"},
            "encoder": {"cell": "lstm", "embedding": 64, "hidden": 128, "layers": 1, "bidirectional": True},
            "representation": "max_output",
            "similarity": "cosine",
            "loss": RANKING,
            "fit": {"epochs": 15, **FIT},
        },
    )
    pairs = pd.read_csv(Path(os.environ["SEQTWIN_DATA"]) / "toponyms" / "test.csv", keep_default_na=False)
    task, scripts = search_task(pairs)
    outcomes, made = searched(config, task)
    kept = {
        "all": np.ones(len(scripts), dtype=bool),
        "Latin to Latin": scripts == "latin",
        "across scripts": scripts == "across",
    }
    folded = [
        fold(query) in {fold(task.corpus[i]) for i in own}
        for query, own in zip(task.queries, task.relevant, strict=True)
    ]
    facts = {**sizes(task), "equal": int(np.sum(folded)), "pairs": len(prepare(config).data.part("train"))}
    queries = np.asarray(task.queries)
    parts = {name: rows(part(outcomes, chosen), queries[chosen]) for name, chosen in kept.items()}
    counts = {name: int(chosen.sum()) for name, chosen in kept.items()}
    return {**facts, "encoder": recipe(config), "dev": dev_of(made), "counts": counts, "parts": parts}


def search_task(pairs: pd.DataFrame) -> tuple[Retrieval, np.ndarray]:
    """The queries, corpus and answers in a file of pairs, and the scripts of each query: latin, across or other."""
    corpus = list(dict.fromkeys(pairs["right"]))
    place = {text: row for row, text in enumerate(corpus)}
    answers: dict[str, set[int]] = {}
    scripts: dict[str, str] = {}
    same = pairs[pairs["label"] == 1]
    columns = (same[name].tolist() for name in ("left", "right", "left_script", "right_script"))
    for left, right, one, other in zip(*columns, strict=True):
        answers.setdefault(left, set()).add(place[right])
        scripts[left] = "across" if one != other else "latin" if one == "LATIN" else "other"
    return Retrieval(list(answers), corpus, list(answers.values())), np.array(list(scripts.values()))


def amazon_google() -> dict[str, Any]:
    """Which pairs of titles are the same product: threshold from dev; precision, recall and F1 on test."""
    configs = {unit: product_config(unit) for unit in ("char", "word")}
    made = {unit: list(twins(config)) for unit, config in configs.items()}
    on_dev = {unit: dev_of(found)["f1"] for unit, found in made.items()}
    unit = max(on_dev, key=lambda name: float(np.mean(on_dev[name])))
    data = prepare(configs[unit]).data
    dev, test = data.part("dev"), data.part("test")
    same = {"dev": dev["target"].to_numpy() >= 0.5, "test": test["target"].to_numpy() >= 0.5}

    def judged(score: Callable[[pd.DataFrame], np.ndarray]) -> Outcome:
        return called(score(test), same["test"], fit_threshold(score(dev), same["dev"]))

    def by(encoder: TrainedEncoder) -> Outcome:
        return judged(lambda pairs: encoder.score(pairs["left"], pairs["right"]))

    floors = {"TF-IDF": "tfidf_char", "TF-IDF of words": "tfidf_word", "Jaro-Winkler": "jaro_winkler"}
    outcomes: Outcomes = {
        TRAINED: [by(twin.trained) for twin in made[unit]],
        **{name: [judged(partial(TEXT_FLOORS[floor], data))] for name, floor in floors.items()},
        UNTRAINED: [by(twin.untrained) for twin in made[unit]],
    }
    train_pairs = set(zip(data.part("train")["left"], data.part("train")["right"], strict=True))
    facts = {
        "pairs": len(data.part("train")),
        "test_pairs": len(test),
        "test_same": int(same["test"].sum()),
        "seen": sum(pair in train_pairs for pair in zip(test["left"], test["right"], strict=True)),
        "products": test["left"].nunique(),
        "dev_f1_by_unit": on_dev,
        "unit": unit,
    }
    parts = {"all": rows(outcomes, list(test["left"]))}
    return {**facts, "encoder": recipe(configs[unit]), "dev": dev_of(made[unit]), "parts": parts}


def product_config(unit: str) -> RunConfig:
    """The config of the encoder of product titles, with characters or words."""
    return file_config(
        "amazon_google",
        {
            "tokens": {"unit": unit, "lower": True, "normalize": "fold"},
            "encoder": {"cell": "lstm", "embedding": 64, "hidden": 64, "layers": 1, "bidirectional": True},
            "representation": "max_output",
            "similarity": "cosine",
            "loss": "mse",
            "fit": {"epochs": 10, **FIT},
        },
    )


def sizes(task: Retrieval) -> dict[str, int]:
    """The sizes of queries and corpus."""
    return {"queries": len(task.queries), "corpus": len(task.corpus)}


TASKS: dict[str, Callable[[], dict[str, Any]]] = {
    "placenames": placenames,
    "toponyms": toponyms,
    "amazon_google": amazon_google,
}


def main() -> None:
    """Train, print and write the figures of the tasks given, or of all tasks."""
    torch.set_num_threads(1)
    if unknown := set(sys.argv[1:]) - set(TASKS):
        sys.exit(f"unknown task {', '.join(sorted(unknown))}; known: {', '.join(TASKS)}")
    for name in sys.argv[1:] or TASKS:
        if name != "placenames" and not os.environ.get("SEQTWIN_DATA"):
            print(f"{name}: not measured, because SEQTWIN_DATA is not set")
            continue
        started = time.process_time()
        result = TASKS[name]()
        result["cpu_seconds"] = round(time.process_time() - started)
        for title, found in result["parts"].items():
            for row in found:
                for metric, value in row["figures"].items():
                    show_plain(f"{name}, {title}: {row['method']}, {metric}", value["value"])
        before = read_json(KEPT) if KEPT.exists() else {}
        results = {task: {**before, name: result}[task] for task in TASKS if task in {**before, name: result}}
        publish_text(KEPT, dump_json(results))
        publish(results)


if __name__ == "__main__":
    main()
