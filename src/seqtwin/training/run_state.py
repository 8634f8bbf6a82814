"""The state of a training: one record that `fit` advances, and the error of a training that diverged."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from seqtwin.errors import SeqTwinError
from seqtwin.model.distiller import Distiller
from seqtwin.model.heads import Learner
from seqtwin.model.siamese import Siamese
from seqtwin.training.averaging import WeightAverage
from seqtwin.training.cross_entropy import CrossEntropy
from seqtwin.training.distillation import Distillation
from seqtwin.training.losses import Loss

Trainee = Siamese | Learner | Distiller
Criterion = Loss | CrossEntropy | Distillation

Measures = Mapping[str, float | None]
Row = dict[str, int | float | None]  # of the history


class Diverged(SeqTwinError):  # noqa: N818 - the word of the published status
    """Numbers that are no longer finite. `rows`: those of the batch in which this was noticed.

    `state`: the training up to then, with the weights of its best epoch; None in another process.
    """

    exit_code = 1

    def __init__(self, step: int, rows: list[int]) -> None:
        where = f"the loss or its gradient is not finite at step {step}, in the batch of rows {rows[:8]}"
        cause = where if rows else f"vectors or scores are not finite after step {step}"
        super().__init__("DIVERGED", cause, remedy="lower fit.lr, or set fit.clip")
        self.step, self.rows = step, rows
        self.state: RunState | None = None

    def __reduce__(self) -> tuple[object, ...]:
        return (Diverged, (self.step, self.rows))


@dataclass
class RunState:
    """Everything that changes while an encoder is trained. `losses`, `norms`: of every step, norms before clipping.

    `precision`: the one in use, which can differ from that of the config. `rate`: that of the first group of
    parameters, as a multiple of `lr`. `averaged`: the number of steps whose average `best_weights` are. `budget`: the
    number of steps without early stopping. `rows`: the number of training rows so far, with repetitions.

    Within an epoch: `batches`: how many are trained; `total`: the sum of loss x rows over them; `began`: the time of
    `time.monotonic()` from which `seconds` lack the time of the epoch. `batches` is 0 once the epoch is in the history.
    """

    model: Trainee
    optimizer: torch.optim.Optimizer
    scheduler: torch.optim.lr_scheduler.LRScheduler
    precision: str = "fp32"
    rate: float = 1.0
    average: WeightAverage | None = None
    averaged: int = 0
    budget: int = 0
    epoch: int = 0
    step: int = 0
    rows: int = 0
    best: float = -math.inf
    best_epoch: int = 0
    best_weights: dict[str, Tensor] = field(default_factory=dict)
    stale: int = 0
    seconds: float = 0.0
    history: list[Row] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    norms: list[float] = field(default_factory=list)
    batches: int = 0
    total: float = 0.0
    began: float = 0.0
