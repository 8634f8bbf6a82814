"""Heat maps: which rows and columns, which colours, what each cell says."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from seqtwin.reporting.formatting import digits, listed
from seqtwin.reporting.objective_words import nouns_of
from seqtwin.reporting.table.study_table import StudyTable

_PALE, _DEEP = (233, 240, 244), (15, 77, 107)
_DIM, _BRIGHT = (168, 188, 200), (13, 74, 106)
_FEWEST = 4.5

Colour = tuple[int, int, int]
Ends = tuple[float, float]
_INKS: tuple[Colour, Colour] = ((255, 255, 255), (22, 36, 44))


@dataclass(frozen=True)
class Facet:
    """One heat map: the pairings that share the labels of all further factors; `analysis`: what was tested of them."""

    labels: dict[str, str]
    rows: list[str]
    columns: list[str]
    pairings: pd.DataFrame
    analysis: dict[str, Any] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """`encoder.hidden = 64, ...`, empty when nothing further varies."""
        return ", ".join(f"{key} = {label}" for key, label in self.labels.items())

    @property
    def dataset(self) -> str:
        """The data set its study cells were trained on, as far as one of them says."""
        known = [name for name in self.pairings["dataset"] if name]
        return known[0] if known else ""

    @property
    def primary(self) -> str:
        """The primary metric, empty when no study cell finished."""
        known = [name for name in self.pairings["primary"] if name]
        return known[0] if known else ""

    @property
    def widths(self) -> list[int]:
        """The distinct widths of the compared vectors, smallest first."""
        return sorted({int(width) for width in self.pairings["dim_mean"].dropna()})

    def pairing(self, row: str, column: str) -> "pd.Series[Any] | None":
        """The pairing of a representation with a loss, None when it was not run."""
        found = self.pairings[(self.pairings["representation"] == row) & (self.pairings["loss"] == column)]
        return found.iloc[0] if len(found) else None

    def letters(self, row: str, column: str) -> str:
        """The tie letters of a pairing; empty where ties were not computed, or none is apart from another."""
        ties = self.analysis.get("ties", [])
        if len({tie["letters"] for tie in ties if tie["letters"]}) < 2:
            return ""
        found = [tie["letters"] for tie in ties if (tie["representation"], tie["loss"]) == (row, column)]
        return str(found[0]) if found else ""

    def share(self, pairing: Any) -> float:
        """Where a pairing's mean lies between the worst (0) and the best (1) of this heat map."""
        worst, best = self.pairings["mean"].min(), self.pairings["mean"].max()
        return float((pairing["mean"] - worst) / (best - worst)) if best > worst else float(pairing["mean"] * 0 + 1)


def facets(table: StudyTable) -> list[Facet]:
    """One facet per combination of the further factors, in the order of the study; best rows and columns first.

    Best over the whole study: a row, a column and a colour are the same in every heat map.
    """
    extra, pairings = table.meta["extra"], table.pairings
    known = [table.meta["factors"].get(key, []) for key in extra]
    found = []
    for labels in itertools.product(*known):
        part = pairings
        for key, label in zip(extra, labels, strict=True):
            part = part[part[key] == label]
        if len(part):
            found.append(_facet(table, dict(zip(extra, labels, strict=True)), part))
    return found


def _facet(table: StudyTable, labels: dict[str, str], part: pd.DataFrame) -> Facet:
    analysed = [one for one in table.analysis.get("facets", []) if one["labels"] == labels]
    found = analysed[0] if analysed else {}
    if table.meta.get("tier") == "quick":  # it describes: letters would be read as verdicts
        found = {**found, "ties": []}
    return Facet(labels, _ranked(table, part, "representation"), _ranked(table, part, "loss"), part, found)


def _ranked(table: StudyTable, part: pd.DataFrame, key: str) -> list[str]:
    """Labels of a heat map by their mean over all heat maps, best first; those without a value last."""
    means = table.pairings.groupby(key, sort=True)["mean"].mean().fillna(float("-inf"))
    there = set(part[key])
    return [str(name) for name in means.sort_values(ascending=False, kind="stable").index if name in there]


def spoken(table: StudyTable, pairing: Any) -> list[str]:
    """The labels that name a pairing in a sentence: its representation and its loss, or its head where these differ."""
    keys = ("representation", "loss") if _columns_differ(table) else ("representation",)
    return [str(pairing[key]) for key in keys if pairing[key]]


def _columns_differ(table: StudyTable) -> bool:
    return nouns_of(table.meta).paired or table.pairings["loss"].nunique() > 1


def pairing_name(table: StudyTable, pairing: Any) -> str:
    """`max_output with mse`, or the one label where only one is known."""
    return " with ".join(spoken(table, pairing)) or "the one pairing"


def heat_cell(
    name: str, pairing: Any, letters: str, share: float, seeds: list[float], marks: Sequence[tuple[str, str]],
    ends: Ends,
) -> dict[str, Any]:  # fmt: skip
    """What the template shows of one pairing; `share`: its place from worst (0) to best (1); last the strip's ends."""
    low, high = ends
    span, has_interval = (high - low) or 1.0, pd.notna(pairing["low"])
    half = (pairing["high"] - pairing["low"]) / 2
    spread = f"± {digits(half)}" if has_interval else "no interval" if seeds else "no result"
    says = [f"{name}: {digits(pairing['mean'])}"]
    says += [f"95 % interval {digits(pairing['low'])} to {digits(pairing['high'])}"] if has_interval else []
    says += [f"tie group {' and '.join(letters)}"] if letters else []
    says += [f"seeds {listed([digits(value) for value in seeds])}"] if seeds else ["no finished seed"]
    return {
        "value": digits(pairing["mean"]), "half": spread, "letters": letters,
        "style": style(share) if pd.notna(share) else "", "chosen": bool(pairing["chosen"]), "warnings": list(marks),
        "dots": [round(100 * min(max((value - low) / span, 0.0), 1.0), 1) for value in seeds],
        "says": "; ".join([*says, *(sentence for _, sentence in marks)]) + ".",
    }  # fmt: skip


def style(share: float) -> str:
    """The grounds and inks of a value between worst (0) and best (1), light and dark, as CSS variables."""
    (ground, text), (dark_ground, dark_text) = painted(share, _PALE, _DEEP), painted(share, _DIM, _BRIGHT)
    return f"--g:{ground};--t:{text};--gd:{dark_ground};--td:{dark_text}"


def painted(share: float, pale: Colour, deep: Colour) -> tuple[str, str]:
    """Ground and text colour of a value between pale (0) and deep (1); the text is always readable (4.5 : 1).

    >>> painted(1.0, (233, 240, 244), (15, 77, 107))
    ('#0f4d6b', '#ffffff')
    """
    share = min(max(share, 0.0), 1.0)
    # between the two inks lies a short stretch of grounds on which neither is readable: step over it
    steps = sorted(range(101), key=lambda step: abs(step / 100 - share))
    grounds = (_mixed(step / 100, pale, deep) for step in steps)
    ground, ink = next((g, ink) for g in grounds for ink in _INKS if contrast(g, ink) >= _FEWEST)
    return _hex(ground), _hex(ink)


def _mixed(share: float, pale: Colour, deep: Colour) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(pale, deep, strict=True))
    return red, green, blue


def contrast(a: Colour, b: Colour) -> float:
    """The contrast ratio of two colours, 1 to 21. Source: WCAG 2.1, relative luminance."""
    first, second = sorted((_luminance(a), _luminance(b)))
    return (second + 0.05) / (first + 0.05)


def _luminance(colour: Colour) -> float:
    parts = [value / 255 for value in colour]
    red, green, blue = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _hex(colour: Colour) -> str:
    return "#" + "".join(f"{value:02x}" for value in colour)


def strip_ends(values: "pd.Series[float]") -> tuple[float, float]:
    """Round ends that hold all values of a heat map.

    >>> strip_ends(pd.Series([0.912, 0.951]))
    (0.91, 0.96)
    """
    known = values.dropna()
    if not len(known):
        return 0.0, 1.0
    span = max(float(known.max() - known.min()), 0.01)
    step = next(s for s in (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 10.0) if span / s <= 6 or s == 10.0)
    low, high = (known.min() // step) * step, -(-known.max() // step) * step
    return round(float(low), 6), round(float(high if high > low else low + step), 6)
