"""One trained encoder read in every way that has no parameters of its own, and by a probe that has."""

import warnings
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from seqtwin.data.batches import Ragged, by_length
from seqtwin.model.representations import REPRESENTATIONS
from seqtwin.model.siamese import Siamese
from seqtwin.training.encode_store import ENCODE_BATCH, sorting_lengths

# a penalty, not tuned: weights of standardised features, with far more features than a pair has bits
PENALTY = 100.0


def plain_representations(model: Siamese) -> dict[str, nn.Module]:
    """Every representation of this encoder's states that has nothing to learn, by name."""
    shape = model.encoder.shape
    possible = {name: kind for name, kind in REPRESENTATIONS.items() if name != "join"}
    if not shape.memory:
        possible.pop("final_cell")
    with torch.random.fork_rng(devices=[]):  # those that do learn draw weights when they are made
        made = {name: kind(shape) for name, kind in possible.items()}
    return {name: part for name, part in made.items() if not list(part.parameters())}


@torch.inference_mode()
def read_items(model: Siamese, items: Ragged) -> dict[str, Tensor]:
    """One vector an item for each plain representation, from one pass of the encoder: {name: Float[items dim]}.

    The projection is left out: it was trained for one of them.
    """
    device = next(model.parameters()).device
    was_training = model.training
    model.eval()
    parts = plain_representations(model)
    held: dict[str, list[Tensor]] = {name: [] for name in parts}
    order = list(by_length(sorting_lengths(model, items.lengths), ENCODE_BATCH))
    for rows in order:
        states = model.encoder(items.take(rows).to(device))
        for name, part in parts.items():
            held[name].append(part(states).float())
    model.train(was_training)
    back = torch.from_numpy(np.argsort(np.concatenate(order))).to(device)
    return {name: torch.cat(blocks)[back] for name, blocks in held.items()}


def probe(train: tuple[np.ndarray, np.ndarray], fresh: np.ndarray, *, classes: bool) -> np.ndarray:
    """Scores of pairs by a linear probe of frozen vectors: logistic regression on two classes, else ridge.

    `train` holds features Float[pairs features] and targets, `fresh` the features of the pairs to be scored.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.preprocessing import StandardScaler

    features, target = train
    scaler = StandardScaler().fit(features)
    kind = LogisticRegression(C=1 / PENALTY, tol=1e-3) if classes else Ridge(alpha=PENALTY)
    with warnings.catch_warnings():
        # a probe that would still move a little has the ranking all the same
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = kind.fit(scaler.transform(features), target)
    score: Callable[[np.ndarray], np.ndarray] = fitted.decision_function if classes else fitted.predict
    return np.asarray(score(scaler.transform(fresh)))


def pair_features(left: Tensor, right: Tensor) -> np.ndarray:
    """What a probe reads of a pair: |u - v| and u * v side by side. Float[pairs 2*dim]."""
    found: np.ndarray = torch.cat([(left - right).abs(), left * right], -1).cpu().numpy()
    return found
