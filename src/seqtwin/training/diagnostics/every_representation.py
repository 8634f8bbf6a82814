"""The vectors of a trained encoder by every representation without parameters, and a linear probe of vectors."""

import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from seqtwin.data.batches import PairStore, Ragged, by_length
from seqtwin.model.representations import REPRESENTATIONS, Representation
from seqtwin.model.siamese import Siamese
from seqtwin.records import States
from seqtwin.training.clock import elapsed
from seqtwin.training.encode_store import ENCODE_BATCH, part_of, sorting_lengths

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


@dataclass(frozen=True)
class Reads:
    """The vectors of some items, from one pass of the encoder.

    `own`: those of the encoder, as `encode_items` gives them: Float[items dim]. `plain`: those of each representation
    without parameters, by its name. The projection is not applied to them, because it was trained for one of them.
    `seconds`: of the pass, without `plain`.
    """

    own: Tensor
    plain: dict[str, Tensor]
    seconds: float


@torch.inference_mode()
def read_items(model: Siamese, items: Ragged) -> Reads:
    """One vector per item of the encoder, and of each plain representation."""
    device = next(model.parameters()).device
    was_training = model.training
    model.eval()
    parts = plain_representations(model)
    own: list[Tensor] = []
    plain: list[dict[str, Tensor]] = []
    seconds = 0.0
    is_alone = model.channel is not None and model.channel.alone  # then `encode` needs no states
    order = list(by_length(sorting_lengths(model, items.lengths), ENCODE_BATCH))
    for rows in order:
        began = time.monotonic()
        batch = items.take(rows).to(device)
        states = model.encoder(batch)
        ready = time.monotonic()
        own.append(model.joined(model.vectors_of(states), batch).float())
        seconds += elapsed(ready if is_alone else began)
        plain.append(read_states(parts, states))
    model.train(was_training)
    back = torch.from_numpy(np.argsort(np.concatenate(order))).to(device)
    return Reads(torch.cat(own)[back], {name: torch.cat([own[name] for own in plain])[back] for name in parts}, seconds)


def read_states(parts: Mapping[str, Representation], states: States) -> dict[str, Tensor]:
    """The vectors of each of these representations: {name: Float[batch dim]}."""
    return {name: part(states).float() for name, part in parts.items()}


@dataclass(frozen=True)
class ReadPairs:
    """All pairs of a store with only the items that they use, and the vectors of these items."""

    pairs: PairStore
    vectors: Reads


def read_pairs(model: Siamese, store: PairStore) -> ReadPairs:
    """The vectors of all pairs of a store."""
    pairs = part_of(store, np.arange(len(store)))
    return ReadPairs(pairs, read_items(model, pairs.items))


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
