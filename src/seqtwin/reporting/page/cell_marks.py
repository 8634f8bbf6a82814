"""The marks of heat-map cells and their causes: states of seeds, and diagnostics that fired."""

from collections.abc import Mapping, Sequence

from seqtwin.reporting.findings.diagnose import Diagnosis, Finding, diagnose_pairing
from seqtwin.reporting.findings.refusals.no_contrast import at_ceiling
from seqtwin.reporting.findings.rules import DEVIATES, RULES
from seqtwin.reporting.formatting import digits, short_key, slug, tiny
from seqtwin.reporting.page.template_values import Card, Cause, Named, Row
from seqtwin.reporting.table.facet import Facet, spoken
from seqtwin.reporting.table.pairings import STATES
from seqtwin.reporting.table.study_table import StudyTable

Labels = tuple[str, ...]
Diagnoses = Mapping[Labels, Diagnosis]
GRAVE = frozenset({"D1", "D9", "D10", "D16", "D17", "D18", "E1", "E2", "E3", "X1", "X2"})
STILL = ("D1", "D16", "D17")
_STILL_LABELS = ("dead loss", "not trained yet")
LOWEST = 1 / 3
STATE_CAUSES = {
    "failed": (
        "Some seeds failed",
        "They are left out of the mean, not of the count. Their errors are listed below.",
    ),
    "oom": ("Some seeds ran out of memory", "They are left out of the mean, not of the count."),
    "diverged": ("Some seeds diverged", "The mean covers the remaining seeds (R06)."),
    "collapsed": ("Some seeds collapsed to {collapsed}", "The mean covers the remaining seeds (R06)."),
}
_REMEDIES = {"oom": "Lower fit.batch.", "diverged": "Lower the learning rate.", "collapsed": "See its diagnostics."}
_STATE_WORDS = {"oom": "ran out of memory"}


def keys_of(table: StudyTable) -> list[str]:
    """The columns that name a pairing."""
    return [*table.meta["extra"], "representation", "loss"]


def labels_of(table: StudyTable, row: Row) -> Labels:
    """The labels of a pairing, in the order of `keys_of`."""
    return tuple(str(row[key]) for key in keys_of(table))


def diagnoses(table: StudyTable) -> dict[Labels, Diagnosis]:
    """The diagnosis of every pairing over its seeds."""
    by_labels = {}
    for _, pairing in table.pairings.iterrows():
        rows = table.results
        for key in keys_of(table):
            rows = rows[rows[key] == pairing[key]]
        found = diagnose_pairing(table, {key: str(pairing[key]) for key in keys_of(table)}, rows)
        by_labels[labels_of(table, pairing)] = _learned(found) if at_ceiling(table, pairing) else found
    return by_labels


def _learned(diagnosis: Diagnosis) -> Diagnosis:
    """The diagnosis of a pairing at the ceiling, where a loss on its plateau is no fault."""
    findings = tuple(finding for finding in diagnosis.findings if finding.code not in STILL)
    return Diagnosis("healthy" if diagnosis.label in _STILL_LABELS else diagnosis.label, findings)


def marked(pairing: Row, facet: Facet, diagnosis: Diagnosis) -> list[Finding]:
    """The findings that mark a cell: grave ones always, others only in the lowest third of the heat map."""
    low = not facet.share(pairing) > LOWEST
    findings = [finding for finding in diagnosis.findings if finding.code in GRAVE or low]
    return _merge_plateau(findings) + _deviating(pairing, diagnosis)


def _merge_plateau(findings: list[Finding]) -> list[Finding]:
    """The same findings; the up to three that a loss still on its plateau fires become one with all the evidence."""
    still = [finding for finding in findings if finding.code in STILL]
    if len(still) < 2:
        return findings
    first = max(still, key=lambda finding: STILL.index(finding.code))
    evidence = "; ".join(finding.evidence for finding in still)
    merged = Finding(first.code, first.name, evidence, first.says, first.remedy)
    return [merged, *(finding for finding in findings if finding.code not in STILL)]


def _deviating(pairing: Row, diagnosis: Diagnosis) -> list[Finding]:
    """E2 if the vectors of any seed depend on the rest of their batch, even if most seeds are healthy."""
    if not pairing["batch_deviation"] > DEVIATES or diagnosis.codes & {"E1", "E2", "E3"}:
        return []
    rule = RULES["E2"]
    evidence = f"{rule.shown[0][0]}: {tiny(pairing['batch_deviation'])} in at least one seed"
    return [Finding(rule.code, rule.name, evidence, rule.says, rule.remedy)]


def states(pairing: Row) -> list[tuple[str, str]]:
    """Seeds that failed, diverged or collapsed: (state, sentence) for each state."""
    return [(state, f"{int(pairing[state])} of {int(pairing['planned'])} seeds {_STATE_WORDS.get(state, state)}")
            for state in STATES[1:] if pairing[state]]  # fmt: skip


def warnings(pairing: Row, facet: Facet, diagnosis: Diagnosis) -> list[tuple[str, str]]:
    """The marks of a cell: (id of the card that explains it, sentence)."""
    findings = marked(pairing, facet, diagnosis)
    return states(pairing) + [(slug(finding.code), f"{finding.name}: {finding.evidence}") for finding in findings]


def cards(table: StudyTable, facets: Sequence[Facet], diagnosed: Diagnoses) -> list[Card]:
    """One card per distinct cause: what it means, what to do, and the pairings it marks with the evidence."""
    by_id: dict[str, Card] = {}
    for facet in facets:
        for _, pairing in facet.pairings.iterrows():
            for cause, evidence in _causes(table, pairing, facet, diagnosed[labels_of(table, pairing)]):
                card = by_id.setdefault(cause["id"], {**cause, "marks": []})
                card["marks"].append({**named(table, pairing), "evidence": evidence})
    return sorted(_with_one_advice(list(by_id.values())), key=lambda card: (card["rank"], -len(card["marks"])))


def _with_one_advice(cards: list[Card]) -> list[Card]:
    """The same cards; where a loss is on its plateau, pairings still rising get the advice to train longest, too."""
    if not any(card["code"] in {"D16", "D17"} for card in cards):
        return cards
    longest = RULES["D17"].remedy
    return [{**card, "remedy": longest} if card["code"] == "D18" else card for card in cards]


def _causes(table: StudyTable, pairing: Row, facet: Facet, diagnosis: Diagnosis) -> list[tuple[Cause, str]]:
    """The causes that mark a pairing, each with its evidence."""
    causes: list[tuple[Cause, str]] = []
    for state, sentence in states(pairing):
        name, means = STATE_CAUSES[state]
        name = name.format(collapsed=table.nouns.says.collapsed)
        remedy = _REMEDIES.get(state, "")
        causes.append(({"id": state, "code": "", "cause": name, "means": means, "remedy": remedy, "rank": 0}, sentence))
    return causes + [(_cause(finding), finding.evidence) for finding in marked(pairing, facet, diagnosis)]


def _cause(finding: Finding) -> Cause:
    rank = 1 if finding.code in GRAVE else 2
    return {"id": slug(finding.code), "code": finding.code, "cause": finding.name, "means": finding.says,
            "remedy": finding.remedy, "rank": rank}  # fmt: skip


def named(table: StudyTable, pairing: Row) -> Named:
    """A pairing as the templates show it: labels, further factors other than the data set, value."""
    further = [f"{short_key(key)} {pairing[key]}" for key in table.meta["extra"] if pairing[key] != pairing["dataset"]]
    return {"parts": spoken(table, pairing), "further": ", ".join(further), "value": digits(pairing["mean"])}
