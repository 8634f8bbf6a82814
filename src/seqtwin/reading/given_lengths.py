"""The lengths of a batch, from whatever they were given as."""

from collections.abc import Sequence

import torch
from torch import Tensor

from seqtwin.errors import ConfigError

Lengths = Tensor | Sequence[int]
_NUMBERS = "pass the number of real steps of each sequence, not a mask; of a mask: mask.sum(1)"


def checked_lengths(
    lengths: Lengths | int | None, batch: int, width: int, *, batch_first: bool | None = None
) -> Tensor:
    """The length of each sequence: Int[batch], on the CPU. None: every sequence is as long as the batch is wide.

    `batch_first`: the order of axes of the layer, for the error where the batch has the other one; None: not known.

    Raises: ConfigError unless there is one integer from 1 to `width` for each sequence.

    >>> checked_lengths([3, 1], batch=2, width=3)
    tensor([3, 1])
    """
    if lengths is None:
        return torch.full((batch,), width)
    found = torch.as_tensor(lengths).detach().cpu().reshape(-1)
    whole = found.long()
    if len(found) != batch or found.dtype is torch.bool or not torch.equal(whole.to(found.dtype), found):
        cause = f"expected {batch} integers, one per sequence, got {_shown(found)}"
        are_exchanged = len(found) == width != batch and found.dtype is not torch.bool
        remedy = _exchanged(batch_first) if are_exchanged and batch_first is not None else _NUMBERS
        raise ConfigError("READ_LENGTHS", cause, place="lengths", remedy=remedy)
    if batch and not (int(whole.min()) >= 1 and int(whole.max()) <= width):
        cause = f"expected 1 to {width} (the number of steps), got {int(whole.min())} to {int(whole.max())}"
        remedy = "give an empty text one step, for example an unknown token; leave out no step of the longest text"
        raise ConfigError("READ_LENGTHS", cause, place="lengths", remedy=remedy)
    return whole


def _exchanged(batch_first: bool) -> str:
    """What to do where there are as many lengths as steps: the batch probably has the other order of axes."""
    if batch_first:
        return "the layer has batch_first=True, so it takes [batch, time, ...]: pass x.transpose(0, 1), or its output"
    return (
        "batch_first=True was probably forgotten: without it, the layer takes [time, batch, ...]. Build it with "
        "batch_first=True, or pass x.transpose(0, 1)"
    )


def _shown(found: Tensor) -> str:
    values = ", ".join(f"{value}" for value in found[:4].tolist())
    return f"{len(found)} values ({values}{', ...' if len(found) > 4 else ''})"
