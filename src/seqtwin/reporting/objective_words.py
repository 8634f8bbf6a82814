"""OBJECTIVE_WORDS: the words in which a report describes each objective.

Tables, figures, refusals and templates take every such word from the `Nouns` of a study and never test the objective
itself. To add an objective: one record at the foot.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cache

from seqtwin.metrics import direction_of
from seqtwin.reporting.formatting import SLICES

PAIRS = "pairs"
_SINGULAR = {"series": "series"}
_ITEMS_OF = {"tokens": "texts", "steps": "series"}


@dataclass(frozen=True)
class Sentences:
    """The sentences and phrases that differ by objective in more than a noun.

    Each may contain {judged}, {items} and {one_of}, which are filled in for a study. Fields in double braces are filled
    in where the sentence is used.
    """

    further: str
    kind: str
    one: str
    targets: str
    cut: str
    drawn: str
    untuned: str
    fixed: str
    leaking: str
    leaked: str
    apart: str
    more: str
    seeds: str
    slices: str
    read: str
    reading: str
    probe: str
    finds: str
    finding: str
    queries: str
    own: str
    agreement: str
    formulas: str
    formulas_short: str
    formula: str
    dev: str
    constant: str
    collapsed: str
    undefined: str

    def filled(self, **nouns: str) -> "Sentences":
        """The same sentences with these nouns."""
        return Sentences(**{field.name: getattr(self, field.name).format(**nouns) for field in fields(self)})


@dataclass(frozen=True)
class Words:
    """The words of one objective. `column`, `columns`: the factor beside the representation; `seen`: names of the
    slices by how many items occur in training; `slices`: title and caption by kind of slice."""

    column: str
    columns: str
    seen: tuple[str, ...]
    slices: Mapping[str, tuple[str, str]]
    says: Sentences


@dataclass(frozen=True)
class Nouns:
    """The words of a study.

    `judged`: the noun for the rows of the test (pairs, texts, tokens), `one` of them; `items`: the noun for the rows
    that the sizes of the data count; the rest as in `Words`.
    """

    paired: bool
    judged: str
    one: str
    items: str
    column: str
    columns: str
    seen: tuple[str, ...]
    slices: Mapping[str, tuple[str, str]]
    says: Sentences

    @property
    def both(self) -> str:
        """The two levels that an interval resamples."""
        return f"seeds and {self.judged}"

    @property
    def alone(self) -> str:
        """The one level that an interval resamples with a single seed."""
        return f"{self.judged} only"

    @property
    def encoded(self) -> str:
        """The noun for the inputs of an encoder; texts, if pairs are judged."""
        return "texts" if self.paired else self.items

    def meaning(self, metric: str, value: float) -> str:
        """A value of a metric in everyday words; empty where the name of the metric is clear enough."""
        direction = direction_of(metric)
        return direction.meaning.format(share=f"{100 * value:.0f}", judged=self.judged) if direction else ""


def nouns_of(meta: Mapping[str, object]) -> Nouns:
    """The words of a study, from the `objective` and `judged` of its meta; without them those of pairs.

    >>> nouns_of({}).judged, nouns_of({"objective": "label_steps", "judged": "tokens"}).items
    ('pairs', 'texts')
    """
    return _nouns(str(meta.get("objective") or PAIRS), str(meta.get("judged") or "items"))


@cache
def _nouns(objective: str, judged: str) -> Nouns:
    words, paired = OBJECTIVE_WORDS.get(objective, OBJECTIVE_WORDS["classify"]), objective == PAIRS
    judged = PAIRS if paired else judged
    items = _ITEMS_OF.get(judged, judged)
    says = words.says.filled(judged=judged, items=items, one_of=f"a {_singular(items)}")
    one = _singular(judged)
    return Nouns(paired, judged, one, items, words.column, words.columns, words.seen, words.slices, says)


def _singular(noun: str) -> str:
    return _SINGULAR.get(noun, noun.removesuffix("s"))


_PAIRS = Sentences(
    further="; `seqtwin explain` tests changes that could improve it",
    kind="A siamese recurrent encoder: the same network encodes both sides of a pair, and {{similarity}} scores it.",
    one="a text",
    targets="Targets are in [0, 1], where 1 means same. Early stopping, thresholds and the choice of a pairing use "
    "dev; test was scored once.",
    cut=" Where two classes are needed, a target of at least {{cuts}} counts as same.",
    drawn="clusters of test pairs that share an item",
    untuned="every pairing uses the learning rate and margin of the config, which may suit some better than others",
    fixed="learning rate, margin and everything else",
    leaking="{{share}} % of the test pairs contain an item that also occurs in training",
    leaked="{{shares}} contain an item that also occurs in a training pair, so the test also measures memory. Split by "
    "groups, or set allow_leakage to the reason why this is acceptable.",
    apart="Split by connected components; the slices by seen items show how much it matters.",
    more="More test pairs (that share no text) would narrow it most; more seeds would not.",
    seeds="Each study cell on the test pairs; thresholds were fitted on dev. ↓: lower is better.",
    slices="The primary metric on slices of the test pairs: mean over seeds with two-level 95 % intervals. A bin "
    "without both classes has no value and is left out.",
    read="The trained encoders with other representations",
    reading="Each trained encoder with every representation of its states (test, mean over seeds). Framed: the "
    "representation it was trained with. A better value elsewhere in a row means that the states contain more "
    "information than that representation shows.",
    probe="",
    finds="Does the best pairing also retrieve best?",
    finding="The same encoders, used to retrieve the right item for each test query.",
    queries="Means over finished seeds on the test queries.",
    own="pairs",
    agreement="Rank agreement of the pairings by their pair metric and by retrieval, with intervals over seeds.",
    formulas="Loss formulas",
    formulas_short="Losses",
    formula="y is the target (1 = same), s the similarity of the pair. The plateau is the loss of one constant score "
    "for every pair. A margin that is fitted for each seed is shown for the first seed.",
    dev="the rank metric on dev",
    constant="one constant score",
    collapsed="constant scores",
    undefined="scores or targets are constant",
)
_CLASSIFY = Sentences(
    further="",
    kind="A recurrent encoder that turns {one_of} into one vector, and a head that classifies it.",
    one="{one_of}",
    targets="Each of the {judged} has one class; the head is trained with cross-entropy. Early stopping and the choice "
    "of a pairing use dev; test was scored once.",
    cut="",
    drawn="test {judged}",
    untuned="every pairing uses the learning rate of the config, which may suit some better than others",
    fixed="learning rate and everything else",
    leaking="{{share}} % of the test {judged} also occur in training",
    leaked="{{shares}} also occur in training, so the test also measures memory. Drop them from training, or set "
    "allow_leakage to the reason why this is acceptable.",
    apart="Drop them from training; the slices by what occurs in training show how much it matters.",
    more="More test {items} would narrow it most; more seeds would not.",
    seeds="Each study cell on the test {judged}. ↓: lower is better.",
    slices="The primary metric on slices of the test {judged}: mean over seeds with two-level 95 % intervals.",
    read="Linear probes of the trained encoders",
    reading="Each trained encoder, frozen: a linear classifier on every representation of its states (test accuracy, "
    "mean over seeds). Framed: the representation it was trained with. A better value elsewhere in a row means that "
    "the states contain more information than that representation shows.",
    probe="accuracy of the probe",
    finds="Do the vectors also retrieve well?",
    finding="The same encoders without their heads: their vectors were trained for one task and are used for another.",
    queries="Means over finished seeds.",
    own="test",
    agreement="Rank agreement of the pairings by their head and by retrieval, with intervals over seeds.",
    formulas="Loss formula",
    formulas_short="Loss",
    formula="The plateau is the cross-entropy of one constant prediction: the class shares in training.",
    dev="the primary metric on dev",
    constant="one constant prediction",
    collapsed="constant predictions",
    undefined="nothing was measured",
)
_LABEL_STEPS = replace(
    _CLASSIFY,
    kind="A recurrent encoder, and a head that classifies its state at each of the {judged}.",
    drawn="test {items}, each with all of its {judged},",
)
_DECODE = replace(
    _CLASSIFY,
    kind="A recurrent encoder that turns {one_of} into one vector, and a decoder that generates text from it, token by "
    "token.",
    targets="The decoder generates the most probable token at each step and is trained with cross-entropy on the next "
    "token. Early stopping and the choice of a pairing use dev; test was scored once.",
)
_DISTIL = replace(
    _PAIRS,
    further="",
    kind="A recurrent encoder that imitates a teacher: it turns a text into one vector; {{similarity}} compares two.",
    targets="The target of a pair of texts is the similarity that the teacher gives it, from 0 to 1; no label is used. "
    "Early stopping and the choice of a pairing use dev; test was scored once.",
    cut="",
    drawn="test pairs with the same first text",
    untuned="every pairing uses the learning rate of the config, which may suit some better than others",
    fixed="learning rate and everything else",
    seeds="Each study cell on the test pairs. ↓: lower is better.",
    formula="W v is the vector in the space of the teacher. The plateau is the loss of one constant vector.",
)
_PAIRS_SEEN, _ITEMS_SEEN = ("neither seen", "one seen", "both seen"), ("new", "seen in training")
# the share of padding of a single item is its length on a reversed scale
_ITEM_SLICES = {
    "length": ("By length", "Quartiles of the length, shortest first."),
    "seen": ("By whether it also occurs in training", "New ones are the honest test."),
}

OBJECTIVE_WORDS: dict[str, Words] = {
    PAIRS: Words("loss", "losses", _PAIRS_SEEN, SLICES, _PAIRS),
    "classify": Words("head", "heads", _ITEMS_SEEN, _ITEM_SLICES, _CLASSIFY),
    "label_steps": Words("head", "heads", _ITEMS_SEEN, _ITEM_SLICES, _LABEL_STEPS),
    "decode": Words("head", "heads", _ITEMS_SEEN, _ITEM_SLICES, _DECODE),
    "distil": Words("loss", "losses", _PAIRS_SEEN, SLICES, _DISTIL),
}
