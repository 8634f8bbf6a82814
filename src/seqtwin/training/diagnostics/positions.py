"""Which part of a sequence the encoder learns from (gradients) and lives on (what it loses when a third is deleted)."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from seqtwin.data.batches import PairStore, Ragged
from seqtwin.model.lstm_engine import Layout, Share, share_of_vectors
from seqtwin.model.run_cell import PADDINGS
from seqtwin.model.siamese import Siamese, joined
from seqtwin.records import Compared, Sequences
from seqtwin.training.diagnostics.loss_view import apart
from seqtwin.training.losses import Loss

THIRDS = ("first", "middle", "last")
# a ratio needs no more digits, and JSON holds no infinity
LARGEST_RATIO = 1e12


def third_of(steps: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """In which third (0, 1, 2) of its sequence a step stands.

    >>> third_of(np.arange(4), np.array([4])).tolist()
    [0, 0, 1, 2]
    """
    return np.asarray(3 * steps // lengths)


def without_third(items: Ragged, third: int) -> Ragged:
    """The items without this third of their steps; those of one or two steps stay whole.

    >>> without_third(Ragged.of([np.array([5, 6, 7, 8]), np.array([9])]), 0).steps
    array([7, 8, 9])
    """
    steps = np.arange(len(items.steps)) - np.repeat(items.starts, items.lengths)
    long = np.repeat(items.lengths, items.lengths)
    keep = (third_of(steps, long) != third) | (long < len(THIRDS))
    lengths = np.add.reduceat(keep, items.starts).astype(np.int64)
    return Ragged(items.steps[keep], np.cumsum(lengths) - lengths, lengths)


def drop_shares(whole: float | None, left: list[float | None], least: float) -> dict[str, float | None]:
    """Each third's share in the summed loss of a metric: from `whole` to `left[i]`, without third i.

    A third without which the metric rises has share 0; None where the sum is below `least` (then nothing hangs on any
    third) or a metric has no value.

    >>> drop_shares(0.9, [0.9, 0.8, 0.6], least=0.02)
    {'third_first': 0.0, 'third_middle': 0.25, 'third_last': 0.75}
    """
    names = [f"third_{name}" for name in THIRDS]
    found = [value for value in left if value is not None]
    if whole is None or len(found) < len(THIRDS):
        return dict.fromkeys(names)
    drops = [max(0.0, whole - value) for value in found]
    total = sum(drops)
    return {name: round(drop / total, 12) if total >= least else None for name, drop in zip(names, drops, strict=True)}


class _Watched(nn.Module):
    """An encoder's inputs whose vectors can be asked for their gradient, step by step."""

    def __init__(self, inputs: Any) -> None:
        super().__init__()
        self.inputs = inputs
        self.vectors = torch.empty(0)

    def forward(self, sequences: Sequences) -> Tensor:
        self.vectors = self.inputs(sequences).detach().requires_grad_()
        return self.vectors

    def gates(self, sequences: Sequences, layout: Layout, weight: Tensor, bias: Tensor) -> Share:
        return share_of_vectors(self(sequences), layout, weight, bias)


def step_gradients(model: Siamese, loss: Loss, store: PairStore, rows: np.ndarray) -> tuple[Tensor, Tensor]:
    """Norm of the loss's gradient by the input vector of every step, left sides first; and the sequences' lengths.

    Float[2*pairs time] and Int[2*pairs]. Dropout is off; neither encoder nor loss is changed.
    """
    pairs = store.batch(rows).to(next(model.parameters()).device)
    both = joined(pairs.left, pairs.right)
    watched = _Watched(model.encoder.inputs)
    was_training = model.training
    model.eval()
    # cuDNN has no gradient of a recurrent net that is not training
    with torch.backends.cudnn.flags(enabled=False):
        states = PADDINGS[model.encoder.padding](watched, model.encoder.rnn, both)
        left, right = model.projection(model.representation(states)).chunk(2)
        value = apart(loss)(Compared(left, right, model.similarity(left, right)), pairs.target)
        (found,) = torch.autograd.grad(value, (watched.vectors,))
    model.train(was_training)
    return found.norm(dim=-1).cpu(), both.lengths.cpu()


def gradient_thirds(norms: Tensor, lengths: Tensor) -> dict[str, float | None]:
    """Mean gradient norm of the steps in each third, over sequences of three steps and more; largest / smallest third.

    `norms`: Float[sequences time]. All None without such a sequence; no ratio where all are 0.
    """
    steps = torch.arange(norms.shape[1])
    real = (steps < lengths[:, None]) & (lengths[:, None] >= len(THIRDS))
    third = 3 * steps // lengths[:, None]
    means = [float(norms[real & (third == i)].double().mean()) if bool(real.any()) else None for i in range(3)]
    found: dict[str, float | None] = {f"gradient_{name}": mean for name, mean in zip(THIRDS, means, strict=True)}
    return {**found, "gradient_ratio": _ratio([mean for mean in means if mean is not None])}


def _ratio(means: list[float]) -> float | None:
    top = max(means, default=0.0)
    return top / max(min(means), top / LARGEST_RATIO) if top > 0 else None
