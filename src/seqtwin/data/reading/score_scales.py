"""What the labels or scores of a column mean: which words are "same", which scale the numbers have, and why."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from seqtwin.data.files.columns import numbers, shown
from seqtwin.data.files.tables import Table, column
from seqtwin.data.label_words import EXPECTED, ROUNDING, Labels, check_labels, label_value
from seqtwin.errors import DataError

Scale = tuple[float, float]

OWN_WORDS = "define your own words: --labels duplicate=1,other=0 (in a config data.labels: {duplicate: 1, other: 0})"
USUAL_LOWS, USUAL_HIGHS = (0.0, 1.0, -1.0), (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 10.0, 100.0)
NEARLY_ALL = 0.9
OPPOSITES = frozenset({"different", "distance", "dissimilarity", "dissimilar", "distinct", "mismatch"})
NEAR_END = 0.05  # of the width of a scale, for scores that are no whole numbers
SHOWN_WORDS = 8
FEW_WORDS = 4


@dataclass(frozen=True)
class Target:
    """What the labels of a column were taken to mean. `scale`: None for labels; `words`: how often each label word
    occurs; `own`: what they were declared to mean; `why`: how the scale came about, empty where it was declared.
    """

    name: str
    scale: Scale | None = None
    observed: Scale | None = None
    words: Mapping[str, int] = field(default_factory=dict)
    why: str = ""
    own: Labels | None = None

    @property
    def role(self) -> str:
        """The key of a config that names such a column."""
        return "label" if self.scale is None else "score"


def read_labels(table: Table, name: str, own: Labels | None = None) -> np.ndarray:
    """Targets 0 and 1 of a column of label words; what is none of them is a problem of its row.

    Raises: DataError where hardly any row has a known word: then the words themselves are what is wrong.
    """
    values = column(table, name)
    found = [label_value(value, own) for value in values]
    unknown = [row for row, target in enumerate(found) if target is None]
    if values and len(unknown) > len(values) / 2:
        raise _unknown_words(table, name, own)
    used = sorted({str(value).strip() for value, target in zip(values, found, strict=True) if target is not None})
    for row in unknown:
        table.report(row, name, f"expected {_expected(own, used)}, found {shown(values[row])}")
    return np.array([np.nan if target is None else target for target in found])


def _expected(own: Labels | None, used: Sequence[str] = ()) -> str:
    """The words that are known: one's own, those of the other rows where these are few, or all."""
    if own is not None:
        return " or ".join(own)
    return f"{' or '.join(used)}, as in the other rows" if 0 < len(used) <= FEW_WORDS else EXPECTED


def _unknown_words(table: Table, name: str, own: Labels | None) -> DataError:
    counts = Counter(str(value).strip() for value in column(table, name))
    listed = ", ".join(f"'{word[:40]}'" for word, _ in counts.most_common(SHOWN_WORDS))
    more = f" and {len(counts) - SHOWN_WORDS} more" if len(counts) > SHOWN_WORDS else ""
    cause = f"column '{name}': which labels mean same? found {listed}{more}; known: {_expected(own)}"
    return DataError("DATA_LABELS", cause, place=table.place, remedy=OWN_WORDS)


def read_scores(table: Table, name: str, scale: Sequence[float] | None) -> np.ndarray:
    """Targets in [0, 1]: (score - low) / (high - low). A score beyond an end by rounding alone is that end.

    Raises: DataError when no scale is declared and there are scores besides 0 and 1.
    """
    raw = numbers(table, name)
    low, high = scale or (0.0, 1.0)
    raw = snapped(raw, low, high)
    known = raw[~np.isnan(raw)]
    if scale is None and not np.isin(known, (0.0, 1.0)).all():
        raise _undeclared(table, name, known)
    for row in np.flatnonzero((raw < low) | (raw > high)):
        value = column(table, name)[row]
        observed = f"observed range {known.min():g} to {known.max():g}"
        table.report(int(row), name, f"{value} is outside the scale {low:g} to {high:g} ({observed})")
    return np.asarray((raw - low) / (high - low))


def _undeclared(table: Table, name: str, known: np.ndarray) -> DataError:
    least, most = known.min(), known.max()
    cause = f"column '{name}' is not binary: its values range from {least:g} to {most:g}, and no scale is declared"
    remedy = f"declare the full range that a score can take, for example scale: [{min(least, 0):g}, {most:g}]"
    return DataError("DATA_SCALE_UNDECLARED", cause, place=table.place, remedy=remedy)


def snapped(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """The values, with those that rounding put just beyond an end of the scale moved onto it.

    >>> snapped(np.array([1.0000001, -1e-9, 0.5, 1.1]), 0, 1).tolist()
    [1.0, 0.0, 0.5, 1.1]
    """
    near = ROUNDING * (high - low)
    values = np.where((values > high) & (values <= high + near), high, values)
    return np.where((values < low) & (values >= low - near), low, values)


def look_at_target(
    table: Table, name: str, *, scale: Sequence[float] | None = None, labels: Labels | None = None
) -> Target:
    """What the labels of a column mean. What is declared is taken as it is; a scale is guessed only where the scores
    reach both of its ends.

    Raises: DataError for values that are neither labels nor scores, and for numbers whose scale must be declared.
    """
    if labels is not None and scale is not None:
        cause = "labels and a scale were both given: labels are for words, a scale is for scores"
        raise DataError("DATA_TARGET", cause, place=table.place, remedy="leave one of them out")
    if labels is not None:
        return _labels(table, name, check_labels(labels))
    _refuse_opposite(table, name)
    _refuse_commas(table, name)
    words = [label_value(value) for value in column(table, name)]
    known = sum(word is not None for word in words)
    if scale is None and known >= NEARLY_ALL * len(words):
        return _labels(table, name, None, _not_binary(table, name, words))
    if not any(_is_number(value) for value in column(table, name)):
        raise _unknown_words(table, name, None)
    raw = numbers(table, name)
    table.finish("correct or remove these rows first")
    low, high = float(raw.min()), float(raw.max())
    if scale is not None:
        return Target(name, (float(scale[0]), float(scale[1])), (low, high))
    _refuse_outliers(table, name, raw)
    return _guessed(table, name, raw)


def _is_number(value: Any) -> bool:
    try:
        return bool(np.isfinite(float(value)))
    except (TypeError, ValueError, OverflowError):
        return False


def _not_binary(table: Table, name: str, words: Sequence[float | None]) -> str:
    """The remedy for a column of 0 and 1 in which a few rows have something else."""
    odd = [value for value, word in zip(column(table, name), words, strict=True) if word is None]
    scores = odd and all(_is_number(value) for value in odd)
    graded = "; if these are scores on a longer scale, declare it: --scale LOW HIGH (data.scale)" if scores else ""
    return f"correct or remove these rows{graded}"


def _labels(table: Table, name: str, own: Labels | None, remedy: str = "correct or remove these rows") -> Target:
    read_labels(table, name, own)
    table.finish(remedy)
    counts = Counter(str(value).strip() for value in column(table, name) if value is not None)
    return Target(name, words=dict(counts.most_common()), own=own)


def _guessed(table: Table, name: str, raw: np.ndarray) -> Target:
    scale = None if _classes_of_three(name, raw) else likely_scale(raw)
    low, high = float(raw.min()), float(raw.max())
    if scale is None:
        cause = (
            f"column '{name}' has numbers from {low:g} to {high:g}: whether these are scores, and of which scale, "
            "cannot be guessed"
        )
        remedy = "declare it: --scale LOW HIGH (data.scale), for example --scale 1 5"
        values = np.unique(raw)
        if len(values) in (2, 3, 4):
            words = ",".join(f"{value:g}={int(value == high)}" for value in values)
            remedy += f"; or, for labels, say what each means: --labels {words} (data.labels)"
        raise DataError("DATA_SCALE_UNDECLARED", cause, place=table.place, remedy=remedy)
    why = f"guessed, because the values run from {low:g} to {high:g}; set it with --scale LOW HIGH (data.scale)"
    return Target(name, scale, (low, high), why=why)


def _refuse_opposite(table: Table, name: str) -> None:
    """Raises: DataError for a column whose name says that more of it means less alike."""
    words = OPPOSITES.intersection(re.split(r"[^a-z]+", name.lower()))
    if words:
        cause = f"column '{name}': by its name, larger values mean less alike, and here larger means more alike"
        remedy = "turn it round in the file; or, for labels, say what each means: --labels 1=0,0=1 (data.labels)"
        raise DataError("DATA_OPPOSITE", cause, place=table.place, remedy=remedy)


def _refuse_commas(table: Table, name: str) -> None:
    """Raises: DataError for numbers with decimal commas."""
    values = [str(value).strip() for value in column(table, name)]
    commas = [value for value in values if re.fullmatch(r"[+-]?\d+,\d+", value)]
    if len(commas) > len(values) / 4:
        cause = f"column '{name}' has numbers with decimal commas, such as {commas[0]}"
        raise DataError("DATA_DECIMAL", cause, place=table.place, remedy=f"write {commas[0].replace(',', '.')}")


def _refuse_outliers(table: Table, name: str, raw: np.ndarray) -> None:
    """Raises: DataError for a few values far above the others, which lie between 0 and 1."""
    inside = (raw >= 0) & (snapped(raw, 0, 1) <= 1)
    fractions = bool((raw[inside] != np.round(raw[inside])).any())
    if fractions and NEARLY_ALL * len(raw) <= inside.sum() < len(raw):
        for row in np.flatnonzero(~inside):
            table.report(int(row), name, f"{raw[row]:g} is far from the other values, which lie between 0 and 1")
        table.finish(
            "correct or remove these rows; if they are right, declare the scale: --scale LOW HIGH (data.scale)"
        )


def _classes_of_three(name: str, raw: np.ndarray) -> bool:
    """Whether these are rather three classes than scores: 0, 1 and 2 in a column that is not called a score."""
    called = {"score", "similarity", "relatedness", "rating", "relevance"}.isdisjoint(
        name.lower().replace("-", "_").split("_")
    )
    return called and set(np.unique(raw).tolist()) == {0.0, 1.0, 2.0}


def likely_scale(values: np.ndarray) -> Scale | None:
    """The usual scale whose both ends the values reach; None where they reach those of none.

    The ends must be reached exactly; fractions on the scales 0 to 1 and -1 to 1 may miss them by a twentieth.

    >>> likely_scale(np.array([0.02, 0.98])), likely_scale(np.array([0, 3, 5])), likely_scale(np.array([2, 3, 4]))
    ((0.0, 1.0), (0.0, 5.0), None)
    """
    usual = [(low, high) for high in USUAL_HIGHS for low in USUAL_LOWS if low < high and (low >= 0 or high == 1)]
    return next((scale for scale in usual if scale != (1.0, 2.0) and _reaches(values, *scale)), None)


def _reaches(values: np.ndarray, low: float, high: float) -> bool:
    moved = snapped(values, low, high)
    near = 0.0 if high > 1 or (moved == np.round(moved)).all() else NEAR_END * (high - low)
    least, most = float(moved.min()), float(moved.max())
    return low <= least <= low + near and high - near <= most <= high
