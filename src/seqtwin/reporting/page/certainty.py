"""How sure the answer of a page is, and for whom it was measured: the facts of one line on its first screen."""

from typing import TypedDict

from seqtwin.reporting.formatting import listed, many
from seqtwin.reporting.page import methods
from seqtwin.reporting.table.study_table import StudyTable

_MOST_NAMED = 3


class Certainty(TypedDict):
    """`seeds`, `test`, `scope` as text: number of seeds, of test rows, and what was tested."""

    quick: bool
    tuned: bool
    seeds: str
    test: str
    comparisons: int
    scope: str


def certainty(table: StudyTable) -> Certainty:
    """The facts of the line on certainty."""
    meta = table.meta
    rows = [facts["pairs"].get("test", 0) for facts in meta["datasets"].values()]
    few, most = (min(rows), max(rows)) if rows else (0, 0)
    comparisons = len((meta.get("plan") or {}).get("comparisons") or [])
    return {
        "quick": meta.get("tier") == "quick", "tuned": bool(meta.get("tuned")),
        "seeds": many(len(meta.get("seeds", [])), "seed"),
        "test": f"{few:,}" if few == most else f"{few:,} to {most:,}", "comparisons": comparisons,
        "scope": _scope(table),
    }  # fmt: skip


def _scope(table: StudyTable) -> str:
    names = list(table.meta["datasets"])
    data = listed(names) if 0 < len(names) <= _MOST_NAMED else f"{len(names)} data sets"
    encoder = methods.encoder_of(table.meta)
    article = "an " if encoder[:1].lower() in "aeiou" or encoder.startswith(("LSTM", "RNN")) else "a "
    article = "" if encoder.startswith("no ") else article
    return f"{data}, with {article}{encoder}" if encoder else data
