"""A plausible published study, made without any training."""

import csv
import hashlib
import io
import itertools
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

REPRESENTATIONS = ("final_hidden", "last_output", "mean_output", "max_output", "attention_output")
LOSSES = ("mse", "contrastive-auto")
SKILL = {"final_hidden": 1.9, "last_output": 1.65, "mean_output": 2.1, "max_output": 2.2, "attention_output": 2.05}
GAIN = {"mse": 0.1, "contrastive-auto": 0.0}
PAIRS = 400


def _number(*parts: Any) -> int:
    return int(hashlib.sha256(repr(parts).encode()).hexdigest()[:8], 16)


def _csv(header: str, rows: list[tuple[Any, ...]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([header.split(","), *rows])
    return text.getvalue()


def _predictions(labels: dict[str, str], seed: int, graded: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    shared = np.random.default_rng(_number(labels.get("data.name", "")))
    target = shared.integers(0, 5, PAIRS) / 4 if graded else (np.arange(PAIRS) % 2).astype(float)
    noise, cluster = shared.normal(size=PAIRS), shared.integers(0, PAIRS // 2, PAIRS)
    own = np.random.default_rng(_number(sorted(labels.items()), seed)).normal(size=PAIRS)
    skill = SKILL.get(labels.get("representation", ""), 2.0) + GAIN.get(labels.get("loss", ""), 0.05)
    return target, cluster, 0.5 + 0.2 * np.tanh(0.5 * (skill * (target - 0.5) + 0.8 * noise + 0.45 * own))


def _history(labels: dict[str, str], seed: int, primary: str, plateau: float, stuck: bool) -> str:
    rng = np.random.default_rng(_number(sorted(labels.items()), seed, "history"))
    rows = []
    for epoch in range(7):
        left = 0.99 if stuck else 0.15 + 0.85 * np.exp(-epoch / 2)
        loss = plateau * (left + 0.02 * rng.random())
        rows.append(
            (
                epoch,
                epoch * 94,
                f"{loss:.6f}",
                f"{0.94 - 0.3 * np.exp(-epoch / 1.5) + 0.01 * rng.random():.6f}",
                0.002,
                f"{epoch * 1.3:.2f}",
            )
        )
    return _csv(f"epoch,step,loss,dev_{primary},lr,seconds", rows)


def _scores(target: np.ndarray, score: np.ndarray, graded: bool, retrieval: bool) -> dict[str, Any]:
    auc = float(roc_auc_score(target >= 0.5, score))
    pearson = float(np.corrcoef(target, score)[0, 1])
    test = {"pearson": pearson, "spearman": pearson - 0.01, "mse": 0.12, "roc_auc": auc, "f1": auc - 0.07, "mcc": 0.6}
    content = {
        "dev": {name: value + 0.004 for name, value in test.items()},
        "test": test,
        "untrained": {name: value * 0.7 for name, value in test.items()},
        "primary": "spearman" if graded else "roc_auc",
        "threshold": 0.51,
        "undefined": {"average_precision": "not measured here"},
    }
    if retrieval:
        content["retrieval"] = {"recall@1": auc - 0.4, "recall@10": auc - 0.1, "mrr": auc - 0.3}
    return content


def _facts(labels: dict[str, str], seed: int, dataset: str, deviation: float) -> dict[str, Any]:
    auto = labels.get("loss") == "contrastive-auto"
    margin = 0.31 + seed / 100 if auto else None
    formula = (
        f"mean of 1/2 [y d^2 + (1-y) max(0, {margin} - d)^2], d = 1 - cos" if auto else "mean of (s - y)^2, s = cos"
    )
    return {
        "dataset": dataset, "pairs": {"train": 6000, "dev": 1200, "test": PAIRS}, "cut": 0.5, "shareable": True,
        "parameters": 51200 + len(labels.get("representation", "")) * 128, "dim": 128,
        "representation": labels.get("representation", "mean_output"), "similarity": "cosine",
        "loss": {"name": "contrastive" if auto else "mse", "formula": formula,
                 "settings": {"distance": "cosine", "margin": "auto"} if auto else {},
                 "margin": margin, "plateau": 0.125 * margin**2 if margin else 0.25},
        "padding": "masked", "batch_deviation": deviation, "train_pairs_per_second": 5200.0 + seed,
        "encode_texts_per_second": 31000.0 + seed * 10, "unknown_share": 0.001, "data_hash": "ab" * 32,
        "split_hash": "cd" * 32, "notes": ["12 of 2,400 test names also stand in the training pairs."],
        "clusters": "Pairs that share a name, directly or through others, are one cluster.",
    }  # fmt: skip


def publish(folder: Path, files: dict[str, str], manifest: dict[str, Any]) -> None:
    """Write files and a manifest with their hashes, as `seqtwin.files.publish_folder` does."""
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_bytes(text.encode())
    listed = {n: {"sha256": hashlib.sha256(t.encode()).hexdigest(), "bytes": len(t.encode())} for n, t in files.items()}
    (folder / "manifest.json").write_text(json.dumps({"format": 1, **manifest, "files": listed}, indent=2))


def _cell(folder: Path, labels: dict[str, str], seed: int, *, graded: bool, retrieval: bool, oddity: str) -> str:
    dataset = labels.get("data.name", "placenames")
    name = ".".join([dataset, "lstm", *(v for k, v in labels.items() if k != "data.name"), f"s{seed}"])
    versions = {"seqtwin": "0.1.0", "torch": "2.4.0"}
    manifest: dict[str, Any] = {
        "id": name, "key": f"{_number(name):08x}", "status": "finished", "error": None,
        "factors": {**labels, "seed": seed}, "versions": versions, "host": "here", "device": "cpu", "threads": 1,
        "seconds": {"data": 0.4, "train": 8.0 + _number(name) % 40 / 10, "evaluate": 0.6},
    }  # fmt: skip
    files, home = {"config.yaml": "fit: {}\n"}, folder / re.sub(r"[^\w.-]", "-", name)
    if oddity == "failed":
        error = {"code": "OUT_OF_MEMORY", "cause": "no memory left <while> training", "place": "epoch 2",
                 "remedy": "lower fit.batch"}  # fmt: skip
        publish(home, files, manifest | {"status": "failed", "error": error})
        return name
    target, cluster, score = _predictions(labels, seed, graded)
    facts = _facts(labels, seed, dataset, 3e-3 if oddity == "deviates" else 2.1e-7)
    scores = _scores(target, score, graded, retrieval)
    rows = [("test", i, int(cluster[i]), target[i], f"{score[i]:.6f}") for i in range(PAIRS)]
    files |= {
        "history.csv": _history(labels, seed, scores["primary"], facts["loss"]["plateau"], oddity == "stuck"),
        "scores.json": json.dumps(scores), "facts.json": json.dumps(facts),
        "predictions.csv": _csv("split,row,cluster,target,score", [("dev", 0, 0, 1.0, 0.6), *rows]),
    }  # fmt: skip
    publish(home, files, manifest | ({"status": "collapsed"} if oddity == "collapsed" else {}))
    return name


def build(
    folder: Path,
    *,
    factors: dict[str, tuple[str, ...]] | None = None,
    seeds: int = 5,
    odd: dict[tuple[str, ...], str] | None = None,
    graded: bool = False,
    retrieval: bool = True,
    unpublished: int = 0,
    name: str = "output-or-hidden",
) -> Path:
    """A study folder; `odd` names study cells (labels..., seed) that failed, are stuck, deviate or collapsed."""
    factors = {"representation": REPRESENTATIONS, "loss": LOSSES} if factors is None else factors
    ids, oddities = [], odd or {}
    for values in itertools.product(*factors.values()):
        for seed in range(seeds):
            oddity = oddities.get((*values, str(seed)), oddities.get(values, oddities.get((), "")))
            labels = dict(zip(factors, values, strict=True))
            ids.append(_cell(folder / "cells", labels, seed, graded=graded, retrieval=retrieval, oddity=oddity))
    names = factors.get("data.name", ("placenames",))
    metric = {"roc_auc": 0.634, "spearman": 0.231}
    floors = {
        "constant": {"dev": {}, "test": {}, "undefined": {"roc_auc": "constant scores"}, "note": "one score for all"},
        "tfidf_char": {"dev": metric, "test": metric, "undefined": {}, "note": "cosine of character 2-4-grams"},
        "jaro_winkler": {"dev": metric, "test": {"roc_auc": 0.769, "spearman": 0.44}, "undefined": {}, "note": ""},
    }
    study = {
        "format": 1, "name": name, "question": "Take the output or the hidden state?", "tier": "quick",
        "created": "2026-01-05T10:00:00Z", "planned": [*ids, *(f"later.{i}" for i in range(unpublished))],
        "config": {"base": {"encoder": {"cell": "lstm", "hidden": 64, "bidirectional": True, "layers": 1},
                            "representation": "mean_output", "loss": "mse", "fit": {"epochs": 6, "batch": 64}},
                   "grid": {key: list(values) for key, values in factors.items()}, "seeds": seeds},
        "factors": {key: list(values) for key, values in factors.items()}, "seeds": list(range(seeds)),
        "versions": {"seqtwin": "0.1.0", "python": "3.11.7", "torch": "2.4.0", "numpy": "2.0.0"},
        "floors": dict.fromkeys(names, floors),
    }  # fmt: skip
    (folder / "study.json").write_text(json.dumps(study, indent=2))
    return folder


USUAL_ODD = {
    ("last_output", "contrastive-auto", "2"): "failed",
    ("final_hidden", "contrastive-auto"): "stuck",
    ("attention_output", "mse", "1"): "deviates",
}
