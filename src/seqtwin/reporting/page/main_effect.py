"""The main effect of a study: what moves the score most, from where to where, and what hardly matters.

Everything here is arithmetic on means over seeds. Whether it may be called a finding is decided by `headline`.
"""

from typing import TypedDict

import pandas as pd

from seqtwin.reporting.findings.refusals.claim import rope_of
from seqtwin.reporting.formatting import FAMILIES, digits, settled, short_key
from seqtwin.reporting.table.study_table import StudyTable

_LAST = ("the final state", "the output of one step")
_LAST_ROWS = frozenset({"final_hidden", "all_hidden", "final_cell", "last_output"})


class Level(TypedDict):
    """A level of a factor and its mean over all other factors."""

    name: str
    value: str


class Effect(TypedDict):
    """What moves the score most.

    `factor`: its name; `kind`: `family` if one family of representations scores above all others, `factor` if a factor
    moves the score by more than the region of practical equality, `none` if no factor does. `high`, `low`: its highest
    and lowest level. `least`, `most`: the smallest and the largest lead of the family, or twice the lead of `high`.
    `minor`: the factors that move the score by less than the region of practical equality.
    """

    kind: str
    factor: str
    family: str
    rest: str
    high: Level
    low: Level
    least: str
    most: str
    minor: list[str]


def main_effect(table: StudyTable, pairings: pd.DataFrame) -> Effect | None:
    """The main effect on the pairings of one data set; None without a complete grid of at least two pairings."""
    factors = [key for key in (*table.meta["extra"], "representation", "loss") if pairings[key].nunique() > 1]
    factors = [key for key in factors if not _is_dataset(table, key)]
    if not factors or pairings["mean"].isna().any() or not _complete(pairings, factors):
        return None
    means = {key: pairings.groupby(key, sort=False)["mean"].mean() for key in factors}
    spreads = {key: settled(float(levels.max() - levels.min())) for key, levels in means.items()}
    top = max(factors, key=lambda key: spreads[key])
    rope = rope_of(table)
    kind = "factor" if spreads[top] >= rope else "none"
    minor = [_word(table, key) for key in factors if spreads[key] < rope and key != top]
    effect = _effect(kind, _word(table, top), means[top], minor)
    return _of_family(effect, means[top]) if top == "representation" and kind == "factor" else effect


def _is_dataset(table: StudyTable, key: str) -> bool:
    return set(table.meta["factors"].get(key, [])) <= set(table.meta["datasets"])


def _complete(pairings: pd.DataFrame, factors: list[str]) -> bool:
    """Whether every combination of levels was run, without which means over other factors are not comparable."""
    number = 1
    for key in factors:
        number *= int(pairings[key].nunique())
    return number == len(pairings)


def _word(table: StudyTable, key: str) -> str:
    return table.nouns.column if key == "loss" else short_key(key)


def _effect(kind: str, factor: str, levels: "pd.Series[float]", minor: list[str]) -> Effect:
    high, low = (_level(levels, str(name)) for name in (levels.idxmax(), levels.idxmin()))
    lead = digits(float(levels.max() - levels.min()), 2)
    return {"kind": kind, "factor": factor, "family": "", "rest": "", "high": high, "low": low, "least": lead,
            "most": lead, "minor": minor}  # fmt: skip


def _level(levels: "pd.Series[float]", name: str) -> Level:
    return {"name": name, "value": digits(float(levels[name]), 2)}


def _of_family(effect: Effect, rows: "pd.Series[float]") -> Effect:
    """The effect as a lead of a family of representations, if all of its members score above all others."""
    best = str(rows.idxmax())
    family = next((name for name, members in FAMILIES.items() if best in members), "")
    inside = [name for name in rows.index if name in FAMILIES.get(family, ())]
    outside = [name for name in rows.index if name not in inside]
    if len(inside) < 2 or not outside or rows[inside].min() <= rows[outside].max():
        return effect
    mean = float(rows[inside].mean())
    least, most = (digits(settled(mean - float(end)), 2) for end in (rows[outside].max(), rows[outside].min()))
    rest = "the last state" if set(outside) <= _LAST_ROWS and family not in _LAST else "the others"
    return {**effect, "kind": "family", "family": family, "rest": rest, "least": least, "most": most}
