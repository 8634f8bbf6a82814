"""Prepared data: what training needs, and the facts about them that a report prints."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from seqtwin.baselines.swapped_labels import swapped_labels_sentence
from seqtwin.data.batches import ClassStore, DecodeStore, PairStore, StepStore, Store, TaughtStore
from seqtwin.data.examples import Examples
from seqtwin.data.file_summary import pairs_line, sequences_line
from seqtwin.data.pairs import PairData
from seqtwin.data.tokens.tokenizer import TextTokens
from seqtwin.metrics import class_counts, few_classes_sentence, few_pairs_sentence, pair_counts
from seqtwin.published import DataFacts
from seqtwin.run.row_facts import PairFacts, leakage_of

EVALUATED = ("dev", "test")


@dataclass(frozen=True)
class Ready(ABC):
    """The prepared data of any objective.

    `stores`: by split. `clusters`, `pair_facts`: of the judged rows of dev and test. `clustering`: how the clusters
    were made, in words. `primary`: the metric that decides. `start`: the fingerprint of the encoder that training
    starts from, empty where it starts afresh. `classes`: the names of the classes of sequences or steps, by number.
    """

    data: PairData | Examples
    tokens: TextTokens | None
    stores: Mapping[str, Store]
    clusters: Mapping[str, np.ndarray]
    clustering: str
    primary: str
    unknown_share: float
    notes: tuple[str, ...]
    pair_facts: Mapping[str, PairFacts]
    start: str = ""
    classes: tuple[str, ...] = ()

    @property
    def cut(self) -> float:
        """Always 0.5: the targets of sequences are right or wrong."""
        return 0.5

    @property
    def graded(self) -> bool:
        """Whether targets can be between 0 and 1."""
        return False

    @property
    def inputs(self) -> Literal["tokens", "series"]:
        """The kind of input of the encoder."""
        return "tokens" if self.tokens is not None else "series"

    @property
    def size(self) -> int:
        """The size of the vocabulary, or the number of channels."""
        return self.tokens.size if self.tokens is not None else int(self.stores["train"].items.steps.shape[1])

    @property
    def trained_size(self) -> int:
        """The size without the words that train lacks and that are known by their vectors."""
        return self.size - (self.tokens.known if self.tokens is not None else 0)

    @abstractmethod
    def counts(self) -> dict[str, dict[str, int]]:
        """How many rows of dev and test each class has, by split; empty where a row has no class."""

    @abstractmethod
    def sizes(self) -> list[str]:
        """Lines on the sizes of the splits; the second one warns of few rows and is empty where they suffice."""


@dataclass(frozen=True)
class Prepared(Ready):
    """Prepared pairs."""

    data: PairData
    stores: Mapping[str, PairStore]

    @property
    def cut(self) -> float:
        """Pairs with a target of at least this value count as the same."""
        return self.data.cut

    @property
    def graded(self) -> bool:
        """Whether any target is strictly between 0 and 1."""
        return self.data.graded

    def sizes(self) -> list[str]:
        """Lines on the sizes of the splits; the second one warns of few pairs."""
        counts = {split: kinds for split, kinds in self.counts().items() if all(kinds.values())}
        return [pairs_line(self.data.frame, self.data.cut), few_pairs_sentence(counts)]

    def counts(self) -> dict[str, dict[str, int]]:
        return {split: pair_counts(self.stores[split].target, self.data.cut) for split in EVALUATED}


@dataclass(frozen=True)
class PreparedExamples(Ready):
    """Prepared single sequences. `written`: the tokens of the texts to generate."""

    data: Examples
    stores: Mapping[str, ClassStore | StepStore | DecodeStore]
    written: TextTokens | None = None

    @property
    def outputs(self) -> int:
        """The number of different outputs of a head at one place: the classes, or the tokens."""
        return self.written.size if self.written is not None else len(self.classes)

    def sizes(self) -> list[str]:
        """Lines on the sizes of the splits; the second one warns of classes with few sequences."""
        return [sequences_line(self.data.split), few_classes_sentence(self.counts().get("test", {}))]

    def counts(self) -> dict[str, dict[str, int]]:
        """Sequences of each class of dev and test; empty where a sequence has no class of its own."""
        stores = {split: self.stores[split] for split in EVALUATED}
        return {
            split: class_counts(store.target, self.classes)
            for split, store in stores.items()
            if isinstance(store, ClassStore)
        }


@dataclass(frozen=True)
class PreparedTexts(Ready):
    """Prepared texts with the vectors of a teacher. Those of dev and test are judged as pairs: the target of a pair is
    (1 + c) / 2, where c is the cosine of the vectors of the teacher."""

    data: Examples
    stores: Mapping[str, TaughtStore | PairStore]

    @property
    def graded(self) -> bool:
        """Always true: the targets are cosines."""
        return True

    @property
    def width(self) -> int:
        """The width of the vectors of the teacher."""
        return int(self.stores["train"].target.shape[1])

    def judged(self, split: str) -> PairStore:
        """The pairs of dev or test."""
        store = self.stores[split]
        assert isinstance(store, PairStore)
        return store

    def sizes(self) -> list[str]:
        """One line on the numbers of texts, and an empty one."""
        return [sequences_line(self.data.split), ""]

    def counts(self) -> dict[str, dict[str, int]]:
        """Empty: texts have no class."""
        return {}


def prepared_lines(prepared: Ready) -> list[str]:
    """The sizes of the splits, and notes on the data that a user should read before training."""
    sizes, few = prepared.sizes()
    swapped = swapped_labels_sentence(prepared.data) if isinstance(prepared, Prepared) else ""
    return [sizes, *(f"note: {line}" for line in (*prepared.notes, few, swapped) if line)]


def data_facts(prepared: Ready) -> DataFacts:
    """The facts about the data that facts.json has."""
    data = prepared.data
    facts: DataFacts = {
        "dataset": data.name,
        "pairs": {split: len(store) for split, store in prepared.stores.items()},
        "shareable": data.shareable,
        "unknown_share": prepared.unknown_share,
        "data_hash": data.fingerprint,
        "split_hash": data.split_fingerprint,
        "clusters": prepared.clustering,
        "leakage": leakage_of(prepared.pair_facts),
        "notes": list(prepared.notes),
        "source": data.facts,
        "start": prepared.start,
        "cut": prepared.cut,
        "graded": prepared.graded,
    }
    if isinstance(prepared.data, Examples):
        facts |= {"objective": prepared.data.kind, "classes": list(prepared.classes)}
    if counts := prepared.counts():
        facts["counts"] = counts
    return facts
