"""The objective `distil`: an encoder learns the vectors and similarities of a teacher from texts without labels."""

import math
import time
from collections.abc import Callable, Mapping

import numpy as np

from seqtwin.config import RunConfig
from seqtwin.data.cluster_intervals import Interval
from seqtwin.errors import ConfigError
from seqtwin.metrics import METRICS, Undefined
from seqtwin.metrics.dev_and_test import SAME
from seqtwin.model.distiller import Distiller
from seqtwin.model.siamese import Siamese
from seqtwin.published import Diagnostics, Facts, JudgedFacts, LossFormula, Scores
from seqtwin.run.build_losses import build_distillation
from seqtwin.run.diagnose_run import Trained, course, invariances
from seqtwin.run.evaluate import Judged
from seqtwin.run.model_card import distilled_card
from seqtwin.run.objectives.prepare_distil import NAME, distil_options, prepare_distil
from seqtwin.run.objectives.watch_items import ItemWatcher, vector_geometry
from seqtwin.run.part_labels import label
from seqtwin.run.prepared_data import EVALUATED, PreparedTexts
from seqtwin.run.pretrained import refuse_all_frozen
from seqtwin.run.row_facts import leakage_of
from seqtwin.training.clock import elapsed, per_second
from seqtwin.training.distillation import Distillation
from seqtwin.training.encode_store import predict
from seqtwin.training.recipe import Recipe

MEASURED = ("spearman", "pearson")

TrainedStudent = Trained[PreparedTexts, Distiller, Distillation, ItemWatcher]


class DistilObjective:
    """The objective `distil`."""

    title = "The vectors and similarities of a teacher, learned from texts without labels."
    default_loss = False
    one_class = False
    has_threshold = False

    def check(self, config: RunConfig, model: Siamese) -> None:
        """Build the loss. Raises: ConfigError for options, a loss or a similarity that do not fit."""
        distil_options(config)
        build_distillation(config)
        refuse_all_frozen(config, (model.representation, model.projection))
        if model.similarity_name != "cosine":
            cause = f"objective distil trains cosines, but the similarity is {model.similarity_name}"
            raise ConfigError("OBJECTIVE_SIMILARITY", cause, place="similarity", remedy="set similarity: cosine")

    def row_label(self, config: RunConfig) -> str:
        """The representation."""
        return label(config.representation)

    def column_label(self, config: RunConfig, changes: Mapping[str, object]) -> str:
        """The loss where that varies, else the objective."""
        varies = any(key.split(".")[0] == "loss" for key in changes)
        return label(config.loss) if varies else label(NAME)

    def prepare(self, config: RunConfig) -> PreparedTexts:
        """The texts of a config in stores, with the vectors of the teacher. Raises: ConfigError, DataError."""
        return prepare_distil(config)

    def check_targets(self, _config: RunConfig, _prepared: PreparedTexts) -> None:
        """Do nothing: the vectors of the teacher have been checked."""

    def trainee(self, model: Siamese, prepared: PreparedTexts, config: RunConfig) -> tuple[Distiller, Distillation]:
        """The encoder with a new map to the space of the teacher, and the loss."""
        distiller = Distiller(model, prepared.width, seed=config.fit.seed)
        return distiller.to(next(model.parameters()).device), build_distillation(config)

    def measure(self, prepared: PreparedTexts) -> Callable[[Distiller], float | None]:
        """A function that returns the primary metric on dev: None where it is undefined, NaN for scores that are not
        finite."""
        store = prepared.judged("dev")

        def measured(distiller: Distiller) -> float | None:
            scores = predict(distiller.model, store)
            return self.value(prepared, store.target, scores) if np.isfinite(scores).all() else math.nan

        return measured

    def watch(self, prepared: PreparedTexts, recipe: Recipe) -> ItemWatcher:
        """The watcher of some training texts."""
        return ItemWatcher(prepared.stores["train"].items, recipe.seed)

    def judge_untrained(self, distiller: Distiller, prepared: PreparedTexts) -> dict[str, float]:
        """Test metrics before training."""
        store = prepared.judged("test")
        return _measured(predict(distiller.model, store), store.target)[0]

    def judge(self, distiller: Distiller, prepared: PreparedTexts, untrained: Mapping[str, float]) -> Judged:
        """Scores of the trained encoder."""
        predicted = {"dev": predict(distiller.model, prepared.judged("dev"))}
        start = time.monotonic()
        predicted["test"] = predict(distiller.model, prepared.judged("test"))
        seconds = elapsed(start)
        measured = {split: _measured(predicted[split], prepared.judged(split).target) for split in EVALUATED}
        undefined = {name: f"{split}: {why}" for split, (_, own) in measured.items() for name, why in own.items()}
        dev, test = ({k: v for k, v in values.items() if k not in undefined} for values, _ in measured.values())
        scores: Scores = {
            "dev": dev,
            "test": test,
            "untrained": dict(untrained),
            "primary": prepared.primary,
            "threshold": None,
            "undefined": undefined,
        }
        constant = float(np.ptp(predicted["test"])) <= SAME * float(np.abs(predicted["test"]).max())
        texts = len(prepared.judged("test").items)
        return Judged(scores, predicted, "collapsed" if constant else "finished", per_second(texts, seconds))

    def value(self, prepared: PreparedTexts, target: np.ndarray, scores: np.ndarray) -> float | None:
        """The primary metric of some pairs; None where it is undefined."""
        return _measured(scores, target)[0].get(prepared.primary)

    def diagnose(self, t: TrainedStudent) -> Diagnostics:
        """Every diagnostic that does not need labelled pairs."""
        leakage = leakage_of(t.prepared.pair_facts)["share"]
        return {**course(t), **vector_geometry(t.model, t.watcher), **invariances(t), "leakage_share": leakage}

    def read_all(self, _t: TrainedStudent, _config: RunConfig) -> Mapping[str, Mapping[str, float | None]]:
        """Empty: only the trained representation learned from the teacher."""
        return {}

    def judged_facts(self, _prepared: PreparedTexts) -> JudgedFacts:
        """The plural noun for the judged rows."""
        return {"judged": "pairs"}

    def loss_facts(self, loss: Distillation, _config: RunConfig) -> LossFormula:
        """Name, formula and settings of the loss."""
        return {"name": loss.name, "formula": loss.formula, "settings": loss.settings, "margin": None}

    def saved_head(self, _distiller: Distiller, _prepared: PreparedTexts, _config: RunConfig) -> None:
        """None: the map to the space of the teacher is used in training only."""

    def card(self, facts: Facts, scores: Scores, interval: Interval | None) -> str:
        """The model card, as Markdown."""
        return distilled_card(facts, scores, interval)


def _measured(scores: np.ndarray, target: np.ndarray) -> tuple[dict[str, float], dict[str, str]]:
    """The metrics of some pairs, and the reasons for those without a value."""
    values, undefined = {}, {}
    for name in MEASURED:
        try:
            values[name] = METRICS[name].function(scores, target)
        except Undefined as error:
            undefined[name] = error.reason
    return values, undefined


DISTIL = DistilObjective()
