"""The history of a training: what is recorded after each epoch, and what follows from it."""

import math

import numpy as np

from seqtwin.training.run_state import Diverged, Measures, Row, RunState


def finite(state: RunState, metric: float | None) -> float | None:
    """The metric on dev. It is checked before `watch` is called, which needs finite vectors.

    Raises: Diverged for a metric that is not finite.
    """
    if metric is not None and not math.isfinite(metric):
        raise Diverged(state.step, [])
    return metric


def record(state: RunState, mean_loss: float, metric: float | None, watched: Measures) -> None:
    """Add an epoch to the history. Keep its weights if no metric on dev was better so far, or if it is undefined.

    Of equal epochs the last is kept: a dev split of ten rows is at its best by luck first. `patience` counts from the
    first of them.
    """
    rate = float(state.scheduler.get_last_lr()[0]) / state.rate
    row: Row = {"epoch": state.epoch, "step": state.step, "loss": mean_loss, "dev": metric, "lr": rate}
    state.history.append({**row, "seconds": state.seconds, "gradient_norm": _epoch_norm(state), **watched})
    # the untrained encoder is a baseline, not a candidate
    trained = state.epoch > 0
    better = trained and (metric is None or metric > state.best)
    if better or not trained or metric == state.best:
        state.best = -math.inf if metric is None or not trained else metric
        state.best_epoch = state.epoch
        state.averaged = state.average.count if state.average else 0
        state.best_weights = {k: v.detach().clone() for k, v in state.model.state_dict().items()}
    state.stale = 0 if better or not trained else state.stale + 1
    state.batches, state.total = 0, 0.0


def _epoch_norm(state: RunState) -> float | None:
    """Mean gradient norm of the steps of this epoch; None before the first."""
    before = state.history[-1]["step"] if state.history else 0
    norms = state.norms[int(before or 0) :]
    return float(np.mean(norms)) if norms else None


def is_stale(state: RunState, patience: int | None) -> bool:
    """Whether dev has not improved for this many epochs."""
    return patience is not None and state.stale >= patience
