"""The scaling, dilations, biases and principal components that a kernel channel starts from."""

import itertools

import numpy as np
import torch
from torch import Tensor

from seqtwin.data.batches import Ragged
from seqtwin.data.reading.series import channel_scaling
from seqtwin.model.side_channels.kernels import HALF, KERNELS, MOST_CHANNELS, NEVER, KernelChannel

MOST_SERIES = 1000  # from which the components are computed
EXAMPLES = 64  # series from whose outputs the biases are taken
AT_ONCE = 32
GOLDEN = (5**0.5 + 1) / 2
LEAST_DEVIATION = 0.01  # added to the deviation of a feature: one step of a hundred is no evidence
NOISE = 1e-6  # of the largest variance: directions below are rounding errors


@torch.no_grad()
def fit_kernels(channel: KernelChannel, items: Ragged, seed: int) -> None:
    """Set everything that is not trained from these series. The same seed gives the same kernels.

    The components are those of at most 1,000 series, evenly spread over `items`.
    """
    rng = np.random.default_rng(seed)
    channel.set_scaling(*map(torch.from_numpy, channel_scaling(items.steps)))
    dilation = dilations(channel.rounds, int(np.median(items.lengths)))
    channel.set_kernels(torch.from_numpy(dilation), torch.from_numpy(drawn_channels(rng, dilation, channel.channels)))
    _set_biases(channel, items, rng)
    rows = np.unique(np.linspace(0, len(items) - 1, MOST_SERIES).astype(np.int64))
    batches = [rows[start : start + AT_ONCE] for start in range(0, len(rows), AT_ONCE)]
    channel.set_components(*principal_components(torch.cat([channel.shares(items.take(batch)) for batch in batches])))


def dilations(rounds: int, length: int) -> np.ndarray:
    """The dilation of each round, from 1 to the largest with which a kernel fits into a series: Int[rounds].

    floor(2^e), with exponents e evenly spaced from 0 to log2((length - 1) / 8).

    >>> dilations(5, 100)
    array([ 1,  1,  3,  6, 12])
    >>> dilations(2, 4)
    array([1, 1])
    """
    largest = np.log2(max(1.0, (length - 1) / (2 * HALF)))
    return np.floor(2 ** np.linspace(0, largest, rounds)).astype(np.int64)


def drawn_channels(rng: np.random.Generator, dilation: np.ndarray, channels: int) -> np.ndarray:
    """1 for each channel that a kernel adds up, else 0: Float[rounds 84 channels]; at most 9, more often few than many.

    Rounds of equal dilation have the same ones, as they share their convolutions.
    """
    mix = np.zeros((len(dilation), KERNELS, channels), np.float32)
    most = np.log2(min(channels, MOST_CHANNELS) + 1)
    for value in np.unique(dilation):
        for kernel in range(KERNELS):
            chosen = rng.choice(channels, int(2 ** rng.uniform(0, most)), replace=False)
            mix[np.ix_(dilation == value, np.array([kernel]), chosen)] = 1.0
    return mix


def _set_biases(channel: KernelChannel, items: Ragged, rng: np.random.Generator) -> None:
    """Each bias is a quantile of the outputs of its kernel on a random series. It is half a unit off every output."""
    sequences = items.take(rng.choice(len(items), min(EXAMPLES, len(items)), replace=False))
    lengths = sequences.lengths.tolist()
    for numbers, output, _ in channel.outputs(sequences):
        for number, kernel in itertools.product(numbers, range(KERNELS)):
            row = int(rng.integers(len(lengths)))
            quantile = ((number * KERNELS + kernel + 1) * GOLDEN) % 1
            values = output[row, kernel, : lengths[row]]
            channel.bias[number, kernel] = values[values > NEVER / 2].quantile(quantile).floor() + 0.5


def principal_components(features: Tensor) -> tuple[Tensor, Tensor]:
    """The mean of some features [rows features], and the principal components of the scaled ones, largest first.

    Float[features] and Float[features found]: the components are divided by the deviations. Centred features times
    these are the coordinates of the scaled features. Directions in which the rows do not differ are left out.
    """
    exact = features.double()
    center, deviation = exact.mean(0), exact.std(0, correction=0) + LEAST_DEVIATION
    scaled = (exact - center) / deviation
    variances, rows = torch.linalg.eigh(scaled @ scaled.T)
    found = (variances > NOISE * variances[-1].clamp(min=NOISE)).flip(0)
    directions = scaled.T @ (rows / variances.clamp(min=NOISE).sqrt()).flip(1)[:, found]
    return center.float(), (directions / deviation[:, None]).float()
