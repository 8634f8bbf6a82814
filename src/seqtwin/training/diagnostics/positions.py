"""The part of a sequence that trains the encoder (by gradients), and the part that it needs (by deleting thirds)."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from seqtwin.data.batches import PairStore, Ragged
from seqtwin.model.lstm.layout import Layout
from seqtwin.model.lstm.shares import Share, share_of_vectors
from seqtwin.model.run_cell import PADDINGS
from seqtwin.model.siamese import Siamese, joined
from seqtwin.records import Compared, Sequences
from seqtwin.training.diagnostics.loss_view import copy_of
from seqtwin.training.losses import Loss

THIRDS = ("first", "middle", "last")
# JSON has no infinity
LARGEST_RATIO = 1e12


def third_of(steps: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """The third (0, 1, 2) of its sequence that a step belongs to.

    >>> third_of(np.arange(4), np.array([4])).tolist()
    [0, 0, 1, 2]
    """
    return np.asarray(3 * steps // lengths)


def without_third(items: Ragged, third: int) -> Ragged:
    """The items without this third of their steps. Items of one or two steps stay unchanged.

    >>> without_third(Ragged.of([np.array([5, 6, 7, 8]), np.array([9])]), 0).steps
    array([7, 8, 9])
    """
    steps = np.arange(len(items.steps)) - np.repeat(items.starts, items.lengths)
    long = np.repeat(items.lengths, items.lengths)
    keep = (third_of(steps, long) != third) | (long < len(THIRDS))
    lengths = np.add.reduceat(keep, items.starts).astype(np.int64)
    return Ragged(items.steps[keep], np.cumsum(lengths) - lengths, lengths)


def drop_shares(whole: float | None, left: list[float | None], least: float) -> dict[str, float | None]:
    """The share of each third in the total drop of a metric. It drops from `whole` to `left[i]` without third i.

    A third without which the metric increases has share 0. All are None if the total is below `least` (no third
    matters) or a metric has no value.

    >>> drop_shares(0.9, [0.9, 0.8, 0.6], least=0.02)
    {'third_first': 0.0, 'third_middle': 0.25, 'third_last': 0.75}
    """
    names = [f"third_{name}" for name in THIRDS]
    values = [value for value in left if value is not None]
    if whole is None or len(values) < len(THIRDS):
        return dict.fromkeys(names)
    drops = [max(0.0, whole - value) for value in values]
    total = sum(drops)
    return {name: round(drop / total, 12) if total >= least else None for name, drop in zip(names, drops, strict=True)}


class _Watched(nn.Module):
    """The inputs of an encoder, with their vectors kept for a gradient by each step."""

    def __init__(self, inputs: Callable[[Sequences], Tensor]) -> None:
        super().__init__()
        self.inputs = inputs
        self.vectors = torch.empty(0)

    def forward(self, sequences: Sequences) -> Tensor:
        self.vectors = self.inputs(sequences).detach().requires_grad_()
        return self.vectors

    def gates(self, sequences: Sequences, layout: Layout, weight: Tensor, bias: Tensor) -> Share:
        return share_of_vectors(self(sequences), layout, weight, bias)


def step_gradients(model: Siamese, loss: Loss, store: PairStore, rows: np.ndarray) -> tuple[Tensor, Tensor]:
    """The norm of the loss's gradient by the input vector of every step, and the lengths of the sequences.

    Float[2*pairs time] and Int[2*pairs], left sides first. Dropout is off. Neither encoder nor loss is changed.
    """
    pairs = store.batch(rows).to(next(model.parameters()).device)
    both = joined(pairs.left, pairs.right)
    watched = _Watched(model.encoder.inputs)
    was_training = model.training
    model.eval()
    # cuDNN has no gradient for a recurrent network in evaluation mode
    with torch.backends.cudnn.flags(enabled=False):
        states = PADDINGS[model.encoder.padding](watched, model.encoder.rnn, both)
        left, right = model.joined(model.vectors_of(states), both).chunk(2)
        value = copy_of(loss)(Compared(left, right, model.similarity(left, right)), pairs.target)
        gradient = _gradient(value, watched.vectors)
    model.train(was_training)
    return gradient.norm(dim=-1).cpu(), both.lengths.cpu()


def _gradient(value: Tensor, inputs: Tensor) -> Tensor:
    """The gradient of a value by inputs: 0 where they have no effect, because there is no recurrent network."""
    if not value.requires_grad:
        return torch.zeros_like(inputs)
    return torch.autograd.grad(value, (inputs,), materialize_grads=True)[0]


def gradient_thirds(norms: Tensor, lengths: Tensor) -> dict[str, float | None]:
    """The mean gradient norm of the steps in each third, and the ratio of the largest to the smallest third.

    `norms`: Float[sequences time]. Only sequences of three or more steps count. Without any, all are None. The ratio is
    None if all norms are 0.
    """
    steps = torch.arange(norms.shape[1])
    real = (steps < lengths[:, None]) & (lengths[:, None] >= len(THIRDS))
    third = 3 * steps // lengths[:, None]
    means = [float(norms[real & (third == i)].double().mean()) if bool(real.any()) else None for i in range(3)]
    by_third: dict[str, float | None] = {f"gradient_{name}": mean for name, mean in zip(THIRDS, means, strict=True)}
    return {**by_third, "gradient_ratio": _ratio([mean for mean in means if mean is not None])}


def _ratio(means: list[float]) -> float | None:
    top = max(means, default=0.0)
    return top / max(min(means), top / LARGEST_RATIO) if top > 0 else None
