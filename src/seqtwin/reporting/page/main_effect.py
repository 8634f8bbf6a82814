"""The main effect of a study: the factor that moves the score most, its ends, and the factors that hardly matter.

Everything here is arithmetic on means over seeds. Whether it may be called a finding is decided by `headline`.
"""

from typing import TypedDict

import pandas as pd

from seqtwin.reporting.findings.refusals.claim import rope_of
from seqtwin.reporting.formatting import FAMILIES, digits, settled, short_key
from seqtwin.reporting.table.study_table import StudyTable

_LAST = ("the final state", "the output of one step")
_LAST_ROWS = frozenset({"final_hidden", "all_hidden", "final_cell", "last_output"})


_WORDS = {name: name for name in ("representation", "cell", "padding", "similarity")} | {
    "hidden": "hidden size", "layers": "number of layers", "epochs": "number of epochs", "bidirectional": "direction",
}  # fmt: skip


class Level(TypedDict):
    """A level of a factor and its mean over all other factors."""

    name: str
    value: str


class Effect(TypedDict):
    """The factor that moves the score most.

    `factor`: its name; `kind`: `family` if one family of representations scores above all others, `factor` if a factor
    moves the score by more than the region of practical equality, `none` if no factor does. `high`, `low`: its highest
    and lowest level. `least`, `most`: the smallest and the largest lead of the family over `rest` under one loss (mean
    of its cells minus mean of the others, averaged over further factors), or twice the lead of `high`. `several`:
    whether the loss varies; `alone`: whether no other factor does. `minor`: the factors that move the score by less
    than the region of practical equality.
    """

    kind: str
    factor: str
    family: str
    rest: str
    high: Level
    low: Level
    least: str
    most: str
    several: bool
    alone: bool
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
    effect = {**effect, "several": "loss" in factors, "alone": len(factors) == 1}
    return _of_family(effect, means[top], pairings) if top == "representation" and kind == "factor" else effect


def _is_dataset(table: StudyTable, key: str) -> bool:
    levels = set(table.meta["factors"].get(key, []))
    return bool(levels) and levels <= set(table.meta["datasets"])


def _complete(pairings: pd.DataFrame, factors: list[str]) -> bool:
    """Whether every combination of levels was run, without which means over other factors are not comparable."""
    number = 1
    for key in factors:
        number *= int(pairings[key].nunique())
    return number == len(pairings)


def _word(table: StudyTable, key: str) -> str:
    """A factor in words; a setting that has none by its name."""
    name = short_key(key)
    return table.nouns.column if key == "loss" else _WORDS.get(name, f"setting `{name}`")


def _effect(kind: str, factor: str, levels: "pd.Series[float]", minor: list[str]) -> Effect:
    high, low = (_level(levels, str(name)) for name in (levels.idxmax(), levels.idxmin()))
    lead = digits(float(levels.max() - levels.min()), 2)
    return {"kind": kind, "factor": factor, "family": "", "rest": "", "high": high, "low": low, "least": lead,
            "most": lead, "several": False, "alone": False, "minor": minor}  # fmt: skip


def _level(levels: "pd.Series[float]", name: str) -> Level:
    return {"name": name, "value": digits(float(levels[name]), 2)}


def _of_family(effect: Effect, rows: "pd.Series[float]", pairings: pd.DataFrame) -> Effect:
    """The effect as a lead of a family of representations, if all of its members score above all others.

    Under each loss, its mean must be above that of the others, too.
    """
    best = str(rows.idxmax())
    family = next((name for name, members in FAMILIES.items() if best in members), "")
    inside = [name for name in rows.index if name in FAMILIES.get(family, ())]
    outside = [name for name in rows.index if name not in inside]
    if len(inside) < 2 or not outside or rows[inside].min() <= rows[outside].max():
        return effect
    leads = _leads(pairings, inside)
    if leads.min() <= 0:
        return effect
    least, most = (digits(settled(float(end)), 2) for end in (leads.min(), leads.max()))
    rest = "the last state" if set(outside) <= _LAST_ROWS and family not in _LAST else "the others"
    return {**effect, "kind": "family", "family": family, "rest": rest, "least": least, "most": most}


def _leads(pairings: pd.DataFrame, inside: list[str]) -> "pd.Series[float]":
    """Under each loss, the mean of these representations minus the mean of all others."""
    within = pairings["representation"].isin(inside)
    sides = (pairings[part].groupby("loss", sort=False)["mean"].mean() for part in (within, ~within))
    ours, others = sides
    return ours - others


class Across(TypedDict):
    """The level of a factor that is near the best on most data sets.

    `on`: on how many of the data sets it is within the region of practical equality of the best; `of`: their number.
    `behind`: the level that loses most on one of them, and how much.
    """

    factor: str
    level: str
    on: int
    of: int
    behind: str
    loss: str


def across_datasets(table: StudyTable) -> Across | None:
    """The level that is near the best on most data sets, of the factor that moves the score most there.

    If several of its levels are near the best equally often, the next factor is taken. None if that is so of all, with
    fewer than two data sets, and without a complete grid on each.
    """
    parts = [part for _, part in table.pairings.groupby("dataset", sort=False)]
    keys = [key for key in (*table.meta["extra"], "representation", "loss") if not _is_dataset(table, key)]
    factors = [key for key in keys if all(part[key].nunique() > 1 for part in parts) and not _names_data(table, key)]
    whole = all(len(part) == len(part[factors].drop_duplicates()) and part["mean"].notna().all() for part in parts)
    if len(parts) < 2 or not factors or not whole:
        return None
    gaps = [(key, _gaps(parts, key)) for key in factors]
    gaps.sort(key=lambda one: -float(one[1].max(axis=0).mean()))
    found = (_near_best(_word(table, key), gap, rope_of(table)) for key, gap in gaps)
    return next((one for one in found if one), None)


def _near_best(factor: str, gaps: pd.DataFrame, rope: float) -> Across | None:
    """The level of a factor that is near the best most often; None if several are equally often."""
    near = (gaps < rope).sum(axis=1).sort_values(ascending=False, kind="stable")
    worst = gaps.max(axis=1)
    if (near == near.iloc[0]).sum() > 1:
        return None
    return {"factor": factor, "level": str(near.index[0]), "on": int(near.iloc[0]), "of": len(gaps.columns),
            "behind": str(worst.idxmax()), "loss": digits(settled(float(worst.max())), 2)}  # fmt: skip


def _names_data(table: StudyTable, key: str) -> bool:
    """Whether a factor varies between data sets instead of within one."""
    return bool(table.pairings.groupby("dataset")[key].nunique().max() == 1)


def _gaps(parts: list[pd.DataFrame], key: str) -> pd.DataFrame:
    """How far each level (rows) is behind the best level of each data set (columns)."""
    means = pd.concat([part.groupby(key, sort=False)["mean"].mean() for part in parts], axis=1)
    return means.max(axis=0) - means
