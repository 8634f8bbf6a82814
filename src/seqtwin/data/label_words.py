"""Which words of a label mean same and which mean different, however they are written."""

import re
from collections.abc import Mapping
from typing import Any

from seqtwin.data.files.numerals import NUMBER
from seqtwin.errors import ConfigError

Labels = Mapping[str, float]
ROUNDING = 1e-6  # of the width of a scale: a cosine of 1.0000001 is 1

_OPPOSITES = {  # same: what else means different, besides not_, non_ and no_ before the same word
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


def word_form(value: Any) -> str:
    """How label words are compared: in lower case, blanks, hyphens and underscores alike.

    >>> word_form(" Not Duplicate"), word_form("non-match"), word_form(True)
    ('not_duplicate', 'non_match', 'true')
    """
    form = re.sub(r"[\s_\-]+", "_", str(value).strip().casefold())
    return f"{float(form):g}" if NUMBER.fullmatch(form) else form


def label_value(value: Any, own: Labels | None = None) -> float | None:
    """1 for a label that says same, 0 for one that says different, None for any other. `own`: what its words mean.

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
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return next((end for end in (0.0, 1.0) if abs(number - end) <= ROUNDING), None)


def check_labels(labels: Any) -> Labels:
    """The meanings of label words.

    Raises: ConfigError for what is no mapping of words to 0 and 1, for words that mean both, and where one is missing.
    """
    remedy = "for example {duplicate: 1, other: 0}"
    if not isinstance(labels, Mapping) or any(value not in (0, 1) for value in labels.values()):
        cause = f"labels: expected words with 1 for same or 0 for different, got {labels!r}"[:300]
        raise ConfigError("LABEL_WORDS", cause, place="data.labels", remedy=remedy)
    meanings: dict[str, set[float]] = {}
    for word, value in labels.items():
        meanings.setdefault(word_form(word), set()).add(float(value))
    both = next((word for word, found in meanings.items() if len(found) > 1), None)
    if both is not None:
        raise ConfigError("LABEL_WORDS", f"labels: '{both}' means both 0 and 1", place="data.labels", remedy=remedy)
    if set().union(*meanings.values()) != {0.0, 1.0}:
        cause = "labels: expected a word for same (1) and one for different (0)"
        raise ConfigError("LABEL_WORDS", cause, place="data.labels", remedy=remedy)
    return labels
