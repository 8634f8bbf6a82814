"""The training loop for many small encoders at once.

Each member has its own batches, loss, optimizer, schedule, early stop and history, as `fit` would give it. Only the
states of the encoders are computed together (`stacked_states`), and the gradients: the losses of different members
share no weight, so the gradient of their sum has the gradient of each. A member that diverges or stops early leaves.
"""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from seqtwin.data.batches import PairStore
from seqtwin.model.siamese import Siamese, distinct_sides
from seqtwin.records import PairBatch, Sequences, States
from seqtwin.training.clock import elapsed
from seqtwin.training.fit import batches_of, mean_loss_before, start_state
from seqtwin.training.learning_curve import finite, is_stale, record
from seqtwin.training.losses import Loss
from seqtwin.training.recipe import Recipe
from seqtwin.training.run_state import Diverged, Measures, RunState
from seqtwin.training.stacked_states import stacked_states
from seqtwin.training.states_of_one_batch import states_of_one_batch


@dataclass(frozen=True)
class Member:
    """One training of a stack: the arguments of `fit`. All members have as many rows, and the same batch size."""

    model: Siamese
    loss: Loss
    train: PairStore
    recipe: Recipe
    measure: Callable[[Siamese], float | None]
    watch: Callable[[Siamese, Loss], Measures]
    on_epoch: Callable[[RunState], None] = lambda _: None


Ended = RunState | Diverged


def fit_stacked(members: Sequence[Member]) -> list[Ended]:
    """The state of each member after its training, or the error of one that diverged.

    The models then have the weights of their best epochs, as after `fit`. They differ from those of `fit` by rounding.
    """
    stack = _Stack(members)
    stack.each(stack.begin)
    while stack.running:
        stack.epoch()
    for state in stack.states.values():
        state.model.load_state_dict(state.best_weights)
        state.model.eval()
    return [stack.errors.get(n) or stack.states[n] for n in range(len(members))]


@dataclass(frozen=True)
class _Batch:
    """The batch of the members that train on the same rows: its distinct sequences, the places of both sides among
    them, and the targets."""

    members: list[int]
    rows: Sequences
    places: Tensor
    target: Tensor

    @staticmethod
    def of(members: list[int], pairs: PairBatch) -> "_Batch":
        return _Batch(members, *distinct_sides(pairs), pairs.target)

    def to(self, device: torch.device) -> "_Batch":
        """The same with places and targets on this device. The sequences are moved with those of other batches."""
        places, target = (own.to(device, non_blocking=True) for own in (self.places, self.target))
        return replace(self, places=places, target=target)


class _Stack:
    """The members that still train, by their places, and what became of the others."""

    def __init__(self, members: Sequence[Member]) -> None:
        self.members = members
        self.states = {n: start_state(m.model, m.loss, m.train, m.recipe) for n, m in enumerate(members)}
        self.weights = [[*m.model.parameters(), *m.loss.parameters()] for m in members]
        self.errors: dict[int, Diverged] = {}
        self.running = list(self.states)

    def each(self, advance: Callable[[int], None]) -> None:
        """Do something for every member. One that diverges leaves."""
        for n in list(self.running):
            try:
                advance(n)
            except Diverged as error:
                self.leave(n, error)

    def leave(self, n: int, error: Diverged) -> None:
        error.state = self.states[n]
        self.errors[n] = error
        self.running.remove(n)

    def begin(self, n: int) -> None:
        """Record the untrained encoder."""
        m = self.members[n]
        self.close_epoch(n, mean_loss_before(m.model, m.loss, m.train, m.recipe))

    def close_epoch(self, n: int, mean_loss: float) -> None:
        """Add an epoch to the history of a member."""
        m, state = self.members[n], self.states[n]
        with state.average.in_use() if state.average else nullcontext():
            record(state, mean_loss, finite(state, m.measure(m.model)), m.watch(m.model, m.loss))

    def epoch(self) -> None:
        """Train one epoch, and end the members that are done."""
        began = time.monotonic()
        for n in self.running:
            self.states[n].model.train()
            self.states[n].epoch += 1
        every = {n: batches_of(m.model, m.train, m.recipe, self.states[n].epoch) for n, m in self._left()}
        totals = dict.fromkeys(self.running, 0.0)
        for step in range(len(next(iter(every.values()), []))):
            if not self.running:
                break
            for n, value in self.step({n: every[n][step] for n in self.running}).items():
                totals[n] += value * len(every[n][step])
        for n in self.running:  # each has its share of the time
            self.states[n].seconds += elapsed(began) / len(self.running)
        self.each(lambda n: self.end_epoch(n, totals[n] / len(self.members[n].train)))

    def _left(self) -> list[tuple[int, Member]]:
        return [(n, self.members[n]) for n in self.running]

    def end_epoch(self, n: int, mean_loss: float) -> None:
        """Judge a member. It is done after its last epoch, or when dev no longer improves."""
        m, state = self.members[n], self.states[n]
        state.rows += len(m.train)
        self.close_epoch(n, mean_loss)
        m.on_epoch(state)
        if state.epoch >= m.recipe.epochs or is_stale(state, m.recipe.patience):
            self.running.remove(n)

    def step(self, rows: Mapping[int, np.ndarray]) -> dict[int, float]:
        """One step of every member that trains. Returns the losses of those that did not diverge."""
        losses = self._losses(rows)
        values = dict(zip(losses, torch.stack(list(losses.values())).tolist(), strict=True))
        self._drop(values, rows)
        for n in self.running:
            self.states[n].optimizer.zero_grad()
        if self.running:
            torch.stack([losses[n] for n in self.running]).sum().backward()
        norms = {n: nn.utils.clip_grad_norm_(self.weights[n], m.recipe.clip or math.inf) for n, m in self._left()}
        found = dict(zip(norms, torch.stack(list(norms.values())).tolist(), strict=True)) if norms else {}
        self._drop(found, rows)
        for n in self.running:
            self._advance(self.states[n], values[n], found[n])
        return {n: values[n] for n in self.running}

    def _losses(self, rows: Mapping[int, np.ndarray]) -> dict[int, Tensor]:
        losses = {}
        for batch, states in zip(*self._states(self._batches(rows)), strict=True):
            for n, own in zip(batch.members, states, strict=True):
                m = self.members[n]
                compared = m.model.compare(m.model.vectors_of(own), batch.places)
                losses[n] = m.loss(compared, batch.target)
        return losses

    def _batches(self, rows: Mapping[int, np.ndarray]) -> list["_Batch"]:
        """The batches of all members. Members with the same rows share theirs: those of one seed have one order."""
        sharing: dict[tuple[int, bytes], list[int]] = {}
        for n, own in rows.items():
            sharing.setdefault((id(self.members[n].train), own.tobytes()), []).append(n)
        return [
            _Batch.of(members, self.members[members[0]].train.batch(rows[members[0]])) for members in sharing.values()
        ]

    def _states(self, batches: Sequence["_Batch"]) -> tuple[list["_Batch"], list[list[States]]]:
        """The batches on the device of the encoders, and the states of the members of each."""
        encoders = [[self.members[n].model.encoder for n in batch.members] for batch in batches]
        device = next(encoders[0][0].parameters()).device
        if device.type == "cpu":
            return list(batches), [states_of_one_batch(own, b.rows) for own, b in zip(encoders, batches, strict=True)]
        every = [(encoder, b.rows) for own, b in zip(encoders, batches, strict=True) for encoder in own]
        states = iter(stacked_states(*zip(*every, strict=True)))
        return [b.to(device) for b in batches], [[next(states) for _ in own] for own in encoders]

    def _drop(self, numbers: Mapping[int, float], rows: Mapping[int, np.ndarray]) -> None:
        """The members whose number is not finite leave."""
        for n in [n for n in self.running if not math.isfinite(numbers[n])]:
            self.leave(n, Diverged(self.states[n].step, rows[n].tolist()))

    @staticmethod
    def _advance(state: RunState, loss: float, norm: float) -> None:
        state.optimizer.step()
        state.scheduler.step()
        state.step += 1
        if state.average:
            state.average.update(state.step)
        state.losses.append(loss)
        state.norms.append(norm)
