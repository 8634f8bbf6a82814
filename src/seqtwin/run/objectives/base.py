"""The contract of an objective: everything in which the objectives of a study differ."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

import numpy as np

from seqtwin.config import RunConfig
from seqtwin.data.cluster_intervals import Interval
from seqtwin.model.siamese import Siamese
from seqtwin.published import Diagnostics, Facts, JudgedFacts, LossFormula, Scores
from seqtwin.run.diagnose_run import Trained
from seqtwin.run.evaluate import Judged
from seqtwin.run.prepared_data import Ready
from seqtwin.store import SavedHead
from seqtwin.training.recipe import Recipe
from seqtwin.training.run_state import Criterion, Trainee

PreparedT = TypeVar("PreparedT", bound=Ready)
LearnerT = TypeVar("LearnerT", bound=Trainee)
LossT = TypeVar("LossT", bound=Criterion)
WatcherT = TypeVar("WatcherT")


class Objective(Protocol[PreparedT, LearnerT, LossT, WatcherT]):
    """One objective: how its data are prepared, and how a learner is trained, judged, explained and described.

    `title`: the objective in one line. `default_loss`: whether the default of `loss` in a config applies to it.
    `one_class`: whether it needs one class for each sequence. `has_threshold`: whether dev gives the similarity from
    which a pair counts as the same.
    """

    @property
    def title(self) -> str: ...

    @property
    def default_loss(self) -> bool: ...

    @property
    def one_class(self) -> bool: ...

    @property
    def has_threshold(self) -> bool: ...

    def check(self, config: RunConfig, model: Siamese) -> None:
        """Build the parts of the objective on a small model.

        Raises: ConfigError for options or a loss that do not fit.
        """

    def row_label(self, config: RunConfig) -> str:
        """The row of the table of results: how the states of the encoder are used."""

    def column_label(self, config: RunConfig, changes: Mapping[str, object]) -> str:
        """The column of the table of results: what is trained. `changes`: the keys that the grid varies."""

    def prepare(self, config: RunConfig) -> PreparedT:
        """Read the data of a config. Raises: ConfigError, DataError."""

    def check_targets(self, config: RunConfig, prepared: PreparedT) -> None:
        """Raises: DataError when the training targets cannot train anything."""

    def trainee(self, model: Siamese, prepared: PreparedT, config: RunConfig) -> tuple[LearnerT, LossT]:
        """What is trained, and its loss, with the settings that the loss takes from data."""

    def measure(self, prepared: PreparedT) -> Callable[[LearnerT], float | None]:
        """A function that returns the primary metric on dev, None where it is undefined."""

    def watch(self, prepared: PreparedT, recipe: Recipe) -> WatcherT:
        """A function of the learner and its loss that `fit` calls before training and after each epoch."""

    def judge_untrained(self, learner: LearnerT, prepared: PreparedT) -> dict[str, float]:
        """Test metrics before training."""

    def judge(self, learner: LearnerT, prepared: PreparedT, untrained: Mapping[str, float]) -> Judged:
        """Scores of the trained learner."""

    def value(self, prepared: PreparedT, target: np.ndarray, scores: np.ndarray) -> float | None:
        """The primary metric of some judged rows; None where it is undefined."""

    def diagnose(self, t: Trained[PreparedT, LearnerT, LossT, WatcherT]) -> Diagnostics:
        """Every diagnostic that applies, by name."""

    def read_all(
        self, t: Trained[PreparedT, LearnerT, LossT, WatcherT], config: RunConfig
    ) -> Mapping[str, Mapping[str, float | None]]:
        """The primary metric of every representation of the trained encoder: {representation: {dev, test}}."""

    def judged_facts(self, prepared: PreparedT) -> JudgedFacts:
        """The plural noun for the judged rows; empty for pairs, which reports assume."""

    def loss_facts(self, loss: LossT, config: RunConfig) -> LossFormula:
        """Name, formula, settings and margin of the loss, as facts.json has them."""

    def saved_head(self, learner: LearnerT, prepared: PreparedT, config: RunConfig) -> SavedHead | None:
        """The head that is saved with the encoder; None where there is none."""

    def card(self, facts: Facts, scores: Scores, interval: Interval | None) -> str:
        """The model card of the saved encoder, as Markdown. `interval`: of the primary metric on test."""


# the table of all objectives cannot know the types of each
AnyObjective = Objective[Any, Any, Any, Any]
