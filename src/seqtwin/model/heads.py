"""HEADS: what stands on an encoder that is trained for something else than pairs; and the Learner that holds both.

To add one: a final `nn.Module` with `__init__(model, size, ...)`, `forward(model, batch)` -> logits and
`predict(model, sequences)`, and a line in the dict at the foot. All are trained with cross-entropy.
"""

from typing import Any

import torch
from torch import Tensor, nn

from seqtwin.lookup import Spec, pick, whole
from seqtwin.model.decoder import Decoder
from seqtwin.model.encoder import Encoder
from seqtwin.model.siamese import Siamese
from seqtwin.model.step_representations import STEP_READS
from seqtwin.records import DecodeBatch, LabelledBatch, Sequences


def linear_layers(inputs: int, size: int, layers: int, hidden: int | None, dropout: float) -> nn.Sequential:
    """Logits from a vector: W v + b with one layer; W2 relu(W1 v + b1) + b2 with two. Dropout before each map.

    >>> [type(part).__name__ for part in linear_layers(4, 2, layers=1, hidden=None, dropout=0.5)]
    ['Dropout', 'Linear']
    """
    width = inputs if hidden is None else whole("hidden", hidden)
    if hidden is not None and layers == 1:
        raise ValueError("hidden: with layers: 1 there is no hidden layer")
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout: expected 0 up to (not including) 1, got {dropout}")
    parts: list[nn.Module] = []
    for _ in range(whole("layers", layers) - 1):
        parts += [nn.Dropout(dropout), nn.Linear(inputs, width), nn.ReLU()]
        inputs = width
    return nn.Sequential(*parts, nn.Dropout(dropout), nn.Linear(inputs, size))


class ClassHead(nn.Module):
    """A class for the whole sequence, from its one vector."""

    def __init__(
        self, model: Siamese, size: int, layers: int = 1, hidden: int | None = None, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.layers = linear_layers(model.space.dim, size, layers, hidden, dropout)

    def forward(self, model: Siamese, batch: LabelledBatch) -> Tensor:
        return self.layers(model.encode(batch.sequences))

    def predict(self, model: Siamese, sequences: Sequences) -> Tensor:
        """Probability of every class: [batch classes]."""
        return self.layers(model.encode(sequences)).softmax(1)


class StepHead(nn.Module):
    """A class for every step. `reads`: what is read there, by default the outputs.

    Raises: ValueError for an encoder that reads pads: they would be steps without a class.
    """

    def __init__(
        self,
        model: Siamese,
        size: int,
        reads: Any = "outputs",
        layers: int = 1,
        hidden: int | None = None,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if model.encoder.padding == "read":
            raise ValueError("a class for every step needs encoder.padding: masked; pads have none")
        self.reads = pick(STEP_READS, reads, "step read", model)
        self.layers = linear_layers(self.reads.out_dim, size, layers, hidden, dropout)

    def forward(self, model: Siamese, batch: LabelledBatch) -> Tensor:
        return self._logits(model, batch.sequences)

    def _logits(self, model: Siamese, sequences: Sequences) -> Tensor:
        return self.layers(self.reads(model, model.encoder(sequences)))

    def predict(self, model: Siamese, sequences: Sequences) -> Tensor:
        """Probability of every class at every real step, row by row: [steps classes]."""
        return self._logits(model, sequences).softmax(1)


class Learner(nn.Module):
    """An encoder with its representation, and a head on it: what is trained when the objective is not pairs."""

    head: Any

    def __init__(self, model: Siamese, head: nn.Module) -> None:
        super().__init__()
        self.model, self.head = model, head

    @property
    def encoder(self) -> Encoder:
        """The encoder that the head stands on."""
        return self.model.encoder

    def forward(self, batch: LabelledBatch | DecodeBatch) -> Tensor:
        """Logits, one row for each entry of `batch.target`."""
        return self.head(self.model, batch)

    def predict(self, sequences: Sequences) -> Any:
        """What the head says of each sequence, in its own form."""
        return self.head.predict(self.model, sequences)


HEADS: dict[str, Any] = {"classify": ClassHead, "label_steps": StepHead, "decode": Decoder}


def build_head(spec: Spec, model: Siamese, size: int, *, seed: int) -> nn.Module:
    """A head with fresh weights, from a stream of its own: the encoder's weights do not depend on it.

    Raises: ConfigError for unknown names or options.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed + 2)
        head: nn.Module = pick(HEADS, spec, "objective", model, size)
    return head
