"""AVERAGES: averages of the weights over the steps of a training. Dev, test and the saved encoder then use them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn, get_swa_multi_avg_fn

from seqtwin.training.losses.margin import Number

# (averages, weights, number of steps averaged before): changes the averages in place
Fold = Callable[[list[Tensor], list[Tensor], int], None]


class WeightAverage:
    """The average of the trained weights of a model. The training goes on with the weights themselves.

    `fold`: adds the weights of one more step. `first`: the number of steps that are left out at the start.
    `count`: the number of steps averaged so far.

    >>> model = nn.Linear(1, 1, bias=False)
    >>> average = mean_of_last(model, 4, last=0.5)
    >>> for step in (1, 2, 3, 4):
    ...     _ = nn.init.constant_(model.weight, float(step))
    ...     average.update(step)
    >>> with average.in_use():
    ...     model.weight.item()
    3.5
    >>> model.weight.item()
    4.0
    """

    def __init__(self, model: nn.Module, fold: Fold, first: int) -> None:
        self.trained: list[Tensor] = [p.detach() for p in model.parameters() if p.requires_grad]
        self.weights: list[Tensor] = []
        self.fold, self.first, self.count = fold, first, 0

    def update(self, step: int) -> None:
        """Include the weights after this step, the first of which is 1."""
        if step <= self.first or not self.trained:
            return
        if self.count:
            self.fold(self.weights, self.trained, self.count)
        else:
            self.weights = [weight.clone() for weight in self.trained]
        self.count += 1

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Give the model its averaged weights for a while. Before the first averaged step nothing changes."""
        kept = [weight.clone() for weight in self.trained]
        _copy(self.weights or kept, self.trained)
        try:
            yield
        finally:
            _copy(kept, self.trained)


def _copy(source: list[Tensor], target: list[Tensor]) -> None:
    for value, weight in zip(source, target, strict=True):
        weight.copy_(value)


def ema(model: nn.Module, _total: int, *, decay: Number = 0.99) -> WeightAverage:
    """Exponential moving average of the weights: after each step, a = decay x a + (1 - decay) x w.

    It starts as the weights after the first step.
    Raises: ValueError for a decay that is not between 0 and 1.
    Source: Polyak & Juditsky 1992; torch.optim.swa_utils.
    """
    return WeightAverage(model, get_ema_multi_avg_fn(_share(decay, "decay")), 0)


def mean_of_last(model: nn.Module, total: int, *, last: Number = 0.25) -> WeightAverage:
    """Mean of the weights after each of the last steps.

    `last`: their share of all steps, without an early stop.
    Raises: ValueError for a share that is not between 0 and 1.
    Source: Izmailov et al. 2018 (SWA), here with every step; torch.optim.swa_utils.
    """
    first = total - max(1, round(_share(last, "last") * total))
    return WeightAverage(model, get_swa_multi_avg_fn(), first)


def _share(value: Number, name: str) -> float:
    if isinstance(value, str | bool) or not 0 < value < 1:
        raise ValueError(f"{name}: expected a number between 0 and 1, got {value!r}")
    return float(value)


# `total`: the number of steps of the training without an early stop
AVERAGES: dict[str, Callable[..., WeightAverage]] = {"ema": ema, "mean": mean_of_last}
