"""The tables of diagnostics, tuning, swapped representations, rank agreement, worst test pairs and heat maps."""

import json
from collections.abc import Mapping, Sequence
from typing import TypedDict

import pandas as pd

from seqtwin.metrics import metric_name
from seqtwin.reporting.colours import style
from seqtwin.reporting.findings.curve_values import with_curve_values
from seqtwin.reporting.findings.diagnose import values_of_row
from seqtwin.reporting.findings.item_rules import rules_of
from seqtwin.reporting.findings.rules import Rule
from seqtwin.reporting.formatting import count, digits, known, plain, settled, signed
from seqtwin.reporting.objective_words import Nouns
from seqtwin.reporting.page.cell_marks import Diagnoses, keys_of, labels_of
from seqtwin.reporting.page.methods import side_channel_of
from seqtwin.reporting.page.sortable_tables import heads_of, labels, listing, number
from seqtwin.reporting.page.template_values import Context, Entry, Sheet
from seqtwin.reporting.table.facet import Facet
from seqtwin.reporting.table.frame_rows import records
from seqtwin.reporting.table.study_table import StudyTable

_HIDDEN = frozenset({"R13"})  # leakage is a property of the data; the refusals report it


class Agreement(TypedDict):
    """The rank agreement of retrieval and the primary metric on a data set. `retrieval`: key of the metric `by`."""

    dataset: str
    retrieval: str
    metric: str
    by: str
    pairings: int
    kendall: str
    spearman: str
    low: str
    high: str


class MapSummary(TypedDict):
    """The pairing of a heat map that was chosen on dev, its test value, ties and interaction test."""

    labels: Mapping[str, str]
    best: str
    test: float
    low: float
    high: float
    optimism: float
    tied: float
    others: int
    p: float
    p_text: str


def diagnostics(table: StudyTable, diagnosed: Diagnoses) -> Sheet | None:
    """The label of every pairing and the median of the first value of each rule; rules that fired are marked."""
    if not any(str(name).startswith("diag_") for name in table.results):
        return None
    middle = _medians(table)
    rules = [rule for rule in rules_of(table.meta).values() if rule.code not in _HIDDEN and _measured(rule, middle)]
    rows = []
    for _, pairing in table.pairings.iterrows():
        own, diagnosis = middle.get(labels_of(table, pairing), {}), diagnosed[labels_of(table, pairing)]
        label = Entry(diagnosis.label, diagnosis.label, diagnosis.label != "healthy")
        rows.append(
            [*labels(table, pairing), label, *(_value(rule, own, rule.code in diagnosis.codes) for rule in rules)]
        )
    caption = "Medians over seeds. ! marks a diagnostic that fired in at least half of the seeds."
    return listing("diagnostics", caption, [*heads_of(table), "label", *(f"{r.code} {r.name}" for r in rules)], rows)


def rules_shown(table: StudyTable, sheet: Sheet | None) -> list[Rule]:
    """The rules that have a column in the diagnostics table."""
    heads = [] if sheet is None else [head.split(" ")[0] for head, _ in sheet["heads"]]
    rules = rules_of(table.meta)
    return [rules[head] for head in heads if head in rules]


def _medians(table: StudyTable) -> dict[tuple[str, ...], dict[str, float]]:
    done = with_curve_values(table, table.results[table.results["primary"] != ""])
    medians = {}
    for names, part in done.groupby(keys_of(table), sort=False):
        frame = pd.DataFrame([values_of_row(row) for row in records(part)])
        values = frame.median(numeric_only=True).to_dict()
        medians[tuple(map(str, names))] = {
            **values,
            "stuck_share": float(frame["stuck"].mean()) if "stuck" in frame else float("nan"),
        }
    for _, pairing in table.pairings.iterrows():
        own = medians.setdefault(labels_of(table, pairing), {})
        own |= {name: pairing[name] for name in ("pad_slope_low", "pad_slope_high") if name in pairing}
    return medians


def _measured(rule: Rule, values: Mapping[tuple[str, ...], Mapping[str, float]]) -> bool:
    return any(pd.notna(own.get(rule.shown[0][1])) for own in values.values())


def _value(rule: Rule, own: Mapping[str, float], fired: bool) -> Entry:
    value = known(own.get(rule.shown[0][1]))
    text = plain(round(settled(value), 3)) if abs(value) >= 0.001 or value == 0 else plain(value)
    return Entry(f"{text} !" if fired else text, None if pd.isna(value) else value, fired)


def tuning(table: StudyTable) -> Sheet | None:
    """The result of tuning every pairing: dev untuned and tuned, chosen values, values at the edge of the search."""
    results = table.results
    if "tuned_trials" not in results or not results["tuned_trials"].fillna(0).any():
        return None
    rows = []
    for names, part in results.groupby(keys_of(table), sort=False):
        first = part.iloc[0]
        gain = known(first["tuned_value"]) - known(first["untuned_value"])
        chosen = json.loads(first["changes"]) if isinstance(first["changes"], str) and first["changes"] else {}
        edge = str(first["edge"] or "") if isinstance(first["edge"], str) else ""
        rows.append([
            *(Entry(str(name), str(name)) for name in names),
            number(first["tuned_trials"], count(first["tuned_trials"])),
            number(first["untuned_value"], digits(first["untuned_value"])),
            number(first["tuned_value"], digits(first["tuned_value"])), number(gain, signed(gain)),
            Entry(settings(chosen), settings(chosen)), Entry(edge.replace(";", ", ") or "–", edge, bool(edge)),
        ])  # fmt: skip
    heads = [
        *heads_of(table),
        "trials",
        "dev untuned",
        "dev tuned",
        "gain",
        "chosen values",
        "at the edge of the search",
    ]
    caption = (
        "Tuned on seeds not used for evaluation, with the same number of trials and the same sampler for every "
        "pairing. At the edge: the best value is at the end of the search range."
    )
    return listing("tuning", caption, heads, rows)


def settings(chosen: Mapping[str, object]) -> str:
    """Hyper-parameters as one line of text.

    >>> settings({"fit.lr": 0.00312, "loss.margin": "auto"})
    'fit.lr 0.00312, loss.margin auto'
    """
    shown = {key: plain(value) if isinstance(value, float) else str(value) for key, value in sorted(chosen.items())}
    return ", ".join(f"{key} {value}" for key, value in shown.items())


def readings(table: StudyTable, facet: Facet) -> Context | None:
    """Test metric of each trained pairing (rows) when every representation (columns) is applied to its states."""
    rows = table.reads
    for key, label in facet.labels.items():
        rows = rows[rows[key] == label]
    rows = rows[rows["test"].notna()]
    columns = list(dict.fromkeys(rows["read"]))
    if len(columns) < 2:
        return None
    low, high = float(rows["test"].min()), float(rows["test"].max())
    shown: list[Context] = []
    for row in facet.rows:
        for loss in facet.columns:
            part = rows[(rows["representation"] == row) & (rows["loss"] == loss)].set_index("read")["test"]
            cells = [_reading(part.get(name), name == row, low, high) for name in columns]
            shown += [{"representation": row, "loss": loss, "cells": cells}] if len(part) else []
    metric = table.nouns.says.probe or metric_name(facet.primary)
    without = side_channel_of(table.meta)
    return {**_merged_columns(columns, shown), "metric": metric, "without": without} if shown else None


def _merged_columns(columns: Sequence[str], rows: Sequence[Context]) -> Context:
    """The table without columns that are equal to an earlier one in every row, and a sentence that names them.

    Under cosine, representations that differ by a factor alone are equal.
    """
    cells: list[list[Context | None]] = [row["cells"] for row in rows]  # type: ignore[misc]
    shown: dict[tuple[str, ...], int] = {}
    twins: dict[str, str] = {}
    for place, name in enumerate(columns):
        values = tuple("" if (cell := own[place]) is None else str(cell["value"]) for own in cells)
        if values in shown and not any(own[place] and own[place]["own"] for own in cells):  # type: ignore[index]
            twins[name] = columns[shown[values]]
        else:
            shown.setdefault(values, place)
    kept = [place for place, name in enumerate(columns) if name not in twins]
    same = " ".join(f"{name} has the same values as {twin}." for name, twin in twins.items())
    return {"columns": [columns[place] for place in kept], "same": same,
            "rows": [{**row, "cells": [own[place] for place in kept]}
                     for row, own in zip(rows, cells, strict=True)]}  # fmt: skip


def _reading(value: float | None, own: bool, low: float, high: float) -> Context | None:
    if value is None:
        return None
    share = (value - low) / (high - low) if high > low else 1.0
    return {"value": digits(value), "style": style(share), "own": own}


def agreement_sheet(agreed: Sequence[Agreement], nouns: Nouns) -> Sheet | None:
    """The agreements as a table; None if there are none."""
    heads = ["data set", "retrieval metric", "pairings", "Kendall τ", "95 % interval", "Spearman"]
    rows = [
        [Entry(row["dataset"], row["dataset"]), Entry(row["by"], row["by"]), Entry(str(row["pairings"]), None),
         Entry(row["kendall"], None), Entry(f"{row['low']} to {row['high']}", None), Entry(row["spearman"], None)]
        for row in agreed
    ]  # fmt: skip
    return listing("agreement", nouns.says.agreement, heads, rows) if rows else None


def agreements(table: StudyTable) -> list[Agreement]:
    """The rank agreement of pairings by their primary metric and by retrieval, per data set and retrieval metric."""
    return [
        {"dataset": row["dataset"], "retrieval": row["retrieval"], "pairings": row["pairings"],
         "metric": metric_name(row["metric"]), "by": metric_name(row["retrieval"]),
         "kendall": digits(row["kendall"], 2), "spearman": digits(row["spearman"], 2),
         "low": digits(row["low"], 2), "high": digits(row["high"], 2)}
        for row in table.analysis.get("agreement", []) if row["kendall"] is not None
    ]  # fmt: skip


def worst(table: StudyTable) -> list[Context]:
    """The test pairs that each chosen pairing gets most wrong, with texts if their licence allows it."""
    sheets = []
    for _, best in table.pairings[table.pairings["chosen"] == 1].iterrows():
        rows = table.worst
        for key in keys_of(table):
            rows = rows[rows[key] == best[key]] if key in rows else rows
        if len(rows):
            sheets.append(_worst(rows, str(best["dataset"]), table.meta["datasets"].get(best["dataset"], {})))
    return sheets


def _worst(rows: pd.DataFrame, dataset: str, facts: Mapping[str, object]) -> Context:
    texts = any(isinstance(value, str) and value for value in rows["left"])
    heads = ["row", "target", "score, mean over seeds", *(["left", "right"] if texts else [])]
    shown = []
    for _, row in rows.iterrows():
        sides = [Entry(str(row[side]), str(row[side])) for side in ("left", "right")] if texts else []
        shown.append([number(row["row"], f"{row['row']:.0f}"), number(row["target"], plain(row["target"])),
                      number(row["score"], digits(row["score"])), *sides])  # fmt: skip
    why = "" if texts else _withheld(facts)
    return {
        "dataset": dataset,
        "why": why,
        "sheet": listing(
            f"worst-{dataset}", "Test pairs." if dataset == "pairs" else f"Test pairs of {dataset}.", heads, shown
        ),
    }


def _withheld(facts: Mapping[str, object]) -> str:
    if not facts.get("shareable"):
        return "the licence of the data does not allow its texts to be shared. Row numbers refer to the test file"
    return "these items have no text. Row numbers refer to the test file"


def summary(table: StudyTable, maps: Sequence[MapSummary]) -> Sheet | None:
    """One row per heat map: chosen pairing, test value, ties, interaction test; None for a single heat map."""
    if len(maps) < 2:
        return None
    heads = [
        *table.meta["extra"],
        "chosen on dev",
        "test",
        "95 % interval",
        "optimism",
        "not significantly different",
        "interaction p",
    ]
    if not table.nouns.paired and all(pd.isna(row["p"]) for row in maps):
        heads.pop()
    rows = []
    for row in maps:
        first = [Entry(str(label), str(label)) for label in row["labels"].values()]
        rows.append([*first, Entry(row["best"], row["best"]), number(row["test"], digits(row["test"])),
                     number(row["low"], f"{digits(row['low'])} to {digits(row['high'])}"),
                     number(row["optimism"], signed(row["optimism"])),
                     number(row["tied"], f"{row['tied']:.0f} of {row['others']}"),
                     number(row["p"], row["p_text"])][: len(heads)])  # fmt: skip
    return listing("all-maps", "One row per heat map.", heads, rows)
