"""The model card of the chosen pairing: what it is, how to load it, what it can and cannot do."""

import json
from collections.abc import Mapping, Sequence

from seqtwin.reporting.page.cell_marks import keys_of
from seqtwin.reporting.page.evidence_tables import settings
from seqtwin.reporting.page.template_values import Answer, Card, Context, FacetPart, Named, Row
from seqtwin.reporting.table.study_table import StudyTable

_SHARED = ("meta", "cautions", "few_examples", "methods", "commands", "deviation", "hashes", "cards")


def card(
    table: StudyTable,
    page: Mapping[str, object],
    answers: Sequence[Answer],
    parts: Sequence[FacetPart],
    cards: Sequence[Card],
) -> Context:
    """Values for the template of the card, empty when no study cell finished.

    `page`: context of the report page; `parts`: its heat maps; `cards`: its causes. If the study has several data
    sets, the card describes the pairing chosen on the first one.
    """
    chosen = table.pairings[table.pairings["chosen"] == 1]
    if not len(chosen) or not answers:
        return {}
    best = chosen.iloc[0]
    rows = table.results[table.results["status"] == "finished"]
    for key in keys_of(table):
        rows = rows[rows[key] == best[key]]
    metric = f"dev_{best['primary']}"
    cell = rows.sort_values([metric, "seed"], ascending=[False, True], kind="stable").iloc[0]
    part = next(part for part in parts if any(row["label"] == best["representation"] for row in part["rows"])
                and part["dataset"] == best["dataset"])  # fmt: skip
    answer = answers[0]
    return {
        **{name: page[name] for name in _SHARED},
        "answer": answer, "cell": {key: cell[key] for key in cell.index}, "floors": part["floors"],
        "changes": _changes(cell), "parameters": int(cell["parameters"]), "dim": int(cell["dim"]),
        "kind": _kind(table, cell), "nouns": table.nouns,
        "facts": table.meta["datasets"].get(best["dataset"], {}), "dataset": best["dataset"],
        "own": [text for cause in cards for text in _evidence(cause, answer["best"])],
    }  # fmt: skip


def _kind(table: StudyTable, cell: Row) -> str:
    similarity = cell["similarity"] or "the similarity of its loss"
    return table.nouns.says.kind.format(similarity=similarity)


def _changes(cell: Row) -> str:
    text = cell.get("changes", "")
    return settings(json.loads(text)) if isinstance(text, str) and text else ""


def _evidence(cause: Card, best: Named) -> list[str]:
    return [f"{cause['cause']}: {mark['evidence']}" for mark in cause["marks"] if mark["parts"] == best["parts"]
            and mark["further"] == best["further"]]  # fmt: skip
