"""Published study cells -> the frames of a StudyTable: rows per study cell, pairing, epoch and bin of scores."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from seqtwin.report import pairings
from seqtwin.report.cells import Measured, StudyCell

MAIN = ("representation", "loss")
REPLICATES = {"quick": 500}
USUAL_REPLICATES = 2000


def collect(
    study: dict[str, Any], published: Sequence[StudyCell], rng: np.random.Generator
) -> tuple[dict[str, pd.DataFrame], dict[str, Any]]:
    """The four frames by name, and the meta of the study."""
    planned = set(study.get("planned") or [cell.id for cell in published])
    chosen = sorted((cell for cell in published if cell.id in planned), key=lambda cell: _place(study, cell))
    extra = [key for key in study["factors"] if key not in (*MAIN, "seed")]
    results = pd.DataFrame([_result(study, extra, cell) for cell in chosen], columns=_columns(extra, chosen))
    results["dataset"] = _fill_datasets(results, extra)
    replicates = REPLICATES.get(str(study.get("tier")), USUAL_REPLICATES)
    keys = [*extra, *MAIN]
    frames = {
        "results": results,
        "pairings": pairings.pairing_rows(
            results, keys, chosen, planned=len(study.get("seeds", [])), replicates=replicates, rng=rng
        ),
        "curves": _curves(chosen),
        "histograms": pairings.score_histograms(results, keys, chosen),
    }
    return frames, _meta(study, chosen, extra, planned, replicates) | {"formulas": _formulas(results, keys, chosen)}


def _place(study: dict[str, Any], cell: StudyCell) -> tuple[list[tuple[int, str]], int]:
    order = []
    for key, known in study["factors"].items():
        label = cell.labels.get(key, "")
        order.append((known.index(label) if label in known else len(known), label))
    return order, cell.seed


def _fixed_label(study: dict[str, Any], key: str) -> str:
    base = study.get("config", {}).get("base", {})
    spec = base.get(key, "") if isinstance(base, dict) else ""
    return str(spec.get("name", "")) if isinstance(spec, dict) else str(spec)


def _label(study: dict[str, Any], cell: StudyCell, key: str) -> str:
    if key in cell.labels or not cell.measured:
        return cell.labels.get(key) or _fixed_label(study, key)
    facts = cell.measured.facts
    return str(facts.get("representation", "")) if key == "representation" else str(facts.get("loss", {}).get("name"))


def _prefixed(prefix: str, values: dict[str, Any]) -> dict[str, Any]:
    return {f"{prefix}_{name}": value for name, value in values.items() if isinstance(value, int | float)}


def _result(study: dict[str, Any], extra: Iterable[str], cell: StudyCell) -> dict[str, Any]:
    manifest, error = cell.manifest, cell.manifest.get("error") or {}
    row: dict[str, Any] = {"id": cell.id} | {key: cell.labels.get(key, "") for key in extra}
    row |= {key: _label(study, cell, key) for key in MAIN} | {"seed": cell.seed, "status": manifest["status"]}
    row |= {f"error_{part}": str(error.get(part) or "") for part in ("code", "cause", "place", "remedy")}
    row |= _prefixed("seconds", manifest.get("seconds") or {})
    row |= {"device": str(manifest.get("device", "")), "manifest": cell.digest}
    return row | (_measured(cell.measured) if cell.measured else {})


def _measured(found: Measured) -> dict[str, Any]:
    scores, facts, history, loss = found.scores, found.facts, found.history, found.facts.get("loss", {})
    row: dict[str, Any] = {"dataset": str(facts.get("dataset", "")), "primary": str(scores["primary"])}
    for part in ("dev", "test", "untrained", "retrieval"):
        row |= _prefixed(part, scores.get(part) or {})
    wanted = ("parameters", "dim", "batch_deviation", "train_pairs_per_second", "encode_texts_per_second")
    row |= {name: facts.get(name) for name in (*wanted, "unknown_share")}
    row |= {name: str(facts.get(name) or "") for name in ("similarity", "padding", "data_hash", "split_hash")}
    row |= {"loss_name": str(loss.get("name", "")), "margin": loss.get("margin"), "plateau": loss.get("plateau")}
    trained = history[history["epoch"] > 0]
    row |= {"epochs": len(trained), "final_loss": trained["loss"].iloc[-1] if len(trained) else None}
    return row | {"threshold": scores.get("threshold")}


def _columns(extra: Sequence[str], chosen: Sequence[StudyCell]) -> list[str]:
    found = [cell.measured.scores for cell in chosen if cell.measured]
    metrics = [f"{part}_{name}" for part in ("dev", "test", "untrained", "retrieval") for name in _names(found, part)]
    head = f"id {' '.join(extra)} representation loss seed dataset status primary".split()
    costs = "seconds_data seconds_train seconds_evaluate parameters dim train_pairs_per_second encode_texts_per_second"
    state = "threshold epochs final_loss plateau margin batch_deviation unknown_share loss_name similarity padding"
    marks = "device error_code error_cause error_place error_remedy data_hash split_hash manifest"
    return [*head, *metrics, *state.split(), *costs.split(), *marks.split()]


def _names(found: Iterable[dict[str, Any]], part: str) -> list[str]:
    return list(dict.fromkeys(name for scores in found for name in scores.get(part) or {}))


def _fill_datasets(results: pd.DataFrame, extra: list[str]) -> list[str]:
    known = [str(name) for name in results["dataset"].dropna().unique()]
    only, filled = (known[0] if len(known) == 1 else ""), []
    for _, row in results.iterrows():
        alike = results[(results[extra] == row[extra]).all(axis=1)]["dataset"].dropna()
        filled.append(
            str(row["dataset"]) if isinstance(row["dataset"], str) else str(alike.iloc[0]) if len(alike) else only
        )
    return filled


def _curves(chosen: Iterable[StudyCell]) -> pd.DataFrame:
    columns = ["id", "epoch", "training_loss", "dev", "seconds"]
    parts = [_curve(cell.id, cell.measured) for cell in chosen if cell.measured]
    frame: pd.DataFrame = pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)
    return frame


def _curve(name: str, found: Measured) -> pd.DataFrame:
    dev = f"dev_{found.scores['primary']}"
    history = found.history.rename(columns={dev: "dev", "loss": "training_loss"}).assign(id=name)
    frame: pd.DataFrame = history.reindex(columns=["id", "epoch", "training_loss", "dev", "seconds"])
    return frame


def _meta(
    study: dict[str, Any], chosen: Sequence[StudyCell], extra: list[str], planned: set[str], replicates: int
) -> dict[str, Any]:
    kept = (
        "format",
        "name",
        "question",
        "tier",
        "created",
        "config",
        "factors",
        "seeds",
        "versions",
        "floors",
        "merged",
    )
    meta = {key: study[key] for key in kept if key in study}
    meta |= {"extra": extra, "planned": len(planned), "replicates": replicates}
    meta["missing"] = sorted(planned - {cell.id for cell in chosen})
    meta["threads"] = sorted({int(cell.manifest.get("threads") or 0) for cell in chosen} - {0})
    meta["cell_versions"] = _versions(chosen)
    meta["datasets"] = _datasets(chosen)
    return meta


def _versions(chosen: Iterable[StudyCell]) -> dict[str, list[str]]:
    found: dict[str, set[str]] = {}
    for cell in chosen:
        for name, version in (cell.manifest.get("versions") or {}).items():
            found.setdefault(name, set()).add(str(version))
    return {name: sorted(found[name]) for name in sorted(found)}


def _datasets(chosen: Iterable[StudyCell]) -> dict[str, dict[str, Any]]:
    """What is true of each data set; notes of all its study cells are gathered, in order, each once."""
    found: dict[str, dict[str, Any]] = {}
    for cell in chosen:
        if cell.measured:
            facts, scores = cell.measured.facts, cell.measured.scores
            known = {name: facts.get(name) for name in ("pairs", "cut", "shareable", "clusters")}
            entry = found.setdefault(
                str(facts.get("dataset", "")), {**known, "primary": scores["primary"], "notes": []}
            )
            entry["notes"] += [note for note in facts.get("notes") or [] if note not in entry["notes"]]
            entry.setdefault("undefined", {}).update(scores.get("undefined") or {})
    return found


def _formulas(results: pd.DataFrame, keys: list[str], chosen: Sequence[StudyCell]) -> list[dict[str, Any]]:
    """One entry per pairing: its loss as computed, with the margin of each seed."""
    entries: dict[tuple[str, ...], dict[str, Any]] = {}
    for (_, row), cell in zip(results.iterrows(), chosen, strict=True):
        if cell.measured:
            loss, labels = cell.measured.facts.get("loss") or {}, tuple(str(row[key]) for key in keys)
            shared = {name: loss.get(name) for name in ("name", "formula", "settings")}
            fresh: dict[str, Any] = {**dict(zip(keys, labels, strict=True)), **shared, "margins": [], "plateaus": []}
            entry = entries.setdefault(labels, fresh)
            entry["margins"].append(loss.get("margin"))
            entry["plateaus"].append(loss.get("plateau"))
    return list(entries.values())
