"""The label words that mean same or different, in any spelling."""

import re
from collections.abc import Mapping

from seqtwin.data.files.number_formats import NUMBER, as_float
from seqtwin.errors import ConfigError

Labels = Mapping[str, float]
ROUNDING = 1e-6  # share of the width of a scale: a cosine of 1.0000001 counts as 1

_OPPOSITES = {  # same: different, in addition to the same word with not_, non_ or no_
    "1": ("0",),
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
    values: dict[str, float] = {}
    for same, different in _OPPOSITES.items():
        negated = [f"{no}{same}" for no in ("not_", "non_", "no_", "non", "not_a_")] if len(same) > 3 else []
        values |= {same: 1.0, **dict.fromkeys((*different, *negated), 0.0)}
    return values


WORDS = _words()
EXPECTED = (
    "0 or 1, true or false, t or f, yes or no, y or n, same or different, match or non-match, duplicate or "
    "not_duplicate, similar or dissimilar, positive or negative, paraphrase or not_paraphrase, equivalent or "
    "not_equivalent, entailment or contradiction, related or unrelated, relevant or irrelevant"
)


def word_form(value: object) -> str:
    """The form in which label words are compared: lower case, with underscores for blanks and hyphens.

    >>> word_form(" Not Duplicate"), word_form("non-match"), word_form(True)
    ('not_duplicate', 'non_match', 'true')
    """
    form = re.sub(r"[\s_\-]+", "_", str(value).strip().casefold())
    return f"{float(form):g}" if NUMBER.fullmatch(form) else form


def label_value(value: object, own: Labels | None = None) -> float | None:
    """The value of a label word: 1.0 for same, 0.0 for different, None for an unknown word.

    `own`: the values of the label words, instead of the usual ones.

    >>> label_value("Yes"), label_value("not duplicate"), label_value(1.0000001), label_value("maybe")
    (1.0, 0.0, 1.0, None)
    """
    if value is None:
        return None
    form = word_form(value)
    if own is not None:
        return next((float(target) for word, target in own.items() if word_form(word) == form), None)
    if form in WORDS:
        return WORDS[form]
    if isinstance(value, str) and not NUMBER.fullmatch(value.strip()):
        return None
    number = as_float(value)
    return None if number is None else next((end for end in (0.0, 1.0) if abs(number - end) <= ROUNDING), None)


def check_labels(labels: object) -> Labels:
    """The checked values of label words.

    Raises: ConfigError unless it is a mapping of words to 0 and 1, with both values and no contradiction.
    """
    remedy = "for example {duplicate: 1, other: 0}"
    if not isinstance(labels, Mapping) or any(value not in (0, 1) for value in labels.values()):
        cause = f"labels: expected words with the values 1 (same) and 0 (different), got {labels!r}"[:300]
        raise ConfigError("LABEL_WORDS", cause, place="data.labels", remedy=remedy)
    meanings: dict[str, set[float]] = {}
    for word, value in labels.items():
        meanings.setdefault(word_form(word), set()).add(float(value))
    both = next((word for word, values in meanings.items() if len(values) > 1), None)
    if both is not None:
        raise ConfigError(
            "LABEL_WORDS", f"labels: '{both}' has both values, 0 and 1", place="data.labels", remedy=remedy
        )
    if set().union(*meanings.values()) != {0.0, 1.0}:
        cause = "labels: expected at least one word with 1 (same) and one with 0 (different)"
        raise ConfigError("LABEL_WORDS", cause, place="data.labels", remedy=remedy)
    return labels
