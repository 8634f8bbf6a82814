"""The planned comparisons and the omnibus test; a claim is printed only if no refusal blocks it."""

from collections.abc import Sequence
from typing import cast

from seqtwin.reporting.analysis.records import Contrast, Planned, Term
from seqtwin.reporting.findings.refusals import check_claims
from seqtwin.reporting.findings.refusals.check_claims import REFUSALS, Refusal
from seqtwin.reporting.findings.refusals.seeds import ON_PLATEAU
from seqtwin.reporting.formatting import digits, known, p_value, percent, plain, settled, signed, span
from seqtwin.reporting.page.comparison import Verdict
from seqtwin.reporting.page.sortable_tables import listing, number
from seqtwin.reporting.page.template_values import Context, Entry, Sheet
from seqtwin.reporting.table.facet import Facet
from seqtwin.reporting.table.study_table import StudyTable

SCOPE_ONLY = frozenset(code for code, rule in REFUSALS.items() if rule.narrows)
_MEASURED = ("difference", "low", "high", "p_t", "p_flip", "p_holm", "p_left", "p_rope", "p_right", "p_better")
SOURCES = ("representation", "loss", "interaction", "seed", "residual")


def of_best(table: StudyTable, facet: Facet) -> list[Refusal]:
    """The refusals that block the recommendation of the pairing chosen on dev."""
    return [one for one in check_claims.check_best(table, facet.analysis) if one.code not in SCOPE_ONLY]


def cautions(table: StudyTable) -> list[Refusal]:
    """The refusals of the whole study: those that block every claim first, those of single pairings last."""
    return sorted(check_claims.check_study(table), key=lambda one: (REFUSALS[one.code].urgency, one.code))


def grouped(refusals: Sequence[Refusal]) -> list[Context]:
    """Refusals by code, in their order: the first of each code, then the others."""
    groups: dict[str, list[Refusal]] = {}
    for refusal in refusals:
        groups.setdefault(refusal.code, []).append(refusal)
    return [{"code": code, "first": group[0], "others": group[1:]} for code, group in groups.items()]


def planned(table: StudyTable) -> dict[str, list[Verdict]]:
    """The planned comparisons by data set, each with its refusals and the claim that may be made."""
    datasets: dict[str, list[Verdict]] = {}
    for row in table.analysis.get("planned", []):
        datasets.setdefault(row["dataset"], []).append(_judged(table, row))
    return datasets


def _judged(table: StudyTable, row: Planned) -> Verdict:
    blocks = [one for one in check_claims.check_comparison(table, row) if one.code not in SCOPE_ONLY]
    row = _without_numbers(row) if any(one.code == "R06" and ON_PLATEAU in one.why for one in blocks) else row
    left, right = (" · ".join(map(str, side.values())) for side in (row["left"], row["right"]))
    claimed = bool(row["claim"]) and not blocks and not row["refused"]
    within = ", ".join(map(str, row["within"].values()))
    verdict = f"{left if row['claim'] == 'left' else right} is better" if claimed else _withheld(row, blocks)
    short = f"{left} vs {right}" + (f"  [{within}]" if within else "")
    return {**row, "blocks": blocks, "claimed": claimed, "verdict": verdict, "short": short}


def _without_numbers(row: Planned) -> Planned:
    """A comparison of means that are withheld, because some of their seeds are on the plateau (R06)."""
    return cast("Planned", {**row, **dict.fromkeys(_MEASURED), "per": []})


def _withheld(row: Planned, blocks: Sequence[Refusal]) -> str:
    if row["refused"]:
        return f"not tested: {row['refused']}"
    return f"no claim ({', '.join(dict.fromkeys(one.code for one in blocks))})" if blocks else "not significant"


def planned_sheet(dataset: str, rows: Sequence[Verdict], rope: float) -> Sheet:
    """The numbers of the planned comparisons of one data set."""
    heads = ["comparison", "verdict", "left − right", "95 % interval", "p (t test)", "p (sign flip)", "p (Holm)",
             "P(left)", "P(rope)", "P(right)", "P(A > B)", "seeds"]  # fmt: skip
    caption = (
        "Left minus right on test, paired by seed. P(left), P(rope) and P(right): shares of the bootstrap resamples "
        f"in which left is better by more than {digits(rope, 2)}, neither is, or right is. P(A > B): share of the "
        "seeds in which left is better; ties count half. p (Holm): the larger of the two corrected p values."
    )
    name = f"planned-{dataset}" if dataset else "planned"
    return listing(name, caption, heads, [_planned_row(row) for row in rows])


def _planned_row(row: Verdict) -> list[Entry]:
    p_values = (row["p_t"], row["p_flip"], row["p_holm"])
    shares = (row["p_left"], row["p_rope"], row["p_right"], row["p_better"])
    return [
        Entry(row["short"], row["short"]), Entry(row["verdict"], row["verdict"]),
        number(row["difference"], signed(row["difference"])), number(row["low"], span(row["low"], row["high"])),
        *(number(p, p_value(p)) for p in p_values), *(number(share, digits(share, 2)) for share in shares),
        number(row["seeds"], plain(row["seeds"])),
    ]  # fmt: skip


def omnibus(table: StudyTable, facet: Facet, name: str) -> Context | None:
    """The blocked two-way analysis of a heat map: the table, the variance bar, the contrasts; None without a grid."""
    test = facet.analysis.get("omnibus")
    if not test or (test["refused"] and min(len(facet.rows), len(facet.columns)) < 2):
        return None
    column = table.nouns.column
    return {"refused": test["refused"], "method": test["method"], "why": test["why"],
            "levene": p_value(test["levene_p"]), "normality": p_value(test["normality_p"]),
            "sheet": _terms(test["terms"], f"omnibus-{name}", column), "variance": _variance(facet, column),
            "contrasts": _contrasts(facet, f"contrasts-{name}", column)}  # fmt: skip


def _terms(terms: Sequence[Term], name: str, column: str) -> Sheet | None:
    rows = [
        [
            Entry(_source(term["term"], column), term["term"]), number(term["f"], plain(term["f"])),
            number(term["df"], f"{known(term['df']):.0f}, {known(term['df_error']):.0f}"),
            number(term["p"], p_value(term["p"])), number(term["eta2"], digits(term["eta2"], 2)),
            number(term["eta2_low"], f"{digits(term['eta2_low'], 2)} to {digits(term['eta2_high'], 2)}"),
        ]
        for term in terms
    ]  # fmt: skip
    caption = "Blocked two-way analysis of variance on the z scale, one block per seed."
    return listing(name, caption, ["term", "F", "df", "p", "partial η²", "95 % interval"], rows) if rows else None


def _source(name: str, column: str) -> str:
    return column if name == "loss" else name


def _variance(facet: Facet, column: str) -> list[Context]:
    known_shares = {row["source"]: known(row["share"]) for row in facet.analysis.get("variance", [])}
    shares = [(source, known_shares[source]) for source in SOURCES if known_shares.get(source, -1.0) >= 0]
    return [{"source": source, "name": _source(source, column), "share": round(settled(100 * share), 1),
             "text": percent(share)} for source, share in shares]  # fmt: skip


def _contrasts(facet: Facet, name: str, column: str) -> Sheet | None:
    rows = [
        [Entry(row["representation"], row["representation"]), Entry(row["loss"], row["loss"]),
         number(row["contrast"], signed(row["contrast"])), number(row["low"], span(row["low"], row["high"])),
         Entry("yes" if row["clear"] else "–", str(bool(row["clear"])))]
        for row in _unmirrored(facet)
    ]  # fmt: skip
    caption = (
        "Interaction contrasts on the z scale: cell − row mean − column mean + grand mean, with simultaneous "
        "intervals. Above 0: better than the effects of the row and the column alone predict."
    )
    if len(rows) < len(facet.analysis.get("interaction", [])):
        caption += " Of two opposite contrasts, one is shown: the other has the same size and the opposite sign."
    heads = ["representation", column, "contrast", "simultaneous interval", "differs from 0"]
    return listing(name, caption, heads, rows) if rows else None


def _unmirrored(facet: Facet) -> list[Contrast]:
    """The interaction contrasts without mirror images: with two rows or two columns, one half is minus the other."""
    contrasts = facet.analysis.get("interaction", [])
    for key in ("loss", "representation"):
        names = list(dict.fromkeys(row[key] for row in contrasts))
        if len(names) == 2:
            contrasts = [row for row in contrasts if row[key] == names[0]]
    return contrasts
