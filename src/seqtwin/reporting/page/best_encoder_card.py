"""The model card of the chosen pairing: what it is, how to load it, what it can and cannot do."""

import json
from collections.abc import Mapping
from typing import Any

from seqtwin.reporting.objective_words import nouns_of
from seqtwin.reporting.page.cell_marks import keys_of
from seqtwin.reporting.page.evidence_tables import settings
from seqtwin.reporting.table.study_table import StudyTable

_SHARED = ("meta", "cautions", "few_examples", "methods", "commands", "deviation", "hashes", "cards")


def card(table: StudyTable, page: Mapping[str, Any]) -> dict[str, Any]:
    """What the template of the card takes; empty when nothing finished. `page`: the context of the report page.

    Where the study has several data sets, the card is that of the first one.
    """
    chosen = table.pairings[table.pairings["chosen"] == 1]
    if not len(chosen) or not page["answers"]:
        return {}
    best = chosen.iloc[0]
    rows = table.results[table.results["status"] == "finished"]
    for key in keys_of(table):
        rows = rows[rows[key] == best[key]]
    metric = f"dev_{best['primary']}"
    cell = rows.sort_values([metric, "seed"], ascending=[False, True], kind="stable").iloc[0]
    part = next(one for one in page["facets"] if any(row["label"] == best["representation"] for row in one["rows"])
                and one["dataset"] == best["dataset"])  # fmt: skip
    answer = page["answers"][0]
    return {
        **{name: page[name] for name in _SHARED},
        "answer": answer, "cell": {key: cell[key] for key in cell.index}, "floors": part["floors"],
        "changes": _changes(cell), "parameters": int(cell["parameters"]), "dim": int(cell["dim"]),
        "kind": _kind(table, cell), "nouns": nouns_of(table.meta),
        "facts": table.meta["datasets"].get(best["dataset"], {}), "dataset": best["dataset"],
        "own": [mark for one in page["cards"] for mark in _own(one, answer["best"])],
    }  # fmt: skip


def _kind(table: StudyTable, cell: Any) -> str:
    similarity = cell["similarity"] or "the similarity of its loss"
    return nouns_of(table.meta).says["kind"].format(similarity=similarity)


def _changes(cell: Any) -> str:
    text = cell.get("changes", "")
    return settings(json.loads(text)) if isinstance(text, str) and text else ""


def _own(one: Mapping[str, Any], best: Mapping[str, Any]) -> list[str]:
    return [f"{one['cause']}: {mark['evidence']}" for mark in one["marks"] if mark["parts"] == best["parts"]
            and mark["further"] == best["further"]]  # fmt: skip
