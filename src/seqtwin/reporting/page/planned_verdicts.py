"""The planned comparisons and the omnibus test as the page shows them; a claim only where no refusal blocks it."""

from collections.abc import Mapping, Sequence
from typing import Any

from seqtwin.reporting.findings.refusals import check_claims
from seqtwin.reporting.findings.refusals.check_claims import Refusal
from seqtwin.reporting.formatting import digits, known, p_value, percent, plain, signed, span
from seqtwin.reporting.objective_words import nouns_of
from seqtwin.reporting.page.sortable_tables import Entry, listing, number
from seqtwin.reporting.table.facet import Facet
from seqtwin.reporting.table.study_table import StudyTable

SCOPE_ONLY = frozenset({"R10"})  # they narrow a sentence and do not block it
_URGENCY = {"R13": 0, "R01": 0, "R02": 0, "R06": 2, "R07": 2, "R14": 2, "R12": 3}
SOURCES = ("representation", "loss", "interaction", "seed", "residual")


def of_best(table: StudyTable, facet: Facet) -> list[Refusal]:
    """The refusals that block "take this pairing"."""
    return [one for one in check_claims.of_best(table, facet.analysis) if one.code not in SCOPE_ONLY]


def cautions(table: StudyTable) -> list[Refusal]:
    """What the whole study must not be taken for; what forbids every claim first, single pairings last."""
    return sorted(check_claims.of_study(table), key=lambda one: (_URGENCY.get(one.code, 1), one.code))


def grouped(found: Sequence[Refusal]) -> list[dict[str, Any]]:
    """Refusals by code, in their order: the first one in words, then the others."""
    groups: dict[str, list[Refusal]] = {}
    for one in found:
        groups.setdefault(one.code, []).append(one)
    return [{"code": code, "first": group[0], "others": group[1:]} for code, group in groups.items()]


def planned(table: StudyTable) -> list[dict[str, Any]]:
    """The planned comparisons by data set, each with its refusals and what may be said of it."""
    datasets: dict[str, list[dict[str, Any]]] = {}
    for row in table.analysis.get("planned", []):
        datasets.setdefault(row["dataset"], []).append(_judged(table, row))
    return [{"dataset": name, "rows": rows} for name, rows in datasets.items()]


def _judged(table: StudyTable, row: Mapping[str, Any]) -> dict[str, Any]:
    blocks = [one for one in check_claims.of_comparison(table, row) if one.code not in SCOPE_ONLY]
    left, right = (" · ".join(map(str, row[side].values())) for side in ("left", "right"))
    claimed = bool(row["claim"]) and not blocks and not row["refused"]
    within = ", ".join(map(str, row["within"].values()))
    said = f"{left if row['claim'] == 'left' else right} is better" if claimed else _unsaid(row, blocks)
    short = f"{left} vs {right}" + (f"  [{within}]" if within else "")
    return {**row, "blocks": blocks, "claimed": claimed, "said": said, "short": short}


def _unsaid(row: Mapping[str, Any], blocks: Sequence[Refusal]) -> str:
    if row["refused"]:
        return f"not tested: {row['refused']}"
    return f"no claim ({', '.join(dict.fromkeys(one.code for one in blocks))})" if blocks else "no claim (Holm)"


def planned_sheet(dataset: str, rows: Sequence[Mapping[str, Any]], rope: float) -> dict[str, Any]:
    """The numbers of the planned comparisons of one data set."""
    heads = ["comparison", "verdict", "left − right", "95 % interval", "p (t test)", "p (sign flip)", "p (Holm)", "P(left)",
             "P(rope)", "P(right)", "P(A > B)", "seeds"]  # fmt: skip
    caption = (
        "Left minus right on test, paired by seed. P(left), P(rope) and P(right): shares of the two-level replicates in "
        f"which left is better by more than {digits(rope, 2)}, the difference is smaller, or right is better. P(A > B): "
        "share of the seeds in which left is better; ties count half. p (Holm): the larger of the two corrected p "
        "values."
    )
    name = f"planned-{dataset}" if dataset else "planned"
    return listing(name, caption, heads, [_planned_row(row) for row in rows])


def _planned_row(row: Mapping[str, Any]) -> list[Entry]:
    found = [
        Entry(row["short"], row["short"]),
        Entry(row["said"], row["said"]),
        number(row["difference"], signed(row["difference"])),
    ]
    found += [number(row["low"], span(row["low"], row["high"]))]
    found += [number(row[name], p_value(row[name])) for name in ("p_t", "p_flip", "p_holm")]
    found += [number(row[name], digits(row[name], 2)) for name in ("p_left", "p_rope", "p_right", "p_better")]
    return [*found, number(row["seeds"], plain(row["seeds"]))]


def omnibus(table: StudyTable, facet: Facet, name: str) -> dict[str, Any] | None:
    """The blocked two-way analysis of a heat map: the table, the variance bar, the contrasts; None without a grid."""
    found = facet.analysis.get("omnibus")
    if not found or (found["refused"] and min(len(facet.rows), len(facet.columns)) < 2):
        return None
    column = nouns_of(table.meta).column
    return {"refused": found["refused"], "method": found["method"], "why": found["why"],
            "levene": p_value(found["levene_p"]), "normality": p_value(found["normality_p"]),
            "sheet": _terms(found["terms"], f"omnibus-{name}", column), "variance": _variance(facet, column),
            "contrasts": _contrasts(facet, f"contrasts-{name}", column)}  # fmt: skip


def _terms(terms: Sequence[Mapping[str, Any]], name: str, column: str) -> dict[str, Any] | None:
    rows = [
        [
            Entry(_source(term["term"], column), term["term"]), number(term["f"], plain(term["f"])),
            number(term["df"], f"{known(term['df']):.0f}, {known(term['df_error']):.0f}"),
            number(term["p"], p_value(term["p"])), number(term["eta2"], digits(term["eta2"], 2)),
            number(term["eta2_low"], f"{digits(term['eta2_low'], 2)} to {digits(term['eta2_high'], 2)}"),
        ]
        for term in terms
    ]  # fmt: skip
    caption = "Blocked two-way analysis on the z scale, one block per seed."
    return listing(name, caption, ["term", "F", "df", "p", "partial η²", "95 % interval"], rows) if rows else None


def _source(name: str, column: str) -> str:
    return column if name == "loss" else name


def _variance(facet: Facet, column: str) -> list[dict[str, Any]]:
    found = {row["source"]: known(row["share"]) for row in facet.analysis.get("variance", [])}
    shares = [(source, found[source]) for source in SOURCES if found.get(source, -1.0) >= 0]
    return [{"source": source, "name": _source(source, column), "share": round(100 * share, 1), "text": percent(share)}
            for source, share in shares]  # fmt: skip


def _contrasts(facet: Facet, name: str, column: str) -> dict[str, Any] | None:
    rows = [
        [Entry(row["representation"], row["representation"]), Entry(row["loss"], row["loss"]),
         number(row["contrast"], signed(row["contrast"])), number(row["low"], span(row["low"], row["high"])),
         Entry("yes" if row["clear"] else "–", str(bool(row["clear"])))]
        for row in facet.analysis.get("interaction", [])
    ]  # fmt: skip
    caption = (
        "Interaction contrasts on the z scale: cell − row mean − column mean + grand mean, with simultaneous intervals. "
        "Above 0: better than the effects of the row and the column alone predict."
    )
    heads = ["representation", column, "contrast", "simultaneous interval", "differs from 0"]
    return listing(name, caption, heads, rows) if rows else None
