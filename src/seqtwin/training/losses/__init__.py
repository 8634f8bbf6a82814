"""LOSSES: what a Siamese is trained to do with a pair, `(Compared, target) -> scalar`. Targets in [0, 1], 1 = same.

Every loss is built with `(space, cut, similarity)` and its own options by keyword.
"""

from seqtwin.training.losses.base import Loss
from seqtwin.training.losses.batchwise import InBatch, Triplet
from seqtwin.training.losses.pairwise import Bce, Contrastive, Cosent, Mse
from seqtwin.training.losses.pml import Pml

__all__ = ["LOSSES", "Loss"]

LOSSES: dict[str, type[Loss]] = {
    "mse": Mse,
    "contrastive": Contrastive,
    "cosent": Cosent,
    "bce": Bce,
    "in_batch": InBatch,
    "triplet": Triplet,
    "pml": Pml,
}
