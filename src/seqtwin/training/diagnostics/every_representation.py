"""The vectors of a trained encoder by every representation without parameters, and a linear probe of vectors."""

import warnings
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from seqtwin.data.batches import Ragged, by_length
from seqtwin.model.representations import REPRESENTATIONS, Representation
from seqtwin.model.siamese import Siamese
from seqtwin.training.encode_store import ENCODE_BATCH, sorting_lengths

# the penalty on the weights of standardised features. It is not tuned; there are many features per pair
PENALTY = 100.0


def plain_representations(model: Siamese) -> dict[str, Representation]:
    """Every representation of this encoder's states that has no parameters, by name."""
    shape = model.encoder.shape
    possible = {name: kind for name, kind in REPRESENTATIONS.items() if name != "join"}
    if not shape.memory:
        possible.pop("final_cell")
    with torch.random.fork_rng(devices=[]):  # those with parameters draw them when they are made
        made = {name: kind(shape) for name, kind in possible.items()}
    return {name: part for name, part in made.items() if not list(part.parameters())}


@torch.inference_mode()
def read_items(model: Siamese, items: Ragged) -> dict[str, Tensor]:
    """One vector per item for each plain representation, from one pass of the encoder: {name: Float[items dim]}.

    The projection is not applied, because it was trained for one of them.
    """
    device = next(model.parameters()).device
    was_training = model.training
    model.eval()
    parts = plain_representations(model)
    blocks: dict[str, list[Tensor]] = {name: [] for name in parts}
    order = list(by_length(sorting_lengths(model, items.lengths), ENCODE_BATCH))
    for rows in order:
        states = model.encoder(items.take(rows).to(device))
        for name, part in parts.items():
            blocks[name].append(part(states).float())
    model.train(was_training)
    back = torch.from_numpy(np.argsort(np.concatenate(order))).to(device)
    return {name: torch.cat(vectors)[back] for name, vectors in blocks.items()}


def probe(train: tuple[np.ndarray, np.ndarray], fresh: np.ndarray, *, classes: bool) -> np.ndarray:
    """Scores of pairs by a linear probe of frozen vectors: logistic regression with `classes`, else ridge regression.

    `train`: features Float[pairs features] and targets. `fresh`: the features of the pairs to be scored.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.preprocessing import StandardScaler

    features, target = train
    scaler = StandardScaler().fit(features)
    kind = LogisticRegression(C=1 / PENALTY, tol=1e-3) if classes else Ridge(alpha=PENALTY)
    # some BLAS kernels raise the processor's invalid flag on finite numbers; scikit-learn refuses others
    with warnings.catch_warnings(), np.errstate(invalid="ignore"):
        # a probe that has nearly converged already ranks as it will at the end
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = kind.fit(scaler.transform(features), target)
    score: Callable[[np.ndarray], np.ndarray] = fitted.decision_function if classes else fitted.predict
    return np.asarray(score(scaler.transform(fresh)))


def pair_features(left: Tensor, right: Tensor) -> np.ndarray:
    """The features of a pair for a probe, |u - v| joined with u * v: Float[pairs 2*dim]."""
    features: np.ndarray = torch.cat([(left - right).abs(), left * right], -1).cpu().numpy()
    return features
