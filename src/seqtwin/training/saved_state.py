"""The state of a training as strict JSON and tensors, and back. Nothing else changes while an encoder is trained."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, cast, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from seqtwin.data.batches import Store
from seqtwin.training.clock import elapsed
from seqtwin.training.epoch_pairs import EpochPairs
from seqtwin.training.run_state import Criterion, Row, RunState

# of a schedule of the learning rate; its other attributes come from the config
_SCHEDULE = ("last_epoch", "_step_count", "_last_lr")
_COUNTS = ("averaged", "epoch", "step", "rows", "best_epoch", "stale", "batches")
_NUMBERS = ("best", "total")
_OF_NEGATIVES = ("searches", "pairs", "skipped")

Number = int | float | None
Tensors = dict[str, Tensor]


@runtime_checkable
class Watching(Protocol):
    """A function that `fit` calls after each epoch, and that keeps its first result."""

    first: dict[str, float | None]


@dataclass(frozen=True)
class Training:
    """A training and what changes beside its state. `rows`: what is trained on; `watch`: called after each epoch."""

    state: RunState
    loss: Criterion
    rows: Store | EpochPairs
    watch: object


def save_state(training: Training) -> tuple[dict[str, object], Tensors]:
    """The scalars and the tensors of a training at the end of a step. The tensors are copies on the CPU."""
    state, rows = training.state, training.rows
    scalars: dict[str, object] = {name: getattr(state, name) for name in _COUNTS}
    scalars |= {name: _written(getattr(state, name)) for name in _NUMBERS}
    scalars["seconds"] = state.seconds + (elapsed(state.began) if state.began else 0.0)
    scalars["history"] = [{key: _written(value) for key, value in row.items()} for row in state.history]
    scalars["silent_batches"] = [part.silent_batches for part in _counting(training.loss)]
    scalars["schedule"] = {name: state.scheduler.state_dict()[name] for name in _SCHEDULE}
    scalars["lr"] = [group["lr"] for group in state.optimizer.param_groups]
    if isinstance(training.watch, Watching):
        scalars["first"] = {key: _written(value) for key, value in training.watch.first.items()}
    tensors = {f"model.{key}": value for key, value in state.model.state_dict().items()}
    tensors |= {f"loss.{key}": value for key, value in training.loss.state_dict().items()}
    tensors |= {f"best.{key}": value for key, value in state.best_weights.items()}
    for number, values in state.optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{number}.{key}": value for key, value in values.items()}
    tensors |= {name: torch.tensor(getattr(state, name), dtype=torch.float64) for name in ("losses", "norms")}
    if state.average is not None:
        scalars["average"] = state.average.count
        tensors |= {f"average.{i}": weight for i, weight in enumerate(state.average.weights)}
    if isinstance(rows, EpochPairs):
        scalars |= _save_rows(rows, tensors)
    tensors |= _generators(_device(state))
    return scalars, {key: value.detach().cpu().clone().contiguous() for key, value in tensors.items()}


def load_state(training: Training, saved: Mapping[str, object], tensors: Tensors) -> None:
    """Set a training, as it is before its first step, to a saved state. The random generators are set last."""
    state, device = training.state, _device(training.state)
    for name in _COUNTS:
        setattr(state, name, saved[name])
    for name in _NUMBERS:
        setattr(state, name, _read(saved[name]))
    state.seconds = cast("float", saved["seconds"])
    state.history = [
        cast("Row", {key: _read(value) for key, value in row.items()})
        for row in cast("list[dict[str, object]]", saved["history"])
    ]
    for part, count in zip(_counting(training.loss), cast("list[int]", saved["silent_batches"]), strict=True):
        part.silent_batches = count
    if isinstance(training.watch, Watching):
        first = cast("dict[str, object]", saved["first"])
        training.watch.first = {key: _read(value) for key, value in first.items()}
    state.model.load_state_dict(_part(tensors, "model"))
    training.loss.load_state_dict(_part(tensors, "loss"))
    state.best_weights = {key: value.to(device) for key, value in _part(tensors, "best").items()}
    _load_optimizer(state, saved, _part(tensors, "optimizer"))
    state.losses, state.norms = tensors["losses"].tolist(), tensors["norms"].tolist()
    if state.average is not None:
        weights = _part(tensors, "average")
        state.average.count = cast("int", saved["average"])
        state.average.weights = [weights[str(i)].to(device) for i in range(len(weights))]
    if isinstance(training.rows, EpochPairs):
        _load_rows(training.rows, state.epoch, saved, tensors)
    _set_generators(tensors, device)


def _load_optimizer(state: RunState, saved: Mapping[str, object], tensors: Tensors) -> None:
    whole = state.optimizer.state_dict()
    values: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        number, _, name = key.partition(".")
        values.setdefault(int(number), {})[name] = value
    state.optimizer.load_state_dict({**whole, "state": values})
    for group, lr in zip(state.optimizer.param_groups, cast("list[float]", saved["lr"]), strict=True):
        group["lr"] = lr
    schedule = cast("dict[str, object]", saved["schedule"])
    state.scheduler.load_state_dict({**state.scheduler.state_dict(), **schedule})


def _save_rows(rows: EpochPairs, tensors: Tensors) -> dict[str, object]:
    """The negatives found for the present epoch, and the counts so far."""
    scalars: dict[str, object] = {}
    if rows.augmenter is not None:
        scalars["augmented"] = dict(rows.augmenter.counts)
    if (mined := rows.negatives) is not None:
        scalars["negatives"] = {name: getattr(mined, name) for name in _OF_NEGATIVES}
        tensors["negatives"] = torch.from_numpy(np.stack(mined.found))
    return scalars


def _load_rows(rows: EpochPairs, epoch: int, saved: Mapping[str, object], tensors: Tensors) -> None:
    if (mined := rows.negatives) is not None:
        left, right = tensors["negatives"].numpy()
        mined.found = left, right
        for name, count in cast("dict[str, int]", saved["negatives"]).items():
            setattr(mined, name, count)
    rows.again(epoch)
    if rows.augmenter is not None:  # last, because making the pairs again counts them again
        rows.augmenter.counts.clear()
        rows.augmenter.counts.update(cast("dict[str, int]", saved["augmented"]))


def _counting(loss: Criterion) -> list[Criterion]:
    """The loss and its parts that count silent batches."""
    return [cast("Criterion", part) for part in loss.modules() if hasattr(part, "silent_batches")]


def _device(state: RunState) -> torch.device:
    return next(state.model.parameters()).device


def _generators(device: torch.device) -> Tensors:
    found = {"generator": torch.get_rng_state()}
    if device.type == "cuda":
        found["generator_of_device"] = torch.cuda.get_rng_state(device)
    if device.type == "mps":
        found["generator_of_device"] = torch.mps.get_rng_state()
    return found


def _set_generators(tensors: Tensors, device: torch.device) -> None:
    torch.set_rng_state(tensors["generator"])
    if device.type == "cuda":
        torch.cuda.set_rng_state(tensors["generator_of_device"], device)
    if device.type == "mps":
        torch.mps.set_rng_state(tensors["generator_of_device"])


def _part(tensors: Tensors, name: str) -> Tensors:
    return {key.removeprefix(f"{name}."): value for key, value in tensors.items() if key.startswith(f"{name}.")}


def _written(value: Number) -> Number | str:
    """A number in strict JSON, which lacks infinity and nan."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _read(value: object) -> Number:
    return float(value) if isinstance(value, str) else cast("Number", value)
