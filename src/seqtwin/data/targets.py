"""What the labels or scores of a column mean: which words are "same", which scale the numbers have, and why."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from seqtwin.data.tables import Table, column
from seqtwin.data.values import numbers, shown
from seqtwin.errors import DataError

Scale = tuple[float, float]
Labels = Mapping[str, float]

_OPPOSITES = {  # same: what else means different, besides not_, non_ and no_ before the same word
    "1": ("0",),
    "1.0": ("0.0",),
    "true": ("false",),
    "t": ("f",),
    "yes": ("no",),
    "y": ("n",),
    "same": ("different",),
    "match": ("mismatch", "unmatch", "distinct"),
    "matched": ("unmatched",),
    "duplicate": ("unique",),
    "duplicated": (),
    "similar": ("dissimilar",),
    "positive": ("negative",),
    "pos": ("neg",),
    "entailment": ("contradiction",),
    "paraphrase": (),
    "equivalent": ("inequivalent",),
    "equal": ("unequal",),
    "identical": (),
    "related": ("unrelated",),
    "relevant": ("irrelevant",),
}


def _words() -> dict[str, float]:
    found: dict[str, float] = {}
    for same, different in _OPPOSITES.items():
        negated = [f"{no}{same}" for no in ("not_", "non_", "no_", "non", "not_a_")] if len(same) > 3 else []
        found |= {same: 1.0, **dict.fromkeys((*different, *negated), 0.0)}
    return found


WORDS = _words()
EXPECTED = (
    "0 or 1, true or false, t or f, yes or no, y or n, same or different, match or non-match, duplicate or "
    "not_duplicate, similar or dissimilar, positive or negative, paraphrase or not_paraphrase, equivalent or "
    "not_equivalent, entailment or contradiction, related or unrelated, relevant or irrelevant"
)
OWN_WORDS = "define your own words: --labels duplicate=1,other=0 (in a config data.labels: {duplicate: 1, other: 0})"
USUAL_LOWS, USUAL_HIGHS = (0.0, 1.0, -1.0), (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 10.0, 100.0)
ROUNDING = 1e-6  # of the width of a scale: a cosine of 1.0000001 is 1
NEARLY_ALL = 0.9
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


def word_form(value: Any) -> str:
    """How label words are compared: in lower case, blanks, hyphens and underscores alike.

    >>> word_form(" Not Duplicate"), word_form("non-match"), word_form(True)
    ('not_duplicate', 'non_match', 'true')
    """
    return re.sub(r"[\s_\-]+", "_", str(value).strip().casefold())


def label_value(value: Any, own: Labels | None = None) -> float | None:
    """1 for a label that says same, 0 for one that says different, None for any other. `own`: what its words mean.

    >>> label_value("Yes"), label_value("not duplicate"), label_value(1.0000001), label_value("maybe")
    (1.0, 0.0, 1.0, None)
    """
    form = word_form(value)
    if own is not None:
        return next((float(target) for word, target in own.items() if word_form(word) == form), None)
    if form in WORDS:
        return WORDS[form]
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return next((end for end in (0.0, 1.0) if abs(number - end) <= ROUNDING), None)


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
    if labels is not None:
        return _labels(table, name, labels)
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
    return _guessed(table, name, raw)


def _is_number(value: Any) -> bool:
    try:
        return bool(np.isfinite(float(value)))
    except (TypeError, ValueError):
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
    counts = Counter(str(value).strip() for value in column(table, name))
    return Target(name, words=dict(counts.most_common()), own=own)


def _guessed(table: Table, name: str, raw: np.ndarray) -> Target:
    scale = likely_scale(raw)
    low, high = float(raw.min()), float(raw.max())
    if scale is None:
        cause = (
            f"column '{name}' holds scores from {low:g} to {high:g}, which reach the ends of no usual scale, "
            "so its full range cannot be guessed"
        )
        remedy = "declare it: --scale LOW HIGH (data.scale), for example --scale 1 5"
        if len(np.unique(raw)) == 2:
            remedy += f"; or, for two labels, --labels {high:g}=1,{low:g}=0 (data.labels)"
        raise DataError("DATA_SCALE_UNDECLARED", cause, place=table.place, remedy=remedy)
    why = f"guessed, because the values run from {low:g} to {high:g}; set it with --scale LOW HIGH (data.scale)"
    return Target(name, scale, (low, high), why=why)


def likely_scale(values: np.ndarray) -> Scale | None:
    """The usual scale whose both ends the values reach; None where they reach those of none.

    Whole numbers must reach an end exactly, others to a twentieth of the scale.

    >>> likely_scale(np.array([1.2, 4.9])), likely_scale(np.array([0, 3, 5])), likely_scale(np.array([2, 3, 4]))
    ((1.0, 5.0), (0.0, 5.0), None)
    """
    usual = [(low, high) for high in USUAL_HIGHS for low in USUAL_LOWS if low < high and (low >= 0 or high == 1)]
    return next((scale for scale in usual if scale != (1.0, 2.0) and _reaches(values, *scale)), None)


def _reaches(values: np.ndarray, low: float, high: float) -> bool:
    moved = snapped(values, low, high)
    near = 0.0 if (moved == np.round(moved)).all() else NEAR_END * (high - low)
    least, most = float(moved.min()), float(moved.max())
    return low <= least <= low + near and high - near <= most <= high
