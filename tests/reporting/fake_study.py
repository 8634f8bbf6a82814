"""A plausible published study, made without any training: quick or of a higher tier, tuned or not, with odd cells."""

import itertools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fake_cell import VERSIONS, as_csv, cell, number, publish

REPRESENTATIONS = ("final_hidden", "last_output", "mean_output", "max_output", "attention_output")
LOSSES = ("mse", "contrastive-auto")
REPLICATES = {"quick": 500}
TRIALS = {"quick": 8, "standard": 20, "strong": 20, "publication": 50}
USUAL_ODD = {
    ("last_output", "contrastive-auto", "2"): "failed",
    ("final_hidden", "contrastive-auto"): "stuck",
    ("attention_output", "mse", "1"): "deviates",
}
SERIOUS_ODD = {
    ("last_output", "contrastive-auto", "2"): "diverged",
    ("last_output", "contrastive-auto", "4"): "collapsed",
    ("final_hidden", "contrastive-auto"): "stuck",
}


def _floors(graded: bool) -> dict[str, Any]:
    metric = {"roc_auc": 0.634, "spearman": 0.231}
    high = {"roc_auc": 0.769, "spearman": 0.44}
    return {
        "constant": {"dev": {}, "test": {}, "undefined": {"roc_auc": "constant scores"}, "note": "one score for all"},
        "tfidf_char": {"dev": metric, "test": metric, "undefined": {}, "note": "cosine of character 2-4-grams"},
        "jaro_winkler": {"dev": high, "test": high, "undefined": {}, "note": ""},
    }


def _comparison(name: str, letter: str, left: dict[str, str], right: dict[str, str], **within: str) -> dict[str, Any]:
    return {"name": name, "letter": letter, "left": left, "right": right, "within": within}


def comparisons(factors: Mapping[str, tuple[str, ...]]) -> list[dict[str, Any]]:
    """The planned comparisons that the labels of these factors allow."""
    known, losses = factors.get("representation", ()), factors.get("loss", ())
    found = [
        _comparison(f"final_hidden vs {other}", letter, {"representation": "final_hidden"}, {"representation": other})
        for letter, other in (("b", "mean_output"), ("c", "max_output"))
        if {"final_hidden", other} <= set(known)
    ]
    return found + [
        _comparison(f"{a} vs {b} ({name})", "e", {"loss": a}, {"loss": b}, representation=name)
        for name in known
        for a, b in itertools.combinations(losses, 2)
    ]


def _plan(factors: Mapping[str, tuple[str, ...]], tier: str) -> dict[str, Any]:
    return {
        "declared": "2026-01-05T09:59:00Z", "alpha": 0.05, "rope": 0.01, "replicates": REPLICATES.get(tier, 2000),
        "permutations": 9999, "interaction": True, "comparisons": comparisons(factors),
    }  # fmt: skip


def _tuning(folder: Path, labels: dict[str, str], trials: int) -> dict[str, Any]:
    """Publish the tuning of one pairing; what its study cells say of it."""
    name = ".".join(["lstm", *labels.values()])
    auto = labels.get("loss") == "contrastive-auto"
    keys = ["fit.lr", "fit.weight_decay", *(["loss.k"] if auto else [])]
    rows = []
    for trial in range(trials):
        value = round(0.86 + number(name, trial) % 1000 / 20000, 6)
        state = "failed" if trial and number(name, trial, "state") % 9 == 0 else "complete"
        at = [f"{10 ** (-4 + 2 * (number(name, trial, key) % 100) / 100):.9g}" for key in keys]
        rows.append((trial, state, "" if state == "failed" else value, 7.5, *at))
    known = [row for row in rows if row[1] == "complete"]
    best = max(known, key=lambda row: row[2])
    found = {
        "pairing": name, "trials": trials, "changes": dict(zip(keys, map(float, best[4:]), strict=True)),
        "edge": ["fit.lr"] if auto and labels.get("representation") == "max_output" else [],
        "value": best[2], "untuned": rows[0][2], "seed": 10_000,
    }  # fmt: skip
    table = as_csv(",".join(["trial", "state", "value", "seconds", *keys]), rows)
    content = {"trials.csv": table, "best.json": json.dumps({**found, "seconds": 7.5 * trials})}
    publish(folder / name, content, {"kind": "tuning", "pairing": name, "factors": dict(labels)})
    return found


def build(
    folder: Path,
    *,
    factors: dict[str, tuple[str, ...]] | None = None,
    seeds: int = 5,
    odd: Mapping[tuple[str, ...], str] | None = None,
    evidence: Mapping[tuple[str, ...], Mapping[str, float | None]] | None = None,
    graded: bool = False,
    retrieval: bool = True,
    unpublished: int = 0,
    name: str = "output-or-hidden",
    tier: str = "quick",
    tuned: bool = False,
    changes: Mapping[str, Any] | None = None,
) -> Path:
    """A study folder. `odd`: how study cells (labels..., seed), pairings (labels...) or all () of them went wrong.

    `evidence`: diagnostics that differ, named likewise; `changes`: entries of study.json that do.
    """
    factors = {"representation": REPRESENTATIONS, "loss": LOSSES} if factors is None else factors
    trials, ids = TRIALS[tier] if tuned else 0, []
    for values in itertools.product(*factors.values()):
        labels = dict(zip(factors, values, strict=True))
        tuning = _tuning(folder / "tuning", labels, trials) if tuned else None
        for seed in range(seeds):
            named: Any = ((*values, str(seed)), values, ())
            oddity = next((odd[key] for key in named if key in odd), "") if odd else ""
            differs = next((evidence[key] for key in named if key in evidence), {}) if evidence else {}
            ids.append(
                cell(folder / "cells", labels, seed, graded=graded, retrieval=retrieval, oddity=oddity,
                     evidence=differs, tuning=tuning)
            )  # fmt: skip
    study = _study(factors, seeds, name, tier, trials, graded)
    study |= {"planned": [*ids, *(f"later.{i}" for i in range(unpublished))], **(changes or {})}
    (folder / "study.json").write_text(json.dumps(study, indent=2))
    return folder


def serious(folder: Path) -> Path:
    """A study of tier standard: tuned, ten seeds, one pairing with a diverged and a collapsed seed, one stuck."""
    return build(folder, seeds=10, tier="standard", tuned=True, odd=SERIOUS_ODD)


def _study(
    factors: Mapping[str, tuple[str, ...]], seeds: int, name: str, tier: str, trials: int, graded: bool
) -> dict[str, Any]:
    base = {"encoder": {"cell": "lstm", "hidden": 64, "bidirectional": True, "layers": 1},
            "representation": "mean_output", "loss": "mse", "fit": {"epochs": 6, "batch": 64}}  # fmt: skip
    return {
        "format": 1, "name": name, "question": "Take the output or the hidden state?", "tier": tier,
        "trials": trials, "tuned": trials > 0, "allow_leakage": "", "published": [],
        "created": "2026-01-05T10:00:00Z", "plan": _plan(factors, tier),
        "config": {"base": base, "grid": {key: list(values) for key, values in factors.items()}, "seeds": seeds},
        "factors": {key: list(values) for key, values in factors.items()}, "seeds": list(range(seeds)),
        "versions": {**VERSIONS, "python": "3.11.7", "numpy": "2.0.0"},
        "floors": dict.fromkeys(factors.get("data.name", ("placenames",)), _floors(graded)),
    }  # fmt: skip
