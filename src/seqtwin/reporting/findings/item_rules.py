"""The rules of `rules.py` as they read where single texts, series or steps are judged: those about pairs are left out.

To change a rule for these objectives: a line in `_SAYS`.
"""

from collections.abc import Mapping
from dataclasses import replace

from seqtwin.reporting.findings.rule import Rule
from seqtwin.reporting.findings.rules import RULES
from seqtwin.reporting.objective_words import PAIRS

_OF_PAIRS = frozenset({"D2", "D3", "D4", "D9", "D10", "D13", "D15", "X2"})
_SAYS = {
    "D1": {"says": "No information was learnt: one constant answer would cost no more than this encoder does."},
    "D6": {"remedy": "Lower the learning rate."},
    "D7": {"remedy": "Expected where classes are few; otherwise a smaller learning rate, or a smaller encoder."},
    "D8": {
        "says": "Unrelated items point the same way, so that the cosine of two vectors says little. The head is not "
        "hurt by it; a search among these vectors is.",
        "remedy": "Centre the vectors before searching among them.",
    },
    "D12": {"says": "The answer rests on one third of the sequence. That is right where the evidence stands there, and "
                    "a bias where it does not."},
    "D14": {"says": "Pads change the vectors, and items with more of them are judged better or worse than those with "
                    "fewer."},
    "R13": {
        "shown": (("share of test items that stand in training, too", "leakage_share"),),
        "says": "Items of the test stand in training: the test measures memory, too.",
        "remedy": "Drop them from training, or say why the overlap is accepted (allow_leakage).",
    },
}  # fmt: skip
_OF_ITEMS = {code: replace(rule, **_SAYS.get(code, {})) for code, rule in RULES.items() if code not in _OF_PAIRS}  # type: ignore[arg-type]


def rules_of(meta: Mapping[str, object]) -> Mapping[str, Rule]:
    """The rules that may fire, by code; `meta`: anything with an `objective`, which is pairs where it is not named.

    >>> "D2" in rules_of({}), "D2" in rules_of({"objective": "classify"})
    (True, False)
    """
    return RULES if (meta.get("objective") or PAIRS) == PAIRS else _OF_ITEMS
