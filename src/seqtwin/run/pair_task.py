"""The objective `pairs`: a Siamese with a loss of pairs, judged by the scores it gives them."""

import math
from collections.abc import Callable, Mapping

import numpy as np
import torch

from seqtwin.config import RunConfig
from seqtwin.lookup import split_spec
from seqtwin.metrics import METRICS, Undefined
from seqtwin.model.siamese import Siamese
from seqtwin.published import JudgedFacts, LossFormula
from seqtwin.run.compatible import build_loss, describe_loss
from seqtwin.run.diagnose_run import Found, Trained, Watcher, diagnostics
from seqtwin.run.evaluate import Judged, judge, judge_untrained, primary_value
from seqtwin.run.every_representation import read_all
from seqtwin.run.prepared import Prepared
from seqtwin.training.encode_store import predict
from seqtwin.training.fit import Recipe
from seqtwin.training.losses import Loss

CALIBRATION_PAIRS = 1024


class PairTask:
    """How a study trains, judges and explains pairs."""

    says = "How alike two sequences are: any representation with any loss of pairs."

    def trainee(self, model: Siamese, prepared: Prepared, config: RunConfig) -> tuple[Siamese, Loss]:
        """The Siamese itself, and its loss, with what that sets from data."""
        loss = build_loss(config.loss, model, prepared.data.cut).to(next(model.parameters()).device)
        calibrate(loss, model, prepared, config)
        return model, loss

    def measure(self, prepared: Prepared) -> Callable[[Siamese], float | None]:
        """What measures an encoder on dev while it is trained."""
        return rank_metric(prepared)

    def watch(self, prepared: Prepared, recipe: Recipe) -> Watcher:
        """What looks at some training pairs after each epoch."""
        return Watcher.of(prepared.stores["train"], recipe)

    def untrained(self, model: Siamese, prepared: Prepared) -> dict[str, float]:
        """Test metrics before training."""
        return judge_untrained(model, prepared)

    def judge(self, model: Siamese, prepared: Prepared, untrained: Mapping[str, float]) -> Judged:
        """Scores of the trained encoder."""
        return judge(model, prepared, untrained)

    def value(self, prepared: Prepared, target: np.ndarray, scores: np.ndarray) -> float | None:
        """The primary metric of some pairs."""
        return primary_value(prepared, target, scores)

    def explain(self, t: Trained) -> Found:
        """Every diagnostic."""
        return diagnostics(t)

    def reads(self, t: Trained, config: RunConfig) -> Mapping[str, Mapping[str, float | None]]:
        """The trained encoder read by every representation."""
        return read_all(t.model, t.prepared, config.similarity)

    def judged_facts(self, _prepared: Prepared) -> JudgedFacts:
        """Empty: pairs are the default of a report."""
        return {}

    def loss_facts(self, loss: Loss, config: RunConfig) -> LossFormula:
        """The loss as a report prints it."""
        return describe_loss(split_spec(config.loss)[0], loss)


def calibrate(loss: Loss, model: Siamese, prepared: Prepared, config: RunConfig) -> None:
    """Fix what a loss sets from data, on a sample of training pairs."""
    store = prepared.stores["train"]
    rng = np.random.default_rng([config.fit.seed, 1])
    rows = rng.permutation(len(store))[:CALIBRATION_PAIRS]
    pairs = store.batch(rows).to(next(model.parameters()).device)
    model.eval()
    with torch.no_grad():
        loss.calibrate(model(pairs), pairs.target)


def rank_metric(prepared: Prepared) -> Callable[[Siamese], float | None]:
    """What measures an encoder on dev while it is trained: the primary metric, None where it is undefined."""
    store = prepared.stores["dev"]
    metric = METRICS[prepared.primary]
    target = store.target >= prepared.data.cut if metric.targets == "binary" else store.target

    def measure(model: Siamese) -> float | None:
        scores = predict(model, store)
        if not np.isfinite(scores).all():
            return math.nan
        try:
            return metric.function(scores, target)
        except Undefined:
            return None

    return measure
