"""The objective `pairs`: a Siamese encoder with a loss of pairs, judged by the scores of pairs."""

import math
from collections.abc import Callable, Mapping

import numpy as np
import torch

from seqtwin.config import RunConfig
from seqtwin.data.cluster_intervals import Interval
from seqtwin.errors import DataError
from seqtwin.lookup import pick, split_spec
from seqtwin.metrics import METRICS, Undefined
from seqtwin.model.siamese import Siamese
from seqtwin.published import Diagnostics, Facts, JudgedFacts, LossFormula, Scores
from seqtwin.run.build_losses import build_loss, describe_loss
from seqtwin.run.diagnose_run import TrainedPairs, Watcher, diagnostics
from seqtwin.run.evaluate import Judged, judge, judge_untrained, primary_value
from seqtwin.run.every_representation import read_all
from seqtwin.run.model_card import model_card
from seqtwin.run.objectives.check_pair_targets import check_pair_targets
from seqtwin.run.objectives.prepare_pairs import prepare_pairs
from seqtwin.run.objectives.training_rows import check_pair_options
from seqtwin.run.part_labels import label
from seqtwin.run.prepared_data import Prepared
from seqtwin.run.pretrained import refuse_all_frozen
from seqtwin.training.encode_store import predict
from seqtwin.training.losses import LOSSES, Loss, parts_of
from seqtwin.training.recipe import Recipe

CALIBRATION_PAIRS = 1024


class PairObjective:
    """The objective `pairs`."""

    title = "How similar two sequences are: any representation with any loss of pairs."
    default_loss = True
    one_class = False
    has_threshold = True

    def check(self, config: RunConfig, model: Siamese) -> None:
        """Build the loss. Raises: ConfigError for options, a loss that does not fit, or nothing to train."""
        pick({"pairs": lambda: None}, config.objective, "objective")  # it has no options
        loss = build_loss(config.loss, model, config.data.cut)
        refuse_all_frozen(config, (model.representation, model.projection, model.similarity, loss))

    def row_label(self, config: RunConfig) -> str:
        """The representation."""
        return label(config.representation)

    def column_label(self, config: RunConfig, _changes: Mapping[str, object]) -> str:
        """The loss."""
        return label(config.loss)

    def prepare(self, config: RunConfig) -> Prepared:
        """The pairs of a config in stores. Raises: ConfigError, DataError."""
        return prepare_pairs(config)

    def check_targets(self, config: RunConfig, prepared: Prepared) -> None:
        """Raises: DataError for training pairs that are all the same, or all different, with a loss that needs both,
        and for targets that do not fit `positive_from` or `fit.balance`; ConfigError for options that do not suit the
        data.
        """
        check_pair_options(config, prepared)
        targets = prepared.stores["train"].target
        check_pair_targets(config, targets, prepared.data.name)
        if np.ptp(targets) > 0:
            return
        same = bool(targets[0] >= prepared.data.cut)
        losses = [LOSSES.get(split_spec(part)[0]) for part in parts_of(config.loss)]
        if not (same and any(loss is not None and loss.needs_only_same for loss in losses)):
            raise _one_class(prepared, len(targets), same=same)

    def trainee(self, model: Siamese, prepared: Prepared, config: RunConfig) -> tuple[Siamese, Loss]:
        """The Siamese encoder itself, and its loss, calibrated."""
        loss = build_loss(config.loss, model, prepared.data.cut).to(next(model.parameters()).device)
        calibrate(loss, model, prepared, config)
        return model, loss

    def measure(self, prepared: Prepared) -> Callable[[Siamese], float | None]:
        """A function that returns the primary metric of an encoder on dev."""
        return rank_metric(prepared)

    def watch(self, prepared: Prepared, recipe: Recipe) -> Watcher:
        """The watcher of some training pairs."""
        return Watcher.of(prepared.stores["train"], recipe)

    def judge_untrained(self, model: Siamese, prepared: Prepared) -> dict[str, float]:
        """Test metrics before training."""
        return judge_untrained(model, prepared)

    def judge(self, model: Siamese, prepared: Prepared, untrained: Mapping[str, float]) -> Judged:
        """Scores of the trained encoder."""
        return judge(model, prepared, untrained)

    def value(self, prepared: Prepared, target: np.ndarray, scores: np.ndarray) -> float | None:
        """The primary metric of some pairs."""
        return primary_value(prepared, target, scores)

    def diagnose(self, t: TrainedPairs) -> Diagnostics:
        """Every diagnostic."""
        return diagnostics(t)

    def read_all(self, t: TrainedPairs, config: RunConfig) -> Mapping[str, Mapping[str, float | None]]:
        """The primary metric of the trained encoder with every representation."""
        return read_all(t.model, t.prepared, t.judged.read, config.similarity)

    def judged_facts(self, _prepared: Prepared) -> JudgedFacts:
        """Empty: reports assume pairs."""
        return {}

    def loss_facts(self, loss: Loss, config: RunConfig) -> LossFormula:
        """Name, formula, settings and margin of the loss."""
        return describe_loss(split_spec(config.loss)[0], loss)

    def saved_head(self, _model: Siamese, _prepared: Prepared, _config: RunConfig) -> None:
        """None: pairs have no head."""

    def card(self, facts: Facts, scores: Scores, interval: Interval | None) -> str:
        """The model card, as Markdown."""
        return model_card(facts, scores, interval)


PAIRS = PairObjective()


def _one_class(prepared: Prepared, count: int, *, same: bool) -> DataError:
    cause = f"all {count:,} training pairs are {'same' if same else 'different'}: there is nothing to distinguish"
    suited = [name for name, part in LOSSES.items() if getattr(part, "needs_only_same", False)]
    also = f"; or data.negatives=1, which draws them at random; or loss={' or loss='.join(suited)}" if same else ""
    remedy = f"add pairs that are {'different' if same else 'the same'}{also}"
    return DataError("DATA_ONE_CLASS", cause, place=prepared.data.name, remedy=remedy)


def calibrate(loss: Loss, model: Siamese, prepared: Prepared, config: RunConfig) -> None:
    """Set what a loss takes from data, such as its margin, on a sample of training pairs."""
    store = prepared.stores["train"]
    rng = np.random.default_rng([config.fit.seed, 1])
    rows = rng.permutation(len(store))[:CALIBRATION_PAIRS]
    pairs = store.batch(rows).to(next(model.parameters()).device)
    model.eval()
    with torch.no_grad():
        loss.calibrate(model(pairs), pairs.target)


def rank_metric(prepared: Prepared) -> Callable[[Siamese], float | None]:
    """A function that returns the primary metric of an encoder on dev: None where it is undefined, NaN for scores that
    are not finite."""
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
