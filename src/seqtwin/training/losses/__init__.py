"""LOSSES: the losses of pairs, `(Compared, target) -> scalar`. Targets are in [0, 1], 1 = same.

Every loss is built with `(space, cut, similarity)` and its own options by keyword. The files:

- `base`: the contract `Loss`, the ranges in which its options are tuned, and what several losses share.
- `margin`: the margin of a loss, as a number or `auto`.
- `pairwise`: losses of single pairs (mse, contrastive, bce) and of the order of pairs (cosent).
- `batchwise`: losses that compare each left of a batch with all its rights (in_batch, triplet).
- `library`: parts of pytorch-metric-learning by name, with all their settings.
- `pml`: any loss of pytorch-metric-learning, with its miners, distances and reducers.
- `weighted_sum`: several losses added with weights (sum), and the dict of all losses.

To add a loss: a class with its `tuning` and `needs_cut`, and a line in the dict at the end of its file.
"""

from seqtwin.training.losses.base import Loss
from seqtwin.training.losses.weighted_sum import LOSSES, parts_of

__all__ = ["LOSSES", "Loss", "parts_of"]
