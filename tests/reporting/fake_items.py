"""Studies of the objectives beside pairs (classify, label_steps, decode), made without any training."""

import itertools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from fake_cell import HEALTHY, VERSIONS, as_csv, number, publish

POOLED = ("final_hidden", "last_output", "mean_output", "max_output", "attention_output")
DIAGNOSED = (
    "plateau_ratio", "norm_mean", "norm_mean_start", "norm_spread", "norm_length_correlation", "saturated",
    "effective_rank", "effective_rank_share", "top_singular_share", "random_cosine", "random_cosine_start",
    "left_plateau_step", "left_plateau_share", "stuck", "steps", "step_budget", "batch_deviation",
    "permutation_deviation", "padding_deviation", "leakage_share",
)  # fmt: skip


@dataclass(frozen=True)
class Kind:
    """What a study of one objective looks like: its factors, its classes, what a judged row is, its floors."""

    objective: str
    judged: str
    primary: str
    dataset: str
    factors: Mapping[str, tuple[str, ...]]
    classes: tuple[str, ...] = ()
    floors: Mapping[str, float] = field(default_factory=dict)
    rows: int = 300
    probed: bool = False


CLASSIFY = Kind(
    "classify", "texts", "accuracy", "trec",
    {"representation": POOLED, "loss": ("classify", "classify-layers2"), "encoder.cell": ("lstm", "gru")},
    ("ABBR", "DESC", "ENTY", "HUM", "LOC", "NUM"),
    {"majority": 0.276, "tfidf_logistic": 0.812, "mean_vectors_logistic": 0.74}, probed=True,
)  # fmt: skip
LABEL = Kind(
    "label_steps", "tokens", "accuracy", "addresses",
    {"representation": ("outputs", "outputs_forward", "outputs_joined", "all_outputs"), "loss": ("label_steps",)},
    ("O", "B-NUMBER", "I-NUMBER", "B-STREET", "I-STREET", "B-CITY", "I-CITY"), {"frequent_tag": 0.71}, rows=90,
)  # fmt: skip
DECODE = Kind(
    "decode", "texts", "exact_match", "reverse",
    {"representation": ("final_hidden", "mean_output", "last_output"), "loss": ("decode",),
     "encoder.cell": ("lstm", "gru", "rnn")}, (), {"copy": 0.04},
)  # fmt: skip
_SKILL = {"lstm": 0.06, "gru": 0.04, "rnn": -0.25, "classify-layers2": 0.015}
_WITHIN = {name: 0.80 + 0.025 * place for place, name in enumerate(POOLED)}


def _skill(labels: Mapping[str, str]) -> float:
    return _WITHIN.get(labels["representation"], 0.84) + sum(_SKILL.get(label, 0.0) for label in labels.values())


def _rows(kind: Kind) -> dict[str, np.ndarray]:
    """What all study cells of a data set are judged on: rows, clusters, targets, lengths, what training has seen."""
    rng = np.random.default_rng(number(kind.dataset))
    length = rng.integers(3, 15, kind.rows)
    cluster = np.repeat(np.arange(kind.rows), length) if kind.judged in ("tokens", "steps") else np.arange(kind.rows)
    target = rng.integers(0, len(kind.classes), len(cluster)) if kind.classes else np.ones(len(cluster), dtype=int)
    seen = (rng.random(kind.rows) < 0.1).astype(int)
    return {"cluster": cluster, "target": target, "length": length[cluster], "seen": seen[cluster]}


def _answers(kind: Kind, labels: Mapping[str, str], seed: int, rows: Mapping[str, np.ndarray]) -> np.ndarray:
    rng = np.random.default_rng(number(kind.objective, sorted(labels.items()), seed))
    skill = _skill(labels) + 0.01 * rng.normal()
    if kind.classes:
        wrong = (rows["target"] + rng.geometric(0.6, len(rows["target"]))) % len(kind.classes)
        return np.where(rng.random(len(wrong)) < skill, rows["target"], wrong)
    return (rng.random(len(rows["length"])) < skill - 0.03 * (rows["length"] - 3)).astype(int)


def _measures(kind: Kind, right: np.ndarray) -> dict[str, float]:
    share = float(right.mean())
    if not kind.classes:
        return {"exact_match": share, "token_accuracy": share**0.2, "edit_distance": 3 * (1 - share), "log_loss": 0.4}
    found = {"accuracy": share, "macro_f1": share - 0.02, "log_loss": 1.4 * (1 - share), "calibration_error": 0.031}
    return found | ({"span_f1": share - 0.1} if kind.judged == "tokens" else {})


def _predictions(rows: Mapping[str, np.ndarray], said: np.ndarray) -> str:
    columns = zip(rows["cluster"], rows["target"], said, rows["length"], rows["seen"], strict=True)
    found = [("test", i, c, t, s, n, f"{1 - n / 14:.6f}", "", seen) for i, (c, t, s, n, seen) in enumerate(columns)]
    header = "split,row,cluster,target,score,length,pad_share,overlap,seen"
    return as_csv(header, [("dev", 0, 0, 0, 0, 9, 0, "", 0), *found])


def _facts(kind: Kind, labels: Mapping[str, str]) -> dict[str, Any]:
    loss = {"name": "cross_entropy", "formula": "mean of -log softmax(logits)[class]", "settings": {"smoothing": 0.0}}
    return {
        "dataset": kind.dataset, "objective": kind.objective, "judged": kind.judged, "classes": list(kind.classes),
        "graded": False, "pairs": {"train": 4000, "dev": 500, "test": kind.rows}, "cut": 0.5, "shareable": True,
        "parameters": 41200, "dim": 128, "representation": labels["representation"], "similarity": "cosine",
        "loss": {**loss, "margin": None, "plateau": 1.61}, "leakage": {"pairs": 0, "share": 0.0}, "padding": "masked",
        "batch_deviation": 2.1e-7, "train_pairs_per_second": 8100.0, "encode_texts_per_second": 30100.0,
        "unknown_share": 0.01, "data_hash": "ab" * 32, "split_hash": "cd" * 32, "tokens": {"unit": "word"},
        "notes": ["Lower-cased."], "clusters": "Each text is one cluster.",
    }  # fmt: skip


def _course(kind: Kind, seed: int) -> dict[str, str]:
    rng = np.random.default_rng(number(kind.dataset, seed, "course"))
    losses = [1.61 * np.exp(-epoch / 2) + 0.01 * rng.random() for epoch in range(7)]
    epochs = [
        (e, e * 60, f"{loss:.6f}", f"{0.9 - 0.5 * np.exp(-2 * e):.6f}", 0.002, e) for e, loss in enumerate(losses)
    ]
    steps = [(step, f"{1.61 * np.exp(-step / 120):.6f}") for step in range(6, 361, 6)]
    history = as_csv(f"epoch,step,loss,dev_{kind.primary},lr,seconds", epochs)
    return {"history.csv": history, "trace.csv": as_csv("step,loss", steps)}


def _reads(kind: Kind, value: float) -> str:
    names = POOLED[:4] if kind.probed else ()
    return as_csv("representation,dev,test", [(name, value, f"{value - 0.01 * i:.6f}") for i, name in enumerate(names)])


def cell(folder: Path, kind: Kind, labels: dict[str, str], seed: int, evidence: Mapping[str, float]) -> str:
    """Publish one study cell; its id."""
    name = ".".join([kind.dataset, *labels.values(), f"s{seed}"])
    rows = _rows(kind)
    said = _answers(kind, labels, seed, rows)
    test = _measures(kind, said == rows["target"])
    scores = {"dev": {key: value + 0.003 for key, value in test.items()}, "test": test, "threshold": None,
              "untrained": {key: 0.3 * value for key, value in test.items()}, "primary": kind.primary,
              "undefined": {}}  # fmt: skip
    if kind.probed:
        scores["retrieval"] = {"nn_accuracy": test[kind.primary] - 0.05}
    manifest = {
        "kind": "cell", "id": name, "key": f"{number(name):08x}", "status": "finished", "error": None,
        "factors": {**labels, "seed": seed}, "versions": VERSIONS, "host": "here", "device": "cpu", "threads": 1,
        "tuning": None, "seconds": {"data": 0.2, "train": 8.0 + number(name) % 40 / 10, "evaluate": 0.6},
    }  # fmt: skip
    files = {
        "config.yaml": "fit: {}\n", "facts.json": json.dumps(_facts(kind, labels)), "scores.json": json.dumps(scores),
        "diagnostics.json": json.dumps({key: HEALTHY[key] for key in DIAGNOSED} | dict(evidence)),
        "reads.csv": _reads(kind, test[kind.primary]), "predictions.csv": _predictions(rows, said),
        **_course(kind, seed),
    }  # fmt: skip
    publish(folder / re.sub(r"[^\w.-]", "-", name), files, manifest)
    return name


def build(
    folder: Path,
    kind: Kind,
    *,
    factors: Mapping[str, tuple[str, ...]] | None = None,
    seeds: int = 3,
    tier: str = "quick",
    evidence: Mapping[str, float] | None = None,
    comparisons: tuple[dict[str, Any], ...] = (),
) -> Path:
    """A study folder. `evidence`: diagnostics of every study cell that differ."""
    factors, ids = dict(factors or kind.factors), []
    for values in itertools.product(*factors.values()):
        labels = dict(zip(factors, values, strict=True))
        ids += [cell(folder / "cells", kind, labels, seed, evidence or {}) for seed in range(seeds)]
    study = _study(kind, factors, seeds, tier, comparisons)
    (folder / "study.json").write_text(json.dumps(study | {"planned": ids}, indent=2))
    return folder


def _study(
    kind: Kind, factors: dict[str, tuple[str, ...]], seeds: int, tier: str, comparisons: tuple[dict[str, Any], ...]
) -> dict[str, Any]:
    listed = {key: list(values) for key, values in factors.items()}
    base = {"encoder": {"cell": "lstm", "hidden": 64, "bidirectional": True}, "objective": kind.objective}
    floors = {name: {"dev": {kind.primary: value}, "test": {kind.primary: value}, "undefined": {}, "note": ""}
              for name, value in kind.floors.items()}  # fmt: skip
    return {
        "format": 1, "name": f"{kind.dataset}-{kind.objective}", "question": "", "tier": tier, "trials": 0,
        "tuned": False, "allow_leakage": "", "published": [], "created": "2026-01-05T10:00:00Z",
        "plan": {"declared": "2026-01-05T09:59:00Z", "alpha": 0.05, "rope": 0.01, "replicates": 500,
                 "permutations": 999, "interaction": True, "comparisons": list(comparisons)},
        "config": {"base": base, "grid": listed, "seeds": seeds}, "factors": listed, "seeds": list(range(seeds)),
        "versions": {**VERSIONS, "python": "3.11.7"}, "floors": {kind.dataset: floors},
    }  # fmt: skip
