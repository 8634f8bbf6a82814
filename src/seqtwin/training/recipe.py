"""How an encoder is trained: the settings of a training."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from seqtwin.lookup import Spec


@dataclass(frozen=True)
class Recipe:
    """How to train. `warmup`: the share of all steps in which the learning rate rises from 0. `clip`: largest gradient
    norm. `patience`: epochs without an improvement on dev before the training stops; None: never. `layer_decay`: the
    learning rate of each layer is this share of that of the layer above. `rates`: factors of the learning rate by part
    of the model. `average`: one of AVERAGES. `balance`: the share of pairs with target 1 in each batch.
    """

    epochs: int
    batch: int
    lr: float
    optimizer: str
    weight_decay: float
    schedule: str
    warmup: float
    clip: float | None
    patience: int | None
    precision: str
    seed: int
    layer_decay: float = 1.0
    rates: Mapping[str, float] = field(default_factory=dict)
    average: Spec | None = None
    balance: float | None = None


def step_budget(rows: int, recipe: Recipe) -> int:
    """The number of steps of a training that is not stopped early."""
    return recipe.epochs * math.ceil(rows / recipe.batch)
