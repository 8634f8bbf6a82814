"""The Siamese: one encoder, one representation, one projection and one similarity, applied to both sides alike."""

from typing import Any

import torch
from torch import Tensor, nn

from seqtwin.model.encoder import Encoder
from seqtwin.model.unique_rows import row_sums
from seqtwin.model.vector_space import VectorSpace
from seqtwin.records import Compared, PairBatch, Sequences, States


class Siamese(nn.Module):
    """encode(Sequences) -> vectors; forward(PairBatch) -> Compared. Sharing is the absence of a second encoder."""

    representation: Any
    projection: Any
    similarity: Any

    def __init__(
        self, encoder: Encoder, representation: nn.Module, projection: nn.Module, similarity: nn.Module, name: str
    ) -> None:
        super().__init__()
        self.encoder, self.representation = encoder, representation
        self.projection, self.similarity = projection, similarity
        self.similarity_name = name

    @property
    def space(self) -> VectorSpace:
        """What is known of the vectors before training."""
        p, s = self.projection, self.similarity
        return VectorSpace(
            dim=p.out_dim, bound=p.bound, unit=p.unit, similarity=self.similarity_name, low=s.low, high=s.high
        )

    def encode(self, sequences: Sequences) -> Tensor:
        """One vector a sequence: [batch dim]."""
        return self.vectors_of(self.encoder(sequences))

    def vectors_of(self, states: States) -> Tensor:
        """The vectors that stand in these states: [batch dim]."""
        return self.projection(self.representation(states))

    def forward(self, pairs: PairBatch) -> Compared:
        both = joined(pairs.left, pairs.right)
        distinct, place = distinct_rows(both)
        left, right = self.encode(distinct)[place].chunk(2)
        return Compared(left, right, self.similarity(left, right))


def joined(left: Sequences, right: Sequences) -> Sequences:
    """Both sides as one batch, left rows first, so that the encoder runs once."""
    width = max(left.values.shape[1], right.values.shape[1])
    values = [_widened(side.values, width) for side in (left, right)]
    return Sequences(torch.cat(values), torch.cat([left.lengths, right.lengths]))


def _widened(values: Tensor, width: int) -> Tensor:
    missing = width - values.shape[1]
    return nn.functional.pad(values, [0, 0] * (values.dim() - 2) + [0, missing]) if missing else values


def distinct_rows(sequences: Sequences) -> tuple[Sequences, Tensor]:
    """The same sequence only once, and where each row stands in what is left."""
    all_rows = torch.arange(len(sequences), device=sequences.lengths.device)
    if sequences.values.is_floating_point():
        return sequences, all_rows
    # the length is part of the row: a pad's id inside a text is a token
    rows = torch.cat([sequences.lengths[:, None], sequences.values.flatten(1)], 1)
    if len(torch.unique(row_sums(rows))) == len(rows):
        return sequences, all_rows
    found, place = torch.unique(rows, dim=0, return_inverse=True)
    return Sequences(found[:, 1:].unflatten(1, sequences.values.shape[1:]), found[:, 0]), place
