"""The vectors of single items during a training: a sample that is measured after each epoch, and its geometry."""

import numpy as np
import torch

from seqtwin.data.batches import Ragged
from seqtwin.model.distiller import Distiller
from seqtwin.model.heads import Learner
from seqtwin.model.siamese import Siamese
from seqtwin.published import Diagnostics
from seqtwin.run.diagnose_run import STATE_ITEMS, some_rows
from seqtwin.training.diagnostics import geometry
from seqtwin.training.encode_store import encode_items
from seqtwin.training.run_state import Criterion

WATCHED_ITEMS = 512


class ItemWatcher:
    """Measures the vectors of a fixed sample of training items, before training and after each epoch.

    `first`: the sizes of the vectors before training.
    """

    def __init__(self, items: Ragged, seed: int) -> None:
        self.items = items.only(some_rows(items, WATCHED_ITEMS, seed))
        self.first: Diagnostics = {}

    def __call__(self, learner: Learner | Distiller, _loss: Criterion) -> Diagnostics:
        """The columns that the history gets."""
        vectors = encode_items(learner.model, self.items)
        self.first = self.first or vector_sizes(vectors)
        return {"effective_rank": geometry.effective_rank(vectors)}


def vector_sizes(vectors: torch.Tensor) -> Diagnostics:
    """The mean length of vectors, and their mean cosine."""
    return {
        "norm_mean": float(vectors.cpu().double().norm(dim=-1).mean()),
        "random_cosine": geometry.mean_cosine(vectors),
    }


def vector_geometry(model: Siamese, watcher: ItemWatcher) -> Diagnostics:
    """The geometry of the vectors of the watched items after training."""
    items = watcher.items
    vectors = encode_items(model, items)
    rank = geometry.effective_rank(vectors)
    first = {f"{name}_start": value for name, value in watcher.first.items()}
    return {
        **first,
        "random_cosine": geometry.mean_cosine(vectors),
        **geometry.norm_facts(vectors, items.lengths),
        "saturated": _saturated(model, items),
        "effective_rank": rank,
        "effective_rank_share": rank / vectors.shape[1],
        "top_singular_share": geometry.top_share(vectors),
    }


@torch.no_grad()
def _saturated(model: Siamese, items: Ragged) -> float | None:
    if model.encoder.shape.bound is None:
        return None
    batch = items.take(np.arange(min(len(items), STATE_ITEMS))).to(next(model.parameters()).device)
    return geometry.saturated(model.encoder(batch).outputs, batch.mask)
