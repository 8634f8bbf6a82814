"""The diagnostics of a finished training: one flat mapping of numbers.

They are measured on samples of the training pairs and on dev. Test is used only for the slices and for the table of
representations. Samples have a generator of their own and do not change the training.
"""

from collections.abc import Sized
from dataclasses import dataclass, field
from functools import cached_property
from typing import Generic, TypeVar

import numpy as np
import torch

from seqtwin.data.batches import PairStore, Store
from seqtwin.metrics import METRICS, Undefined, fit_isotonic
from seqtwin.model.siamese import Siamese
from seqtwin.published import Diagnostics
from seqtwin.run.evaluate import Judged, primary_value
from seqtwin.run.prepared_data import Prepared, Ready
from seqtwin.run.row_facts import leakage_of
from seqtwin.training.diagnostics import every_representation, geometry, loss_view, positions
from seqtwin.training.diagnostics.invariance import padding_deviation, permutation_deviation
from seqtwin.training.diagnostics.plateau import plateau_facts
from seqtwin.training.encode_store import part_of, predict
from seqtwin.training.epoch_pairs import EpochPairs
from seqtwin.training.fit import batches_of
from seqtwin.training.losses import Loss
from seqtwin.training.recipe import Recipe
from seqtwin.training.run_state import Criterion, RunState, Trainee

PreparedT_co = TypeVar("PreparedT_co", bound=Ready, covariant=True)
LearnerT_co = TypeVar("LearnerT_co", bound=Trainee, covariant=True)
LossT_co = TypeVar("LossT_co", bound=Criterion, covariant=True)
WatcherT_co = TypeVar("WatcherT_co", covariant=True)

SAMPLE_PAIRS = 256
WATCHED_PAIRS = 128  # after each epoch; one batch of the training where that is larger
PROBE_PAIRS = 2000
THIRDS_PAIRS = 400
GRADIENT_PAIRS = 128
STATE_ITEMS = 256
# a smaller total drop is less than twice the smallest relevant difference: no third matters
LEAST_DROP = 0.02


@dataclass
class Watcher:
    """Measures a fixed sample of training pairs, before training and after each epoch.

    `rows`: the sample, of which the first part is watched epoch by epoch; `batch`: the batch size; `first`: the scale
    facts before training, of the whole sample.
    """

    train: PairStore
    rows: np.ndarray
    batch: int
    first: Diagnostics = field(default_factory=dict)

    @classmethod
    def of(cls, train: PairStore, recipe: Recipe) -> "Watcher":
        """A watcher whose sample depends only on the seed."""
        return cls(train, some_rows(train, SAMPLE_PAIRS, recipe.seed), recipe.batch)

    def __call__(self, model: Siamese, loss: Loss) -> Diagnostics:
        """The columns that the history gets."""
        if not self.first:
            self.first = scale_facts(model, loss, loss_view.look(model, self.train, self.rows))
        seen = loss_view.look(model, self.train, self.rows[: max(WATCHED_PAIRS, self.batch)])
        gradients = loss_view.pair_gradients(model, loss, seen, self.batch)
        return {
            "pair_distance": float(loss_view.pair_distances(loss, seen).double().mean()),
            "effective_rank": geometry.effective_rank(seen.vectors),
            **loss_view.active_shares(loss, gradients, seen.target),
        }


def some_rows(store: Sized, count: int, seed: int) -> np.ndarray:
    """Up to `count` rows of a store, drawn by the seed. A smaller sample is the start of a larger one."""
    return np.random.default_rng([seed, 2]).permutation(len(store))[:count]


def scale_facts(model: Siamese, loss: Loss, seen: loss_view.Look) -> Diagnostics:
    """The scale of the vectors: lengths, distances, angles, scores."""
    return {
        "beyond_margin": loss_view.beyond_margin(loss, seen),
        "distance": loss_view.negatives_apart(loss, seen),
        "head_median": float(seen.score.double().median()) if model.similarity.squashed else None,
        "random_cosine": geometry.mean_cosine(seen.vectors),
        "norm_mean": float(seen.vectors.cpu().double().norm(dim=-1).mean()),
    }


@dataclass(frozen=True)
class Trained(Generic[PreparedT_co, LearnerT_co, LossT_co, WatcherT_co]):
    """A finished training. `model`: the Siamese encoder; `learner`: the same, or a head on it; `rows`: what was trained
    on."""

    model: Siamese
    learner: LearnerT_co
    loss: LossT_co
    prepared: PreparedT_co
    recipe: Recipe
    state: RunState
    watcher: WatcherT_co
    judged: Judged
    batch_deviation: float
    rows: Store | EpochPairs

    @property
    def budget(self) -> int:
        """The number of steps of this training without early stopping."""
        return self.state.budget

    @cached_property
    def plateau(self) -> float | None:
        """The loss of an encoder that does not distinguish its inputs; None where the loss has no such value."""
        train = self.rows.latest if isinstance(self.rows, EpochPairs) else self.rows
        assert train is not None  # a training has at least one epoch
        batches = batches_of(self.model, train, self.recipe, epoch=0)
        return self.loss.plateau_of([train.batch(rows).target for rows in batches])


TrainedPairs = Trained[Prepared, Siamese, Loss, Watcher]
AnyTrained = Trained[Ready, Trainee, Criterion, object]


def diagnostics(t: TrainedPairs) -> Diagnostics:
    """Every diagnostic by name; None where it does not apply or is undefined."""
    seen = loss_view.look(t.model, t.prepared.stores["train"], t.watcher.rows)
    now = scale_facts(t.model, t.loss, seen)
    return {
        **course(t),
        **{f"{name}_start": t.watcher.first[name] for name in ("beyond_margin", "distance", "head_median")},
        **{f"{name}_start": t.watcher.first[name] for name in ("norm_mean", "random_cosine")},
        "beyond_margin_end": now["beyond_margin"],
        "distance_end": now["distance"],
        "random_cosine": now["random_cosine"],
        "margin_reach": loss_view.margin_reach(t.loss),
        **_geometry(t, seen),
        "train_auc": _auc(seen.score.cpu().numpy(), t.loss.same(seen.target).cpu().numpy()),
        **_positions(t),
        **_calibration(t),
        **_probe(t),
        **invariances(t),
        **_lengths(t),
        "test_score_auc": _auc(t.judged.predicted["test"], _same(t, "test")),
        "leakage_share": leakage_of(t.prepared.pair_facts)["share"],
    }


def course(t: AnyTrained) -> Diagnostics:
    """The course of the loss, and the number of steps."""
    facts = plateau_facts(t.state.losses, t.plateau, t.budget)
    return {**facts, "steps": float(t.state.step), "step_budget": float(t.budget)}


def _geometry(t: TrainedPairs, seen: loss_view.Look) -> Diagnostics:
    rank = geometry.effective_rank(seen.vectors)
    left, right = (seen.vectors[side[t.loss.same(seen.target)]] for side in (seen.left, seen.right))
    return {
        **geometry.norm_facts(seen.vectors, seen.lengths),
        "saturated": _saturated(t),
        "effective_rank": rank,
        "effective_rank_share": rank / seen.vectors.shape[1],
        "top_singular_share": geometry.top_share(seen.vectors),
        "alignment": geometry.alignment(left, right),
        "uniformity": geometry.uniformity(seen.vectors),
    }


@torch.no_grad()
def _saturated(t: TrainedPairs) -> float | None:
    if t.model.encoder.shape.bound is None:
        return None
    store = t.prepared.stores["train"]
    rows = np.unique(store.left[t.watcher.rows])[:STATE_ITEMS]
    batch = store.items.take(rows).to(next(t.model.parameters()).device)
    return geometry.saturated(t.model.encoder(batch).outputs, batch.mask)


def _positions(t: TrainedPairs) -> Diagnostics:
    train, dev = t.prepared.stores["train"], t.prepared.stores["dev"]
    norms, lengths = positions.step_gradients(t.model, t.loss, train, t.watcher.rows[:GRADIENT_PAIRS])
    rows = some_rows(dev, THIRDS_PAIRS, t.recipe.seed)
    part = part_of(dev, rows)
    whole = _on_dev(t, t.judged.predicted["dev"][rows], rows)
    left = [_on_dev(t, predict(t.model, _without(part, third)), rows) for third in range(3)]
    return {**positions.gradient_thirds(norms, lengths), **positions.drop_shares(whole, left, LEAST_DROP)}


def _without(store: PairStore, third: int) -> PairStore:
    return PairStore(positions.without_third(store.items, third), store.left, store.right, store.target)


def _calibration(t: TrainedPairs) -> Diagnostics:
    scores, target = t.judged.predicted["dev"], t.prepared.stores["dev"].target
    rank, plain = (geometry.correlation(scores, target, name) for name in ("spearman", "pearson"))
    return {
        "rank_minus_pearson": None if rank is None or plain is None else rank - plain,
        "isotonic_gain": isotonic_gain(scores, target),
    }


def isotonic_gain(scores: np.ndarray, target: np.ndarray) -> float | None:
    """How much an isotonic map of the scores adds to Pearson's correlation, on pairs that it was not fitted on.

    It is fitted on every other pair and measured on the rest, and the other way round; the mean of both.
    """
    halves = [np.arange(len(scores)) % 2 == part for part in (0, 1)]
    gains = []
    for fit, rest in (halves, halves[::-1]):
        try:
            mapped = fit_isotonic(scores[fit], target[fit])(scores[rest])
        except Undefined:
            return None
        with_map, plain = (geometry.correlation(s, target[rest]) for s in (mapped, scores[rest]))
        if with_map is None or plain is None:
            return None
        gains.append(with_map - plain)
    return float(np.mean(gains))


def _probe(t: TrainedPairs) -> Diagnostics:
    """A linear probe of the frozen vectors of training pairs, and the similarity in use, on the same dev pairs."""
    train, dev = t.prepared.stores["train"], t.prepared.stores["dev"]
    seen = loss_view.look(t.model, train, some_rows(train, PROBE_PAIRS, t.recipe.seed))
    rows = some_rows(dev, PROBE_PAIRS, t.recipe.seed)
    read = t.judged.read["dev"]
    left, right = (read.vectors.own[torch.from_numpy(side[rows])] for side in (read.pairs.left, read.pairs.right))
    fresh = every_representation.pair_features(left, right)
    fitted_on = every_representation.pair_features(seen.vectors[seen.left], seen.vectors[seen.right])
    binary = METRICS[t.prepared.primary].targets == "binary"
    target = seen.target.cpu().numpy()
    target = target >= t.prepared.data.cut if binary else target
    native = _on_dev(t, t.judged.predicted["dev"][rows], rows)
    if len(np.unique(target)) < 2:
        return {"probe_metric": None, "native_metric": native}
    scores = every_representation.probe((fitted_on, target), fresh, classes=binary)
    return {"probe_metric": _on_dev(t, scores, rows), "native_metric": native}


def invariances(t: AnyTrained) -> Diagnostics:
    """How much a vector depends on its batch, its position there and the padding: all 0 for a correct encoder."""
    items = t.prepared.stores["test"].items
    return {
        "batch_deviation": t.batch_deviation,
        "permutation_deviation": permutation_deviation(t.model, items),
        "padding_deviation": padding_deviation(t.model, items),
    }


def _lengths(t: TrainedPairs) -> Diagnostics:
    """Whether length alone distinguishes pairs, in the scores and in the training data."""
    train, dev = (_alike_in_length(t.prepared.stores[split]) for split in ("train", "dev"))
    return {
        "score_length_correlation": geometry.correlation(t.judged.predicted["dev"], dev, "spearman"),
        "length_auc": _auc(train, _same(t, "train")),
    }


def _alike_in_length(store: PairStore) -> np.ndarray:
    alike: np.ndarray = -np.abs(store.items.lengths[store.left] - store.items.lengths[store.right])
    return alike


def _same(t: TrainedPairs, split: str) -> np.ndarray:
    same: np.ndarray = t.prepared.stores[split].target >= t.prepared.data.cut
    return same


def _auc(scores: np.ndarray, same: np.ndarray) -> float | None:
    try:
        return METRICS["roc_auc"].function(scores, same)
    except Undefined:
        return None


def _on_dev(t: TrainedPairs, scores: np.ndarray, rows: np.ndarray) -> float | None:
    return primary_value(t.prepared, t.prepared.stores["dev"].target[rows], scores)
