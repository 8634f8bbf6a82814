"""Which cells of a heat map are marked and why: states of seeds, and diagnostics that fired."""

from collections.abc import Mapping, Sequence
from typing import Any

from seqtwin.reporting.findings.diagnose import Diagnosis, Finding, of_table
from seqtwin.reporting.findings.rules import DEVIATES, RULES
from seqtwin.reporting.formatting import digits, short_key, slug, tiny
from seqtwin.reporting.objective_words import nouns_of
from seqtwin.reporting.table.facet import Facet, spoken
from seqtwin.reporting.table.pairings import STATES
from seqtwin.reporting.table.study_table import StudyTable

Labels = tuple[str, ...]
Diagnoses = Mapping[Labels, Diagnosis]
GRAVE = frozenset({"D1", "D9", "D10", "D16", "D17", "E1", "E2", "E3", "X1", "X2"})
STILL = ("D1", "D16", "D17")
LOWEST = 1 / 3
STATE_CAUSES = {
    "failed": ("Some seeds failed", "They count as planned seeds but are left out of the mean. Their errors are listed below."),
    "oom": ("Some seeds ran out of memory", "They count as planned seeds but are left out of the mean."),
    "diverged": ("Some seeds diverged", "The mean is that of the remaining seeds (R06)."),
    "collapsed": ("Some seeds collapsed to {collapsed}", "The mean is that of the remaining seeds (R06)."),
}
_REMEDIES = {"oom": "Lower fit.batch.", "diverged": "Lower the learning rate.", "collapsed": "See its diagnostics."}
_STATE_WORDS = {"oom": "ran out of memory"}


def keys_of(table: StudyTable) -> list[str]:
    """The columns that name a pairing."""
    return [*table.meta["extra"], "representation", "loss"]


def labels_of(table: StudyTable, row: Any) -> Labels:
    """The labels of a pairing, in the order of `keys_of`."""
    return tuple(str(row[key]) for key in keys_of(table))


def diagnoses(table: StudyTable) -> dict[Labels, Diagnosis]:
    """The diagnosis of every pairing over its seeds."""
    found = {}
    for _, pairing in table.pairings.iterrows():
        rows = table.results
        for key in keys_of(table):
            rows = rows[rows[key] == pairing[key]]
        found[labels_of(table, pairing)] = of_table(table, {key: str(pairing[key]) for key in keys_of(table)}, rows)
    return found


def marked(pairing: Any, facet: Facet, diagnosis: Diagnosis) -> list[Finding]:
    """The findings that mark a cell: the grave ones wherever they fire, the others in the lowest third of its map."""
    low = not facet.share(pairing) > LOWEST
    found = [finding for finding in diagnosis.findings if finding.code in GRAVE or low]
    return _as_one(found) + _deviating(pairing, diagnosis)


def _as_one(found: list[Finding]) -> list[Finding]:
    """A loss that stands on its plateau fires up to three rules: one cause, one card, all that was measured."""
    same = [one for one in found if one.code in STILL]
    if len(same) < 2:
        return found
    first = max(same, key=lambda one: STILL.index(one.code))
    evidence = "; ".join(one.evidence for one in same)
    merged = Finding(first.code, first.name, evidence, first.says, first.remedy)
    return [merged, *(one for one in found if one.code not in STILL)]


def _deviating(pairing: Any, diagnosis: Diagnosis) -> list[Finding]:
    """One seed whose vectors depend on their batch-mates is one too many, also where most seeds are well."""
    if not pairing["batch_deviation"] > DEVIATES or diagnosis.codes & {"E1", "E2", "E3"}:
        return []
    rule = RULES["E2"]
    evidence = f"{rule.shown[0][0]}: {tiny(pairing['batch_deviation'])} in at least one seed"
    return [Finding(rule.code, rule.name, evidence, rule.says, rule.remedy)]


def states(pairing: Any) -> list[tuple[str, str]]:
    """Seeds that did not finish as they should: (state, sentence) each."""
    return [(state, f"{int(pairing[state])} of {int(pairing['planned'])} seeds {_STATE_WORDS.get(state, state)}")
            for state in STATES[1:] if pairing[state]]  # fmt: skip


def of_cell(pairing: Any, facet: Facet, diagnosis: Diagnosis) -> list[tuple[str, str]]:
    """The marks of a cell: (id of the card that explains it, sentence)."""
    found = [(slug(one.code), f"{one.name}: {one.evidence}") for one in marked(pairing, facet, diagnosis)]
    return states(pairing) + found


def cards(table: StudyTable, facets: Sequence[Facet], found: Diagnoses) -> list[dict[str, Any]]:
    """One card per distinct cause: what it means, what to do, and the pairings it marks with what was measured."""
    told: dict[str, dict[str, Any]] = {}
    for facet in facets:
        for _, pairing in facet.pairings.iterrows():
            for card, evidence in _causes(table, pairing, facet, found[labels_of(table, pairing)]):
                entry = told.setdefault(card["id"], {**card, "marks": []})
                entry["marks"].append({**named(table, pairing), "evidence": evidence})
    return sorted(told.values(), key=lambda card: (card["rank"], -len(card["marks"])))


def _causes(table: StudyTable, pairing: Any, facet: Facet, diagnosis: Diagnosis) -> list[tuple[dict[str, Any], str]]:
    found = []
    for state, sentence in states(pairing):
        cause, means = STATE_CAUSES[state]
        cause = cause.format(collapsed=nouns_of(table.meta).says["collapsed"])
        card = {"id": state, "code": "", "cause": cause, "means": means, "remedy": _REMEDIES.get(state, ""), "rank": 0}
        found.append((card, sentence))
    for one in marked(pairing, facet, diagnosis):
        card = {"id": slug(one.code), "code": one.code, "cause": one.name, "means": one.says, "remedy": one.remedy,
                "rank": 1 if one.code in GRAVE else 2}  # fmt: skip
        found.append((card, one.evidence))
    return found


def named(table: StudyTable, pairing: Any) -> dict[str, Any]:
    """A pairing as the templates name it: labels, further factors other than the data set, value."""
    further = [f"{short_key(key)} {pairing[key]}" for key in table.meta["extra"] if pairing[key] != pairing["dataset"]]
    return {"parts": spoken(table, pairing), "further": ", ".join(further), "value": digits(pairing["mean"])}
