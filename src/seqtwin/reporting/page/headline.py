"""The first screen of the page: the finding, the chosen pairing or the refusal, the interaction, the limits.

The templates contain the wording; this file decides what is true for a table.
"""

from collections.abc import Sequence
from typing import TypedDict

import numpy as np
import pandas as pd

from seqtwin.metrics import few_classes_sentence, few_pairs_sentence, metric_name
from seqtwin.reporting.analysis.records import Term
from seqtwin.reporting.findings.refusals.check_claims import Refusal
from seqtwin.reporting.findings.refusals.claim import labels_of, rope_of
from seqtwin.reporting.findings.refusals.no_contrast import few_test_rows
from seqtwin.reporting.findings.refusals.rising import rise_of
from seqtwin.reporting.findings.refusals.seeds import still_on_plateau
from seqtwin.reporting.formatting import (
    FAMILIES,
    digits,
    known,
    listed,
    p_value,
    percent,
    span,
    tiny,
)
from seqtwin.reporting.page import planned_verdicts, reference_values
from seqtwin.reporting.page.cell_marks import named
from seqtwin.reporting.page.main_effect import Across, Effect
from seqtwin.reporting.page.template_values import Answer, Compared, Context, Named, Near, Optimism, Row
from seqtwin.reporting.table.facet import Facet, pairing_name
from seqtwin.reporting.table.study_table import StudyTable

LONGEST_QUESTION = 70
LEAST_SHARE = 0.05  # of the variance; a smaller interaction is not mentioned in the headline
MOST_ANSWERS = 3
STATES = {"R18": "tiny", "R17": "ceiling", "R16": "tie"}


class First(TypedDict):
    """A chosen pairing with the data sets it was chosen on."""

    best: Named
    datasets: list[str]


def answers(table: StudyTable, facets: Sequence[Facet]) -> list[Answer]:
    """One entry per data set: the pairing chosen on dev, its test value, and how the others compare with it."""
    chosen = table.pairings[table.pairings["chosen"] == 1].groupby("dataset", sort=False).head(1)
    order = list(dict.fromkeys(facet.dataset for facet in facets))
    rows = sorted((row for _, row in chosen.iterrows()), key=lambda row: order.index(row["dataset"]))
    return [_answer(table, facets, row) for row in rows]


def _answer(table: StudyTable, facets: Sequence[Facet], best: Row) -> Answer:
    facet = next(f for f in facets if all(best[key] == label for key, label in f.labels.items()))
    others = table.pairings[(table.pairings["dataset"] == best["dataset"]) & (table.pairings["chosen"] != 1)]
    others = others[others["mean"].notna()].sort_values("mean", ascending=False, kind="stable")
    meaning = table.nouns.meaning(str(best["primary"]), best["mean"])
    blocks, compared = planned_verdicts.of_best(table, facet), _compared(table, facet)
    alike = others["mean"].map(digits) == digits(best["mean"])  # a reader sees no difference
    above, below = others[(others["mean"] > best["mean"]) & ~alike], others[(others["mean"] < best["mean"]) & ~alike]
    within = others[(others["mean"] >= best["low"]) & ~others.index.isin(above.index)]
    return {
        "dataset": best["dataset"], "metric": metric_name(best["primary"]), "best": named(table, best),
        "dev": digits(best["dev_mean"]), "test": digits(best["mean"]), "seeds": int(best["finished"]),
        "low": digits(best["low"]), "high": digits(best["high"]), "interval": best["interval"], "meaning": meaning,
        "others": len(others),
        "above": [named(table, row) for _, row in above.iterrows()],
        "within": [named(table, row) for _, row in within.iterrows()],
        "lowest": named(table, below.iloc[-1]) if len(below) and len(others) > 1 else None,
        # a pairing that is significantly better on test must not be called worse because dev chose another
        "refused": blocks, "taken": not blocks and not compared["ahead"], "facet": facet,
        "scope": _scope(facet, others), "floor": reference_values.floor_above(table, facet, known(best["mean"])),
        **compared, **_optimism(facet),
    }  # fmt: skip


def _scope(facet: Facet, others: pd.DataFrame) -> str:
    """The heat map that ties were tested in, if a data set has several."""
    inside = len(facet.pairings) - 1 >= len(others)
    return "" if inside else ", ".join(f"{key} = {label}" for key, label in facet.labels.items())


def _compared(table: StudyTable, facet: Facet) -> Compared:
    """The pairings of the same heat map by how they compare with the chosen one."""
    rows = [(row, pairing) for row in facet.analysis.get("versus_best", [])
            if (pairing := facet.pairing(row["representation"], row["loss"])) is not None]  # fmt: skip
    tied = [named(table, pairing) for row, pairing in rows if not row["apart"]]
    ahead = [named(table, pairing) for row, pairing in rows if row["apart"] and known(row["difference"]) < 0]
    apart = sorted(((row, pairing) for row, pairing in rows if row["apart"] and known(row["difference"]) > 0),
                   key=lambda entry: known(entry[0]["difference"]))  # fmt: skip
    nearest: Near | None = None
    if apart:
        first, pairing = apart[0]
        nearest = {**named(table, pairing), "difference": digits(abs(known(first["difference"]))),
                   "span": span(first["low"], first["high"])}  # fmt: skip
    return {"tied": tied, "ahead": ahead, "apart": len(apart), "nearest": nearest, "tested": bool(rows)}


def _optimism(facet: Facet) -> Optimism:
    best = (facet.analysis.get("best") or {}) if len(facet.pairings) > 1 else {}  # a single pairing was not chosen
    return {"optimism": digits(best.get("optimism")), "p_best": percent(best.get("p_best")),
            "optimism_span": span(best.get("optimism_low"), best.get("optimism_high"))}  # fmt: skip


def headline(
    table: StudyTable, chosen: Sequence[Answer], effect: Effect | None = None, across: Across | None = None
) -> Context:
    """The headline of the template that is true for the study, and the question it answers.

    `effect`: the main effect on the only data set of the study; `across`: the level near the best on most data sets.
    """
    question = str(table.meta.get("question") or "")
    untrained, effect = _is_untrained(table), _without_minor(table, effect)
    shown: Context = {"effect": effect, "across": across, "untrained": untrained, "rope": digits(rope_of(table), 2),
                      "question": question if 0 < len(question) <= LONGEST_QUESTION else ""}  # fmt: skip
    if not chosen:
        return {"kind": "nothing", "firsts": [], "refusal": None, "ended": bool(len(table.results)), **shown}
    shown |= {"firsts": _firsts(chosen), "refusal": _gravest(chosen)}
    if len(table.pairings) == 1:
        return {"kind": "single", **shown}
    state = _state(chosen)
    if state:
        few, bottom = few_test_rows(table, chosen[0]["dataset"]), digits(float(table.pairings["mean"].min()))
        return {"kind": STATES[state.code], **shown, "refusal": state, "few": few, "bottom": bottom}
    return {**shown, **(_verdict(chosen) or {"kind": _without_verdict(chosen, effect, across)})}


def _is_untrained(table: StudyTable) -> bool:
    """Whether every pairing is still on its plateau (R14)."""
    stuck = [still_on_plateau(table, labels_of(table, row)) is not None for _, row in table.pairings.iterrows()]
    return bool(stuck) and all(stuck)


def _without_minor(table: StudyTable, effect: Effect | None) -> Effect | None:
    """The effect; no factor hardly matters while a pairing is on its plateau (R14) or still rising (R15)."""
    rows = [labels_of(table, row) for _, row in table.pairings.iterrows()] if effect else []
    if effect is None or not any(still_on_plateau(table, one) or rise_of(table, one).fires for one in rows):
        return effect
    return None if effect["kind"] == "none" else {**effect, "minor": []}


def _verdict(chosen: Sequence[Answer]) -> Context:
    """The finding, if no refusal blocks it; empty otherwise."""
    if not all(answer["taken"] and answer["tested"] and not answer["scope"] for answer in chosen):
        return {}
    if len(chosen) == 1:
        return {"kind": "finding", **finding(chosen[0])}
    families = {_family(answer["facet"], _leading(answer)[0]) for answer in chosen}
    return {"kind": "family", "family": families.pop()} if len(families) == 1 and families != {""} else {}


def _without_verdict(chosen: Sequence[Answer], effect: Effect | None, across: Across | None) -> str:
    if len(chosen) == 1 and effect:
        return "described"
    return "across" if across else "first" if len(_firsts(chosen)) == 1 else "depends"


def _gravest(chosen: Sequence[Answer]) -> Refusal | None:
    """The refusal that the headline shows: shared items first, then by code."""
    blocks = [refusal for answer in chosen for refusal in answer["refused"]]
    return min(blocks, key=lambda one: (one.code != "R13", one.code), default=None)


def _state(chosen: Sequence[Answer]) -> Refusal | None:
    """The refusal of a comparison that has no meaning on any data set: a tiny test, a ceiling, a tie of everything."""
    for code in STATES:
        each = [next((one for one in answer["refused"] if one.code == code), None) for answer in chosen]
        if all(each) and not any(answer["scope"] for answer in chosen if code != "R18"):
            return each[0]
    return None


def _firsts(chosen: Sequence[Answer]) -> list[First]:
    """The chosen pairings, each with its data sets; the one chosen on most data sets first."""
    places: dict[tuple[str, ...], First] = {}
    for answer in chosen:
        key = (*answer["best"]["parts"], answer["best"]["further"])
        places.setdefault(key, {"best": answer["best"], "datasets": []})["datasets"].append(answer["dataset"])
    return sorted(places.values(), key=lambda first: -len(first["datasets"]))


def _leading(answer: Answer) -> tuple[list[str], list[str]]:
    """The representations and losses of the best pairing and of those that do not differ significantly from it."""
    leaders = [answer["best"], *answer["tied"]]
    rows, losses = (list(dict.fromkeys(leader["parts"][i] for leader in leaders if len(leader["parts"]) > i))
                    for i in (0, 1))  # fmt: skip
    return rows, losses


def finding(answer: Answer) -> Context:
    """The finding of one heat map: who leads (`lead`), and whether the loss decides it (`depends`)."""
    facet, leaders, (rows, losses) = answer["facet"], [answer["best"], *answer["tied"]], _leading(answer)
    lead = "one" if len(leaders) == 1 else "all" if not answer["apart"] else "some"
    if lead == "some" and len(rows) == 1 and len(losses) == len(facet.columns):
        lead = "representation"
    if lead == "some" and len(losses) == 1 and len(rows) == len(facet.rows):
        lead = "loss"
    family = _family(facet, rows) if len(rows) > 1 else ""
    lead = "family" if lead == "some" and family else lead
    if lead == "some" and len(losses) == 1 and len(facet.columns) > 1:
        lead = "under one loss"
    return {"lead": lead, "family": family, "leaders": leaders, "number": len(leaders), "of": answer["others"] + 1,
            "depends": depends(facet) if _shares(facet).get("interaction", 0.0) >= LEAST_SHARE else ""}  # fmt: skip


def _family(facet: Facet, leading: Sequence[str]) -> str:
    """The family of all leading representations, if they share one and the heat map has others; else empty."""
    kinds = {name: next((kind for kind, names in FAMILIES.items() if name in names), "") for name in facet.rows}
    families = {kinds.get(name, "") for name in leading}
    return families.pop() if len(families) == 1 and len(set(kinds.values())) > 1 else ""


def interaction_term(facet: Facet) -> Term:
    """The interaction row of the omnibus test; empty if the test was not run."""
    terms = (facet.analysis.get("omnibus") or {}).get("terms", [])
    return next((term for term in terms if term["term"] == "interaction"), Term())


def depends(facet: Facet, alpha: float = 0.05) -> str:
    """How the effect of the representation depends on the loss.

    `order`: the best representation changes, and the change is more than a tie. `size`: only distances change. Empty:
    no significant interaction, or vectors of several widths, since a wider vector has an advantage of its own.
    """
    if len(facet.widths) > 1 or not known(interaction_term(facet).get("p")) < alpha:
        return ""
    wide = facet.pairings.pivot_table(index="representation", columns="loss", values="mean")
    return "order" if _turns(facet, wide.idxmax()) else "size"


def _turns(facet: Facet, best: "pd.Series[str]") -> bool:
    """Whether the best representation of one loss shares no tie letter with the best of another, under that loss."""
    tied = {(row, loss): set(facet.letters(row, loss)) for row in best for loss in best.index}
    return any(all((tied[own, loss], tied[other, loss])) and not tied[own, loss] & tied[other, loss]
               for loss, own in best.items() for other in best)  # fmt: skip


def interactions(facets: Sequence[Facet]) -> list[Context]:
    """The result of the interaction test for each heat map with at least two rows and two columns."""
    results: list[Context] = []
    for facet in facets:
        if len(facet.rows) > 1 and len(facet.columns) > 1 and facet.primary:
            term, omnibus = interaction_term(facet), facet.analysis.get("omnibus") or {}
            p = known(term.get("p"))
            shares = {name: percent(share) for name, share in _shares(facet).items()}
            entry: Context = {"title": facet.title, "dataset": facet.dataset, "p": p_value(term.get("p")),
                     "eta2": digits(term.get("eta2"), 2), "shares": shares,
                     "widths": listed([str(width) for width in facet.widths])}  # fmt: skip
            kind = "untested" if np.isnan(p) else "wide" if len(facet.widths) > 1 else depends(facet) or "none"
            why = omnibus.get("refused") or "no test was run"
            results.append({**entry, "kind": kind, "why": why, **_moves(facet)})
    return results


def _shares(facet: Facet) -> dict[str, float]:
    """The share of the variance by source; empty if it was not computed."""
    return {row["source"]: share for row in facet.analysis.get("variance", []) if (share := known(row["share"])) >= 0}


def _moves(facet: Facet) -> dict[str, str]:
    """The representations that the loss moves most and least, of those with a mean under every loss; else empty."""
    means = facet.pairings.groupby("representation", sort=True)["mean"]
    spread = means.agg(lambda v: v.max(skipna=False) - v.min(skipna=False)).dropna()
    most, least = (str(spread.idxmax()), str(spread.idxmin())) if len(spread) else ("", "")
    moved = [digits(spread[name], 2) if name else "" for name in (most, least)]
    return {"most": most, "most_by": moved[0], "least": least, "least_by": moved[1]}


def few_examples(table: StudyTable) -> list[str]:
    """One sentence per data set whose metrics rest on few examples; empty if counts were not recorded."""
    sentences = {}
    for name, facts in table.meta["datasets"].items():
        counts = facts.get("counts") or {}
        paired = table.nouns.paired
        sentences[name] = few_pairs_sentence(counts) if paired else few_classes_sentence(counts.get("test", {}))
    several = len(sentences) > 1
    return [f"{name}: {text}" if several else text for name, text in sentences.items() if text]


def worst_deviation(table: StudyTable) -> str:
    """The largest difference between a vector encoded alone and in a batch, over all study cells."""
    return tiny(float(table.pairings["batch_deviation"].max())) if len(table.pairings) else "–"


def title_of(table: StudyTable) -> str:
    """The title of the browser window, with overrides and missing tuning."""
    chosen = table.pairings[table.pairings["chosen"] == 1]
    first = f": {pairing_name(table, chosen.iloc[0])} chosen on validation data" if len(chosen) == 1 else ""
    return " · ".join([f"{table.meta['name']}{first}", *overrides(table), "SeqTwin"])


def overrides(table: StudyTable) -> list[str]:
    """The warnings at the top of the page: not tuned, leakage accepted."""
    meta = table.meta
    warnings = [] if meta.get("tuned") else ["NOT TUNED"]
    return warnings + ([f"LEAKAGE ALLOWED: {meta['allow_leakage']}"] if meta.get("allow_leakage") else [])
