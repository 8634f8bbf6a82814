"""The invariance of vectors: neither the order of a batch nor pads may change them."""

import numpy as np
import torch
from torch import Tensor

from seqtwin.data.batches import Ragged
from seqtwin.model.siamese import Siamese
from seqtwin.records import Sequences

SAMPLE = 64
EXTRA_PADS = 8


def of_one_length(items: Ragged, sample: int = SAMPLE) -> Sequences:
    """Up to `sample` items from the whole store, at least as long as the median item and cut to its length."""
    length = int(np.sort(items.lengths)[len(items) // 2])
    long = np.flatnonzero(items.lengths >= length)
    rows = long[np.linspace(0, len(long) - 1, min(sample, len(long))).astype(int)]
    values = items.take(rows).values[:, :length].contiguous()
    return Sequences(values, torch.full((len(rows),), length))


def padded(sequences: Sequences, extra: int = EXTRA_PADS) -> Sequences:
    """The same sequences with additional pad columns."""
    values = sequences.values
    more = values.new_zeros((len(values), extra, *values.shape[2:]))
    return Sequences(torch.cat([values, more], 1), sequences.lengths)


def permutation_deviation(model: Siamese, items: Ragged) -> float:
    """The largest change of a vector when the rows of its batch, all of one length, are permuted. It should be 0."""
    batch = of_one_length(items)
    # a permutation gives every row new neighbours; a reversal would not
    order = torch.from_numpy(np.random.default_rng(0).permutation(len(batch)))
    moved = Sequences(batch.values[order], batch.lengths[order])
    return _largest(_vectors(model, batch)[order.to(_device(model))], _vectors(model, moved))


def padding_deviation(model: Siamese, items: Ragged) -> float:
    """The largest change of a vector when pads are added to its batch, all of one length. It should be 0."""
    batch = of_one_length(items)
    return _largest(_vectors(model, batch), _vectors(model, padded(batch)))


def _largest(a: Tensor, b: Tensor) -> float:
    return float((a - b).abs().max())


def _device(model: Siamese) -> torch.device:
    return next(model.parameters()).device


@torch.no_grad()
def _vectors(model: Siamese, sequences: Sequences) -> Tensor:
    was_training = model.training
    model.eval()
    vectors = model.encode(sequences.to(_device(model))).float()
    model.train(was_training)
    return vectors
