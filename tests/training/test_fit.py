"""The training loop: it learns, stops in time, keeps the best weights, follows its schedule, says when it breaks."""

import logging
import math
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import tiny
from seqtwin.data.batches import PairStore, Ragged, epoch_batches
from seqtwin.errors import ConfigError
from seqtwin.metrics import METRICS
from seqtwin.model.cells import CELLS
from seqtwin.model.precision import AUTO, can_autocast
from seqtwin.model.representations import REPRESENTATIONS
from seqtwin.model.siamese import Siamese
from seqtwin.records import Compared
from seqtwin.training import fit as fitting
from seqtwin.training.encode_store import predict
from seqtwin.training.fit import Diverged, RunState, batches_of, fit, pick_device, time_steps
from seqtwin.training.losses import Loss
from seqtwin.training.optimizers import OPTIMIZERS, SCHEDULES

TRAIN = tiny.store()
DEV = tiny.store(60, seed=1)


def auc(model: Siamese) -> float:
    return METRICS["roc_auc"].function(predict(model, DEV), DEV.target)


def trained(
    measure: Callable[[Siamese], float | None] = lambda _: None,
    *,
    model: Siamese | None = None,
    loss: Loss | None = None,
    on_epoch: Callable[[RunState], None] = lambda _: None,
    train: PairStore = TRAIN,
    **changes: Any,
) -> RunState:
    model = model or tiny.siamese()
    return fit(model, loss or tiny.loss_of(model), train, tiny.recipe(**changes), measure, on_epoch=on_epoch)


def script(*values: float | None) -> Callable[[Siamese], float | None]:
    """A metric that says these values, the first before training."""
    left = list(values)
    return lambda _: left.pop(0)


def same_weights(a: dict[str, Tensor], b: dict[str, Tensor]) -> bool:
    return all(torch.equal(a[name], b[name]) for name in a)


def copied(model: nn.Module) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in model.state_dict().items()}


# it learns


@pytest.mark.parametrize("spec", ["mse", "bce", {"name": "contrastive", "distance": "cosine", "margin": 0.5}, "cosent"])
def test_a_tiny_task_is_learnt(spec: Any) -> None:
    model = tiny.siamese()
    before = auc(model)
    state = trained(auc, model=model, loss=tiny.loss_of(model, spec), epochs=6)
    losses = [row["loss"] for row in state.history]
    assert before < 0.85
    assert state.best > 0.95
    assert losses[-1] < 0.5 * losses[0]
    assert auc(model) == pytest.approx(state.best)
    assert not model.training


def test_bf16_trains_and_stays_finite() -> None:
    state = trained(auc, epochs=4, precision="bf16")
    assert state.best > 0.9
    assert all(value.dtype == torch.float32 and value.isfinite().all() for value in state.best_weights.values())


@pytest.mark.parametrize(
    ("cell", "supported", "precision"),
    [("lstm", True, "bf16"), ("lstm", False, "fp32"), ("gru", False, "bf16"), ("rnn", False, "bf16")],
)
def test_bf16_falls_back_where_the_processor_has_no_such_lstm(
    cell: str, supported: bool, precision: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    if supported and not can_autocast(nn.LSTM(1, 1)):
        pytest.skip("this processor has no bfloat16 LSTM")
    monkeypatch.setattr("seqtwin.model.precision._has_bf16_kernels", lambda: supported)
    with caplog.at_level(logging.WARNING):
        state = trained(model=tiny.siamese(cell=cell), epochs=1, precision="bf16")
    assert state.precision == precision
    assert [record.getMessage() for record in caplog.records] == (
        ["precision bf16 is not possible for an LSTM on this processor; computing in fp32 instead"]
        if precision == "fp32"
        else []
    )


def test_the_fallback_trains_exactly_as_fp32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seqtwin.model.precision._has_bf16_kernels", lambda: False)
    fallen, plain = (trained(epochs=1, precision=precision).best_weights for precision in ("bf16", "fp32"))
    assert same_weights(fallen, plain)


def test_bf16_trains_on_batches_of_equal_lengths() -> None:
    # these are the ones that PyTorch hands to oneDNN
    one_length = tiny.store(40)
    items = Ragged.of([np.array([2, 3, 4 + row % 2]) for row in range(80)])
    store = PairStore(items, one_length.left, one_length.right, one_length.target)
    assert math.isfinite(trained(train=store, epochs=1, precision="bf16").losses[-1])


def test_what_we_believe_of_this_processor_is_what_pytorch_does() -> None:
    lstm = nn.LSTM(3, 4)
    lacking = nullcontext() if can_autocast(lstm) else pytest.raises(RuntimeError, match="primitive descriptor")
    with torch.autocast("cpu", dtype=torch.bfloat16), lacking:
        lstm(torch.zeros(2, 1, 3))


# the history


def test_the_untrained_model_is_row_zero() -> None:
    model = tiny.siamese()
    batches = epoch_batches(TRAIN.lengths, 16, seed=0, epoch=0)
    loss = tiny.loss_of(model)
    with torch.no_grad():
        expected = np.mean([float(loss(model(TRAIN.batch(rows)), TRAIN.batch(rows).target)) for rows in batches])
    dev = auc(model)
    state = trained(auc, model=model)
    assert state.history[0] == {
        "epoch": 0,
        "step": 0,
        "loss": pytest.approx(expected, rel=1e-6),
        "dev": dev,
        "lr": 0.05,
        "seconds": 0.0,
        "gradient_norm": None,
    }


def test_each_epoch_is_a_row_with_its_steps() -> None:
    seen: list[int] = []
    state = trained(train=tiny.store(50), batch=16, epochs=3, on_epoch=lambda s: seen.append(s.epoch))
    assert [row["epoch"] for row in state.history] == [0, 1, 2, 3]
    assert [row["step"] for row in state.history] == [0, 4, 8, 12]
    assert seen == [1, 2, 3]
    assert all(a["seconds"] < b["seconds"] for a, b in zip(state.history, state.history[1:], strict=False))


def test_what_a_watcher_finds_stands_in_the_history_before_training_too() -> None:
    seen: list[int] = []

    def watch(model: Siamese, _: Loss) -> dict[str, float | None]:
        seen.append(len(seen))
        return {"found": float(len(seen)), "missing": None}

    model = tiny.siamese()
    state = fit(model, tiny.loss_of(model), TRAIN, tiny.recipe(epochs=2), auc, watch=watch)
    assert [row["found"] for row in state.history] == [1, 2, 3]
    assert [row["missing"] for row in state.history] == [None] * 3


# early stopping and the best weights


@pytest.mark.parametrize(
    ("values", "patience", "epochs", "best"),
    [
        ((0.1, 0.5, 0.6, 0.55, 0.4, 0.9), 2, 4, 2),
        ((0.1, 0.5, 0.6, 0.55, 0.4, 0.9), 3, 5, 5),
        ((0.1, 0.5, 0.6, 0.55, 0.4, 0.3), None, 5, 2),
        ((0.99, 0.5, 0.4, 0.6, 0.5, 0.4), None, 5, 3),  # the untrained encoder is no candidate
        ((0.1, 0.5, 0.5, 0.5, 0.5, 0.5), None, 5, 5),  # of equal epochs the last
        ((0.1, 0.5, 0.5, 0.4, 0.5, 0.5), 3, 4, 4),
        ((0.1, 0.5, 0.5, 0.5, 0.5, 0.5), 1, 2, 2),  # equal is not better: patience ends
        ((None, None, None, None, None, None), 1, 5, 5),  # where dev cannot tell the newest are kept
        ((-5.0, -3.0, -4.0, -2.0, -9.0, -9.0), 2, 5, 3),
    ],
)
def test_the_best_epoch_is_kept_and_patience_ends_training(
    values: tuple[float | None, ...], patience: int | None, epochs: int, best: int
) -> None:
    model = tiny.siamese()
    seen: dict[int, dict[str, Tensor]] = {}
    state = trained(
        script(*values),
        model=model,
        epochs=5,
        patience=patience,
        on_epoch=lambda s: seen.update({s.epoch: copied(model)}),
    )
    assert (state.epoch, state.best_epoch) == (epochs, best)
    assert same_weights(copied(model), seen[best])
    assert all(not same_weights(copied(model), seen[other]) for other in seen if other != best)


# rates


class Watched(torch.optim.SGD):
    """Plain descent that notes the rate and the gradient norm of every step."""

    def __init__(self, parameters: Any, lr: float, _: float = 0.0) -> None:
        super().__init__(parameters, lr)
        self.rates: list[float] = []
        self.norms: list[float] = []

    def step(self, closure: Any = None) -> None:
        self.rates.append(self.param_groups[0]["lr"])
        found = [p.grad.flatten() for group in self.param_groups for p in group["params"] if p.grad is not None]
        self.norms.append(float(torch.cat(found).norm()))
        super().step(closure)


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> list[Watched]:
    made: list[Watched] = []

    def make(groups: Any, decay: float) -> Watched:
        made.append(Watched(groups[0]["params"], groups[0]["lr"]))
        return made[-1]

    monkeypatch.setitem(OPTIMIZERS, "watched", make)
    return made


def test_every_step_leaves_its_loss_and_its_gradient_norm(watched: list[Watched]) -> None:
    state = trained(epochs=2, batch=16, clip=None, optimizer="watched")
    assert state.norms == pytest.approx(watched[0].norms, rel=1e-5)
    assert [row["gradient_norm"] for row in state.history[1:]] == pytest.approx(
        [np.mean(state.norms[:6]), np.mean(state.norms[6:])]
    )
    # the batches are all of one size here, so an epoch's loss is the mean of its steps
    assert [row["loss"] for row in state.history[1:]] == pytest.approx(
        [np.mean(state.losses[:6]), np.mean(state.losses[6:])]
    )


SHAPES: dict[str, Callable[[float], float]] = {
    "constant": lambda t: 1.0,
    "linear": lambda t: 1 - t,
    "cosine": lambda t: (1 + math.cos(math.pi * t)) / 2,
}


@pytest.mark.parametrize("warmup", [0.0, 0.25, 0.5])
@pytest.mark.parametrize("schedule", SHAPES)
def test_rates_follow_the_formula(watched: list[Watched], schedule: str, warmup: float) -> None:
    trained(epochs=2, batch=16, lr=0.1, schedule=schedule, warmup=warmup, optimizer="watched")
    total, rising = 12, int(12 * warmup)
    expected = [0.1 * (step + 1) / rising for step in range(rising)]
    expected += [0.1 * SHAPES[schedule]((step - rising) / (total - rising)) for step in range(rising, total)]
    assert watched[0].rates == pytest.approx(expected, rel=1e-12)
    assert min(watched[0].rates) > 0


def test_the_last_row_of_a_linear_schedule_ends_at_zero() -> None:
    assert trained(schedule="linear").history[-1]["lr"] == 0


def test_gradients_are_clipped_to_the_norm_that_was_asked_for(watched: list[Watched]) -> None:
    trained(optimizer="watched", clip=None)
    free = watched[0].norms
    limit = float(np.median(free))
    trained(optimizer="watched", clip=limit)
    assert max(free) > limit * 1.01
    assert max(watched[1].norms) <= limit * 1.0001
    assert watched[1].norms[0] == pytest.approx(min(free[0], limit), rel=1e-4)


# only an LSTM has a cell state to read
POSSIBLE = [(c, r) for c in CELLS for r in REPRESENTATIONS if r != "final_cell" or c == "lstm"]


@pytest.mark.parametrize(("cell", "representation"), POSSIBLE)
def test_no_two_gradients_share_memory(cell: str, representation: str) -> None:
    spec: Any = {"name": "join", "parts": ["mean_output", "max_output"]} if representation == "join" else representation
    model = tiny.siamese(spec, cell=cell, layers=2)
    pairs = TRAIN.batch(np.arange(8))
    tiny.loss_of(model)(model(pairs), pairs.target).backward()
    # what scales them in place, as clipping does, must reach each number once
    doubled = [parameter.grad.clone() * 2 for parameter in model.parameters() if parameter.grad is not None]
    for parameter in model.parameters():
        if parameter.grad is not None:
            parameter.grad.mul_(2)
    found = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
    assert all(torch.equal(a, b) for a, b in zip(found, doubled, strict=True))


def test_weight_decay_is_that_of_the_optimizer() -> None:
    plain, decayed = (trained(optimizer="adamw", weight_decay=decay) for decay in (0.0, 0.5))
    norm = [sum(float(v.square().sum()) for v in s.best_weights.values()) for s in (plain, decayed)]
    assert norm[1] < 0.9 * norm[0]


# what breaks


class Planted(Loss):
    """A loss that breaks in one training step: its value, or only its gradient."""

    def __init__(self, inner: Loss, step: int, how: str) -> None:
        super().__init__(inner.space, inner.cut, inner.similarity)
        self.inner, self.step, self.how, self.taken = inner, step, how, 0

    def forward(self, compared: Compared, target: Tensor) -> Tensor:
        value = self.inner(compared, target)
        if not compared.left.requires_grad:
            return value
        self.taken += 1
        if self.taken - 1 != self.step:
            return value
        return value + (compared.left.sum() * 0).sqrt() if self.how == "gradient" else value * float(self.how)

    @property
    def formula(self) -> str:
        return "planted"

    @property
    def settings(self) -> dict[str, Any]:
        return {}

    def plateau(self, target: Tensor) -> None:
        return None


@pytest.mark.parametrize("how", ["nan", "inf", "-inf", "gradient"])
@pytest.mark.parametrize("clip", [1.0, None])
def test_a_loss_that_is_not_finite_names_step_and_pairs(how: str, clip: float | None) -> None:
    model = tiny.siamese()
    with pytest.raises(Diverged, match="not finite at step 7") as caught:
        trained(model=model, loss=Planted(tiny.loss_of(model), 7, how), clip=clip)
    assert caught.value.step == 7
    assert caught.value.rows == epoch_batches(TRAIN.lengths, 16, seed=0, epoch=2)[1].tolist()
    assert caught.value.remedy
    assert all(value.isfinite().all() for value in model.state_dict().values())


def test_a_metric_that_is_not_finite_is_divergence() -> None:
    with pytest.raises(Diverged, match="not finite after step 6"):
        trained(script(0.5, math.nan))


# randomness


def test_neither_build_nor_fit_moves_the_global_generator() -> None:
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    numpy_before = np.random.get_state()[1].tolist()  # type: ignore[index]
    trained(auc, model=tiny.siamese("attention_output", layers=2, dropout=0.5))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert np.random.get_state()[1].tolist() == numpy_before  # type: ignore[index]


def test_the_seed_alone_decides() -> None:
    found = []
    for world, seed in ((1, 0), (2, 0), (3, 1)):
        torch.manual_seed(world)
        model = tiny.siamese(layers=2, dropout=0.5)
        found.append(trained(auc, model=model, seed=seed).best_weights)
    assert same_weights(found[0], found[1])
    assert not same_weights(found[0], found[2])


def test_measuring_does_not_change_the_training() -> None:
    measured = trained(auc, model=tiny.siamese(layers=2, dropout=0.5), patience=None)
    weights: list[dict[str, Tensor]] = []
    model = tiny.siamese(layers=2, dropout=0.5)
    trained(model=model, on_epoch=lambda s: weights.append(copied(model)))
    assert same_weights(measured.best_weights, weights[measured.best_epoch - 1])


# losses with something of their own


def test_the_parameters_of_a_loss_are_trained() -> None:
    model = tiny.siamese()
    loss = tiny.loss_of(model, {"name": "pml", "loss": "MarginLoss", "options": {"learn_beta": True}})
    (beta,) = loss.parameters()
    before = beta.detach().clone()
    state = trained(model=model, loss=loss)
    assert not torch.equal(beta.detach(), before)
    assert len(state.history) == 4


def test_clipping_holds_the_parameters_of_a_loss_too(watched: list[Watched]) -> None:
    for clip in (None, 1e-3):
        model = tiny.siamese()
        loss = tiny.loss_of(model, {"name": "pml", "loss": "MarginLoss", "options": {"learn_beta": True}})
        trained(model=model, loss=loss, optimizer="watched", clip=clip)
    free, clipped = (found.norms for found in watched)
    assert min(free) > 1e-2
    assert max(clipped) <= 1e-3 * 1.0001


# pads that are read


def test_batches_are_shuffled_and_not_sorted_where_pads_are_read() -> None:
    masked, read = (tiny.siamese(padding=padding) for padding in ("masked", "read"))
    recipe, lengths = tiny.recipe(batch=8), TRAIN.lengths
    sorted_, shuffled = (batches_of(model, TRAIN, recipe, epoch=1) for model in (masked, read))
    expected = epoch_batches(lengths, 8, seed=0, epoch=1)
    assert all(np.array_equal(a, b) for a, b in zip(sorted_, expected, strict=True))
    assert sorted(np.concatenate(shuffled).tolist()) == list(range(len(TRAIN)))
    spread = [np.mean([np.ptp(lengths[rows]) for rows in batches]) for batches in (sorted_, shuffled)]
    assert spread[0] < 1
    assert spread[1] > 2


def test_silent_batches_before_training_are_not_counted(caplog: pytest.LogCaptureFixture) -> None:
    one_class = tiny.store(40)
    one_class = PairStore(one_class.items, one_class.left, one_class.right, np.zeros(40))
    model = tiny.siamese()
    loss = tiny.loss_of(model, "cosent")
    state = trained(model=model, loss=loss, train=one_class, epochs=2, batch=20)
    assert state.step == 4
    assert loss.silent_batches == 4


def test_one_pair_a_batch_and_one_pair_in_all_train() -> None:
    for count, batch in ((3, 1), (1, 16)):
        state = trained(train=tiny.store(count), batch=batch, epochs=1)
        assert math.isfinite(state.history[-1]["loss"])


# devices


def test_a_device_this_machine_lacks_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert pick_device("auto") == pick_device("cpu") == torch.device("cpu")
    with pytest.raises(ConfigError, match="this machine has no cuda:1"):
        pick_device("cuda:1")


def test_auto_takes_the_gpu_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert pick_device("auto") == torch.device("cuda")


def test_the_tables_and_the_config_agree() -> None:
    from typing import get_args

    from seqtwin.config import FitConfig

    precisions = {*fitting.PRECISIONS, AUTO}
    for key, table in (("optimizer", OPTIMIZERS), ("schedule", SCHEDULES), ("precision", precisions)):
        assert set(get_args(FitConfig.model_fields[key].annotation)) == set(table)


@pytest.mark.parametrize("steps", [1, 4, 20])
def test_the_seconds_of_a_step_are_the_mean_after_a_first_one(monkeypatch: pytest.MonkeyPatch, steps: int) -> None:
    """By a clock that moves by one second with each step; 20 steps are more than the 6 batches of an epoch."""
    clock, model, made = [0.0], tiny.siamese(), []
    step = fitting._one_step

    def timed(*arguments: Any) -> float:
        clock[0] += 1.0
        made.append(arguments)
        return step(*arguments)

    monkeypatch.setattr(fitting, "_one_step", timed)
    monkeypatch.setattr(fitting.time, "monotonic", lambda: clock[0])
    state = torch.random.get_rng_state()
    assert time_steps(model, tiny.loss_of(model), tiny.store(), tiny.recipe(), steps) == 1.0
    assert len(made) == steps + 1
    assert torch.equal(torch.random.get_rng_state(), state)
