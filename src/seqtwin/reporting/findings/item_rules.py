"""The rules of `rules.py` for objectives that judge single texts, series or steps: those about pairs are left out.

To change the wording of a rule for these objectives: a line in `_ITEM_WORDS`.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypedDict

from seqtwin.metrics.longer_training import in_words
from seqtwin.reporting.findings.base_rule import Rule, Values, metric_improved
from seqtwin.reporting.findings.rules import RULES
from seqtwin.reporting.objective_words import PAIRS


class _RuleWords(TypedDict, total=False):
    shown: tuple[tuple[str, str], ...]
    says: str
    remedy: str
    meaning: Callable[[Values], str]


_ONLY_FOR_PAIRS = frozenset({"D2", "D3", "D4", "D9", "D10", "D13", "D15", "X2"})
_ITEM_WORDS: dict[str, _RuleWords] = {
    "D1": {
        "says": "Nothing was learned: one constant prediction would have the same loss as this encoder.",
        "meaning": metric_improved,
    },
    "D6": {"remedy": "Lower the learning rate."},
    "D7": {"remedy": "Expected with few classes. Otherwise use a smaller learning rate or a smaller encoder."},
    "D8": {
        "says": "Unrelated items have similar vectors, so the cosine of two vectors is not informative. The head is "
        "not affected; a search among these vectors is.",
        "remedy": "Centre the vectors before searching among them.",
    },
    "D12": {"says": "The prediction depends on one third of the sequence. That is right if the evidence is there, "
                    "and a bias if it is not."},
    "D14": {"says": "Padding changes the vectors: items with more padding are judged better or worse than others."},
    "D18": {"remedy": f"Train every pairing {in_words(stuck=False)} as long (fit.epochs). Until then no comparison of "
                      "heads uses this one (R15)."},
    "R13": {
        "shown": (("share of test items that also occur in training", "leakage_share"),),
        "says": "Test items also occur in training, so the test also measures memory.",
        "remedy": "Drop them from training, or give the reason why the overlap is acceptable (allow_leakage).",
    },
}  # fmt: skip
_ITEM_RULES = {
    code: replace(rule, **_ITEM_WORDS.get(code, {})) for code, rule in RULES.items() if code not in _ONLY_FOR_PAIRS
}


def rules_of(meta: Mapping[str, object]) -> Mapping[str, Rule]:
    """The rules for an objective, by code. `meta`: any mapping with an `objective`; pairs is the default.

    >>> "D2" in rules_of({}), "D2" in rules_of({"objective": "classify"})
    (True, False)
    """
    return RULES if (meta.get("objective") or PAIRS) == PAIRS else _ITEM_RULES
