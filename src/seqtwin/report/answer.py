"""What the first screen says: headline, refusal, answers, what not to conclude, and why cells are marked.

The templates hold the language; this file decides what is true of a table.
"""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from seqtwin.report.heat import Facet, pairing_name, warnings
from seqtwin.report.table import StudyTable
from seqtwin.report.words import FLOOR_NAMES, MEANINGS, digits, metric_name, tiny

FEWEST_SEEDS = 5
CAUSES = {
    "failed": ("Some seeds failed.", "They are left out of the mean and kept in the count; their errors stand below."),
    "oom": ("Some seeds ran out of memory.", "They are left out of the mean and kept in the count; lower fit.batch."),
    "diverged": ("Some seeds diverged.", "The mean is that of the remaining seeds (R06)."),
    "collapsed": ("Some seeds collapsed to constant scores.", "The mean is that of the remaining seeds (R06)."),
    "plateau": (
        "The training loss ends on its no-information plateau, or above it.",
        "One constant score for every pair would cost no more, so little was learnt from this loss. Train longer, or "
        "change the margin or the learning rate; until then the pairing is not to be compared with others (R14).",
    ),
    "deviation": (
        "A vector depends on its batch-mates.",
        "The same text encoded alone and in a batch should agree to about 1e-6. Its value rests on who came with it.",
    ),
}


def answers(table: StudyTable) -> list[dict[str, Any]]:
    """One entry per data set: the pairing chosen on dev, its test value, and what lies within its interval."""
    pairings = table.pairings
    return [_answer(table, part) for _, part in pairings[pairings["chosen"] == 1].groupby("dataset", sort=False)]


def _answer(table: StudyTable, part: pd.DataFrame) -> dict[str, Any]:
    best = part.iloc[0]
    others = table.pairings[(table.pairings["dataset"] == best["dataset"]) & (table.pairings["chosen"] != 1)]
    others = others[others["mean"].notna()].sort_values("mean", ascending=False, kind="stable")
    within = others[(others["mean"] >= best["low"]) & (others["mean"] <= best["high"])]
    above = others[others["mean"] > best["mean"]]
    meaning = MEANINGS.get(str(best["primary"]), "").format(share=f"{100 * best['mean']:.0f}")
    return {
        "dataset": best["dataset"], "metric": metric_name(best["primary"]), "best": named(table, best),
        "dev": digits(best["dev_mean"]), "test": digits(best["mean"]), "seeds": int(best["finished"]),
        "low": digits(best["low"]), "high": digits(best["high"]), "interval": best["interval"], "meaning": meaning,
        "gap": digits(best["dev_mean"] - best["mean"]), "others": len(others),
        "within": [named(table, row) for _, row in within.iterrows()],
        "outside": len(others) - len(within), "above": [named(table, row) for _, row in above.iterrows()],
        "lowest": named(table, others.iloc[-1]) if len(others) > 1 else None,
    }  # fmt: skip


def named(table: StudyTable, pairing: Any) -> dict[str, str]:
    """A pairing as the templates name it: labels, further factors other than the data set, value."""
    further = [str(pairing[key]) for key in table.meta["extra"] if pairing[key] != pairing["dataset"]]
    parts = [label for label in (pairing["representation"], pairing["loss"]) if label]
    return {"parts": parts, "further": ", ".join(further), "value": digits(pairing["mean"])}  # type: ignore[dict-item]


def refusal(table: StudyTable) -> dict[str, str]:
    """Why the report gives no verdict, with its code: it never gives one at tier quick."""
    finished, tier = table.pairings["finished"], str(table.meta.get("tier", ""))
    if tier == "quick":
        return {"code": "R01", "why": "tier quick describes, it does not decide"}
    if len(finished) and finished.min() < FEWEST_SEEDS:
        return {"code": "R01", "why": f"a pairing has fewer than {FEWEST_SEEDS} finished seeds"}
    return {"code": "R02", "why": "no comparison was declared and tested"}


def cautions(table: StudyTable, facets: Sequence[Facet]) -> list[dict[str, str]]:
    """What not to conclude: a refusal code (or none) and the sentence after "Do not conclude"."""
    meta, pairings, found = table.meta, table.pairings, list[dict[str, str]]()
    if not pairings["finished"].sum():
        return found
    if any(len(facet.rows) > 1 and len(facet.columns) > 1 for facet in facets):
        text = "that a representation wins under every loss: whether the loss matters more for one than for another"
        found.append({"code": "R03", "text": f"{text} is drawn beside the table, not tested"})
    if pairings["loss"].nunique() > 1:
        text = "that a loss is bad: none was tuned, learning rate and margins are those of the config"
        found.append({"code": "R04", "text": text})
    if len(meta["datasets"]) < 2:
        where = next(iter(meta["datasets"]), "this data")
        found.append({"code": "R10", "text": f"that it holds elsewhere: this is {where}, and one kind of encoder"})
    if pairings["on_plateau"].sum():
        text = "anything from the pairings marked below that end on their plateau: they have not learnt yet"
        found.append({"code": "R14", "text": text})
    if pairings[["collapsed", "diverged"]].to_numpy().sum():
        text = "from the mean of a pairing with collapsed or diverged seeds: it is that of the rest"
        found.append({"code": "R06", "text": text})
    return found


def causes(table: StudyTable) -> list[dict[str, Any]]:
    """One card per distinct cause of marks, with the pairings it marks and what was measured."""
    told: dict[str, list[dict[str, Any]]] = {}
    for _, pairing in table.pairings.iterrows():
        for kind, sentence in warnings(pairing):
            told.setdefault(kind, []).append({**named(table, pairing), "evidence": _evidence(pairing, kind, sentence)})
    return [{"kind": kind, "cause": CAUSES[kind][0], "means": CAUSES[kind][1], "marks": told[kind]}
            for kind in CAUSES if kind in told]  # fmt: skip


def _evidence(pairing: Any, kind: str, sentence: str) -> str:
    if kind == "plateau":
        return f"{sentence}: loss {pairing['final_loss_mean']:.3g}, plateau {pairing['plateau_mean']:.3g}"
    if kind == "deviation":
        return f"largest alone-vs-batch difference {tiny(pairing['batch_deviation'])}"
    return sentence


def floors(table: StudyTable, facet: Facet) -> list[dict[str, str]]:
    """What needs no training: untrained encoder first, then the floors of the data set, each with its test value."""
    part, primary = facet.pairings, facet.primary
    rows = [
        {"name": "untrained encoder", "value": digits(part["untrained_mean"].mean()), "note": "mean of all pairings"}
    ]
    for name, floor in (table.meta.get("floors", {}).get(facet.dataset) or {}).items():
        value, why = floor.get("test", {}).get(primary), (floor.get("undefined") or {}).get(primary, "not measured")
        shown = digits(value) if value is not None else f"undefined ({why})"
        rows.append({"name": FLOOR_NAMES.get(name, name), "value": shown, "note": str(floor.get("note") or "")})
    return rows


def headline(found: Sequence[dict[str, Any]], pairings: pd.DataFrame) -> dict[str, Any]:
    """Which of the headlines of the template is true."""
    if not found:
        return {"kind": "nothing", "firsts": []}
    firsts = [{"dataset": answer["dataset"], "best": answer["best"]} for answer in found]
    alike = len({tuple(first["best"]["parts"]) for first in firsts}) == 1
    kind = "single" if len(pairings) == 1 else "first" if alike else "depends"
    return {"kind": kind, "firsts": firsts}


def worst_deviation(table: StudyTable) -> str:
    """The largest alone-vs-batch difference of all study cells."""
    return tiny(float(table.pairings["batch_deviation"].max())) if len(table.pairings) else "–"


def title_of(table: StudyTable) -> str:
    """The title of the browser window."""
    chosen = table.pairings[table.pairings["chosen"] == 1]
    first = f": {pairing_name(chosen.iloc[0])} first" if len(chosen) else ""
    return f"{table.meta['name']}{first} · SeqTwin"
