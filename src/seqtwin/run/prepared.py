"""Data ready to train on, and what a report says of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from seqtwin.data.batches import ClassStore, DecodeStore, PairStore, StepStore
from seqtwin.data.examples import Examples
from seqtwin.data.file_summary import pairs_line, sequences_line
from seqtwin.data.pairs import PairData
from seqtwin.data.tokens.tokenizer import TextTokens
from seqtwin.metrics import class_counts, few_classes_sentence, few_pairs_sentence, pair_counts
from seqtwin.published import DataFacts
from seqtwin.run.row_facts import PairFacts, leakage_of


@dataclass(frozen=True)
class Ready:
    """What data of every objective have when they are ready to train on.

    `clusters`, `pair_facts`: of the judged rows of dev and test; `primary`: the metric that decides; `start`: the
    fingerprint of the encoder that training starts from, empty where it starts afresh.
    """

    data: Any
    tokens: TextTokens | None
    stores: Mapping[str, Any]
    clusters: Mapping[str, np.ndarray]
    clustering: str
    primary: str
    unknown_share: float
    notes: tuple[str, ...]
    pair_facts: Mapping[str, PairFacts]
    start: str = ""

    @property
    def inputs(self) -> Literal["tokens", "series"]:
        """What an encoder of this data reads."""
        return "tokens" if self.tokens is not None else "series"

    @property
    def size(self) -> int:
        """Vocabulary of tokens, or channels of series."""
        return self.tokens.size if self.tokens is not None else int(self.stores["train"].items.steps.shape[1])


@dataclass(frozen=True)
class Prepared(Ready):
    """Pairs that are ready."""

    data: PairData
    stores: Mapping[str, PairStore]


@dataclass(frozen=True)
class PreparedExamples(Ready):
    """Single sequences that are ready.

    `classes`: their names, by class index; empty for texts to write. `written`: the tokens of what is to be written.
    """

    data: Examples
    stores: Mapping[str, ClassStore | StepStore | DecodeStore]
    classes: tuple[str, ...] = ()
    written: TextTokens | None = None

    @property
    def told(self) -> int:
        """How many different things a head can say at one place: the classes, or the tokens."""
        return self.written.size if self.written is not None else len(self.classes)


def prepared_lines(prepared: Ready) -> list[str]:
    """The sizes of the splits, and what a user should know of them before training."""
    counts = _counts(prepared)
    if isinstance(prepared, Prepared):
        sizes = pairs_line(prepared.data.frame, prepared.data.cut)
        few = few_pairs_sentence({split: kinds for split, kinds in counts.items() if all(kinds.values())})
    else:
        sizes, few = sequences_line(prepared.data.split), few_classes_sentence(counts.get("test", {}))
    return [sizes, *(f"note: {line}" for line in (*prepared.notes, few) if line)]


def data_facts(prepared: Ready) -> DataFacts:
    """The facts of the data that a report prints."""
    data, pairs = prepared.data, isinstance(prepared, Prepared)
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
        "cut": data.cut if pairs else 0.5,
        "graded": data.graded if pairs else False,
    }
    if isinstance(prepared, PreparedExamples):
        facts |= {"objective": prepared.data.kind, "classes": list(prepared.classes)}
    if counts := _counts(prepared):
        facts["counts"] = counts
    return facts


def _counts(prepared: Ready) -> dict[str, dict[str, int]]:
    """The number of rows per class on dev and test; empty where a sequence does not have one class."""
    stores = {split: prepared.stores[split] for split in ("dev", "test")}
    if not isinstance(prepared, PreparedExamples):
        return {split: pair_counts(store.target, prepared.data.cut) for split, store in stores.items()}
    return {
        split: class_counts(store.target, prepared.classes)
        for split, store in stores.items()
        if isinstance(store, ClassStore)
    }
