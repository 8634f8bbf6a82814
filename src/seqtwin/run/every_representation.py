"""Scores of one trained encoder with every representation that has no parameters."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from seqtwin.data.batches import PairStore
from seqtwin.lookup import Spec, pick
from seqtwin.model.siamese import Siamese
from seqtwin.model.similarities import SIMILARITIES
from seqtwin.run.evaluate import primary_value
from seqtwin.run.prepared_data import Prepared
from seqtwin.training.diagnostics.every_representation import ReadPairs


def read_all(
    model: Siamese, prepared: Prepared, read: Mapping[str, ReadPairs], similarity: Spec
) -> dict[str, dict[str, float | None]]:
    """The primary metric on dev and test for every representation: {representation: {dev, test}}.

    `read`: the vectors of the pairs of dev and test.

    Pairs are compared by the similarity of the run, built for the width of each representation. Where the similarity is
    trained (a pair scorer), the cosine is used.
    """
    by = similarity if model.similarity.indexable else "cosine"
    return {
        name: {split: _value(prepared, own.pairs, own.vectors.plain[name], by) for split, own in read.items()}
        for name in read["dev"].vectors.plain
    }


def _value(prepared: Prepared, part: PairStore, vectors: Tensor, similarity: Spec) -> float | None:
    compare: nn.Module = pick(SIMILARITIES, similarity, "similarity", vectors.shape[1]).to(vectors.device)
    with torch.inference_mode():
        left, right = (vectors[torch.from_numpy(side).to(vectors.device)] for side in (part.left, part.right))
        scores = compare(left, right).cpu().numpy()
    return primary_value(prepared, part.target, scores) if np.isfinite(scores).all() else None
