"""The results frame: one row per published study cell, failed ones included.

Columns, in this order: `id`; the further factors by name; `representation`, `loss`, `seed`, `dataset`, `status`
(finished, failed, diverged, collapsed, oom); `primary`, the metric that decides; `dev_*`, `test_*`, `untrained_*`
(test pairs, before training) and `retrieval_*`, a metric each; `threshold`, fitted on dev; `epochs`, `final_loss`,
`plateau`, `margin`, `batch_deviation` (largest difference between a vector made alone and in a batch),
`unknown_share`, `loss_name`, `similarity`, `padding`; what tuning did: `tuned_trials`, `tuned_value` and
`untuned_value` (the primary metric on dev of the best trial, of the config as written), `edge` (parameters at an end
of their range, joined by `;`), `changes` (JSON); costs: `seconds_*`, `parameters`, `dim`, `train_pairs_per_second`,
`encode_texts_per_second`; `diag_*`, one diagnostic each; device, error of a failed one, hashes of data, split and
manifest. Empty is undefined, never 0.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from seqtwin.reporting.table.read_cells import Measured, StudyCell

PARTS = ("dev", "test", "untrained", "retrieval")
_STATE = (
    "threshold", "epochs", "final_loss", "plateau", "margin", "batch_deviation", "unknown_share", "loss_name",
    "similarity", "padding", "tuned_trials", "tuned_value", "untuned_value", "edge", "changes",
)  # fmt: skip
_COSTS = (
    "seconds_data", "seconds_train", "seconds_evaluate", "parameters", "dim", "train_pairs_per_second",
    "encode_texts_per_second",
)  # fmt: skip
_MARKS = (
    "device", "error_code", "error_cause", "error_place", "error_remedy", "data_hash", "split_hash", "manifest",
)  # fmt: skip


def result_rows(study: dict[str, Any], extra: Sequence[str], chosen: Sequence[StudyCell]) -> pd.DataFrame:
    """The results frame of these study cells, in their order."""
    rows = pd.DataFrame([_row(study, extra, cell) for cell in chosen], columns=_columns(extra, chosen))
    rows["dataset"] = _fill_datasets(rows, list(extra))
    return rows


def _row(study: dict[str, Any], extra: Iterable[str], cell: StudyCell) -> dict[str, Any]:
    manifest, error = cell.manifest, cell.manifest.get("error") or {}
    row: dict[str, Any] = {"id": cell.id} | {key: cell.labels.get(key, "") for key in extra}
    row |= {key: _label(study, cell, key) for key in ("representation", "loss")}
    row |= {"seed": cell.seed, "status": manifest["status"]}
    row |= {f"error_{part}": str(error.get(part) or "") for part in ("code", "cause", "place", "remedy")}
    row |= _prefixed("seconds", manifest.get("seconds") or {})
    row |= {"device": str(manifest.get("device", "")), "manifest": cell.digest}
    return row | _tuned(cell.tuning) | (_measured(cell.measured) if cell.measured else {})


def _label(study: dict[str, Any], cell: StudyCell, key: str) -> str:
    if key in cell.labels or not cell.measured:
        return cell.labels.get(key) or _fixed_label(study, key)
    facts = cell.measured.facts
    return str(facts.get("representation", "")) if key == "representation" else str(facts.get("loss", {}).get("name"))


def _fixed_label(study: dict[str, Any], key: str) -> str:
    base = study.get("config", {}).get("base", {})
    spec = base.get(key, "") if isinstance(base, dict) else ""
    return str(spec.get("name", "")) if isinstance(spec, dict) else str(spec)


def _prefixed(prefix: str, values: dict[str, Any]) -> dict[str, Any]:
    return {f"{prefix}_{name}": value for name, value in values.items() if isinstance(value, int | float)}


def _tuned(tuning: dict[str, Any]) -> dict[str, Any]:
    if not tuning:
        return {"edge": "", "changes": ""}
    row = {"tuned_trials": tuning["trials"], "tuned_value": tuning["value"], "untuned_value": tuning["untuned"]}
    changes = json.dumps(tuning["changes"], ensure_ascii=False)
    return {**row, "edge": ";".join(tuning["edge"]), "changes": changes}


def _measured(found: Measured) -> dict[str, Any]:
    scores, facts, history, loss = found.scores, found.facts, found.history, found.facts.get("loss", {})
    row: dict[str, Any] = {"dataset": str(facts.get("dataset", "")), "primary": str(scores["primary"])}
    for part in PARTS:
        row |= _prefixed(part, scores.get(part) or {})
    wanted = ("parameters", "dim", "batch_deviation", "train_pairs_per_second", "encode_texts_per_second")
    row |= {name: facts.get(name) for name in (*wanted, "unknown_share")}
    row |= {name: str(facts.get(name) or "") for name in ("similarity", "padding", "data_hash", "split_hash")}
    row |= {"loss_name": str(loss.get("name", "")), "margin": loss.get("margin"), "plateau": loss.get("plateau")}
    trained = history[history["epoch"] > 0]
    row |= {"epochs": len(trained), "final_loss": trained["loss"].iloc[-1] if len(trained) else None}
    return row | {"threshold": scores.get("threshold")} | _prefixed("diag", found.diagnostics)


def _columns(extra: Sequence[str], chosen: Sequence[StudyCell]) -> list[str]:
    known = [cell.measured for cell in chosen if cell.measured]
    metrics = [f"{part}_{name}" for part in PARTS for name in _names(one.scores.get(part) or {} for one in known)]
    diagnostics = [f"diag_{name}" for name in _names(one.diagnostics for one in known)]
    head = ["id", *extra, "representation", "loss", "seed", "dataset", "status", "primary"]
    return [*head, *metrics, *_STATE, *_COSTS, *diagnostics, *_MARKS]


def _names(found: Iterable[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for values in found for name in values))


def _fill_datasets(rows: pd.DataFrame, extra: list[str]) -> list[str]:
    """The data set of each row; of one without measures that of the rows with the same further factors."""
    known = [str(name) for name in rows["dataset"].dropna().unique()]
    only, filled = (known[0] if len(known) == 1 else ""), []
    for _, row in rows.iterrows():
        if isinstance(row["dataset"], str):
            filled.append(row["dataset"])
        else:
            alike = rows[(rows[extra] == row[extra]).all(axis=1)]["dataset"].dropna()
            filled.append(str(alike.iloc[0]) if len(alike) else only)
    return filled
