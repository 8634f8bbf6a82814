"""One training on several processes (ranks). Each has the same model, and computes the vectors of its share of a batch.

All ranks then have the vectors of the whole batch, and compute the loss of the whole batch: losses that compare each
pair with all others need no change. The gradients of all shares are added, so they are those of the whole batch.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, distributed, nn

from seqtwin.data.batches import PairStore
from seqtwin.errors import ResourceError
from seqtwin.records import Compared

AGAIN = "run the same command with --resume: it continues from the last checkpoint"


@dataclass(frozen=True)
class Ranks:
    """The place of this process among those of a training. Process 0 alone evaluates and writes."""

    rank: int = 0
    count: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this process evaluates and writes."""
        return self.rank == 0

    def seed(self, seed: int) -> int:
        """The seed of dropout: that of the config for process 0, and another one for each other process."""
        return seed if self.is_first else (seed + 7_919 * self.rank) % 2**63

    def reseed(self, seed: int) -> None:
        """Set the generator of dropout, except in process 0: a checkpoint has the one of process 0."""
        if not self.is_first:
            torch.manual_seed(self.seed(seed))

    def share(self, rows: np.ndarray) -> np.ndarray:
        """The rows of a batch whose vectors this process computes. There can be none in a small batch."""
        share: np.ndarray = np.array_split(rows, self.count)[self.rank]
        return share

    def whole(self, own: Compared, rows: np.ndarray, store: PairStore) -> Compared:
        """The vectors and scores of a whole batch, in the order of its rows, from those of the share of each process.

        `own`: those of `share(rows)`, or where it is empty of any rows, which are left out. Equal texts get equal
        vectors, as in one process, which encodes each text once: losses recognize them by that.
        """
        sizes = [len(part) for part in np.array_split(rows, self.count)]
        joined = torch.cat([own.left, own.right, own.score[:, None]], dim=1)[: sizes[self.rank]]
        gathered: Tensor = _Gather.apply(joined, sizes, self.rank)  # type: ignore[no-untyped-call]
        width = own.left.shape[1]
        sides = torch.cat([gathered[:, :width], gathered[:, width : 2 * width]])[first_of_equal(store, rows)]
        return Compared(sides[: len(rows)], sides[len(rows) :], gathered[:, -1])

    def add_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Replace each gradient by its sum over all processes."""
        if self.count == 1:
            return
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        if not gradients:
            return
        flat = torch.cat([gradient.reshape(-1) for gradient in gradients])
        with together():
            distributed.all_reduce(flat)
        for gradient, total in zip(gradients, flat.split([one.numel() for one in gradients]), strict=True):
            gradient.copy_(total.view_as(gradient))

    def of_first(self, measure: Callable[[], float | None], device: torch.device) -> float | None:
        """The value that process 0 measures, in every process. The others wait for it."""
        value = measure() if self.is_first else None
        if self.count == 1:
            return value
        sent = torch.tensor([float(value is None), value or 0.0], dtype=torch.float64, device=device)
        with together():
            distributed.broadcast(sent, 0)
        return None if sent[0] else float(sent[1])


ALONE = Ranks()


def first_of_equal(store: PairStore, rows: np.ndarray) -> Tensor:
    """For each left and then each right of some rows, the place of the first one with the same steps: Int[2 rows]."""
    places, items = np.concatenate([store.left[rows], store.right[rows]]), store.items
    starts, lengths = items.starts[places], items.lengths[places]
    steps = (items.steps[start : start + length].tobytes() for start, length in zip(starts, lengths, strict=True))
    first: dict[bytes, int] = {}
    return torch.tensor([first.setdefault(step, number) for number, step in enumerate(steps)])


class _Gather(torch.autograd.Function):
    """Rows of all processes, one process after the other. `sizes`: how many each has.

    Each process computes the same loss of all rows, so the sum of their gradients for its own rows is one of them times
    the number of processes. It needs no exchange.
    """

    @staticmethod
    def forward(ctx: Any, own: Tensor, sizes: list[int], rank: int) -> Tensor:
        ctx.sizes, ctx.rank = sizes, rank
        padded = own.new_zeros(max(sizes), own.shape[1])
        padded[: len(own)] = own.detach()
        parts = [torch.empty_like(padded) for _ in sizes]
        with together():
            distributed.all_gather(parts, padded)
        return torch.cat([part[:size] for part, size in zip(parts, sizes, strict=True)])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        start = sum(ctx.sizes[: ctx.rank])
        return len(ctx.sizes) * gradients[0][start : start + ctx.sizes[ctx.rank]], None, None


@contextmanager
def together() -> Iterator[None]:
    """An exchange between all processes. Raises: ResourceError where one of them has ended."""
    try:
        yield
    except RuntimeError as error:
        cause = "another process of this training has ended, so this one cannot go on"
        raise ResourceError("RANK_ENDED", cause, place="fit.ddp", remedy=AGAIN) from error
