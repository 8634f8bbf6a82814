"""A training up to its first step: the model, its loss, its rows, and what judges it."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from seqtwin.config import RunConfig, vary
from seqtwin.data.batches import Store
from seqtwin.model.siamese import Siamese
from seqtwin.run.fresh_model import fresh_model
from seqtwin.run.manifest import identity
from seqtwin.run.objectives.base import AnyObjective
from seqtwin.run.objectives.registry import objective_of
from seqtwin.run.objectives.training_rows import training_rows
from seqtwin.run.prepare import prepare
from seqtwin.run.prepared_data import Ready
from seqtwin.training.checkpoint import FollowedCheckpoints
from seqtwin.training.clock import Clock
from seqtwin.training.epoch_pairs import EpochPairs
from seqtwin.training.fit import fit, pick_device
from seqtwin.training.processes import TrainAlong
from seqtwin.training.ranks import Ranks
from seqtwin.training.recipe import Recipe


@dataclass(frozen=True)
class Begun:
    """A training before its first step. `learner`: the Siamese encoder, or a head on it; `untrained`: test metrics of
    the untrained learner; `measure`, `watcher`: what `fit` calls after each epoch; `clock`: since its beginning.
    """

    objective: AnyObjective
    model: Siamese
    # the objective alone knows which learner, loss and watcher belong together
    learner: Any
    loss: Any
    rows: Store | EpochPairs
    recipe: Recipe
    measure: Callable[[Any], float | None]
    watcher: Any
    untrained: dict[str, float]
    device: torch.device
    clock: Clock


def begin(config: RunConfig, prepared: Ready) -> Begun:
    """The training of a config before its first step. `prepared`: its data. Sets the number of threads."""
    if config.fit.threads is not None:
        torch.set_num_threads(config.fit.threads)
    clock = Clock()
    device = pick_device(config.fit.device)
    objective, model = objective_of(config), fresh_model(config, prepared).to(device)
    learner, loss = objective.trainee(model, prepared, config)
    untrained = objective.judge_untrained(learner, prepared)
    clock.lap("data")
    rows, recipe = training_rows(config, prepared), recipe_of(config)
    watcher, measure = objective.watch(prepared, recipe), objective.measure(prepared)
    return Begun(objective, model, learner, loss, rows, recipe, measure, watcher, untrained, device, clock)


def recipe_of(config: RunConfig) -> Recipe:
    """The training settings of a config."""
    f = config.fit
    return Recipe(
        epochs=f.epochs,
        batch=f.batch,
        lr=f.lr,
        optimizer=f.optimizer,
        weight_decay=f.weight_decay,
        schedule=f.schedule,
        warmup=f.warmup,
        clip=f.clip,
        patience=f.patience,
        precision=f.precision,
        seed=f.seed,
        layer_decay=f.layer_decay,
        rates=f.rates.changed(),
        average=f.average,
        balance=f.balance,
    )


def ready_to_follow(config: RunConfig, prepared: Ready | None = None) -> TrainAlong:
    """The part of another process in a training with `fit.ddp`. `prepared`: its data; None reads them."""
    return partial(_train_along, config, prepared or prepare(config))


def _train_along(config: RunConfig, prepared: Ready, folder: Path, ranks: Ranks) -> None:
    device = pick_device(config.fit.device)
    if device.type == "cuda":
        local = int(os.environ.get("LOCAL_RANK", ranks.rank))
        config, device = vary(config, {"fit.device": f"cuda:{local}"}), torch.device("cuda", local)
    objective = objective_of(config)
    learner, loss = objective.trainee(fresh_model(config, prepared).to(device), prepared, config)
    rows, keeper = training_rows(config, prepared), FollowedCheckpoints(folder, identity(config, prepared, str(device)))
    fit(learner, loss, rows, recipe_of(config), objective.measure(prepared), keeper=keeper, ranks=ranks)
