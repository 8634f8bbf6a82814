"""Which words of a label mean same and which mean different, however they are written."""

import re
from collections.abc import Mapping
from typing import Any

Labels = Mapping[str, float]
ROUNDING = 1e-6  # of the width of a scale: a cosine of 1.0000001 is 1

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
