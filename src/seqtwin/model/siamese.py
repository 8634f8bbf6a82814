"""The Siamese network: one encoder, representation, projection and similarity, used for both sides of a pair."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn

from seqtwin.model.encoder import Encoder
from seqtwin.model.projections import Projection
from seqtwin.model.representations import Representation
from seqtwin.model.side_channels.kernels import KernelChannel
from seqtwin.model.side_channels.lexical import LexicalChannel
from seqtwin.model.side_channels.side_channel import SideChannel
from seqtwin.model.similarities import Similarity
from seqtwin.model.unique_rows import distinct
from seqtwin.model.vector_space import VectorSpace
from seqtwin.records import Compared, PairBatch, Sequences, States


class Siamese(nn.Module):
    """encode(Sequences) -> vectors; forward(PairBatch) -> Compared. Both sides share the one encoder.

    `name`: that of the similarity. `lexical` (texts) or `kernels` (series): a channel beside the recurrent network,
    whose vectors are joined.
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
        lexical: LexicalChannel | None = None,
        kernels: KernelChannel | None = None,
    ) -> None:
        super().__init__()
        self.encoder, self.representation = encoder, representation
        self.projection, self.similarity = projection, similarity
        self.similarity_name, self.lexical, self.kernels = name, lexical, kernels

    @property
    def channel(self) -> SideChannel | None:
        """The channel beside the recurrent network, where there is one."""
        return self.lexical if self.kernels is None else self.kernels

    @property
    def space(self) -> VectorSpace:
        """The properties of the vectors that are known before training."""
        p, s = self.projection, self.similarity
        dim, bound, unit = p.out_dim, p.bound, p.unit
        if self.channel is not None:
            dim, bound, unit = self.channel.beside(dim), 1.0, True
        return VectorSpace(dim, bound, unit, self.similarity_name, s.low, s.high)

    def encode(
        self, sequences: Sequences, precision: Callable[[], AbstractContextManager[object]] = nullcontext
    ) -> Tensor:
        """One vector per sequence: [batch dim]. `precision`: in which the states are computed, and nothing else."""
        if self.channel is not None and self.channel.alone:
            return self.channel(sequences)
        with precision():
            states = self.encoder(sequences)
        return self.joined(self.vectors_of(states), sequences)

    def joined(self, vectors: Tensor, sequences: Sequences) -> Tensor:
        """The vectors of the recurrent network, joined with those of the side channel where there is one."""
        return vectors if self.channel is None else self.channel.join(vectors, sequences)

    def vectors_of(self, states: States) -> Tensor:
        """The vectors of these states, without a side channel: [batch width]."""
        return self.projection(self.representation(states))

    def forward(self, pairs: PairBatch) -> Compared:
        distinct, places = distinct_sides(pairs)
        return self.compare(self.encode(distinct), places)

    def compare(self, vectors: Tensor, places: Tensor) -> Compared:
        """Pairs of vectors. `places`: the vector of each left side, then of each right side: Int[2*pairs]."""
        left, right = vectors.index_select(0, places).chunk(2)
        return Compared(left, right, self.similarity(left, right))


def distinct_sides(pairs: PairBatch) -> tuple[Sequences, Tensor]:
    """The distinct sequences of some pairs, and the place of each side among them, left sides first: Int[2*pairs]."""
    return distinct_rows(joined(pairs.left, pairs.right))


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
    unique, places = distinct(rows)
    if len(unique) == len(rows):
        return sequences, all_rows
    return Sequences(unique[:, 1:].unflatten(1, sequences.values.shape[1:]), unique[:, 0]), places
