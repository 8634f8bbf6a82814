"""What a loss sees of some pairs: distances, the margin, and which pairs still pull or push."""

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

# a pair whose gradient is smaller does nothing for the encoder
ACTIVE = 1e-6


@dataclass(frozen=True)
class Look:
    """Some pairs as the encoder sees them now, on its device.

    `vectors`: Float[items dim] of the distinct items, `lengths`: their steps; `left`, `right`: the pairs' places in
    them; `score`, `target`: Float[pairs].
    """

    vectors: Tensor
    lengths: np.ndarray
    left: Tensor
    right: Tensor
    score: Tensor
    target: Tensor

    @property
    def compared(self) -> Compared:
        """The pairs as a loss takes them."""
        return Compared(self.vectors[self.left], self.vectors[self.right], self.score)


def look(model: Siamese, store: PairStore, rows: np.ndarray) -> Look:
    """The pairs at these rows of a store."""
    part = part_of(store, rows)
    # a clone leaves inference mode: a loss may ask for gradients
    vectors = encode_items(model, part.items).clone()
    left, right = (torch.from_numpy(side).to(vectors.device) for side in (part.left, part.right))
    with torch.no_grad():
        score = model.similarity(vectors[left], vectors[right])
    target = torch.from_numpy(part.target.astype(np.float32)).to(vectors.device)
    return Look(vectors, part.items.lengths, left, right, score, target)


def distance_of(loss: Loss) -> Distance:
    """The distance the loss is built on, or else the euclidean one."""
    found = getattr(loss, "distance", None)
    return found if isinstance(found, Distance) else DISTANCES["euclidean"]


def pair_distances(loss: Loss, seen: Look) -> Tensor:
    """The distance of every pair: Float[pairs]."""
    compared = seen.compared
    return distance_of(loss).between(compared.left, compared.right)


def negatives_apart(loss: Loss, seen: Look) -> float | None:
    """Median distance of the different pairs; None without one."""
    d = pair_distances(loss, seen)[~loss.same(seen.target)]
    return float(d.double().quantile(0.5)) if len(d) else None


def beyond_margin(loss: Loss, seen: Look) -> float | None:
    """Share of different pairs as far apart as the margin; None for a loss without a margin on single pairs."""
    if not isinstance(loss, Contrastive):
        return None
    d = pair_distances(loss, seen)[~loss.same(seen.target)]
    return float((d >= loss.margin()).double().mean()) if len(d) else None


def margin_reach(loss: Loss) -> float | None:
    """The margin over the largest distance that many groups can keep from each other; None without a margin."""
    margin = getattr(loss, "margin", None)
    if not isinstance(margin, Margin) or margin.number is None:
        return None
    return margin.number / margin.crowd


def pair_gradients(model: Siamese, loss: Loss, seen: Look, batch: int) -> Tensor:
    """Norm of the gradient of the loss by the two vectors of each pair, its share in the mean undone: Float[pairs].

    The loss is taken in batches as in training, and left as it was.
    """
    watched = apart(loss)
    norms = torch.zeros(len(seen.target))
    for rows in torch.arange(len(seen.target)).split(batch):
        norms[rows] = _gradients_of(model, watched, seen, rows.to(seen.left.device)).cpu() * len(rows)
    return norms


def _gradients_of(model: Siamese, loss: Loss, seen: Look, rows: Tensor) -> Tensor:
    left, right = (seen.vectors[side[rows]].clone().requires_grad_() for side in (seen.left, seen.right))
    value = loss(Compared(left, right, model.similarity(left, right)), seen.target[rows])
    found = torch.autograd.grad(value, (left, right), allow_unused=True)
    squares = [g.square().sum(-1) for g in found if g is not None]
    return torch.stack(squares).sum(0).sqrt()


def apart(loss: Loss) -> Loss:
    """A copy to measure with: neither counters nor the steps of a loss that draws move."""
    held = copy.deepcopy(loss)
    # above 0 it does not warn again of what the training has to say
    held.silent_batches = max(1, held.silent_batches)
    return held


def active_shares(loss: Loss, gradients: Tensor, target: Tensor) -> dict[str, float | None]:
    """Share of same and of different pairs that the loss still moves; None where there are none."""
    same = loss.same(target).cpu()
    active = (gradients > ACTIVE).double()
    kinds = {"active_positives": active[same], "active_negatives": active[~same]}
    return {name: float(part.mean()) if len(part) else None for name, part in kinds.items()}
