"""PyTorch's own module run on the encoder's weights: alone, packed, over the pads; and the tokens each state read."""

from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from seqtwin.model.cells import Recurrent
from seqtwin.model.encoder import Encoder
from seqtwin.records import Sequences

PADS = 4  # steps by which the other text of the batch is longer


@dataclass(frozen=True)
class TorchRun:
    """The result of `nn.LSTM`, `nn.GRU` or `nn.RNN`, in its own shapes.

    output: [batch time D*H]; h_n: [layers*D batch H]; c_n: [layers*D batch memory] or None.
    """

    output: Tensor
    h_n: Tensor
    c_n: Tensor | None


def beside_longer(sequence: np.ndarray) -> Sequences:
    """A batch of two: this sequence, padded, and the sequence repeated up to `PADS` more steps."""
    time = len(sequence)
    around = sequence[np.arange(time + PADS) % time]
    padded = np.zeros_like(around)
    padded[:time] = sequence
    return Sequences(torch.from_numpy(np.stack([padded, around])), torch.tensor([time, time + PADS]))


def run_plain(rnn: Recurrent, x: Tensor) -> TorchRun:
    """`rnn(x)`: reads every step of x, including pads."""
    output, final = rnn(x)
    return _run(output, final)


def run_packed(rnn: nn.RNNBase, x: Tensor, lengths: Tensor) -> TorchRun:
    """`rnn(pack_padded_sequence(x, lengths, ...))`: reads each row up to its length."""
    packed, final = rnn(pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False))
    output, _ = pad_packed_sequence(packed, batch_first=True, total_length=x.shape[1])
    return _run(output, final)


def run_sequence_first(rnn: nn.RNNBase, x: Tensor) -> TorchRun:
    """The same weights with `batch_first=False`; output: [time batch D*H]."""
    other = deepcopy(rnn)
    other.batch_first = False
    output, final = other(x.transpose(0, 1))
    return _run(output, final)


def _run(output: Tensor, final: Tensor | tuple[Tensor, Tensor]) -> TorchRun:
    return TorchRun(output, *final) if isinstance(final, tuple) else TorchRun(output, final, None)


def tokens_read(encoder: Encoder, sequence: np.ndarray, shown: tuple[int, ...]) -> np.ndarray:
    """The number of tokens each state of the top layer has read, by measurement: Int[shown directions].

    Each probe sets the tokens from one end of the text up to a shown step to NaN; a state that has read one of them
    becomes NaN too. A recurrent state has read one contiguous stretch of the text. The probes find its two ends.
    """
    x = encoder.inputs(_alone(sequence))
    steps, time = torch.tensor(shown), torch.arange(len(sequence))
    begun = _reached(encoder, x, time <= steps[:, None], shown)  # prefixes set to NaN
    ended = _reached(encoder, x, time >= steps[:, None], shown)
    # the shortest NaN prefix that reaches a state ends where its stretch begins
    first = steps[begun.int().argmax(0)]
    last = steps[len(steps) - 1 - ended.flip(0).int().argmax(0)]
    counts: np.ndarray = (last - first + 1).numpy()
    return counts


def _reached(encoder: Encoder, x: Tensor, masked: Tensor, shown: tuple[int, ...]) -> Tensor:
    """Bool[probes shown directions]: whether the steps that a probe sets to NaN (`masked`) reach a state."""
    probes = x.expand(len(masked), -1, -1).masked_fill(masked[:, :, None], torch.nan)
    output = run_plain(encoder.rnn, probes).output[:, list(shown)]
    return output.unflatten(-1, (encoder.shape.directions, -1)).isnan().any(-1)


def _alone(sequence: np.ndarray) -> Sequences:
    return Sequences(torch.from_numpy(sequence[None]), torch.tensor([len(sequence)]))
