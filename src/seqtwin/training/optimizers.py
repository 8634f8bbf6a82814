"""OPTIMIZERS, and SCHEDULES: the course of the learning rate over the steps of a training."""

import math
from collections.abc import Callable

import torch

from seqtwin.training.layer_rates import Groups


def with_warmup(shape: Callable[[float], float], total: int, warmup: int) -> Callable[[int], float]:
    """The factor of the learning rate at each step: from 0 up to 1 in `warmup` steps, then the shape.

    >>> [with_warmup(SCHEDULES["linear"], 4, 2)(step) for step in range(4)]
    [0.5, 1.0, 1.0, 0.5]
    """

    def factor(step: int) -> float:
        if step < warmup:
            return (step + 1) / warmup
        return shape(min(1.0, (step - warmup) / max(1, total - warmup)))

    return factor


def _adam(groups: Groups, weight_decay: float) -> torch.optim.Optimizer:
    return torch.optim.Adam(groups, weight_decay=weight_decay, fused=True)


def _adamw(groups: Groups, weight_decay: float) -> torch.optim.Optimizer:
    return torch.optim.AdamW(groups, weight_decay=weight_decay, fused=True)


OPTIMIZERS = {"adam": _adam, "adamw": _adamw}
SCHEDULES: dict[str, Callable[[float], float]] = {
    "constant": lambda _: 1.0,
    "linear": lambda done: 1.0 - done,
    "cosine": lambda done: 0.5 * (1.0 + math.cos(math.pi * done)),
}
