"""The training loop. `fit` advances one record, the state of the training, epoch by epoch."""

import logging
import math
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from typing import TypeVar, cast

import numpy as np
import torch
from torch import Tensor, nn

from seqtwin.data.batches import PairStore, Store, balanced_batches, epoch_batches
from seqtwin.errors import ConfigError
from seqtwin.lookup import pick
from seqtwin.model.precision import PRECISIONS, usable_precision
from seqtwin.model.siamese import Siamese
from seqtwin.records import Compared
from seqtwin.training.averaging import AVERAGES
from seqtwin.training.checkpoint import Keeper
from seqtwin.training.clock import elapsed
from seqtwin.training.encode_store import sorting_lengths
from seqtwin.training.epoch_pairs import EpochPairs
from seqtwin.training.layer_rates import parameter_groups
from seqtwin.training.learning_curve import finite, is_stale, record
from seqtwin.training.optimizers import OPTIMIZERS, SCHEDULES, with_warmup
from seqtwin.training.ranks import ALONE, Ranks
from seqtwin.training.recipe import Recipe, step_budget
from seqtwin.training.run_state import Criterion, Diverged, Measures, RunState, Trainee
from seqtwin.training.saved_state import Training

log = logging.getLogger(__name__)

Model = TypeVar("Model", bound=Trainee)
LossOf = TypeVar("LossOf", bound=Criterion)


def _watch_nothing(_model: Trainee, _loss: Criterion) -> Measures:
    return {}


def fit(
    model: Model,
    loss: LossOf,
    train: Store | EpochPairs,
    recipe: Recipe,
    measure: Callable[[Model], float | None],
    *,
    watch: Callable[[Model, LossOf], Measures] = _watch_nothing,
    on_step: Callable[[RunState], None] = lambda _: None,
    on_epoch: Callable[[RunState], None] = lambda _: None,
    keeper: Keeper | None = None,
    ranks: Ranks = ALONE,
) -> RunState:
    """The state after training. The model then has the weights of the epoch with the highest `measure` (on dev). With
    `recipe.average`, the averaged weights are measured and kept.

    `train`: the rows of every epoch, or the pairs of each epoch. `watch` is called before training and after each
    epoch. Its results are added to the history, and it must not change anything. A precision that this processor does
    not support for the model becomes fp32, with a warning. `keeper` writes checkpoints and continues from one.
    `on_step` and `on_epoch` get the state after each step and epoch, which they must not change. `ranks`: as `Ranks`.

    Raises: Diverged.
    """
    recipe = replace(recipe, precision=usable_precision(recipe.precision, model))
    keeper = keeper or Keeper()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(ranks.seed(recipe.seed))  # dropout draws from PyTorch's own generator
        state = start_state(model, loss, train, recipe)
        try:
            if not keeper.restore(Training(state, loss, train, watch)):
                first_loss = mean_loss_before(model, loss, _labelled(train), recipe)
                record(state, first_loss, *_judge(state, loss, measure, watch, ranks))
            ranks.reseed(recipe.seed + state.step)
            with keeper.on_duty():
                while state.batches or (state.epoch < recipe.epochs and not is_stale(state, recipe.patience)):
                    mean_loss = _one_epoch(state, loss, train, recipe, keeper, on_step, ranks)
                    with keeper.at_rest(), state.average.in_use() if state.average else nullcontext():
                        metric, watched = _judge(state, loss, measure, watch, ranks)
                        keeper.at_work()
                        record(state, mean_loss, metric, watched)
                    on_epoch(state)
                    keeper.after_epoch()
        except Diverged as error:
            error.state = state
            raise
    _warn_without_average(state)
    model.load_state_dict(state.best_weights)
    model.eval()
    return state


def _judge(
    state: RunState, loss: LossOf, measure: Callable[[Model], float | None],
    watch: Callable[[Model, LossOf], Measures], ranks: Ranks,
) -> tuple[float | None, Measures]:  # fmt: skip
    """The metric on dev and what is watched, both by process 0. The other processes get the metric."""
    model = cast("Model", state.model)
    device = next(model.parameters()).device
    metric = ranks.of_first(lambda: finite(state, measure(model)), device)
    return metric, watch(model, loss) if ranks.is_first else {}


def _labelled(train: Store | EpochPairs) -> Store:
    return train.store if isinstance(train, EpochPairs) else train


def start_state(model: Trainee, loss: Criterion, train: Store | EpochPairs, recipe: Recipe) -> RunState:
    """The state before the first step: optimizer, schedule and average."""
    groups = parameter_groups(model, loss, recipe.lr, recipe.layer_decay, recipe.rates)
    optimizer = OPTIMIZERS[recipe.optimizer](groups, recipe.weight_decay)
    total = step_budget(len(train), recipe)
    shape = SCHEDULES[recipe.schedule]
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, with_warmup(shape, total, round(recipe.warmup * total)))
    average = None if recipe.average is None else pick(AVERAGES, recipe.average, "average", model, total)
    rate = float(optimizer.param_groups[0]["initial_lr"]) / recipe.lr
    return RunState(model, optimizer, scheduler, recipe.precision, rate, average, budget=total)


def time_steps(model: Trainee, loss: Criterion, train: Store, recipe: Recipe, steps: int) -> float:
    """Seconds of one training step: the mean over `steps` of them after a first one. Trains the model.

    Raises: Diverged.
    """
    model.train()
    recipe = replace(recipe, precision=usable_precision(recipe.precision, model))
    state = start_state(model, loss, train, recipe)
    batches = batches_of(model, train, recipe, epoch=1)
    rounds = math.ceil((steps + 1) / len(batches))
    first, *rest = (batches * rounds)[: steps + 1]
    with torch.random.fork_rng(devices=[]):
        _one_step(state, loss, train, first, recipe)
        start = time.monotonic()
        for rows in rest:
            _one_step(state, loss, train, rows, recipe)
        return elapsed(start) / len(rest)


def batches_of(model: Trainee, train: Store, recipe: Recipe, epoch: int) -> list[np.ndarray]:
    """The rows of every batch of an epoch, sorted by length unless pads are read."""
    lengths = sorting_lengths(model, train.lengths)
    if recipe.balance is None:
        return epoch_batches(lengths, recipe.batch, seed=recipe.seed, epoch=epoch)
    same = train.target == 1
    return balanced_batches(lengths, same, recipe.batch, recipe.balance, seed=recipe.seed, epoch=epoch)


def _one_epoch(
    state: RunState, loss: Criterion, train: Store | EpochPairs, recipe: Recipe, keeper: Keeper,
    on_step: Callable[[RunState], None], ranks: Ranks,
) -> float:  # fmt: skip
    """Train the batches of the next epoch, or the rest of those of the present one; the mean loss."""
    state.began = time.monotonic()
    state.model.train()
    store = _rows_of_epoch(state, train)
    for rows in batches_of(state.model, store, recipe, state.epoch)[state.batches :]:
        state.total += _one_step(state, loss, store, rows, recipe, ranks) * len(rows)
        state.batches, state.rows = state.batches + 1, state.rows + len(rows)
        on_step(state)
        keeper.after_step()
    state.seconds += elapsed(state.began)
    state.began = 0.0
    return state.total / len(store)


def _rows_of_epoch(state: RunState, train: Store | EpochPairs) -> Store:
    """The rows of the next epoch, which begins, or of the present one."""
    begun = state.batches > 0
    state.epoch += not begun
    if not isinstance(train, EpochPairs):
        return train
    assert isinstance(state.model, Siamese)  # only pairs differ from epoch to epoch
    return train.latest if begun and train.latest is not None else train.epoch(state.model, state.epoch)


def _one_step(
    state: RunState, loss: Criterion, train: Store, rows: np.ndarray, recipe: Recipe, ranks: Ranks = ALONE
) -> float:
    value = _loss_of(state.model, loss, train, rows, recipe.precision, ranks)
    number = value.item()
    if not math.isfinite(number):
        raise Diverged(state.step, rows.tolist())
    state.optimizer.zero_grad()
    if value.requires_grad:  # an encoder of fixed n-grams has nothing to train
        (value / ranks.count if ranks.count > 1 else value).backward()
    trained = [*state.model.parameters(), *loss.parameters()]
    ranks.add_gradients(trained)
    norm = float(nn.utils.clip_grad_norm_(trained, recipe.clip or math.inf))
    if not math.isfinite(norm):
        raise Diverged(state.step, rows.tolist())
    state.optimizer.step()
    state.scheduler.step()
    state.step += 1
    if state.average:
        state.average.update(state.step)
    state.losses.append(number)
    state.norms.append(norm)
    return number


def _loss_of(
    model: Trainee, loss: Criterion, store: Store, rows: np.ndarray, precision: str, ranks: Ranks = ALONE
) -> Tensor:
    device = next(model.parameters()).device
    share = ranks.share(rows)
    batch = store.batch(share if len(share) else rows[:1]).to(device)
    with PRECISIONS[precision](device.type):
        outputs = model(batch)
    target = batch.target
    if ranks.count > 1:
        assert isinstance(outputs, Compared) and isinstance(store, PairStore)  # noqa: PT018 - only pairs
        outputs = ranks.whole(outputs, rows, store)
        target = torch.from_numpy(store.target[rows]).to(device, target.dtype)
    value: Tensor = loss(outputs, target)
    return value


@torch.no_grad()
def mean_loss_before(model: Trainee, loss: Criterion, train: Store, recipe: Recipe, batches: int = 16) -> float:
    """The loss before training, on some batches: the start of the learning curve."""
    model.eval()
    some = batches_of(model, train, recipe, 0)[:batches]
    silent = loss.silent_batches
    values = [_loss_of(model, loss, train, rows, "fp32").item() for rows in some]
    loss.silent_batches = silent  # only batches of the training count
    return float(np.mean(values))


def _warn_without_average(state: RunState) -> None:
    if state.average and state.average.trained and not state.averaged:
        log.warning(
            "fit.average: the weights of epoch %d are not averaged, because the average starts after step %d; "
            "fit.patience=null trains to the end, and a larger share starts earlier",
            *(state.best_epoch, state.average.first),
        )


def pick_device(name: str) -> torch.device:
    """The device of this name; `auto` is a GPU where there is one.

    Raises: ConfigError for a device that this machine does not have.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    has = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not has[name.partition(":")[0]]:
        raise ConfigError("NO_DEVICE", f"this machine has no {name}", place="fit.device", remedy="use device: auto")
    return torch.device(name)
