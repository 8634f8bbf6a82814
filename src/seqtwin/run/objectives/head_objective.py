"""The objectives with a head: a learner with cross-entropy, judged by the answers of its head."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from seqtwin.config import RunConfig
from seqtwin.data.batches import ClassStore, DecodeStore
from seqtwin.data.cluster_intervals import Interval
from seqtwin.errors import ConfigError
from seqtwin.lookup import Spec, split_spec
from seqtwin.model.heads import Learner, build_head
from seqtwin.model.siamese import Siamese
from seqtwin.published import Diagnostics, Facts, JudgedFacts, LossFormula, Scores
from seqtwin.run.build_losses import build_head_loss
from seqtwin.run.diagnose_run import LEAST_DROP, Trained, course, invariances
from seqtwin.run.evaluate import Judged
from seqtwin.run.linear_probe import probe_reads
from seqtwin.run.model_card import head_card
from seqtwin.run.nearest_class import nearest_accuracy
from seqtwin.run.objectives.prepare_examples import ExampleFormat, prepare_examples
from seqtwin.run.objectives.watch_items import ItemWatcher, vector_geometry
from seqtwin.run.part_labels import label
from seqtwin.run.prepared_data import PreparedExamples
from seqtwin.run.row_facts import leakage_of
from seqtwin.store import SavedHead
from seqtwin.training.clock import elapsed, per_second
from seqtwin.training.cross_entropy import CrossEntropy
from seqtwin.training.diagnostics import positions
from seqtwin.training.encode_store import encode_items, score_matrix
from seqtwin.training.evaluate_heads import HeadPredictions
from seqtwin.training.recipe import Recipe

TrainedHead = Trained[PreparedExamples, Learner, CrossEntropy, ItemWatcher]


def representation_label(config: RunConfig) -> str:
    """The label of the representation of a config."""
    return label(config.representation)


@dataclass(frozen=True)
class HeadObjective:
    """One objective with a head.

    - `title`: the objective in one line.
    - `evaluate(learner, store, classes)`: the predictions of a learner, with their metrics.
    - `examples`: how its data become stores.
    - `row_nouns`: the plural noun for judged rows, by the inputs of the encoder.
    - `output`: the predicate of the model card's sentence about a sequence; it may contain `{classes}`.
    - `answer`: the result of `predict`, as a comment in the card.
    - `row_label`: the row of the table of results.
    - `one_class`: whether each sequence has one class; a linear probe of every representation is then published.
    """

    name: str
    title: str
    evaluate: Callable[..., HeadPredictions]  # each objective has its own kind of store
    examples: ExampleFormat
    row_nouns: Mapping[str, str]
    output: str
    answer: str
    row_label: Callable[[RunConfig], str] = representation_label
    one_class: bool = False
    default_loss: bool = False
    has_threshold: bool = False

    def check(self, config: RunConfig, model: Siamese) -> None:
        """Build the head and its loss. Raises: ConfigError for options or a loss that do not fit."""
        build_head(config.objective, model, 3, seed=0)
        build_head_loss(config)

    def column_label(self, config: RunConfig, changes: Mapping[str, object]) -> str:
        """The head, with the options that `changes` varies, and its loss where that varies.

        `reads` is left out: it is part of the row.
        """
        name, options = split_spec(config.objective)
        varied = {key.removeprefix("objective.") for key in changes}
        shown = options if "objective" in changes else {k: v for k, v in options.items() if k in varied}
        head = label({"name": name, **{key: value for key, value in shown.items() if key != "reads"}})
        return f"{head}-{label(config.loss)}" if "loss" in changes else head

    def prepare(self, config: RunConfig) -> PreparedExamples:
        """The sequences of a config in stores. Raises: ConfigError, DataError."""
        return prepare_examples(config, self.examples)

    def check_targets(self, _config: RunConfig, _prepared: PreparedExamples) -> None:
        """Do nothing: reading the data has checked the classes."""

    def trainee(self, model: Siamese, prepared: PreparedExamples, config: RunConfig) -> tuple[Learner, CrossEntropy]:
        """The encoder with a fresh head, and the loss of its logits.

        Raises: ConfigError for an embedding that two vocabularies cannot share.
        """
        _check_shared(config, prepared)
        head = build_head(head_spec(config, prepared), model, prepared.outputs, seed=config.fit.seed)
        return Learner(model, head).to(next(model.parameters()).device), build_head_loss(config)

    def measure(self, prepared: PreparedExamples) -> Callable[[Learner], float | None]:
        """A function that returns the primary metric of a learner on dev."""
        return lambda learner: self._answers(learner, prepared, "dev").values.get(prepared.primary)

    def watch(self, prepared: PreparedExamples, recipe: Recipe) -> ItemWatcher:
        """The watcher of some training items."""
        return ItemWatcher(prepared.stores["train"].items, recipe.seed)

    def judge_untrained(self, learner: Learner, prepared: PreparedExamples) -> dict[str, float]:
        """Test metrics before training."""
        return dict(self._answers(learner, prepared, "test").values)

    def judge(self, learner: Learner, prepared: PreparedExamples, untrained: Mapping[str, float]) -> Judged:
        """Scores of the trained learner."""
        answers = {"dev": self._answers(learner, prepared, "dev")}
        start = time.monotonic()
        answers["test"] = self._answers(learner, prepared, "test")
        seconds = elapsed(start)
        undefined = {name: f"{split}: {why}" for split, own in answers.items() for name, why in own.undefined.items()}
        dev, test = ({k: v for k, v in own.values.items() if k not in undefined} for own in answers.values())
        scores: Scores = {
            "dev": dev,
            "test": test,
            "untrained": dict(untrained),
            "primary": prepared.primary,
            "threshold": None,
            "undefined": undefined,
        }
        if retrieval := _retrieval(learner.model, prepared):
            scores["retrieval"] = retrieval
        predicted = {split: own.answers for split, own in answers.items()}
        return Judged(scores, predicted, "finished", per_second(len(prepared.stores["test"]), seconds))

    def value(self, _prepared: PreparedExamples, target: np.ndarray, scores: np.ndarray) -> float | None:
        """The share of right answers among some judged rows."""
        return float(np.mean(target == scores)) if len(target) else None

    def diagnose(self, t: TrainedHead) -> Diagnostics:
        """Every diagnostic that does not need pairs."""
        geometry, leakage = vector_geometry(t.model, t.watcher), leakage_of(t.prepared.pair_facts)["share"]
        return {**course(t), **geometry, **self._thirds(t), **invariances(t), "leakage_share": leakage}

    def read_all(self, t: TrainedHead, _config: RunConfig) -> Mapping[str, Mapping[str, float | None]]:
        """The accuracy of a linear probe on every representation; only where a sequence has one class."""
        return probe_reads(t.model, t.prepared) if self.one_class else {}

    def judged_facts(self, prepared: PreparedExamples) -> JudgedFacts:
        """The plural noun for the judged rows."""
        return {"judged": self.row_nouns[prepared.inputs]}

    def loss_facts(self, loss: CrossEntropy, _config: RunConfig) -> LossFormula:
        """Name, formula and settings of the loss."""
        return {"name": loss.name, "formula": loss.formula, "settings": loss.settings, "margin": None}

    def saved_head(self, learner: Learner, prepared: PreparedExamples, config: RunConfig) -> SavedHead:
        """The head with the names of its classes, or with its tokens."""
        spec = head_spec(config, prepared)
        return SavedHead(learner.head, spec, prepared.outputs, prepared.classes, prepared.written)

    def card(self, facts: Facts, scores: Scores, interval: Interval | None) -> str:
        """The model card, as Markdown."""
        output = self.output.format(classes=len(facts["classes"]))
        return head_card(facts, scores, interval, output=output, answer=self.answer)

    def _answers(self, learner: Learner, prepared: PreparedExamples, split: str) -> HeadPredictions:
        return self.evaluate(learner, prepared.stores[split], prepared.classes)

    def _thirds(self, t: TrainedHead) -> Diagnostics:
        """The share of each third in the loss on dev when it is deleted; only where an item has one class."""
        store = t.prepared.stores["dev"]
        if not isinstance(store, ClassStore):
            return {}
        whole = t.judged.scores["dev"].get(t.prepared.primary)
        left = [self._without(t, store, third) for third in range(len(positions.THIRDS))]
        return positions.drop_shares(whole, left, LEAST_DROP)

    def _without(self, t: TrainedHead, store: ClassStore, third: int) -> float | None:
        part = ClassStore(positions.without_third(store.items, third), store.target)
        return self.evaluate(t.learner, part, t.prepared.classes).values.get(t.prepared.primary)


def head_spec(config: RunConfig, prepared: PreparedExamples) -> Spec:
    """The objective of a config. A decoder gets its limit: 2 x the longest training text + 10 tokens."""
    name, options = split_spec(config.objective)
    train = prepared.stores["train"]
    if not isinstance(train, DecodeStore) or options.get("longest") is not None:
        return config.objective
    most = int(train.written.lengths.max()) - 1  # without the end token
    return {"name": name, **options, "longest": 2 * most + 10}


def _check_shared(config: RunConfig, prepared: PreparedExamples) -> None:
    read, written = prepared.tokens, prepared.written
    shared = split_spec(config.objective)[1].get("share", False)
    if shared and written is not None and (read is None or read.vocabulary != written.vocabulary):
        cause = "share: the generated texts have another vocabulary than the input, so they cannot share an embedding"
        raise ConfigError("DECODE_SHARE", cause, place="objective.share", remedy="use tie: true")


def _retrieval(model: Siamese, prepared: PreparedExamples) -> dict[str, float]:
    """Accuracy of the nearest training item in the space of the vectors; only where an item has one class."""
    train, test = prepared.stores["train"], prepared.stores["test"]
    if not isinstance(train, ClassStore) or not model.similarity.indexable:
        return {}
    gallery, queries = (encode_items(model, store.items) for store in (train, test))
    accuracy = nearest_accuracy(gallery, train.target, queries, test.target, partial(score_matrix, model))
    return {"nn_accuracy": accuracy}
