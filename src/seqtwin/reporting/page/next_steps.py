"""The next steps that would change the verdict, computed from the study, most pressing first."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from seqtwin.reporting.analysis.records import VersusBest
from seqtwin.reporting.findings.refusals.rising import advice
from seqtwin.reporting.formatting import digits, known, listed
from seqtwin.reporting.page.cell_marks import STILL, Diagnoses, labels_of
from seqtwin.reporting.page.template_values import Row
from seqtwin.reporting.table.facet import Facet, pairing_name
from seqtwin.reporting.table.study_table import StudyTable

_Z = 1.959964
_FEW = 4
DECIDING = 10


def changes(table: StudyTable, facets: Sequence[Facet], diagnosed: Diagnoses) -> list[dict[str, str]]:
    """Each as `what` (the sentence) and `do` (the remedy)."""
    meta, says = table.meta, table.nouns.says
    steps = [
        *(_stuck(table, diagnosed) or _rising(table, diagnosed)),  # one advice on the epochs: the longer training
        *_tuning(table),
        *(_width(table, facet) for facet in facets),
        *_edges(table),
    ]
    leakages = [facts.get("leakage") for facts in meta["datasets"].values()]
    share = max((known(leakage["share"] if leakage else None) for leakage in leakages), default=0.0)
    if share > 0:
        steps.append({"what": says.leaking.format(share=f"{100 * share:.0f}"), "do": says.apart})
    if meta.get("missing"):
        steps.append(
            {
                "what": f"{len(meta['missing'])} planned study cells have no published result",
                "do": "Run the same command again. It trains only the missing cells.",
            }
        )
    if len(meta["datasets"]) < 2:
        steps.append(
            {
                "what": "Only one data set was studied",
                "do": "Add another data set to the study (`set:` over `data`) before generalising.",
            }
        )
    return [step for step in steps if step]


def _named(table: StudyTable, pairing: "VersusBest | Row") -> str:
    return f"`{pairing_name(table, pairing)}`"


def _stuck(table: StudyTable, diagnosed: Diagnoses) -> list[dict[str, str]]:
    names = [_named(table, row) for _, row in table.pairings.iterrows()
             if diagnosed[labels_of(table, row)].codes & {*STILL}]  # fmt: skip
    if not names:
        return []
    shown = listed(names) if len(names) <= _FEW else f"{', '.join(names[:_FEW])} and {len(names) - _FEW} more"
    verb = "has" if len(names) == 1 else "have"
    what = f"{shown} {verb} seeds that were still on the loss plateau when training ended"
    return [
        {
            "what": what,
            "do": f"{advice(table)} Until then they are not compared (R14).",
        }
    ]


def _rising(table: StudyTable, diagnosed: Diagnoses) -> list[dict[str, str]]:
    names = [_named(table, row) for _, row in table.pairings.iterrows()
             if "D18" in diagnosed[labels_of(table, row)].codes]  # fmt: skip
    if not names:
        return []
    shown = listed(names) if len(names) <= _FEW else f"{', '.join(names[:_FEW])} and {len(names) - _FEW} more"
    verb = "was" if len(names) == 1 else "were"
    return [
        {"what": f"{shown} {verb} still rising on validation data when training ended", "do": f"{advice(table)} (R15)"}
    ]


def _tuning(table: StudyTable) -> list[dict[str, str]]:
    meta = table.meta
    if meta.get("tuned"):
        return []
    tier = "--standard" if meta.get("tier") == "quick" else f"--{meta.get('tier')}"
    what = f"Nothing was tuned: {table.nouns.says.untuned}"
    steps = [{"what": what, "do": f"Run the study with {tier} and without --no-tune."}]
    if meta.get("tier") == "quick":
        what = f"{len(meta.get('seeds', []))} seeds can describe a difference but not establish it"
        steps.append(
            {
                "what": what,
                "do": f"Run the study with --standard ({DECIDING} paired seeds, comparisons declared in advance).",
            }
        )
    return steps


def _edges(table: StudyTable) -> list[dict[str, str]]:
    if "edge" not in table.results:
        return []
    rows = table.results.drop_duplicates([*table.meta["extra"], "representation", "loss"])
    at = [str(edge) for edge in rows["edge"] if isinstance(edge, str) and edge]
    if not at:
        return []
    keys = sorted({key for edge in at for key in edge.split(";")})
    number = f"{len(at)} pairing{'s' if len(at) > 1 else ''}"
    what = f"The best {listed(keys, 'or')} of {number} is at the edge of the search range"
    return [{"what": what, "do": "Widen the search there. Better values may be beyond the edge."}]


def _width(table: StudyTable, facet: Facet) -> dict[str, str]:
    """Whether seeds or test rows cause most of the uncertainty between the best pairing and the one nearest to it."""
    best = facet.analysis.get("best") or {}
    rows = [row for row in facet.analysis.get("versus_best", []) if not row["apart"] and row["low"] is not None]
    if not best or not rows:
        return {}
    other = min(rows, key=lambda row: abs(known(row["difference"])))
    one = table.results[_belongs(table, facet, best["representation"], best["loss"])]
    two = table.results[_belongs(table, facet, other["representation"], other["loss"])]
    per_seed = _paired(one, two, f"test_{facet.primary}")
    if len(per_seed) < 2:
        return {}
    seeds = float(np.std(per_seed, ddof=1)) / np.sqrt(len(per_seed))
    pairing = facet.pairing(other["representation"], other["loss"])
    whole = float("nan") if pairing is None else (pairing["difference_high"] - pairing["difference_low"]) / 2 / _Z
    if not whole >= 0:
        return {}
    rest = max(whole**2 - seeds**2, 0.0) ** 0.5
    return _sentence(table, facet, other, seeds, rest, len(per_seed))


def _belongs(table: StudyTable, facet: Facet, representation: str, loss: str) -> "pd.Series[bool]":
    rows = table.results
    chosen = (rows["representation"] == representation) & (rows["loss"] == loss) & (rows["status"] == "finished")
    for key, label in facet.labels.items():
        chosen &= rows[key] == label
    return chosen


def _paired(one: pd.DataFrame, two: pd.DataFrame, metric: str) -> list[float]:
    first, second = one.set_index("seed")[metric], two.set_index("seed")[metric]
    return [float(value) for value in (first - second).dropna()]


def _sentence(
    table: StudyTable, facet: Facet, other: VersusBest, seeds: float, pairs: float, number: int
) -> dict[str, str]:
    difference, name, nouns = known(other["difference"]), _named(table, other), table.nouns
    where, side = f" ({facet.title})" if facet.title else "", "lower" if difference >= 0 else "higher"
    parts = f"{digits(seeds)} of the spread comes from seeds, {digits(pairs)} from the choice of test {nouns.judged}"
    what = f"{name} scores {digits(abs(difference))} {side}{where}, not a significant difference: {parts}"
    if pairs > seeds:
        return {"what": what, "do": nouns.says.more}
    room = difference**2 / _Z**2 - pairs**2
    needed = int(np.ceil(number * seeds**2 / room)) if room > 0 else 0
    guess = f" If the difference stays the same, about {needed} seeds would show it." if number < needed < 200 else ""
    return {"what": what, "do": f"More seeds would narrow it most.{guess}"}
