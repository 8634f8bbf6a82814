"""The results frame: one row per published study cell, failed ones included.

Columns, in this order: `id`; the further factors by name; `representation`, `loss`, `seed`, `dataset`, `status`
(finished, failed, diverged, collapsed, oom); `primary`, the metric that decides; one column per metric: `dev_*`,
`test_*`, `untrained_*` (test rows, before training) and `retrieval_*`; `threshold`, fitted on dev; `epochs`,
`final_loss`, `plateau`, `margin`, `batch_deviation` (largest difference between a vector encoded alone and in a batch),
`unknown_share`, `loss_name`, `similarity`, `padding`; tuning: `tuned_trials`, `tuned_value` and `untuned_value` (the
primary metric on dev of the best trial and of the config as written), `edge` (settings at an end of their range,
joined by `;`), `changes` (JSON); costs: `seconds_*` (wall time), `cpu_seconds_train` (of all threads; empty on a GPU),
`parameters`, `dim`, `train_pairs_per_second`, `encode_texts_per_second`; `diag_*`, one column per diagnostic; the
device, the error of a failed study cell, and hashes of data, split and manifest. An empty field is undefined, never 0.
"""

import json
from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from seqtwin.published import EPOCH, Scores, TuningFacts
from seqtwin.reporting.table.meta import Study
from seqtwin.reporting.table.read_cells import Measured, StudyCell

Row = dict[str, object]

PARTS = ("dev", "test", "untrained", "retrieval")
_STATE = (
    "threshold", "epochs", "final_loss", "plateau", "margin", "batch_deviation", "unknown_share", "loss_name",
    "similarity", "padding", "tuned_trials", "tuned_value", "untuned_value", "edge", "changes",
)  # fmt: skip
_COSTS = (
    "seconds_data", "seconds_train", "seconds_evaluate", "cpu_seconds_train", "parameters", "dim",
    "train_pairs_per_second", "encode_texts_per_second",
)  # fmt: skip
_MARKS = (
    "device", "error_code", "error_cause", "error_place", "error_remedy", "data_hash", "split_hash", "manifest",
)  # fmt: skip


def result_rows(study: Study, extra: Sequence[str], chosen: Sequence[StudyCell]) -> pd.DataFrame:
    """The results frame of these study cells, in their order."""
    rows = pd.DataFrame([_row(study, extra, cell) for cell in chosen], columns=_columns(extra, chosen))
    rows["dataset"] = _fill_datasets(rows, list(extra))
    return rows


def _row(study: Study, extra: Iterable[str], cell: StudyCell) -> Row:
    manifest, error = cell.manifest, cell.manifest.get("error")
    row: Row = {"id": cell.id, **{key: cell.labels.get(key, "") for key in extra}}
    row |= {key: _label(study, cell, key) for key in ("representation", "loss")}
    row |= {"seed": cell.seed, "status": manifest["status"]}
    row |= {f"error_{part}": "" for part in ("code", "cause", "place", "remedy")}
    row |= {f"error_{part}": text for part, text in (error or {}).items()}
    row |= _prefixed("seconds", manifest.get("seconds", {}))
    if manifest.get("device", "").startswith("cpu"):  # beside a GPU the processor mostly waits
        row |= _prefixed("cpu_seconds", manifest.get("cpu_seconds", {}))
    row |= {"device": manifest.get("device", ""), "manifest": cell.digest}
    return row | _tuned(cell.tuning) | (_measured(cell.measured) if cell.measured else {})


def _label(study: Study, cell: StudyCell, key: str) -> str:
    if key in cell.labels or not cell.measured:
        return cell.labels.get(key) or _fixed_label(study, key)
    facts = cell.measured.facts
    return facts.get("representation", "") if key == "representation" else facts["loss"]["name"]


def _fixed_label(study: Study, key: str) -> str:
    base = study.get("config", {}).get("base")
    spec = base.get(key, "") if isinstance(base, dict) else ""
    return str(spec.get("name", "")) if isinstance(spec, dict) else str(spec)


def _prefixed(prefix: str, values: Mapping[str, object]) -> Row:
    return {f"{prefix}_{name}": value for name, value in values.items() if isinstance(value, int | float)}


def _parts(scores: Scores) -> dict[str, Mapping[str, float]]:
    """The metrics of a study cell by what they measure."""
    values = (scores["dev"], scores["test"], scores["untrained"], scores.get("retrieval", {}))
    return dict(zip(PARTS, values, strict=True))


def _tuned(tuning: TuningFacts | None) -> Row:
    if tuning is None:
        return {"edge": "", "changes": ""}
    row: Row = {"tuned_trials": tuning["trials"], "tuned_value": tuning["value"], "untuned_value": tuning["untuned"]}
    changes = json.dumps(tuning["changes"], ensure_ascii=False)
    return {**row, "edge": ";".join(tuning["edge"]), "changes": changes}


def _measured(measured: Measured) -> Row:
    scores, facts, history, loss = measured.scores, measured.facts, measured.history, measured.facts["loss"]
    row: Row = {"dataset": facts.get("dataset", ""), "primary": scores["primary"]}
    for part, values in _parts(scores).items():
        row |= _prefixed(part, values)
    row |= {
        "parameters": facts.get("parameters"), "dim": facts.get("dim"), "batch_deviation": facts.get("batch_deviation"),
        "train_pairs_per_second": facts.get("train_pairs_per_second"),
        "encode_texts_per_second": facts.get("encode_texts_per_second"), "unknown_share": facts.get("unknown_share"),
        "similarity": facts.get("similarity", ""), "padding": facts.get("padding", ""),
        "data_hash": facts.get("data_hash", ""), "split_hash": facts.get("split_hash", ""),
        "loss_name": loss["name"], "margin": loss["margin"], "plateau": loss["plateau"],
    }  # fmt: skip
    trained = history[history[EPOCH.epoch] > 0]
    row |= {"epochs": len(trained), "final_loss": trained[EPOCH.loss].iloc[-1] if len(trained) else None}
    return row | {"threshold": scores.get("threshold")} | _prefixed("diag", measured.diagnostics)


def _columns(extra: Sequence[str], chosen: Sequence[StudyCell]) -> list[str]:
    known = [cell.measured for cell in chosen if cell.measured]
    metrics = [f"{part}_{name}" for part in PARTS for name in _names(_parts(cell.scores)[part] for cell in known)]
    diagnostics = [f"diag_{name}" for name in _names(cell.diagnostics for cell in known)]
    head = ["id", *extra, "representation", "loss", "seed", "dataset", "status", "primary"]
    return [*head, *metrics, *_STATE, *_COSTS, *diagnostics, *_MARKS]


def _names(rows: Iterable[Mapping[str, object]]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def _fill_datasets(rows: pd.DataFrame, extra: list[str]) -> list[str]:
    """The data set of each row; a row without measures gets that of the rows with the same further factors."""
    known = [str(name) for name in rows["dataset"].dropna().unique()]
    only, filled = (known[0] if len(known) == 1 else ""), list[str]()
    for _, row in rows.iterrows():
        if isinstance(row["dataset"], str):
            filled.append(row["dataset"])
        else:
            alike = rows[(rows[extra] == row[extra]).all(axis=1)]["dataset"].dropna()
            filled.append(str(alike.iloc[0]) if len(alike) else only)
    return filled
