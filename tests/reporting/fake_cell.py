"""Files of one plausible published study cell, made without any training."""

import csv
import hashlib
import io
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import roc_auc_score

SKILL = {"final_hidden": 1.9, "last_output": 1.65, "mean_output": 2.1, "max_output": 2.2, "attention_output": 2.05}
GAIN = {"mse": 0.1, "contrastive-auto": 0.0}
TOGETHER = {("final_hidden", "contrastive-auto"): -0.9}  # what neither the representation nor the loss does alone
PAIRS = 400
VERSIONS = {"seqtwin": "0.2.0", "torch": "2.4.0"}
HEALTHY: dict[str, float | None] = {
    "plateau_ratio": 0.31, "beyond_margin_start": 0.4, "beyond_margin_end": 0.85, "margin_reach": 0.5,
    "head_median_start": None, "norm_mean": 4.1, "norm_mean_start": 1.9, "norm_spread": 0.12,
    "norm_length_correlation": 0.08, "saturated": 0.02, "effective_rank": 38.0, "effective_rank_share": 0.3,
    "top_singular_share": 0.11, "random_cosine": 0.05, "random_cosine_start": 0.22, "alignment": 0.31,
    "uniformity": -2.4, "train_auc": 0.97, "gradient_first": 0.011, "gradient_middle": 0.014, "gradient_last": 0.02,
    "gradient_ratio": 1.8, "third_first": 0.35, "third_middle": 0.3, "third_last": 0.35, "rank_minus_pearson": 0.01,
    "isotonic_gain": 0.015, "probe_metric": 0.91, "native_metric": 0.9, "left_plateau_step": 47.0,
    "left_plateau_share": 0.083, "stuck": 0.0, "steps": 564.0, "step_budget": 564.0, "batch_deviation": 2.1e-7,
    "permutation_deviation": 1.9e-7, "padding_deviation": 0.0, "score_length_correlation": 0.07, "length_auc": 0.52,
    "distance_start": 0.62, "distance_end": 1.04, "test_score_auc": 0.9, "leakage_share": 0.0,
}  # fmt: skip
DIAGNOSED: dict[str, dict[str, float | None]] = {
    "stuck": {"plateau_ratio": 0.99, "left_plateau_step": None, "left_plateau_share": None, "stuck": 1.0,
              "train_auc": 0.53, "beyond_margin_end": 0.02},
    "collapsed": {"effective_rank": 1.0, "effective_rank_share": 0.008, "top_singular_share": 0.998,
                  "alignment": 0.0, "uniformity": 0.0, "random_cosine": 1.0, "train_auc": 0.5, "plateau_ratio": 1.0,
                  "left_plateau_step": None, "left_plateau_share": None, "stuck": 1.0},
    "deviates": {"batch_deviation": 3e-3, "padding_deviation": 2e-3},
}  # fmt: skip


def number(*parts: Any) -> int:
    """A whole number that depends on nothing but its arguments."""
    return int(hashlib.sha256(repr(parts).encode()).hexdigest()[:8], 16)


def as_csv(header: str, rows: list[tuple[Any, ...]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([header.split(","), *rows])
    return text.getvalue()


def publish(folder: Path, files: dict[str, str], manifest: dict[str, Any]) -> None:
    """Write files and a manifest with their hashes, as `seqtwin.files.publish_folder` does."""
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_bytes(text.encode())
    listed = {n: {"sha256": hashlib.sha256(t.encode()).hexdigest(), "bytes": len(t.encode())} for n, t in files.items()}
    (folder / "manifest.json").write_text(json.dumps({"format": 1, **manifest, "files": listed}, indent=2))


def _test_part(labels: dict[str, str], graded: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    shared = np.random.default_rng(number(labels.get("data.name", "")))
    target = shared.integers(0, 5, PAIRS) / 4 if graded else (np.arange(PAIRS) % 2).astype(float)
    return target, shared.normal(size=PAIRS), shared.integers(0, PAIRS // 2, PAIRS)


def _test_scores(labels: dict[str, str], seed: int, target: np.ndarray, noise: np.ndarray) -> np.ndarray:
    own = np.random.default_rng(number(sorted(labels.items()), seed)).normal(size=PAIRS)
    pairing = labels.get("representation", "mean_output"), labels.get("loss", "mse")
    skill = SKILL.get(pairing[0], 2.0) + GAIN.get(pairing[1], 0.05) + TOGETHER.get(pairing, 0.0)
    return 0.5 + 0.2 * np.tanh(0.5 * (skill * (target - 0.5) + 0.8 * noise + 0.45 * own))


def _predictions(labels: dict[str, str], target: np.ndarray, cluster: np.ndarray, score: np.ndarray) -> str:
    rng = np.random.default_rng(number(labels.get("data.name", ""), "slices"))
    length = rng.integers(6, 41, PAIRS) / 2
    shown, seen = length / length.max(), rng.choice(3, PAIRS, p=[0.6, 0.3, 0.1])
    overlap = np.where(rng.random(PAIRS) < 0.3, 0.0, rng.random(PAIRS))
    rows = [("test", i, int(cluster[i]), target[i], f"{score[i]:.6f}", length[i], f"{1 - shown[i]:.6f}",
             f"{overlap[i]:.6f}", int(seen[i])) for i in range(PAIRS)]  # fmt: skip
    header = "split,row,cluster,target,score,length,pad_share,overlap,seen"
    return as_csv(header, [("dev", 0, 0, 1.0, 0.6, 9.5, 0.5, 0.25, 0), *rows])


def _history(labels: dict[str, str], seed: int, primary: str, plateau: float, stuck: bool) -> str:
    rng = np.random.default_rng(number(sorted(labels.items()), seed, "history"))
    rows = []
    for epoch in range(7):
        left = 0.99 if stuck else 0.15 + 0.85 * np.exp(-epoch / 2)
        loss = plateau * (left + 0.02 * rng.random())
        dev = 0.94 - 0.3 * np.exp(-2 * epoch) + 0.004 * rng.random()
        evidence = (f"{0.4 + 0.1 * rng.random():.5f}", f"{0.6 + epoch / 15:.5f}", f"{30 + epoch:.3f}", 0.9 - epoch / 20)
        active = "" if labels.get("loss") == "mse" else f"{1 - left / 2:.5f}"
        rows.append((epoch, epoch * 94, f"{loss:.6f}", f"{dev:.6f}", 0.002, f"{epoch * 1.3:.2f}", *evidence, active))
    more = "gradient_norm,pair_distance,effective_rank,active_positives,active_negatives"
    return as_csv(f"epoch,step,loss,dev_{primary},lr,seconds,{more}", rows)


def _trace(labels: dict[str, str], seed: int, plateau: float, stuck: bool) -> str:
    rng = np.random.default_rng(number(sorted(labels.items()), seed, "trace"))
    steps = np.arange(3, 565, 3)
    share = np.full(len(steps), 0.99) if stuck else 0.15 + 0.85 * np.exp(-steps / 150)
    return as_csv(
        "step,loss", [(s, f"{plateau * (x + 0.02 * rng.random()):.6f}") for s, x in zip(steps, share, strict=True)]
    )


def _reads(labels: dict[str, str], seed: int, value: float) -> str:
    own = labels.get("representation", "mean_output")
    names = [name for name in SKILL if name != "attention_output"]
    rows = [(n, value + 0.004, value) if n == own else
            (n, *(f"{value - 0.02 - number(n, own, seed) % 100 / 1000 + x:.6f}" for x in (0.004, 0.0)))
            for n in names]  # fmt: skip
    return as_csv("representation,dev,test", [*rows, ("final_cell", "", "")])


def _measures(target: np.ndarray, score: np.ndarray) -> dict[str, float]:
    auc = float(roc_auc_score(target >= 0.5, score))
    pearson, spearman = float(pearsonr(target, score).statistic), float(spearmanr(target, score).statistic)
    return {"pearson": pearson, "spearman": spearman, "mse": 0.12, "pearson_iso": pearson + 0.01, "mse_iso": 0.11,
            "roc_auc": auc, "f1": auc - 0.07, "mcc": 0.6}  # fmt: skip


def _scores(target: np.ndarray, score: np.ndarray, graded: bool, retrieval: bool, collapsed: bool) -> dict[str, Any]:
    test = {"mse": 0.25} if collapsed else _measures(target, score)
    content = {
        "dev": {name: value + 0.004 for name, value in test.items()}, "test": test,
        "untrained": {name: value * 0.7 for name, value in _measures(target, score + 0.01 * target).items()},
        "primary": "spearman" if graded else "roc_auc", "threshold": None if collapsed else 0.51,
        "undefined": {"average_precision": "not measured here"},
    }  # fmt: skip
    if collapsed:
        content["undefined"] |= {"roc_auc": "constant scores", "spearman": "constant scores"}
    if retrieval and not collapsed:
        auc = test["roc_auc"]
        content["retrieval"] = {"recall@1": auc - 0.4, "recall@10": auc - 0.1, "mrr": auc - 0.3, "map_at_r": auc - 0.35}
    return content


def _loss(auto: bool, margin: float | None) -> dict[str, Any]:
    formula = f"mean of 1/2 [y d^2 + (1-y) max(0, {margin} - d)^2], d = 1 - cos" if auto else "mean of (s - y)^2"
    settings = {"distance": "cosine", "margin": "auto"} if auto else {}
    plateau = 0.125 * margin**2 if margin else 0.25
    name = "contrastive" if auto else "mse"
    return {"name": name, "formula": formula, "settings": settings, "margin": margin, "plateau": plateau}


def _facts(labels: dict[str, str], seed: int, dataset: str, oddity: str) -> dict[str, Any]:
    auto = labels.get("loss") == "contrastive-auto"
    return {
        "dataset": dataset, "pairs": {"train": 6000, "dev": 1200, "test": PAIRS}, "cut": 0.5, "shareable": True,
        "parameters": 51200 + len(labels.get("representation", "")) * 128, "dim": 128,
        "representation": labels.get("representation", "mean_output"), "similarity": "cosine",
        "loss": _loss(auto, 0.31 + seed / 100 if auto else None), "leakage": {"pairs": 0, "share": 0.0},
        "padding": "masked", "batch_deviation": 3e-3 if oddity == "deviates" else 2.1e-7,
        "train_pairs_per_second": 5200.0 + seed, "encode_texts_per_second": 31000.0 + seed * 10,
        "unknown_share": 0.001, "data_hash": "ab" * 32, "split_hash": "cd" * 32,
        "notes": ["12 of 2,400 test names also stand in the training pairs."],
        "clusters": "Pairs that share a name, directly or through others, are one cluster.",
    }  # fmt: skip


def _diagnostics(labels: dict[str, str], seed: int, oddity: str) -> dict[str, float | None]:
    found = dict(HEALTHY) | DIAGNOSED.get(oddity, {})
    if labels.get("loss", "mse") == "mse":
        found |= dict.fromkeys(("beyond_margin_start", "beyond_margin_end", "margin_reach"))
    jitter = 1 + number(sorted(labels.items()), seed, "diagnostics") % 100 / 5000
    return {name: value and round(value * jitter, 9) if name in JITTERED else value for name, value in found.items()}


JITTERED = ("plateau_ratio", "norm_mean", "effective_rank", "uniformity", "gradient_ratio")


def _texts() -> str:
    return as_csv("row,left,right", [(i, f"Saint {i}", f'St. "{i}" <b>') for i in range(PAIRS)])


def _error(status: str) -> dict[str, str]:
    if status == "diverged":
        return {"code": "DIVERGED", "cause": "the loss is not finite", "place": "step 210", "remedy": "lower fit.lr"}
    return {"code": "OUT_OF_MEMORY", "cause": "no memory left <while> training", "place": "epoch 2",
            "remedy": "lower fit.batch"}  # fmt: skip


def cell(
    folder: Path,
    labels: dict[str, str],
    seed: int,
    *,
    graded: bool,
    retrieval: bool,
    oddity: str,
    evidence: Mapping[str, float | None],
    tuning: dict[str, Any] | None,
) -> str:
    """Publish one study cell; its id. `oddity`: failed, oom, diverged, collapsed, stuck, deviates or ""."""
    dataset = labels.get("data.name", "placenames")
    name = ".".join([dataset, "lstm", *(v for k, v in labels.items() if k != "data.name"), f"s{seed}"])
    manifest: dict[str, Any] = {
        "kind": "cell", "id": name, "key": f"{number(name):08x}", "status": "finished", "error": None,
        "factors": {**labels, "seed": seed}, "versions": VERSIONS, "host": "here", "device": "cpu", "threads": 1,
        "tuning": tuning, "seconds": {"data": 0.4, "train": 8.0 + number(name) % 40 / 10, "evaluate": 0.6},
        "cpu_seconds": {"data": 0.3, "train": 4.0 + number(name) % 40 / 20, "evaluate": 0.5},
    }  # fmt: skip
    files, home = {"config.yaml": "fit: {}\n"}, folder / re.sub(r"[^\w.-]", "-", name)
    if oddity in {"failed", "oom", "diverged"}:
        publish(home, files, manifest | {"status": oddity, "error": _error(oddity)})
        return name
    files |= _files(labels, seed, dataset, graded, retrieval, oddity, evidence)
    publish(home, files, manifest | ({"status": "collapsed"} if oddity == "collapsed" else {}))
    return name


def _files(
    labels: dict[str, str],
    seed: int,
    dataset: str,
    graded: bool,
    retrieval: bool,
    oddity: str,
    evidence: Mapping[str, float | None],
) -> dict[str, str]:
    target, noise, cluster = _test_part(labels, graded)
    score = _test_scores(labels, seed, target, noise)
    if oddity == "collapsed":
        score = np.full(PAIRS, 0.5)
    scores, facts = (
        _scores(target, score, graded, retrieval, oddity == "collapsed"),
        _facts(labels, seed, dataset, oddity),
    )
    primary, plateau, stuck = scores["primary"], facts["loss"]["plateau"], oddity in {"stuck", "collapsed"}
    return {
        "history.csv": _history(labels, seed, primary, plateau, stuck),
        "trace.csv": _trace(labels, seed, plateau, stuck),
        "scores.json": json.dumps(scores), "facts.json": json.dumps(facts),
        "diagnostics.json": json.dumps(_diagnostics(labels, seed, oddity) | evidence),
        "reads.csv": _reads(labels, seed, round(scores["test"].get(primary, 0.5), 6)),
        "predictions.csv": _predictions(labels, target, cluster, score), "pairs.csv": _texts(),
    }  # fmt: skip
