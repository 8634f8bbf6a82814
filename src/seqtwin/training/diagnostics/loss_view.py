"""Diagnostics of a loss on some pairs: distances, the margin, and the pairs that still have a gradient."""

import copy
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from seqtwin.data.batches import PairStore
from seqtwin.model.distances import DISTANCES, Distance
from seqtwin.model.siamese import Siamese
from seqtwin.records import Compared
from seqtwin.training.encode_store import encode_items, part_of
from seqtwin.training.losses import Loss
from seqtwin.training.losses.margin import Margin
from seqtwin.training.losses.pairwise import Contrastive

# a pair with a smaller gradient does not train the encoder
ACTIVE = 1e-6


@dataclass(frozen=True)
class Look:
    """The current vectors and scores of some pairs, on the device of the encoder.

    `vectors`: Float[items dim] of the distinct items. `lengths`: their steps. `left`, `right`: the rows of each pair in
    `vectors`. `score`, `target`: Float[pairs].
    """

    vectors: Tensor
    lengths: np.ndarray
    left: Tensor
    right: Tensor
    score: Tensor
    target: Tensor

    @property
    def compared(self) -> Compared:
        """The pairs as the input of a loss."""
        return Compared(self.vectors[self.left], self.vectors[self.right], self.score)


def look(model: Siamese, store: PairStore, rows: np.ndarray) -> Look:
    """The current vectors and scores of the pairs at these rows of a store."""
    part = part_of(store, rows)
    # a clone leaves inference mode, as a loss may need gradients
    vectors = encode_items(model, part.items).clone()
    left, right = (torch.from_numpy(side).to(vectors.device) for side in (part.left, part.right))
    with torch.no_grad():
        score = model.similarity(vectors[left], vectors[right])
    target = torch.from_numpy(part.target.astype(np.float32)).to(vectors.device)
    return Look(vectors, part.items.lengths, left, right, score, target)


def distance_of(loss: Loss) -> Distance:
    """The distance of the loss, or of the first part of a sum that has one; euclidean where there is none."""
    distances = (getattr(part, "distance", None) for part in _parts(loss))
    return next((d for d in distances if isinstance(d, Distance)), DISTANCES["euclidean"])


def _parts(loss: Loss) -> list[Loss]:
    """The loss itself, then the parts of a sum."""
    return [part for part in loss.modules() if isinstance(part, Loss)]


def pair_distances(loss: Loss, seen: Look) -> Tensor:
    """The distance of every pair: Float[pairs]."""
    compared = seen.compared
    return distance_of(loss).between(compared.left, compared.right)


def negatives_apart(loss: Loss, seen: Look) -> float | None:
    """The median distance of the different pairs; None without such pairs."""
    d = pair_distances(loss, seen)[~loss.same(seen.target)]
    return float(d.double().quantile(0.5)) if len(d) else None


def beyond_margin(loss: Loss, seen: Look) -> float | None:
    """The share of different pairs whose distance reaches the margin; None for losses without a contrastive part."""
    own = next((part for part in _parts(loss) if isinstance(part, Contrastive)), None)
    if own is None:
        return None
    d = pair_distances(own, seen)[~loss.same(seen.target)]
    return float((d >= own.margin()).double().mean()) if len(d) else None


def margin_reach(loss: Loss) -> float | None:
    """The margin divided by the largest distance that many groups can keep from each other; None without a margin."""
    margins = (getattr(part, "margin", None) for part in _parts(loss))
    margin = next((own for own in margins if isinstance(own, Margin)), None)
    if margin is None or margin.number is None:
        return None
    return margin.number / margin.crowd


def pair_gradients(model: Siamese, loss: Loss, seen: Look, batch: int) -> Tensor:
    """The norm of the gradient of the loss by the two vectors of each pair, times the size of the batch: Float[pairs].

    The loss is computed in batches of the size used in training. It is not changed.
    """
    watched = copy_of(loss)
    norms = torch.zeros(len(seen.target))
    for rows in torch.arange(len(seen.target)).split(batch):
        norms[rows] = _gradients_of(model, watched, seen, rows.to(seen.left.device)).cpu() * len(rows)
    return norms


def _gradients_of(model: Siamese, loss: Loss, seen: Look, rows: Tensor) -> Tensor:
    left, right = (seen.vectors[side[rows]].clone().requires_grad_() for side in (seen.left, seen.right))
    value = loss(Compared(left, right, model.similarity(left, right)), seen.target[rows])
    gradients = torch.autograd.grad(value, (left, right), allow_unused=True)
    squares = [g.square().sum(-1) for g in gradients if g is not None]
    return torch.stack(squares).sum(0).sqrt()


def copy_of(loss: Loss) -> Loss:
    """A copy for measurements, which leave the counters and random steps of the loss unchanged."""
    copied = copy.deepcopy(loss)
    for part in _parts(copied):
        part.silent_batches = max(1, part.silent_batches)  # above 0 it does not repeat a warning of the training
    return copied


def active_shares(loss: Loss, gradients: Tensor, target: Tensor) -> dict[str, float | None]:
    """The shares of same and of different pairs that still have a gradient; None where there are no such pairs."""
    same = loss.same(target).cpu()
    active = (gradients > ACTIVE).double()
    kinds = {"active_positives": active[same], "active_negatives": active[~same]}
    return {name: float(part.mean()) if len(part) else None for name, part in kinds.items()}
