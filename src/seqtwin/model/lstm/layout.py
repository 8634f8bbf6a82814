"""The places of the steps of a batch in packed order.

Step 0 of every sequence comes first, then step 1 of those that are longer, and so on, with sequences sorted by
decreasing length. The backward direction starts at the true end of each sequence, so both directions use the same
places.
"""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Layout:
    """The place of each step of each sequence in packed order. All layers share it.

    `sizes`: the number of sequences with this step. `rows` [steps]: the batch row of each packed step. `times`
    [directions steps]: its time in each direction. `at` [batch time directions]: the packed step of each time; the
    number of steps for a pad. `ends` [batch]: the packed step of each last time. `before`: the preceding packed step
    of each step, without the first ones.
    """

    sizes: list[int]
    rows: Tensor
    times: Tensor
    at: Tensor
    ends: Tensor
    before: Tensor

    @staticmethod
    def of(lengths: Tensor, width: int, directions: int) -> "Layout":
        """The layout of a batch of these lengths, padded to this width."""
        order = torch.argsort(lengths, descending=True, stable=True)
        rank = torch.empty_like(order)
        rank[order] = torch.arange(len(order))
        times = torch.arange(width)
        sizes = (lengths[:, None] > times).sum(0)
        sizes = sizes[sizes > 0]
        starts = torch.cumsum(sizes, 0) - sizes
        steps = torch.repeat_interleave(torch.arange(len(sizes)), sizes)
        places = torch.arange(len(steps))
        rows = order[places - starts[steps]]
        last = lengths[:, None] - 1
        real = times <= last
        forward, backward = (torch.where(real, t, 0) for t in (times, last - times))
        at = starts[torch.stack([forward, backward][:directions], 2)] + rank[:, None, None]
        return Layout(
            sizes=sizes.tolist(),
            rows=rows,
            times=torch.stack([steps, lengths[rows] - 1 - steps][:directions]),
            at=torch.where(real[:, :, None], at, len(steps)),
            ends=starts[last[:, 0]] + rank,
            before=places[sizes[0] :] - sizes[steps[sizes[0] :] - 1],
        )
