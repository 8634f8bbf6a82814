"""What the re-ranker is worth: the encoder alone, the spelling alone, and both, on pairs and in search.

Every choice (epoch, weights of the judgements, thresholds) is made on train and dev; test is scored once per training.
Intervals have two levels: seeds and clusters of test pairs are resampled together. What is missing in
experiments/rerank/results.json is measured, and experiments/rerank/README.md is written from it:

    python benchmarks/rerank.py [NAME ...]
"""

import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from lexical import config_of
from measured_page import measure_missing, short, summarize

from seqtwin import api
from seqtwin.data.pairs import PairData
from seqtwin.index.index import Index
from seqtwin.inference.reranking import encode_pairs
from seqtwin.inference.trained_encoder import TrainedEncoder, load
from seqtwin.metrics import METRICS, fit_threshold
from seqtwin.reporting.statistics import cluster_draws, metric_replicates, seed_means
from seqtwin.reranker.calibration import brier_score, calibration_error, reliability
from seqtwin.run.prepare import prepare_pairs
from seqtwin.run.train import train

HOME = Path(__file__).parent.parent / "experiments" / "rerank"
SEEDS, REPLICATES, RERANKED = 3, 2000, 50
# the variant of benchmarks/lexical.py that is better on dev
SETS = {"amazon_google": "both", "toponyms": "recurrent", "qqp": "both"}
JUDGES = ("encoder", "spelling", "re-ranker")
HEAD = """# What the re-ranker is worth

Written by `python benchmarks/rerank.py` from [results.json](results.json). The encoders are those of
[experiments/lexical](../lexical/README.md); *spelling* is the random forest of the re-ranker alone. Means over three
seeds on the test split with 95 % intervals over seeds and test pairs. Thresholds, weights and calibration come from
dev, and test was scored once per training.

"""
PAIR_HEAD = """## Pairs

| data | metric | encoder | spelling | re-ranker | gain over the encoder |
| --- | --- | --- | --- | --- | --- |
"""
REST_HEAD = f"""
## Probabilities and search

Brier score and expected calibration error (ten bins) of the probabilities on test. In search, the queries are the left
texts of test that have a match, the corpus is all right texts of test; a hit is a query whose first result is labelled
the same. The first {RERANKED} results are re-ranked.

| data | Brier | calibration error | queries | corpus | hits, encoder | hits, re-ranked | ms per query, re-ranked |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
"""


@dataclass(frozen=True)
class Judged:
    """One training on test. `scores`, `calls`: of each judge, Float[pairs] and Bool[pairs]; `facts`: the rest."""

    scores: Mapping[str, np.ndarray]
    calls: Mapping[str, np.ndarray]
    facts: Mapping[str, float]


def judged(name: str, seed: int) -> Judged:
    """One training of an encoder and its re-ranker, scored on test."""
    config = config_of(name, SETS[name], seed)
    data = prepare_pairs(config).data
    with tempfile.TemporaryDirectory() as folder:
        run = train(config, Path(folder) / "run")
        api.fit_reranker(run.path, data, seed=seed)
        encoder = load(run.path)
        (dev, dev_same), (test, test_same) = (_scores(encoder, data, split) for split in ("dev", "test"))
        thresholds = {judge: fit_threshold(dev[judge], dev_same) for judge in JUDGES}
        thresholds["re-ranker"] = encoder.reranker.threshold  # from cross-validated probabilities of dev
        probabilities = test["re-ranker"]
        facts = {
            "brier": brier_score(probabilities, test_same),
            "calibration_error": calibration_error(reliability(probabilities, test_same)),
            **_search(encoder, data),
        }
    return Judged(test, {judge: test[judge] >= thresholds[judge] for judge in JUDGES}, facts)


def _scores(encoder: TrainedEncoder, data: PairData, split: str) -> tuple[dict[str, np.ndarray], np.ndarray]:
    part = data.part(split)
    pairs = encode_pairs(encoder, part["left"].tolist(), part["right"].tolist())
    own = encoder.reranker.reranker
    similarity, spelling, _ = own.judge(pairs).T
    return dict(zip(JUDGES, (similarity, spelling, own.probabilities(pairs)), strict=True)), _same(data, split)


def _same(data: PairData, split: str) -> np.ndarray:
    return np.asarray(data.part(split)["target"] >= data.cut)


def _search(encoder: TrainedEncoder, data: PairData) -> dict[str, float]:
    """The share of queries whose first hit is right, with and without re-ranking."""
    part = data.part("test")
    matches: dict[str, set[str]] = {}
    for left, right in part[_same(data, "test")][["left", "right"]].itertuples(index=False):
        matches.setdefault(left, set()).add(right)
    index = Index.build(encoder, list(dict.fromkeys(part["right"])))
    plain = index.search(list(matches), 1)
    start = time.process_time()
    reranked = index.search(list(matches), 1, rerank=RERANKED)
    cost = (time.process_time() - start) / len(matches)
    found = [
        [hits[0].text in matches[query] for query, hits in zip(matches, own, strict=True)] for own in (plain, reranked)
    ]
    return {
        "queries": len(matches),
        "corpus": len(index),
        "hits": float(np.mean(found[0])),
        "hits_reranked": float(np.mean(found[1])),
        "ms_per_query": 1000 * cost,
    }


def measure(name: str) -> dict[str, Any]:
    """Means and intervals of every judge on one data set, and those of the gain of the re-ranker."""
    prepared = prepare_pairs(config_of(name, SETS[name], 0))
    same, clusters = _same(prepared.data, "test"), prepared.clusters["test"]
    rng = np.random.default_rng(0)
    draws = cluster_draws(int(clusters.max()) + 1, REPLICATES, rng)
    seeds = cluster_draws(SEEDS, REPLICATES, rng)
    runs = [judged(name, seed) for seed in range(SEEDS)]
    results: dict[str, Any] = {"pairs": len(same), "same": int(same.sum())}
    auc = {judge: np.stack([run.scores[judge] for run in runs]).astype(np.float64) for judge in JUDGES}
    replicates = {
        judge: metric_replicates("roc_auc", scores, same.astype(np.float64), clusters, draws)
        for judge, scores in auc.items()
    }
    means = {judge: np.mean([METRICS["roc_auc"].function(own, same) for own in auc[judge]]) for judge in JUDGES}
    results["roc_auc"] = _summaries(means, {judge: seed_means(own, seeds) for judge, own in replicates.items()})
    weights = draws[:, clusters]
    f1 = {judge: np.stack([_f1(run.calls[judge], same, weights) for run in runs]) for judge in JUDGES}
    means = {judge: np.mean([METRICS["f1"].function(run.calls[judge], same) for run in runs]) for judge in JUDGES}
    results["f1"] = _summaries(means, {judge: seed_means(own, seeds) for judge, own in f1.items()})
    results["facts"] = {key: round(float(np.mean([run.facts[key] for run in runs])), 4) for key in runs[0].facts}
    return results


def _f1(calls: np.ndarray, same: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """F1 under every row of weights, Float[replicates]."""
    right, called, real = (weights @ np.asarray(own, dtype=np.float64) for own in (calls & same, calls, same))
    return 2 * right / np.maximum(called + real, 1e-12)


def _summaries(means: Mapping[str, Any], replicates: Mapping[str, np.ndarray]) -> dict[str, Any]:
    found = {judge: summarize(float(means[judge]), replicates[judge]) for judge in JUDGES}
    gain = float(means["re-ranker"] - means["encoder"])
    return {**found, "gain": summarize(gain, replicates["re-ranker"] - replicates["encoder"])}


def page(results: Mapping[str, Any]) -> str:
    """The page as Markdown."""
    names = [name for name in SETS if name in results]
    pairs = "".join(_pair_row(name, results[name], metric) for name in names for metric in ("roc_auc", "f1"))
    return HEAD + PAIR_HEAD + pairs + REST_HEAD + "".join(_rest_row(name, results[name]) for name in names)


def _pair_row(name: str, own: Mapping[str, Any], metric: str) -> str:
    first = f"{name}, {own['pairs']:,} pairs ({own['same']:,} the same)" if metric == "roc_auc" else ""
    values = own[metric]
    cells = [f"{short(values[j]['mean'])} ({short(values[j]['low'])} to {short(values[j]['high'])})" for j in JUDGES]
    gain = "{mean:+.3f} ({low:+.3f} to {high:+.3f})".format(**values["gain"])
    return f"| {first} | {'ROC-AUC' if metric == 'roc_auc' else 'F1'} | {' | '.join(cells)} | {gain} |\n"


def _rest_row(name: str, own: Mapping[str, Any]) -> str:
    facts = own["facts"]
    errors = " | ".join(short(facts[key]) for key in ("brier", "calibration_error"))
    sizes = f"{facts['queries']:,.0f} | {facts['corpus']:,.0f}"
    hits = " | ".join(short(facts[key]) for key in ("hits", "hits_reranked"))
    return f"| {name} | {errors} | {sizes} | {hits} | {facts['ms_per_query']:.0f} |\n"


def main() -> None:
    """Measure what is missing, and write the page."""
    measure_missing(HOME, SETS, measure, page)


if __name__ == "__main__":
    main()
