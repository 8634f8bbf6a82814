"""The sortable tables under the first screen, each as plain rows of (text, sort key)."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import pandas as pd

from seqtwin.metrics import lower_is_better
from seqtwin.reporting.formatting import count, digits, listed, metric_name, plain, signed, slug
from seqtwin.reporting.objective_words import nouns_of
from seqtwin.reporting.table.study_table import StudyTable


class Entry(NamedTuple):
    """A field of a table: text, sort key (None = unknown, stays last), whether it is marked as a warning."""

    text: str
    key: Any
    marked: bool = False


Row = list[Entry]


def number(value: float | None, text: str) -> Entry:
    """A numeric field."""
    return Entry(text, float(value) if value is not None and pd.notna(value) else None)


def listing(name: str, caption: str, heads: Sequence[str], rows: Sequence[Row], by: str = "") -> dict[str, Any]:
    """A sortable table; with `by`, the rows come sorted by that number, highest first."""
    numeric = [any(isinstance(row[i].key, float) for row in rows) for i in range(len(heads))]
    place = list(heads).index(by) if by else -1
    if by:
        rows = sorted(rows, key=lambda row: -row[place].key if row[place].key is not None else float("inf"))
    shown = list(zip(heads, numeric, strict=True))
    return {"id": slug(name), "caption": caption, "heads": shown, "rows": rows, "by": place}


def labels(table: StudyTable, row: Any) -> Row:
    """The fields that name a pairing."""
    return [Entry(str(row[key]), str(row[key])) for key in (*table.meta["extra"], "representation", "loss")]


def heads_of(table: StudyTable) -> list[str]:
    """The heads of the fields that name a pairing."""
    return [*table.meta["extra"], "representation", nouns_of(table.meta).column]


def every_pairing(table: StudyTable) -> dict[str, Any]:
    """Mean, spread, interval and distance to the chosen pairing, in numbers."""
    rows = [labels(table, row) + _pairing(row) for _, row in table.pairings.iterrows()]
    heads = ["seeds", "dev", "test", "95 % interval", "SD", "lowest", "highest", "untrained", "vs chosen"]
    caption = "Test values are means over finished seeds. The last two columns are paired differences from the pairing "
    return listing("pairings", caption + "chosen on dev.", [*heads_of(table), *heads, "95 % interval of vs chosen"], rows, by="dev")


def _pairing(row: Any) -> Row:
    known, gap = pd.notna(row["low"]), pd.notna(row["difference_low"])
    span = f"{digits(row['low'])} to {digits(row['high'])}" if known else str(row["interval"])
    apart = f"{signed(row['difference_low'])} to {signed(row['difference_high'])}" if gap else "–"
    chosen = bool(row["chosen"])
    numbers = [number(row[key], digits(row[key])) for key in ("dev_mean", "mean")]
    spread = [number(row[key], digits(row[key])) for key in ("sd", "min", "max", "untrained_mean")]
    seeds = number(row["finished"], f"{int(row['finished'])} of {int(row['planned'])}")
    away = number(row["difference"], "chosen" if chosen else signed(row["difference"]))
    return [seeds, *numbers, number(row["low"], span), *spread, away, number(row["difference_low"], apart)]


def every_seed(table: StudyTable) -> dict[str, Any]:
    """All metrics of every study cell on the test pairs."""
    metrics, nouns = _metrics(table), nouns_of(table.meta)
    last = [*(["threshold"] if nouns.paired else []), "final loss"]
    rows = [labels(table, row) + _seed(row, metrics, last) for _, row in table.results.iterrows()]
    heads = [*heads_of(table), "seed", "state", "dev, primary", *map(_directed, metrics), *last]
    return listing("seeds", nouns.says["seeds"], heads, rows)


def _metrics(table: StudyTable) -> list[str]:
    return [str(name)[5:] for name in table.results.columns if str(name).startswith("test_")]


def _directed(metric: str) -> str:
    return f"{metric_name(metric)}{' ↓' if lower_is_better(metric) else ''}"


def _seed(row: Any, metrics: Sequence[str], last: Sequence[str]) -> Row:
    dev = row.get(f"dev_{row['primary']}", float("nan"))
    found: Row = [
        number(row["seed"], f"{row['seed']:.0f}"),
        Entry(str(row["status"]), str(row["status"]), row["status"] != "finished"),
    ]
    found += [number(dev, digits(dev))]
    found += [number(row[f"test_{name}"], digits(row[f"test_{name}"])) for name in metrics]
    return found + [number(row[name], plain(row[name])) for name in (one.replace(" ", "_") for one in last)]


def costs(table: StudyTable) -> dict[str, Any]:
    """Seconds, parameters and texts per second of every pairing, means over seeds."""
    keys = (("seconds_train_mean", plain), ("parameters_mean", count), ("dim_mean", count))
    speeds = (("train_pairs_per_second_mean", count), ("encode_texts_per_second_mean", count))
    rows, nouns = [], nouns_of(table.meta)
    for _, row in table.pairings.iterrows():
        numbers = [number(row[key], form(row[key])) for key, form in (*keys, *speeds)]
        rows.append([*labels(table, row), number(row["mean"], digits(row["mean"])), *numbers])
    heads = [
        *heads_of(table),
        "test",
        "training seconds",
        "parameters",
        "vector width",
        f"training {nouns.items}/s",
        f"encoding {nouns.encoded}/s",
    ]
    return listing("costs", "Means over finished seeds.", heads, rows, by="test")


def retrieval(table: StudyTable) -> dict[str, Any] | None:
    """The same encoders asked to find the right item, next to the primary metric; None without such a task."""
    columns = [str(name) for name in table.pairings.columns if str(name).startswith("retrieval_")]
    part = table.pairings[table.pairings[columns].notna().any(axis=1)] if columns else table.pairings.iloc[:0]
    if not len(part):
        return None
    rows = []
    for _, row in part.iterrows():
        numbers = [number(row[name], digits(row[name])) for name in ("mean", *columns)]
        rows.append([*labels(table, row), *numbers])
    nouns = nouns_of(table.meta)
    own = nouns.says["own"]
    heads = [*heads_of(table), own, *(metric_name(name[len("retrieval_") : -len("_mean")]) for name in columns)]
    found = listing("retrieval", nouns.says["queries"], heads, rows, by=own)
    agreement = part["mean"].rank().corr(part[columns[-1]].rank()) if len(part) > 2 else float("nan")
    return {**found, "agreement": digits(agreement, 2) if pd.notna(agreement) else "", "by": heads[-1]}


def failures(table: StudyTable) -> list[dict[str, str]]:
    """Study cells without scores, with their errors."""
    lost = table.results[table.results["status"] != "finished"]
    parts = ("id", "status", "error_code", "error_cause", "error_place", "error_remedy")
    return [{part: str(row[part]) for part in parts} for _, row in lost.iterrows()]


def formulas(table: StudyTable) -> list[dict[str, Any]]:
    """One entry per exact loss formula, with settings, the pairings it trained, their margins and plateaus.

    Formulas that differ only in the margin of a seed stand together: the margins are listed per pairing.
    """
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for entry in _trained_with(table):
        fitted = len(set(map(str, entry["margins"]))) > 1 or (entry["settings"] or {}).get("auto")
        hidden = {"margin"} if fitted else set()
        settings = {key: value for key, value in sorted((entry["settings"] or {}).items()) if key not in hidden}
        key = (str(entry["loss"]) or str(entry["name"]), repr(settings))
        fresh = {"label": key[0], "name": entry["name"], "formula": entry["formula"], "settings": settings, "seen": []}
        found.setdefault(key, fresh)["seen"].append(_margins(entry))
    return [{**entry, "seen": _gathered(entry["seen"])} for entry in found.values()]


def _trained_with(table: StudyTable) -> list[dict[str, Any]]:
    """The formulas of every pairing; heads share theirs, which goes by its own name and is said of each row once."""
    entries = table.meta["formulas"]
    if nouns_of(table.meta).paired:
        return list(entries)
    named = ({**entry, "loss": entry["name"]} for entry in entries)
    return list({(entry["representation"], repr(entry["plateaus"])): entry for entry in named}.values())


def _gathered(seen: list[tuple[str, str, str]]) -> list[dict[str, str]]:
    """Margins and plateaus, each distinct pair once with the representations that share it."""
    names: dict[tuple[str, str], list[str]] = {}
    for representation, margins, plateaus in seen:
        names.setdefault((margins, plateaus), []).append(representation)
    return [{"names": listed(found), "margins": m, "plateaus": p} for (m, p), found in names.items() if m + p]


def _margins(entry: dict[str, Any]) -> tuple[str, str, str]:
    shown = [[float(value) for value in entry[name] if value is not None] for name in ("margins", "plateaus")]
    return str(entry["representation"]), _span(shown[0]), _span(shown[1])


def _span(values: list[float]) -> str:
    if not values:
        return ""
    low, high = plain(min(values)), plain(max(values))
    return low if low == high else f"{low} to {high}"
