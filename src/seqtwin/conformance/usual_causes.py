"""The usual causes of a vector that depends on pads or on other sequences, recognised by the vector itself."""

import torch
from torch import Tensor, nn

from seqtwin.conformance.own_network import Network

CLOSE = 1e-4

PADS = (
    "pack the batch (pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)) and pool over the real "
    "steps only, or use seqtwin.Reader(rnn, ...), which does both"
)
_LAST = "output[torch.arange(len(lengths)), lengths - 1]"
_MEAN = "output.sum(1) / lengths[:, None]"
_MAX = "output.masked_fill(~mask[..., None], -torch.inf).amax(1), with mask = torch.arange(width) < lengths[:, None]"
_ROWS = "h_n.transpose(0, 1).flatten(1) instead of h_n.reshape(len(x), -1) or h_n.view(len(x), -1)"
_BATCH_FIRST = "build the layer with batch_first=True"


def cause_of_pads(net: Network, row: int) -> tuple[str, str]:
    """The likely cause, and the change of one line, of a sequence whose vector in a batch is not that alone."""
    single, found = net.alone[row], net.together[row]
    steps, width = len(net.items[row]), len(net.items[0])
    if not found.any():
        return "it is 0. An unpacked output is zero after the end, and output[:, -1] is such a step", _LAST
    if _close(found, single * (steps / width)):
        return f"it is {steps}/{width} of the right one, as of output.mean(1), which counts the pads", _MEAN
    if _close(found, single.clamp(min=0)):
        return "its negative values are 0, as of output.max(1), which includes the zeros after the end", _MAX
    return "the layer runs over the pads, or the pool includes them", PADS


def cause_of_rows(net: Network) -> tuple[str, str]:
    """The likely cause, and the change of one line, of a vector that depends on the contents of other sequences."""
    layers = [part for part in net.module.modules() if isinstance(part, nn.RNNBase)]
    if net.batch_first and any(not rnn.batch_first for rnn in layers):
        return "the layer has batch_first=False, so it may run along the batch instead of the steps", _BATCH_FIRST
    return "h_n is [layers * directions, batch, H], and reshape(batch, -1) mixes the sequences", _ROWS


def _close(found: Tensor, expected: Tensor) -> bool:
    return torch.allclose(found, expected, rtol=CLOSE, atol=CLOSE * float(expected.abs().max()))
