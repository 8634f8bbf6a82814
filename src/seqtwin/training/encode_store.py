"""Vectors and scores of a whole store. Each distinct item is encoded once, shortest first unless pads are read."""

import logging
from functools import partial

import numpy as np
import torch
from torch import Tensor

from seqtwin.data.batches import PairStore, Ragged, by_length
from seqtwin.model.distiller import Distiller
from seqtwin.model.heads import Learner
from seqtwin.model.precision import PRECISIONS, can_autocast, independent_in_bf16
from seqtwin.model.siamese import Siamese
from seqtwin.model.vector_space import count_zero_vectors, zero_vectors_line

log = logging.getLogger(__name__)

ENCODE_BATCH = 512


def sorting_lengths(model: Siamese | Learner | Distiller, lengths: np.ndarray) -> np.ndarray:
    """The lengths by which batches are sorted: those of the items, or with `padding: read` the same for all.

    Batches of equal lengths have no pads: sorting would hide the effect that `padding: read` is for.
    """
    return lengths if model.encoder.padding == "masked" else np.ones_like(lengths)


@torch.inference_mode()
def encode_items(model: Siamese, items: Ragged, *, batch: int = ENCODE_BATCH, precision: str = "fp32") -> Tensor:
    """One vector per item, on the model's device: Float[items dim]."""
    device = next(model.parameters()).device
    was_training = model.training
    model.eval()
    vectors = torch.empty(len(items), model.space.dim, device=device)
    for rows in by_length(sorting_lengths(model, items.lengths), batch):
        found = model.encode(items.take(rows).to(device), partial(PRECISIONS[precision], device.type))
        vectors[torch.from_numpy(rows).to(device)] = found.float()
    model.train(was_training)
    return vectors


@torch.inference_mode()
def score_pairs(model: Siamese, vectors: Tensor, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The similarity of pairs, which are rows `left` and `right` of `vectors`: Float[pairs]."""
    parts = []
    for rows in np.array_split(np.arange(len(left)), max(1, len(left) // 4096)):
        a, b = (vectors[torch.from_numpy(side[rows]).to(vectors.device)] for side in (left, right))
        parts.append(model.similarity(a, b).cpu().numpy())
    return np.concatenate(parts)


@torch.inference_mode()
def score_matrix(model: Siamese, a: Tensor, b: Tensor) -> np.ndarray:
    """The similarity of every vector of `a` with every vector of `b`: Float[len(a) len(b)]."""
    scores: np.ndarray = model.similarity.matrix(a, b).cpu().numpy()
    return scores


def predict(model: Siamese, store: PairStore) -> np.ndarray:
    """The score of every pair of a store: Float[pairs]."""
    used = part_of(store, np.arange(len(store)))
    return score_pairs(model, encode_items(model, used.items), used.left, used.right)


def part_of(store: PairStore, rows: np.ndarray) -> PairStore:
    """The pairs at these rows, with only the items that they use."""
    used, place = np.unique(np.concatenate([store.left[rows], store.right[rows]]), return_inverse=True)
    left, right = np.split(place, 2)
    return PairStore(store.items.only(used), left, right, store.target[rows])


def batch_deviation(model: Siamese, items: Ragged) -> float:
    """The largest difference between the vector of a sequence alone and in a batch with longer ones. It should be 0."""
    chosen = _sample(items, 16)  # each alone takes as long as many in a batch
    together = encode_items(model, chosen)
    alone = encode_items(model, chosen, batch=1)
    return float((together - alone).abs().max())


def warn_of_zeros(model: Siamese, vectors: Tensor) -> None:
    """Log how many of these vectors of test are zeros, where cosines compare them."""
    if model.similarity_name == "cosine":
        line = zero_vectors_line(count_zero_vectors(vectors.cpu().numpy()))
        if line:
            log.warning("on test, %s", line)


def rounding_deviation(model: Siamese, items: Ragged) -> float | None:
    """The largest difference of a coordinate between float32 and bfloat16; None where bfloat16 is not offered."""
    if not (independent_in_bf16(model) and can_autocast(model)):
        return None
    chosen = _sample(items)
    exact, rounded = (encode_items(model, chosen, precision=name) for name in ("fp32", "bf16"))
    return float((exact - rounded).abs().max())


def _sample(items: Ragged, size: int = 64) -> Ragged:
    """Some items of all lengths."""
    order = np.argsort(items.lengths, kind="stable")
    return items.only(order[np.linspace(0, len(order) - 1, min(size, len(order))).astype(int)])
