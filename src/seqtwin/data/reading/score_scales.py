"""The meaning of a column of labels or scores: label words and their values, or the scale of the scores."""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from seqtwin.data.files.columns import numbers, shown
from seqtwin.data.files.number_formats import as_float
from seqtwin.data.files.tables import Table, column
from seqtwin.data.label_words import EXPECTED, ROUNDING, Labels, check_labels, label_value
from seqtwin.errors import DataError

Scale = tuple[float, float]

OWN_WORDS = "define your own words: --labels duplicate=1,other=0 (in a config: data.labels: {duplicate: 1, other: 0})"
USUAL_LOWS, USUAL_HIGHS = (0.0, 1.0, -1.0), (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 10.0, 100.0)
NEARLY_ALL = 0.9
OPPOSITES = frozenset({"different", "distance", "dissimilarity", "dissimilar", "distinct", "mismatch"})
NEAR_END = 0.05  # share of the width of a scale, for scores with fractions
SHOWN_WORDS = 8
FEW_WORDS = 4


@dataclass(frozen=True)
class Target:
    """The meaning of a column of labels or scores.

    `scale`: None for labels; `observed`: range of the scores; `words`: rows per label word; `own`: declared values of
    the label words; `why`: the reason for a guessed scale, empty for a declared one.
    """

    name: str
    scale: Scale | None = None
    observed: Scale | None = None
    words: Mapping[str, int] = field(default_factory=dict)
    why: str = ""
    own: Labels | None = None

    @property
    def role(self) -> str:
        """The key of the data section for this column: label or score."""
        return "label" if self.scale is None else "score"


def read_labels(table: Table, name: str, own: Labels | None = None) -> np.ndarray:
    """The targets of a column of label words: Float[rows], 0 or 1. Unknown words are reported as problems.

    Raises: DataError if most words are unknown.
    """
    values = column(table, name)
    targets = [label_value(value, own) for value in values]
    unknown = [row for row, target in enumerate(targets) if target is None]
    if values and len(unknown) > len(values) / 2:
        raise _unknown_words(table, name, own)
    used = sorted({str(value).strip() for value, target in zip(values, targets, strict=True) if target is not None})
    for row in unknown:
        table.report(row, name, f"expected {_expected(own, used)}, found {shown(values[row])}")
    return np.array([np.nan if target is None else target for target in targets])


def _expected(own: Labels | None, used: Sequence[str] = ()) -> str:
    """The expected words: the declared ones, otherwise those of the other rows if they are few, otherwise all."""
    if own is not None:
        return " or ".join(own)
    return f"{' or '.join(used)}, as in the other rows" if 0 < len(used) <= FEW_WORDS else EXPECTED


def _unknown_words(table: Table, name: str, own: Labels | None) -> DataError:
    counts = Counter(str(value).strip() for value in column(table, name))
    listed = ", ".join(f"'{word[:40]}'" for word, _ in counts.most_common(SHOWN_WORDS))
    more = f" and {len(counts) - SHOWN_WORDS} more" if len(counts) > SHOWN_WORDS else ""
    cause = f"column '{name}': unknown label words {listed}{more}; known: {_expected(own)}"
    return DataError("DATA_LABELS", cause, place=table.place, remedy=OWN_WORDS)


def read_scores(table: Table, name: str, scale: Sequence[float] | None) -> np.ndarray:
    """Targets in [0, 1]: (score - low) / (high - low). A score that exceeds an end only by rounding is set to it.

    Raises: DataError if no scale is declared and the scores are not 0 and 1.
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
    cause = f"column '{name}' is not binary (its values range from {least:g} to {most:g}), and no scale is declared"
    remedy = f"declare the lowest and highest possible score, for example scale: [{min(least, 0):g}, {most:g}]"
    return DataError("DATA_SCALE_UNDECLARED", cause, place=table.place, remedy=remedy)


def snapped(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """The values, where those just beyond an end of the scale (by rounding) are set to it.

    >>> snapped(np.array([1.0000001, -1e-9, 0.5, 1.1]), 0, 1).tolist()
    [1.0, 0.0, 0.5, 1.1]
    """
    near = ROUNDING * (high - low)
    values = np.where((values > high) & (values <= high + near), high, values)
    return np.where((values < low) & (values >= low - near), low, values)


def look_at_target(
    table: Table, name: str, *, scale: Sequence[float] | None = None, labels: Labels | None = None
) -> Target:
    """Infer the meaning of a column of labels or scores, unless a scale or label words are declared.

    A scale is guessed only if the scores reach both of its ends.

    Raises: DataError for values that are neither labels nor scores, and for scores whose scale must be declared.
    """
    if labels is not None and scale is not None:
        cause = "labels (for words) and a scale (for scores) cannot be combined"
        raise DataError("DATA_TARGET", cause, place=table.place, remedy="remove one of them")
    if labels is not None:
        return _labels(table, name, check_labels(labels))
    _refuse_opposite(table, name)
    _refuse_commas(table, name)
    targets = [label_value(value) for value in column(table, name)]
    known = sum(target is not None for target in targets)
    if scale is None and known >= NEARLY_ALL * len(targets):
        return _labels(table, name, None, _remedy_for_odd(table, name, targets))
    if not any(_is_number(value) for value in column(table, name)):
        raise _unknown_words(table, name, None)
    raw = numbers(table, name)
    table.finish("correct or remove these rows first")
    low, high = float(raw.min()), float(raw.max())
    if scale is not None:
        return Target(name, (float(scale[0]), float(scale[1])), (low, high))
    _refuse_outliers(table, name, raw)
    return _guessed(table, name, raw)


def _is_number(value: object) -> bool:
    number = as_float(value)
    return number is not None and math.isfinite(number)


def _remedy_for_odd(table: Table, name: str, targets: Sequence[float | None]) -> str:
    """The remedy for a column of labels in which a few rows have other values."""
    odd = [value for value, target in zip(column(table, name), targets, strict=True) if target is None]
    scores = odd and all(_is_number(value) for value in odd)
    graded = "; if these are scores on a wider scale, declare it: --scale LOW HIGH (data.scale)" if scores else ""
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
            f"column '{name}' has numbers from {low:g} to {high:g}, which may be labels or scores: their scale cannot "
            "be guessed"
        )
        remedy = "declare it: --scale LOW HIGH (data.scale), for example --scale 1 5"
        values = np.unique(raw)
        if len(values) in (2, 3, 4):
            words = ",".join(f"{value:g}={int(value == high)}" for value in values)
            remedy += f"; or, for labels, define their values: --labels {words} (data.labels)"
        raise DataError("DATA_SCALE_UNDECLARED", cause, place=table.place, remedy=remedy)
    why = f"guessed from the values, {low:g} to {high:g}; set it with --scale LOW HIGH (data.scale)"
    return Target(name, scale, (low, high), why=why)


def _refuse_opposite(table: Table, name: str) -> None:
    """Check that the name of a column does not suggest that larger values mean less similar.

    Raises: DataError.
    """
    words = OPPOSITES.intersection(re.split(r"[^a-z]+", name.lower()))
    if words:
        cause = (
            f"column '{name}': the name suggests that larger values mean less similar; expected larger = more similar"
        )
        remedy = "reverse the values in the file; or, for labels, define them: --labels 1=0,0=1 (data.labels)"
        raise DataError("DATA_OPPOSITE", cause, place=table.place, remedy=remedy)


def _refuse_commas(table: Table, name: str) -> None:
    """Check that the numbers have no decimal commas.

    Raises: DataError.
    """
    values = [str(value).strip() for value in column(table, name)]
    commas = [value for value in values if re.fullmatch(r"[+-]?\d+,\d+", value)]
    if len(commas) > len(values) / 4:
        cause = f"column '{name}' has numbers with decimal commas, such as {commas[0]}"
        raise DataError("DATA_DECIMAL", cause, place=table.place, remedy=f"write {commas[0].replace(',', '.')}")


def _refuse_outliers(table: Table, name: str, raw: np.ndarray) -> None:
    """Check that a few values are not far outside 0 to 1 if the others are between 0 and 1.

    Raises: DataError.
    """
    inside = (raw >= 0) & (snapped(raw, 0, 1) <= 1)
    fractions = bool((raw[inside] != np.round(raw[inside])).any())
    if fractions and NEARLY_ALL * len(raw) <= inside.sum() < len(raw):
        for row in np.flatnonzero(~inside):
            table.report(int(row), name, f"{raw[row]:g} is far from the other values, which are between 0 and 1")
        table.finish(
            "correct or remove these rows; if they are correct, declare the scale: --scale LOW HIGH (data.scale)"
        )


def _classes_of_three(name: str, raw: np.ndarray) -> bool:
    """Whether the values are probably classes: 0, 1 and 2, and the column is not named like a score."""
    other_name = {"score", "similarity", "relatedness", "rating", "relevance"}.isdisjoint(
        name.lower().replace("-", "_").split("_")
    )
    return other_name and set(np.unique(raw).tolist()) == {0.0, 1.0, 2.0}


def likely_scale(values: np.ndarray) -> Scale | None:
    """The usual scale whose ends the values reach, None if there is none.

    The ends must be reached exactly. Fractions on the scales 0 to 1 and -1 to 1 may miss them by a twentieth.

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
