"""Train x read: one trained encoder, read by every representation that has nothing to learn."""

import numpy as np
import torch
from torch import Tensor, nn

from seqtwin.data.batches import PairStore
from seqtwin.lookup import Spec, pick
from seqtwin.model.siamese import Siamese
from seqtwin.model.similarities import SIMILARITIES
from seqtwin.run.evaluate import primary_value
from seqtwin.run.prepared import Prepared
from seqtwin.training.diagnostics.every_representation import read_items
from seqtwin.training.encode_store import part_of


def read_all(model: Siamese, prepared: Prepared, similarity: Spec) -> dict[str, dict[str, float | None]]:
    """Dev and test value of the primary metric for every reading: {representation: {dev, test}}.

    Pairs are compared by the similarity of the run, made for the width of each reading; where that one is trained (a
    pair scorer), by the cosine.
    """
    stores = {split: prepared.stores[split] for split in ("dev", "test")}
    parts = {split: part_of(store, np.arange(len(store))) for split, store in stores.items()}
    read = {split: read_items(model, part.items) for split, part in parts.items()}
    by = similarity if model.similarity.indexable else "cosine"
    return {
        name: {split: _value(prepared, part, read[split][name], by) for split, part in parts.items()}
        for name in read["dev"]
    }


def _value(prepared: Prepared, part: PairStore, vectors: Tensor, similarity: Spec) -> float | None:
    compare: nn.Module = pick(SIMILARITIES, similarity, "similarity", vectors.shape[1]).to(vectors.device)
    with torch.inference_mode():
        left, right = (vectors[torch.from_numpy(side).to(vectors.device)] for side in (part.left, part.right))
        scores = compare(left, right).cpu().numpy()
    return primary_value(prepared, part.target, scores) if np.isfinite(scores).all() else None
