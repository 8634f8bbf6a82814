"""HEADS: the outputs of an encoder that is not trained on pairs; and the Learner, an encoder with its head.

To add one: a `Head` with `__init__(model, size, ...)`, `forward(model, batch)` -> logits and
`predict(model, sequences)`, and a line in the dict at the end. All are trained with cross-entropy.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from seqtwin.guards.largest import LAYERS
from seqtwin.lookup import Spec, pick, whole
from seqtwin.model.base_head import Answers, Head
from seqtwin.model.decoder import Decoder
from seqtwin.model.encoder import Encoder
from seqtwin.model.siamese import Siamese
from seqtwin.model.step_representations import STEP_READS
from seqtwin.records import DecodeBatch, LabelledBatch, Sequences


def linear_layers(inputs: int, size: int, layers: int, hidden: int | None, dropout: float) -> nn.Sequential:
    """Logits from a vector: W v + b with one layer; W2 relu(W1 v + b1) + b2 with two. Dropout before each layer.

    >>> [type(part).__name__ for part in linear_layers(4, 2, layers=1, hidden=None, dropout=0.5)]
    ['Dropout', 'Linear']
    """
    width = inputs if hidden is None else whole("hidden", hidden)
    if hidden is not None and layers == 1:
        raise ValueError("hidden: there is no hidden layer with layers: 1")
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout: expected a number from 0 to below 1, got {dropout}")
    parts: list[nn.Module] = []
    for _ in range(whole("layers", layers, LAYERS) - 1):
        parts += [nn.Dropout(dropout), nn.Linear(inputs, width), nn.ReLU()]
        inputs = width
    return nn.Sequential(*parts, nn.Dropout(dropout), nn.Linear(inputs, size))


class ClassHead(Head):
    """One class per sequence, from its vector."""

    predicts = "class"

    def __init__(
        self, model: Siamese, size: int, layers: int = 1, hidden: int | None = None, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.layers = linear_layers(model.space.dim, size, layers, hidden, dropout)

    def forward(self, model: Siamese, batch: LabelledBatch) -> Tensor:
        return self.layers(model.encode(batch.sequences))

    def predict(self, model: Siamese, sequences: Sequences) -> Tensor:
        """The probability of every class: [batch classes]."""
        return self.layers(model.encode(sequences)).softmax(1)


class StepHead(Head):
    """One class per step. `reads`: the vector of a step, by default its output.

    Raises: ValueError for an encoder with `padding: read`: its pads would be steps without a class.
    """

    predicts = "class per step"

    def __init__(
        self,
        model: Siamese,
        size: int,
        reads: object = "outputs",
        layers: int = 1,
        hidden: int | None = None,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if model.encoder.padding == "read":
            raise ValueError("a class per step needs encoder.padding: masked, because pads have no class")
        if model.channel is not None:
            used = f"encoder.{model.channel.setting}: {model.channel.uses}"
            raise ValueError(f"a class per step does not use {used} are those of a whole sequence")
        self.reads = pick(STEP_READS, reads, "step read", model)
        self.layers = linear_layers(self.reads.out_dim, size, layers, hidden, dropout)

    def forward(self, model: Siamese, batch: LabelledBatch) -> Tensor:
        return self._logits(model, batch.sequences)

    def _logits(self, model: Siamese, sequences: Sequences) -> Tensor:
        return self.layers(self.reads(model, model.encoder(sequences)))

    def predict(self, model: Siamese, sequences: Sequences) -> Tensor:
        """The probability of every class at every real step, row by row: [steps classes]."""
        return self._logits(model, sequences).softmax(1)


class Learner(nn.Module):
    """A Siamese whose vectors or states go into a head: the model for every objective other than pairs."""

    head: Head

    def __init__(self, model: Siamese, head: Head) -> None:
        super().__init__()
        self.model, self.head = model, head

    @property
    def encoder(self) -> Encoder:
        """The encoder below the head."""
        return self.model.encoder

    def forward(self, batch: LabelledBatch | DecodeBatch) -> Tensor:
        """Logits, one row per entry of `batch.target`."""
        return self.head(self.model, batch)

    def predict(self, sequences: Sequences) -> Answers:
        """The predictions of the head: probabilities of classes, or the generated token ids of each sequence."""
        return self.head.predict(self.model, sequences)


HEADS: dict[str, Callable[..., Head]] = {"classify": ClassHead, "label_steps": StepHead, "decode": Decoder}


def build_head(spec: Spec, model: Siamese, size: int, *, seed: int) -> Head:
    """A head with new weights. `size`: the number of classes, or of tokens that it can generate.

    The weights come from their own random stream: those of the encoder do not depend on the head.

    Raises: ConfigError for unknown names or options.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed + 2)
        return pick(HEADS, spec, "objective", model, size)
