"""The kernel channel: a series as one vector of convolution kernels of fixed weights, beside the recurrent network."""

import itertools
from collections.abc import Iterator
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from seqtwin.model import distances
from seqtwin.model.side_channels.side_channel import SideChannel
from seqtwin.records import Sequences, real_steps

TAPS = 9
HALF = TAPS // 2
DOUBLED = tuple(itertools.combinations(range(TAPS), 3))  # the taps of weight 2 of each kernel; the others have -1
KERNELS = len(DOUBLED)
MOST_CHANNELS = 9  # that one kernel adds up
# A scaled value is a whole number of units, so that sums of floats are exact in every order: 108 * 2^17 < 2^24.
# With rounding errors, the steps of a constant series would be above a bias of 0 or not depending on the batch.
UNITS, LARGEST = 2.0**11, 2.0**17
NEVER = -1e30  # added to the output of a step that does not count: it is above no bias


class Outputs(NamedTuple):
    """The outputs of the kernels of some rounds. `output`: Float[batch 84 time] in units; very low where none counts.

    `counted`: the number of steps that count, Int[batch 84].
    """

    numbers: list[int]
    output: Tensor
    counted: Tensor


class KernelChannel(SideChannel):
    """Series to unit vectors of what share of their steps is above a bias, for many dilated convolution kernels.

    v = unit(M P' (p - center)), p[r, k] = mean over t of [sum over channels c and taps j of
    mix[r, k, c] w[k, j] x[c, t + (j - 4) d[r]] > bias[r, k]]. The 84 kernels have six weights of -1 and three of 2.
    Values outside the series count as 0, the mean of training. Of the kernels every second one counts the steps alone
    where its taps are all inside, if the series has any. Only the map M (the identity at first) is trained.

    A feature is the share p of one kernel in one of the `rounds`, each with a dilation d. `mean` and `scale` are those
    of the channels, `center` and the principal components P those of the features, on the training series.

    Source: Dempster et al. 2020 (ROCKET, random convolution kernels), Dempster et al. 2021 (MiniRocket, these kernels).
    """

    setting = "kernels"
    uses = "convolution kernels"
    mean: Tensor
    scale: Tensor
    dilation: Tensor
    mix: Tensor
    bias: Tensor
    center: Tensor
    components: Tensor
    weights: Tensor
    parity: Tensor

    def __init__(self, channels: int, rounds: int, dim: int, share: float, *, mapped: bool = True) -> None:
        super().__init__(dim, share)
        self.channels, self.rounds = channels, rounds
        sizes = {"mean": (channels,), "bias": (rounds, KERNELS), "center": (rounds * KERNELS,)}
        for name, size in {**sizes, "components": (rounds * KERNELS, dim)}.items():
            self.register_buffer(name, torch.zeros(size))
        self.register_buffer("scale", torch.ones(channels))
        self.register_buffer("mix", torch.ones(rounds, KERNELS, channels))
        self.register_buffer("dilation", torch.ones(rounds, dtype=torch.long))
        self.register_buffer("weights", kernel_weights(), persistent=False)
        self.register_buffer("parity", torch.arange(KERNELS) % 2, persistent=False)
        self.map = nn.Parameter(torch.eye(dim)) if mapped else None

    def forward(self, sequences: Sequences) -> Float[Tensor, "batch dim"]:
        with torch.autocast(sequences.values.device.type, enabled=False):
            vectors = (self.shares(sequences) - self.center) @ self.components
            return distances.unit(vectors if self.map is None else vectors @ self.map)

    @torch.no_grad()
    def shares(self, sequences: Sequences) -> Float[Tensor, "batch features"]:
        """The share of the steps above the bias, for each kernel of each round."""
        found = []
        for numbers, output, counted in self.outputs(sequences):
            above = torch.empty_like(output)  # one for all rounds: memory that is new costs more than the comparison
            for number in numbers:
                found.append(torch.gt(output, self.bias[number][:, None], out=above).sum(2) / counted)
        return torch.cat(found, 1)

    def outputs(self, sequences: Sequences) -> Iterator[Outputs]:
        """The outputs of the kernels, computed once for rounds of equal dilation."""
        steps, every = self.scaled(sequences), list(enumerate(self.dilation.tolist()))
        for turn, (dilation, rounds) in enumerate(itertools.groupby(every, key=lambda one: one[1])):
            numbers = [number for number, _ in rounds]
            left_out = ~self.counted(sequences, dilation)
            taps = torch.cat([shifted(steps, dilation).flatten(1, 2), left_out.to(steps)], 1)
            parity = (self.parity + turn) % 2
            never = NEVER * nn.functional.one_hot(parity, 2)
            weights = torch.cat([(self.mix[numbers[0]][:, :, None] * self.weights[:, None]).flatten(1), never], 1)
            yield Outputs(numbers, weights @ taps, (~left_out).sum(2)[:, parity])

    def scaled(self, sequences: Sequences) -> Float[Tensor, "batch channels time"]:
        """The scaled values, rounded to units; 0 at pads."""
        units = ((sequences.values - self.mean) / self.scale * UNITS).round().clamp(-LARGEST, LARGEST)
        return torch.where(sequences.mask[..., None], units, 0.0).transpose(1, 2)

    def counted(self, sequences: Sequences, dilation: int) -> Bool[Tensor, "batch 2 time"]:
        """The steps that count: all of them, and those with every tap inside the series (all, where there are none)."""
        width = sequences.values.shape[1]
        edge = min(HALF * dilation, width)
        inside = real_steps(sequences.lengths - edge, width) & (torch.arange(width, device=self.bias.device) >= edge)
        some = (sequences.lengths > 2 * edge)[:, None]
        return torch.stack([sequences.mask, torch.where(some, inside, sequences.mask)], 1)

    @torch.no_grad()
    def set_scaling(self, mean: Float[Tensor, " channels"], deviation: Float[Tensor, " channels"]) -> None:
        """Set the mean and deviation of each channel. A channel of deviation 0 is only centred."""
        self.mean.copy_(mean)
        self.scale.copy_(torch.where(deviation > 0, deviation, torch.ones_like(deviation)))

    @torch.no_grad()
    def set_kernels(self, dilation: Int[Tensor, " rounds"], mix: Float[Tensor, "rounds kernels channels"]) -> None:
        """Set the dilation of each round, and the channels of each of its kernels. Equal dilations, equal channels."""
        self.dilation.copy_(dilation)
        self.mix.copy_(mix)

    @torch.no_grad()
    def set_components(self, center: Float[Tensor, " features"], components: Float[Tensor, "features found"]) -> None:
        """Set the mean of the features and their principal components; components beyond `dim` are left out."""
        self.center.copy_(center)
        self.components.zero_()
        self.components[:, : components.shape[1]] = components[:, : self.dim]


def shifted(steps: Float[Tensor, "batch channels time"], dilation: int) -> Float[Tensor, "batch channels taps time"]:
    """The series as each tap sees it: tap j at step t is the value at t + (j - 4) dilation, 0 outside.

    >>> shifted(torch.tensor([[[1.0, 2.0, 3.0]]]), 1)[0, 0, 3:6]
    tensor([[0., 1., 2.],
            [1., 2., 3.],
            [2., 3., 0.]])
    """
    width = steps.shape[2]
    shifts = [max(-width, min(width, (tap - HALF) * dilation)) for tap in range(TAPS)]
    moved = [nn.functional.pad(steps, (max(-s, 0), max(s, 0))) for s in shifts]
    return torch.stack([one[..., max(s, 0) : max(s, 0) + width] for s, one in zip(shifts, moved, strict=True)], 2)


def kernel_weights() -> Float[Tensor, "kernels taps"]:
    """The weights of the 84 kernels of MiniRocket: 2 at three taps and -1 at the other six. Each sums up to 0."""
    weights = torch.full((KERNELS, TAPS), -1.0)
    for row, taps in enumerate(DOUBLED):
        weights[row, list(taps)] = 2.0
    return weights
