"""The contract of a channel beside the recurrent network: its share, and how its vectors are joined with others."""

from abc import ABC, abstractmethod

import torch
from jaxtyping import Float
from torch import Tensor, nn

from seqtwin.model import distances
from seqtwin.records import Sequences


class SideChannel(nn.Module, ABC):
    """Sequences to unit vectors of width `dim`, joined with those of a recurrent network by a trained share.

    `share`: at first; with 1 there is no recurrent network. `setting`: its name in the config. `uses`: what its vectors
    are made of, for messages.
    """

    setting: str
    uses: str

    def __init__(self, dim: int, share: float) -> None:
        super().__init__()
        self.dim = dim
        self.logit = nn.Parameter(torch.tensor(share).logit()) if share < 1 else None

    @abstractmethod
    def forward(self, sequences: Sequences) -> Float[Tensor, "batch dim"]: ...

    @property
    def alone(self) -> bool:
        """Whether there is no recurrent network beside this channel."""
        return self.logit is None

    @property
    def share(self) -> Tensor:
        """The share of this channel in the similarity of two sequences."""
        return torch.ones(()) if self.logit is None else self.logit.sigmoid()

    def beside(self, width: int) -> int:
        """The width of vectors of this width joined with those of this channel."""
        return self.dim if self.alone else width + self.dim

    def join(self, vectors: Float[Tensor, "batch width"], sequences: Sequences) -> Float[Tensor, "batch joined"]:
        """Vectors of another kind joined with those of this channel. Their cosine is a weighted average.

        [sqrt(1 - share) unit(v), sqrt(share) own]: the cosine of two is (1 - share) times that of the vectors plus
        `share` times that of this channel's. With a share of 1 these are returned.
        """
        if self.alone:
            return self(sequences)
        share = self.share
        return torch.cat([(1 - share).sqrt() * distances.unit(vectors), share.sqrt() * self(sequences)], 1)
