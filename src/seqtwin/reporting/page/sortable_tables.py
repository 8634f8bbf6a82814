"""The sortable tables of the page: results of pairings and seeds, costs, retrieval, failures, loss formulas."""

from collections.abc import Sequence
from typing import TypedDict

import pandas as pd

from seqtwin.metrics import lower_is_better, metric_name
from seqtwin.reporting.formatting import count, digits, listed, plain, signed, slug
from seqtwin.reporting.page.template_values import Context, Entry, Row, Sheet
from seqtwin.reporting.table.meta import TrainedWith
from seqtwin.reporting.table.pairings import PROCESSOR, WALL, training_clock
from seqtwin.reporting.table.study_table import StudyTable

Fields = list[Entry]


class Seen(TypedDict):
    """Margins and plateaus with the representations that share them."""

    names: str
    margins: str
    plateaus: str


class Formula(TypedDict):
    """One exact loss formula with its settings and, per group of pairings, the margins and plateaus."""

    label: str
    name: str
    formula: str
    settings: dict[str, object]
    seen: list[Seen]


def number(value: float | None, text: str) -> Entry:
    """A numeric field."""
    return Entry(text, float(value) if value is not None and pd.notna(value) else None)


def listing(name: str, caption: str, heads: Sequence[str], rows: Sequence[Fields], by: str = "") -> Sheet:
    """A sortable table; with `by`, its rows are sorted by that column, highest first."""
    numeric = [any(isinstance(row[i].key, float) for row in rows) for i in range(len(heads))]
    place = list(heads).index(by) if by else -1
    if by:
        rows = sorted(rows, key=lambda row: _descending(row[place].key))
    shown = list(zip(heads, numeric, strict=True))
    return {"id": slug(name), "caption": caption, "heads": shown, "rows": list(rows), "by": place}


def _descending(key: str | float | None) -> float:
    return -key if isinstance(key, float) else float("inf")


def labels(table: StudyTable, row: Row) -> Fields:
    """The fields that name a pairing."""
    return [Entry(str(row[key]), str(row[key])) for key in (*table.meta["extra"], "representation", "loss")]


def heads_of(table: StudyTable) -> list[str]:
    """The heads of the fields that name a pairing."""
    return [*table.meta["extra"], "representation", table.nouns.column]


def every_pairing(table: StudyTable) -> Sheet:
    """Mean, spread, interval and difference from the chosen pairing, one row per pairing."""
    rows = [labels(table, row) + _pairing(row) for _, row in table.pairings.iterrows()]
    heads = ["seeds", "dev", "test", "95 % interval", "SD", "lowest", "highest", "untrained", "vs chosen"]
    caption = (
        "Test values are means over finished seeds, dev those on validation data. The last two columns are paired "
    )
    return listing(
        "pairings",
        caption + "differences from the pairing chosen on dev.",
        [*heads_of(table), *heads, "95 % interval of vs chosen"],
        rows,
        by="dev",
    )


def _pairing(row: Row) -> Fields:
    known, gap = pd.notna(row["low"]), pd.notna(row["difference_low"])
    span: str = f"{digits(row['low'])} to {digits(row['high'])}" if known else str(row["interval"])
    versus: str = f"{signed(row['difference_low'])} to {signed(row['difference_high'])}" if gap else "–"
    chosen = bool(row["chosen"])
    numbers = [number(row[key], digits(row[key])) for key in ("dev_mean", "mean")]
    spread = [number(row[key], digits(row[key])) for key in ("sd", "min", "max", "untrained_mean")]
    seeds = number(row["finished"], f"{int(row['finished'])} of {int(row['planned'])}")
    away = number(row["difference"], "chosen" if chosen else signed(row["difference"]))
    return [seeds, *numbers, number(row["low"], span), *spread, away, number(row["difference_low"], versus)]


def every_seed(table: StudyTable) -> Sheet:
    """All metrics of every study cell on the test pairs."""
    metrics, nouns = _metrics(table), table.nouns
    last = [*(["threshold"] if nouns.paired else []), "final loss"]
    rows = [labels(table, row) + _seed(row, metrics, last) for _, row in table.results.iterrows()]
    heads = [*heads_of(table), "seed", "state", "dev, primary", *map(_directed, metrics), *last]
    return listing("seeds", nouns.says.seeds, heads, rows)


def _metrics(table: StudyTable) -> list[str]:
    return [str(name)[5:] for name in table.results.columns if str(name).startswith("test_")]


def _directed(metric: str) -> str:
    return f"{metric_name(metric)}{' ↓' if lower_is_better(metric) else ''}"


def _seed(row: Row, metrics: Sequence[str], last: Sequence[str]) -> Fields:
    dev = row.get(f"dev_{row['primary']}", float("nan"))
    fields: Fields = [
        number(row["seed"], f"{row['seed']:.0f}"),
        Entry(str(row["status"]), str(row["status"]), row["status"] != "finished"),
    ]
    fields += [number(dev, digits(dev))]
    fields += [number(row[f"test_{name}"], digits(row[f"test_{name}"])) for name in metrics]
    return fields + [number(row[name], plain(row[name])) for name in (head.replace(" ", "_") for head in last)]


def costs(table: StudyTable) -> Sheet:
    """Seconds, parameters and texts per second of every pairing, means over seeds."""
    clocks = dict.fromkeys((training_clock(table.pairings), WALL))
    keys = (*((clock.column, plain) for clock in clocks), ("parameters_mean", count), ("dim_mean", count))
    speeds = (("train_pairs_per_second_mean", count), ("encode_texts_per_second_mean", count))
    rows, nouns = [], table.nouns
    for _, row in table.pairings.iterrows():
        numbers = [number(row[key], form(row[key])) for key, form in (*keys, *speeds)]
        rows.append([*labels(table, row), number(row["mean"], digits(row["mean"])), *numbers])
    heads = [
        *heads_of(table),
        "test",
        *(f"training {clock.unit}" for clock in clocks),
        "parameters",
        "vector width",
        f"training {nouns.items}/s",
        f"encoding {nouns.encoded}/s",
    ]
    caption = "Means over finished seeds. CPU seconds are those of all threads together; speeds are per wall second."
    return listing("costs", caption if PROCESSOR in clocks else "Means over finished seeds.", heads, rows, by="test")


def retrieval(table: StudyTable) -> Context | None:
    """The retrieval metrics of every pairing next to its primary metric; None if the study has no retrieval task."""
    columns, same = _without_twins(table.pairings, "retrieval_")
    part = table.pairings[table.pairings[columns].notna().any(axis=1)] if columns else table.pairings.iloc[:0]
    if not len(part):
        return None
    rows = []
    for _, row in part.iterrows():
        numbers = [number(row[name], digits(row[name])) for name in ("mean", *columns)]
        rows.append([*labels(table, row), *numbers])
    nouns = table.nouns
    own = nouns.says.own
    heads = [*heads_of(table), own, *(metric_name(name[len("retrieval_") : -len("_mean")]) for name in columns)]
    sheet = listing("retrieval", " ".join([nouns.says.queries, *same]), heads, rows, by=own)
    agreement = part["mean"].rank().corr(part[columns[-1]].rank()) if len(part) > 2 else float("nan")
    return {**sheet, "agreement": digits(agreement, 2) if pd.notna(agreement) else "", "by": heads[-1]}


def _without_twins(frame: pd.DataFrame, prefix: str) -> tuple[list[str], list[str]]:
    """The columns with a prefix that are not equal to an earlier one, and a sentence for each that is left out."""
    kept: list[str] = []
    sentences = []
    for column in (str(name) for name in frame.columns if str(name).startswith(prefix)):
        twin = next((name for name in kept if frame[name].notna().any() and frame[name].equals(frame[column])), None)
        if twin is None:
            kept.append(column)
        else:
            shown, same = (metric_name(name.removeprefix(prefix).removesuffix("_mean")) for name in (column, twin))
            sentences.append(f"{shown} equals {same} here.")
    return kept, sentences


def failures(table: StudyTable) -> list[dict[str, str]]:
    """Study cells without scores, with their errors."""
    lost = table.results[table.results["status"] != "finished"]
    parts = ("id", "status", "error_code", "error_cause", "error_place", "error_remedy")
    return [{part: str(row[part]) for part in parts} for _, row in lost.iterrows()]


def formulas(table: StudyTable) -> list[Formula]:
    """One entry per exact loss formula, with settings, the pairings it trained, their margins and plateaus.

    Formulas that differ only in the margin of a seed share an entry; the margins are listed per pairing.
    """
    trained: dict[tuple[str, str], list[TrainedWith]] = {}
    for entry in _trained_with(table):
        trained.setdefault((entry["loss"] or entry["name"], repr(_settings(entry))), []).append(entry)
    return [
        {"label": label, "name": entries[0]["name"], "formula": entries[0]["formula"],
         "settings": _settings(entries[0]), "seen": _measured(entries)}
        for (label, _), entries in trained.items()
    ]  # fmt: skip


def _settings(entry: TrainedWith) -> dict[str, object]:
    """The settings of a formula, without a margin that was fitted to each seed."""
    settings = entry["settings"] or {}
    fitted = len(set(map(str, entry["margins"]))) > 1 or settings.get("auto")
    return {key: value for key, value in sorted(settings.items()) if not (fitted and key == "margin")}


def _trained_with(table: StudyTable) -> list[TrainedWith]:
    """The formula of every pairing; of heads, which share theirs, once per representation and plateaus."""
    entries = table.meta["formulas"]
    if table.nouns.paired:
        return list(entries)
    named: list[TrainedWith] = [{**entry, "loss": entry["name"]} for entry in entries]
    return list({(entry["representation"], repr(entry["plateaus"])): entry for entry in named}.values())


def _measured(entries: Sequence[TrainedWith]) -> list[Seen]:
    """Each distinct range of margins and plateaus with the representations that share it."""
    names: dict[tuple[str, str], list[str]] = {}
    for entry in entries:
        names.setdefault((_span(entry["margins"]), _span(entry["plateaus"])), []).append(entry["representation"])
    return [{"names": listed(shared), "margins": m, "plateaus": p} for (m, p), shared in names.items() if m + p]


def _span(each: Sequence[float | None]) -> str:
    values = [float(value) for value in each if value is not None]
    if not values:
        return ""
    low, high = plain(min(values)), plain(max(values))
    return low if low == high else f"{low} to {high}"
