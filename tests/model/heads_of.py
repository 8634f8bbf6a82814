"""What the tests of heads share: a head of every kind as a config names it, and a batch that it can be trained on."""

from collections.abc import Callable
from typing import Any

import torch
from decoders import END, WRITTEN, drawn, padded
from encoders import texts

from seqtwin.model.heads import HEADS, Learner, build_head
from seqtwin.model.siamese import Siamese
from seqtwin.records import DecodeBatch, LabelledBatch, Sequences

CLASSES = WRITTEN
# a member that is not named here is tested as it stands, from the moment it is in its dict
HEAD_OPTIONS: dict[str, list[dict[str, Any]]] = {
    "classify": [{}, {"layers": 2, "hidden": 3, "dropout": 0.5}, {"layers": 3}],
    "label_steps": [{}, {"reads": {"name": "join", "parts": ["outputs", "repeated"]}, "layers": 2, "dropout": 0.5}],
    "decode": [{"longest": 5}, {"longest": 5, "feed": True, "beam": 2, "word_dropout": 0.5}],
}
SPECS = [{"name": name, **options} for name in HEADS for options in HEAD_OPTIONS.get(name, [{}])]


def learner_of(spec: Any, model: Siamese, *, seed: int = 0) -> Learner:
    """A Siamese (in float64) with a fresh head on it, in eval mode."""
    return Learner(model, build_head(spec, model, CLASSES, seed=seed)).double().eval()


def _classes(sequences: Sequences, count: int) -> LabelledBatch:
    target = torch.randint(CLASSES, (count,), generator=torch.Generator().manual_seed(2))
    return LabelledBatch(sequences, target, torch.arange(len(sequences)))


def _written(sequences: Sequences) -> DecodeBatch:
    told = padded([[*row, END] for row in drawn(tuple(sequences.lengths.tolist()), WRITTEN, 1)])
    return DecodeBatch(sequences, told, torch.arange(len(sequences)))


BATCHES: dict[str, Callable[[Sequences], Any]] = {
    "classify": lambda sequences: _classes(sequences, len(sequences)),
    "label_steps": lambda sequences: _classes(sequences, int(sequences.lengths.sum())),
    "decode": _written,
}


def batch_for(name: str, lengths: tuple[int, ...]) -> Any:
    """Random texts of these lengths, and what a head of this name is to say of them."""
    return BATCHES[name](texts(lengths))
