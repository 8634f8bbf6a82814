"""What a study's page calls the things it counts and compares: by the objective and by what one judged row is.

The only place that knows: tables, figures, refusals and templates ask `Nouns` for a word and never for the objective.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from seqtwin.reporting.formatting import MEANINGS, SLICES

PAIRS = "pairs"
_ONE = {"series": "series"}
_READ_FROM = {"tokens": "texts", "steps": "series"}
_SAYS_OF_PAIRS = {
    "further": "; `seqtwin explain` tries what could turn it round",
    "kind": "A siamese recurrent encoder: both sides of a pair pass through the same network, and the pair is scored "
    "by {similarity}.",
    "one": "a text",
    "targets": "Targets lie in [0, 1], 1 = same. Early stopping, thresholds and the choice of a pairing use dev; test "
    "was scored once.",
    "cut": " Where two classes are needed, the cut is {cuts}.",
    "drawn": "clusters of test pairs that share an item",
    "untuned": "learning rate and margin are those of the config for every pairing, which suits some better",
    "fixed": "learning rate, margin and all else",
    "leaking": "{share} % of the test pairs hold an item that training has seen",
    "leaked": "In {shares} at least one item also stands in a training pair, so that memory is measured, too. Split by "
    "groups, or set allow_leakage to the reason why this is accepted.",
    "apart": "Split by connected components; the slices by seen items show how much it matters.",
    "more": "More test pairs (that share no text) would narrow it most; more seeds cannot.",
    "seeds": "Each study cell on the test pairs, thresholds fitted on dev. ↓: lower is better.",
    "slices": "The primary metric on slices of the test pairs, mean over seeds with two-level 95 % intervals. A bin "
    "without both classes has no value and is left out.",
    "read": "Trained one way, read another",
    "reading": "Each trained encoder, its states read by every representation in one pass (test, mean over seeds). "
    "Framed: the way it was trained. A better value elsewhere in a row says that the states hold more than their "
    "representation shows.",
    "finds": "Do the pairings that score best also retrieve best?",
    "finding": "The same encoders, asked to find the right item for each test query.",
    "queries": "Means over finished seeds on the test queries.",
    "own": "pairs",
    "agreement": "Rank agreement of the pairings by their pair metric and by retrieval; intervals over seeds.",
    "formulas": "The losses, exactly",
    "formulas_short": "Losses",
    "formula": "y is the target (1 = same), s the similarity of the pair. The plateau is what one constant score for "
    "every pair would cost. A margin fitted to each seed stands in the formula as that of the first.",
    "dev": "the rank metric on dev",
    "constant": "one constant score",
    "collapsed": "constant scores",
    "undefined": "a constant side has no order",
}
_SAYS_OF_ITEMS = {
    "further": "",
    "one": "{one_of}",
    "cut": "",
    "drawn": "test {judged}",
    "untuned": "learning rate and all else are those of the config for every pairing, which suits some better",
    "fixed": "learning rate and all else",
    "leaking": "{{share}} % of the test {judged} also stand in training",
    "leaked": "{{shares}} also stand in training, so that memory is measured, too. Drop them from training, or set "
    "allow_leakage to the reason why this is accepted.",
    "apart": "Drop them from training; the slices by what training has seen show how much it matters.",
    "more": "More test {items} would narrow it most; more seeds cannot.",
    "seeds": "Each study cell on the test {judged}. ↓: lower is better.",
    "slices": "The primary metric on slices of the test {judged}, mean over seeds with two-level 95 % intervals.",
    "read": "Read by a linear probe",
    "reading": "Each trained encoder, frozen, its states read by every representation, and a linear classifier fitted "
    "to those vectors (test accuracy, mean over seeds). Framed: the way it was trained. A better value elsewhere in a "
    "row says that the states hold more than their representation shows.",
    "probe": "accuracy of the probe",
    "finds": "Do the vectors find their like?",
    "finding": "The same encoders without their heads: vectors that were trained for one task, asked for another.",
    "queries": "Means over finished seeds.",
    "own": "test",
    "agreement": "Rank agreement of the pairings by their head and by retrieval; intervals over seeds.",
    "formulas": "The loss, exactly",
    "formulas_short": "Loss",
    "formula": "The plateau is what one constant answer, the shares of training, would cost.",
    "dev": "the primary metric on dev",
    "constant": "one constant answer",
    "collapsed": "constant answers",
    "undefined": "nothing was measured",
}
_OBJECTIVE_SAYS = {
    "classify": {
        "kind": "A recurrent encoder whose one vector of {one_of} is given a class by a head on it.",
        "targets": "Each of the {judged} has one class; the head is trained with cross-entropy. Early stopping and the "
        "choice of a pairing use dev; test was scored once.",
    },
    "label_steps": {
        "kind": "A recurrent encoder whose state at every one of the {judged} is given a class by a head on it.",
        "targets": "Each of the {judged} has one class; the head is trained with cross-entropy. Early stopping and the "
        "choice of a pairing use dev; test was scored once.",
        "drawn": "test {items}, each with all of its {judged},",
    },
    "decode": {
        "kind": "A recurrent encoder whose one vector of {one_of} is read by a decoder, which writes the answer token "
        "by token.",
        "targets": "The decoder writes token by token, each time the most probable one, and is trained with "
        "cross-entropy on the token that comes next. Early stopping and the choice of a pairing use dev; test was "
        "scored once.",
    },
}
_LENGTH = ("By length", "Quartiles of the length, shortest first.")
_SEEN = ("By whether training has seen it, too", "New ones are the honest end.")


@dataclass(frozen=True)
class Nouns:
    """`judged`: what one row of the test is (pairs, texts, tokens), `one` of it; `items`: what the sizes of the data
    count; `column`, `columns`: what stands beside a representation; `says`: sentences that differ in more than a noun.

    `seen`: names of the slices by how many items training has seen; `slices`: title and caption by kind of slice.
    """

    paired: bool
    judged: str
    one: str
    items: str
    column: str
    columns: str
    seen: tuple[str, ...]
    slices: Mapping[str, tuple[str, str]]
    says: Mapping[str, str]

    @property
    def both(self) -> str:
        """The two levels that an interval draws."""
        return f"seeds and {self.judged}"

    @property
    def alone(self) -> str:
        """The one level that is left with a single seed."""
        return f"{self.judged} only"

    @property
    def encoded(self) -> str:
        """What an encoder reads one of: texts where pairs are judged, too."""
        return "texts" if self.paired else self.items

    def meaning(self, metric: str, value: float) -> str:
        """What a value of a metric means to a newcomer; empty for a metric that says it by its name."""
        return MEANINGS.get(metric, "").format(share=f"{100 * value:.0f}", judged=self.judged)


def nouns_of(meta: Mapping[str, Any]) -> Nouns:
    """The words of a study from the `objective` and `judged` of its meta; without them those of pairs.

    >>> nouns_of({}).judged, nouns_of({"objective": "label_steps", "judged": "tokens"}).items
    ('pairs', 'texts')
    """
    return _nouns(str(meta.get("objective") or PAIRS), str(meta.get("judged") or "items"))


@cache
def _nouns(objective: str, judged: str) -> Nouns:
    if objective == PAIRS:
        seen = ("neither seen", "one seen", "both seen")
        return Nouns(True, PAIRS, "pair", PAIRS, "loss", "losses", seen, SLICES, _SAYS_OF_PAIRS)
    items = _READ_FROM.get(judged, judged)
    nouns = {"judged": judged, "items": items, "one_of": f"a {_one(items)}"}
    says = {**_SAYS_OF_ITEMS, **_OBJECTIVE_SAYS.get(objective, _OBJECTIVE_SAYS["classify"])}
    said = {name: text.format(**nouns) for name, text in says.items()}
    slices = {"length": _LENGTH, "seen": _SEEN}  # the pads of a single item are its length told backwards
    return Nouns(False, judged, _one(judged), items, "head", "heads", ("new", "seen in training"), slices, said)


def _one(noun: str) -> str:
    return _ONE.get(noun, noun.removesuffix("s"))
