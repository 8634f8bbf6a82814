"""TASKS: how a study trains, judges and explains each objective. Everything else of a study is the same for all."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np

from seqtwin.config import RunConfig
from seqtwin.lookup import member
from seqtwin.model.siamese import Siamese
from seqtwin.published import JudgedFacts, LossFormula
from seqtwin.run.diagnose_run import Found, Trained
from seqtwin.run.evaluate import Judged
from seqtwin.run.head_task import HeadTask
from seqtwin.run.labels import objective_name
from seqtwin.run.pair_task import PairTask
from seqtwin.training.fit import Criterion, Recipe, Trainee
from seqtwin.training.objectives import OBJECTIVES


class Task(Protocol):
    """The contract. `says`: the objective in one line; `prepared`: the data as it reads them."""

    @property
    def says(self) -> str: ...

    def trainee(self, model: Siamese, prepared: Any, config: RunConfig) -> tuple[Trainee, Criterion]: ...

    def measure(self, prepared: Any) -> Callable[[Any], float | None]: ...

    def watch(self, prepared: Any, recipe: Recipe) -> Any: ...

    def untrained(self, learner: Any, prepared: Any) -> dict[str, float]: ...

    def judge(self, learner: Any, prepared: Any, untrained: Mapping[str, float]) -> Judged: ...

    def value(self, prepared: Any, target: np.ndarray, scores: np.ndarray) -> float | None: ...

    def explain(self, t: Trained) -> Found: ...

    def reads(self, t: Trained, config: RunConfig) -> Mapping[str, Mapping[str, float | None]]: ...

    def judged_facts(self, prepared: Any) -> JudgedFacts: ...

    def loss_facts(self, loss: Any, config: RunConfig) -> LossFormula: ...


TASKS: dict[str, Task] = {"pairs": PairTask(), **{name: HeadTask(one.says) for name, one in OBJECTIVES.items()}}


def task_of(config: RunConfig) -> Task:
    """How the objective of a config is studied.

    Raises: ConfigError for an unknown objective.
    """
    task: Task = member(TASKS, objective_name(config), "objective")
    return task
