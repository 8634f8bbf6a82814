"""The Siamese network: one encoder, representation, projection and similarity, used for both sides of a pair."""

import torch
from torch import Tensor, nn

from seqtwin.model.encoder import Encoder
from seqtwin.model.projections import Projection
from seqtwin.model.representations import Representation
from seqtwin.model.similarities import Similarity
from seqtwin.model.unique_rows import row_sums
from seqtwin.model.vector_space import VectorSpace
from seqtwin.records import Compared, PairBatch, Sequences, States


class Siamese(nn.Module):
    """encode(Sequences) -> vectors; forward(PairBatch) -> Compared. Both sides share the one encoder.

    `name`: that of the similarity.
    """

    representation: Representation
    projection: Projection
    similarity: Similarity

    def __init__(
        self,
        encoder: Encoder,
        representation: Representation,
        projection: Projection,
        similarity: Similarity,
        name: str,
    ) -> None:
        super().__init__()
        self.encoder, self.representation = encoder, representation
        self.projection, self.similarity = projection, similarity
        self.similarity_name = name

    @property
    def space(self) -> VectorSpace:
        """The properties of the vectors that are known before training."""
        p, s = self.projection, self.similarity
        return VectorSpace(
            dim=p.out_dim, bound=p.bound, unit=p.unit, similarity=self.similarity_name, low=s.low, high=s.high
        )

    def encode(self, sequences: Sequences) -> Tensor:
        """One vector per sequence: [batch dim]."""
        return self.vectors_of(self.encoder(sequences))

    def vectors_of(self, states: States) -> Tensor:
        """The vectors of these states: [batch dim]."""
        return self.projection(self.representation(states))

    def forward(self, pairs: PairBatch) -> Compared:
        both = joined(pairs.left, pairs.right)
        distinct, places = distinct_rows(both)
        left, right = self.encode(distinct)[places].chunk(2)
        return Compared(left, right, self.similarity(left, right))


def joined(left: Sequences, right: Sequences) -> Sequences:
    """Both sides as one batch, left rows first: the encoder runs only once."""
    width = max(left.values.shape[1], right.values.shape[1])
    values = [_widened(side.values, width) for side in (left, right)]
    return Sequences(torch.cat(values), torch.cat([left.lengths, right.lengths]))


def _widened(values: Tensor, width: int) -> Tensor:
    missing = width - values.shape[1]
    return nn.functional.pad(values, [0, 0] * (values.dim() - 2) + [0, missing]) if missing else values


def distinct_rows(sequences: Sequences) -> tuple[Sequences, Tensor]:
    """The distinct sequences of a batch, and the place of each row among them: Int[batch]."""
    all_rows = torch.arange(len(sequences), device=sequences.lengths.device)
    if sequences.values.is_floating_point():
        return sequences, all_rows
    # the length is part of the row: inside a text, the id of the pad is a token
    rows = torch.cat([sequences.lengths[:, None], sequences.values.flatten(1)], 1)
    if len(torch.unique(row_sums(rows))) == len(rows):
        return sequences, all_rows
    distinct, places = torch.unique(rows, dim=0, return_inverse=True)
    return Sequences(distinct[:, 1:].unflatten(1, sequences.values.shape[1:]), distinct[:, 0]), places
