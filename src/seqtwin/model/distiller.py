"""The Distiller: an encoder that learns from a teacher, with a linear map from its vectors to those of the teacher."""

import torch
from torch import nn

from seqtwin.lookup import whole
from seqtwin.model.encoder import Encoder
from seqtwin.model.siamese import Siamese
from seqtwin.records import Imitated, TaughtBatch


class Distiller(nn.Module):
    """The vectors v of a Siamese, and W v with the width of the teacher. W is used in training only.

    `width`: of the vectors of the teacher. `seed`: of W, whose random stream is its own: the weights of the encoder do
    not depend on it.
    """

    def __init__(self, model: Siamese, width: int, *, seed: int) -> None:
        super().__init__()
        self.model = model
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed + 2)
            self.map = nn.Linear(model.space.dim, whole("width", width), bias=False)

    @property
    def encoder(self) -> Encoder:
        """The encoder below the map."""
        return self.model.encoder

    def forward(self, batch: TaughtBatch) -> Imitated:
        """The vectors [batch dim] and their images [batch width]."""
        vectors = self.model.encode(batch.sequences)
        return Imitated(vectors, self.map(vectors))
