"""The objectives with a head (classify, label_steps, decode): a learner with cross-entropy, judged by its answers."""

import time
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import torch

from seqtwin.config import RunConfig
from seqtwin.data.batches import ClassStore, Ragged
from seqtwin.errors import ConfigError
from seqtwin.lookup import split_spec
from seqtwin.model.heads import Learner, build_head
from seqtwin.model.siamese import Siamese
from seqtwin.published import JudgedFacts, LossFormula, Scores
from seqtwin.run.compatible import build_head_loss
from seqtwin.run.diagnose_run import LEAST_DROP, STATE_ITEMS, Found, Trained, course, invariances, some_rows
from seqtwin.run.evaluate import Judged
from seqtwin.run.linear_probe import probe_reads
from seqtwin.run.nearest_class import nearest_accuracy
from seqtwin.run.prepared import PreparedExamples
from seqtwin.run.row_facts import leakage_of
from seqtwin.run.save_head import head_spec
from seqtwin.training.cross_entropy import CrossEntropy
from seqtwin.training.diagnostics import geometry, positions
from seqtwin.training.encode_store import encode_items, only, score_matrix
from seqtwin.training.fit import Recipe
from seqtwin.training.objectives import OBJECTIVES, Objective, Told

WATCHED_ITEMS = 512


class HeadWatcher:
    """Looks at the vectors of a fixed sample of training items, before training and after each epoch."""

    def __init__(self, items: Ragged, seed: int) -> None:
        self.items = only(items, some_rows(items, WATCHED_ITEMS, seed))
        self.first: Found = {}

    def __call__(self, learner: Learner, _loss: CrossEntropy) -> Found:
        """The columns of the history."""
        vectors = encode_items(learner.model, self.items)
        self.first = self.first or size_facts(vectors)
        return {"effective_rank": geometry.effective_rank(vectors)}


def size_facts(vectors: torch.Tensor) -> Found:
    """How long vectors are, and how alike."""
    return {
        "norm_mean": float(vectors.cpu().double().norm(dim=-1).mean()),
        "random_cosine": geometry.mean_cosine(vectors),
    }


class HeadTask:
    """How a study trains, judges and explains an objective with a head. `says`: the objective in one line."""

    def __init__(self, says: str) -> None:
        self.says = says

    def trainee(self, model: Siamese, prepared: PreparedExamples, config: RunConfig) -> tuple[Learner, CrossEntropy]:
        """The encoder with a fresh head, and the loss of its logits.

        Raises: ConfigError for a table that is to be shared between two vocabularies.
        """
        _check_shared(config, prepared)
        head = build_head(head_spec(config, prepared), model, prepared.told, seed=config.fit.seed)
        return Learner(model, head).to(next(model.parameters()).device), build_head_loss(config)

    def measure(self, prepared: PreparedExamples) -> Callable[[Learner], float | None]:
        """What measures a learner on dev while it is trained: the primary metric."""
        return lambda learner: self._told(learner, prepared, "dev").values.get(prepared.primary)

    def watch(self, prepared: PreparedExamples, recipe: Recipe) -> HeadWatcher:
        """What looks at some training items after each epoch."""
        return HeadWatcher(prepared.stores["train"].items, recipe.seed)

    def untrained(self, learner: Learner, prepared: PreparedExamples) -> dict[str, float]:
        """Test metrics before training."""
        return dict(self._told(learner, prepared, "test").values)

    def judge(self, learner: Learner, prepared: PreparedExamples, untrained: Mapping[str, float]) -> Judged:
        """Scores of the trained learner."""
        told = {"dev": self._told(learner, prepared, "dev")}
        start = time.monotonic()
        told["test"] = self._told(learner, prepared, "test")
        seconds = time.monotonic() - start
        undefined = {name: f"{split}: {why}" for split, one in told.items() for name, why in one.undefined.items()}
        dev, test = ({k: v for k, v in one.values.items() if k not in undefined} for one in told.values())
        found: Scores = {
            "dev": dev,
            "test": test,
            "untrained": dict(untrained),
            "primary": prepared.primary,
            "threshold": None,
            "undefined": undefined,
        }
        if retrieval := _retrieval(learner.model, prepared):
            found["retrieval"] = retrieval
        answers = {split: one.answers for split, one in told.items()}
        return Judged(found, answers, "finished", len(prepared.stores["test"]) / seconds)

    def value(self, _prepared: PreparedExamples, target: np.ndarray, scores: np.ndarray) -> float | None:
        """The share of right answers among some judged rows."""
        return float(np.mean(target == scores)) if len(target) else None

    def explain(self, t: Trained) -> Found:
        """Every diagnostic that does not need pairs."""
        return {**course(t), **_geometry(t), **self._thirds(t), **invariances(t), **_leakage(t)}

    def reads(self, t: Trained, _config: RunConfig) -> Mapping[str, Mapping[str, float | None]]:
        """A linear probe on every representation of the trained encoder; only where a sequence has one class."""
        return probe_reads(t.model, t.prepared) if t.prepared.data.kind == "classify" else {}

    def judged_facts(self, prepared: PreparedExamples) -> JudgedFacts:
        """The noun for one judged row, as a report calls it."""
        kind = prepared.data.kind
        names = {"classify": "series" if prepared.inputs == "series" else "texts", "decode": "texts"}
        return {"judged": names.get(kind, "steps" if prepared.inputs == "series" else "tokens")}

    def loss_facts(self, loss: CrossEntropy, _config: RunConfig) -> LossFormula:
        """What a report prints of the loss."""
        return {"name": loss.name, "formula": loss.formula, "settings": loss.settings, "margin": None}

    def _told(self, learner: Learner, prepared: PreparedExamples, split: str) -> Told:
        return _objective(prepared).tell(learner, prepared.stores[split], prepared.classes)

    def _thirds(self, t: Trained) -> Found:
        """Each third's share in what dev loses when it is deleted; only where an item has one class."""
        store = t.prepared.stores["dev"]
        if not isinstance(store, ClassStore):
            return {}
        whole = t.judged.scores["dev"].get(t.prepared.primary)
        left = [self._without(t, store, third) for third in range(len(positions.THIRDS))]
        return positions.drop_shares(whole, left, LEAST_DROP)

    def _without(self, t: Trained, store: ClassStore, third: int) -> float | None:
        part = ClassStore(positions.without_third(store.items, third), store.target)
        return _objective(t.prepared).tell(t.learner, part, t.prepared.classes).values.get(t.prepared.primary)


def _check_shared(config: RunConfig, prepared: PreparedExamples) -> None:
    read, written = prepared.tokens, prepared.written
    shared = split_spec(config.objective)[1].get("share", False)
    if shared and written is not None and (read is None or read.vocabulary != written.vocabulary):
        cause = "share: what is written has a vocabulary of its own, so one table cannot serve both sides"
        raise ConfigError("DECODE_SHARE", cause, place="objective.share", remedy="use tie: true")


def _objective(prepared: PreparedExamples) -> Objective:
    return OBJECTIVES[prepared.data.kind]


def _geometry(t: Trained) -> Found:
    items = t.watcher.items
    vectors = encode_items(t.model, items)
    rank = geometry.effective_rank(vectors)
    first = {f"{name}_start": value for name, value in t.watcher.first.items()}
    return {
        **first,
        "random_cosine": geometry.mean_cosine(vectors),
        **geometry.norm_facts(vectors, items.lengths),
        "saturated": _saturated(t.model, items),
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


def _leakage(t: Trained) -> Found:
    return {"leakage_share": leakage_of(t.prepared.pair_facts)["share"]}


def _retrieval(model: Siamese, prepared: PreparedExamples) -> dict[str, float]:
    """Accuracy of the nearest training item in the space of the vectors; only where an item has one class."""
    train, test = prepared.stores["train"], prepared.stores["test"]
    if not isinstance(train, ClassStore) or not model.similarity.indexable:
        return {}
    gallery, queries = (encode_items(model, store.items) for store in (train, test))
    found = nearest_accuracy(gallery, train.target, queries, test.target, partial(score_matrix, model))
    return {"nn_accuracy": found}
