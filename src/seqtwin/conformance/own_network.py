"""A network of your own, how it is called, and the sequences it is tried on."""

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from seqtwin.conformance.battery import NotMetError, require
from seqtwin.errors import ConfigError
from seqtwin.reading.given_lengths import Lengths, checked_lengths

Call = Callable[[Tensor, Tensor], object]
LENGTHS = (8, 6, 5, 3, 2)
MOST_ROWS = 8  # of a batch that was given
PAD = 0.5  # of series whose network gets the lengths: it must not matter

ONE_PER_SEQUENCE = "return one vector per sequence; pass call=lambda x, lengths: ... if the network returns more"
TIME_FIRST = (
    "the layer has no batch_first=True, so the network was given [time, batch, ...], and output[:, -1] or "
    "output.mean(1) is over the batch, not over the steps: build the layer with batch_first=True, or use "
    "output[lengths - 1, torch.arange(len(lengths))]. If the network takes another order of axes, pass x and lengths"
)
LAST_OF_BATCH = (
    "with batch_first=True, output[-1] is the last sequence of the batch, not the last step: "
    "output[torch.arange(len(lengths)), lengths - 1]. If the network takes another order of axes, pass x and lengths"
)


@dataclass(frozen=True)
class Network:
    """A network, called as `call(x, lengths)`, and single sequences [steps ...] for it, the longest first.

    `pad`: the value of pads. The network gets [batch time ...], or [time batch ...] if `batch_first` is false.
    """

    module: nn.Module
    call: Call
    items: tuple[Tensor, ...]
    pad: float
    batch_first: bool

    @cached_property
    def together(self) -> Tensor:
        """The vectors of the sequences in one batch: [batch dim]."""
        return self.vectors(self.items)

    @cached_property
    def alone(self) -> Tensor:
        """The vectors of the sequences, each alone and without pads: [batch dim]."""
        return torch.cat([self.vectors([item]) for item in self.items])

    @torch.no_grad()
    def vectors(self, items: Sequence[Tensor], width: int = 0) -> Tensor:
        """The vectors of some sequences in one batch, padded to `width` if that is more: [batch dim]."""
        return self.compute(items, width)

    def compute(self, items: Sequence[Tensor], width: int = 0) -> Tensor:
        """The same, with a graph. Raises: NotMetError unless there is one vector per sequence."""
        x = pad_sequence(list(items), batch_first=True, padding_value=self.pad)
        if width > x.shape[1]:
            more = x.new_full((len(x), width - x.shape[1], *x.shape[2:]), self.pad)
            x = torch.cat([x, more], 1)
        lengths = torch.tensor([len(item) for item in items])
        found = self.call(x if self.batch_first else x.transpose(0, 1).contiguous(), lengths)
        if not isinstance(found, Tensor):
            raise NotMetError(f"it returned {type(found).__name__}, expected a tensor", ONE_PER_SEQUENCE)
        is_per_step = found.dim() > 0 and len(found) == x.shape[1] != len(items)
        require(
            found.dim() > 0 and len(found) == len(items),
            f"it returned shape {list(found.shape)} for {len(items)} sequences of up to {x.shape[1]} steps",
            (LAST_OF_BATCH if self.batch_first else TIME_FIRST) if is_per_step else ONE_PER_SEQUENCE,
        )
        return found.reshape(len(items), -1)

    def who(self, row: int) -> str:
        """A sequence by its number and its length.

        >>> Network(nn.Identity(), lambda x, lengths: x, (torch.ones(3), torch.ones(2)), 0, True).who(1)
        'sequence 2 (2 of 3 steps)'
        """
        return f"sequence {row + 1} ({len(self.items[row])} of {len(self.items[0])} steps)"


def own_network(module: object, x: Tensor | None, lengths: Lengths | None, call: Call | None) -> Network:
    """The network with the sequences of a batch, or with random ones if `x` is None.

    Raises: ConfigError if the inputs cannot be guessed, or if a given batch has too few sequences.
    """
    if not isinstance(module, nn.Module):
        cause, remedy = f"expected an nn.Module, got {type(module).__name__}", "pass a function as call=, too"
        raise ConfigError("READ_NETWORK", cause, place="module", remedy=remedy)
    takes_lengths = call is not None or _takes_lengths(module)
    own: Call = call or (module if takes_lengths else lambda values, _: module(values))
    rnn = next((part for part in module.modules() if isinstance(part, nn.RNNBase)), None)
    if x is not None:
        items, pad, batch_first = _given(x, lengths, rnn)
    else:
        (items, pad), batch_first = _drawn(module, rnn), rnn is None or rnn.batch_first
    if items[0].is_floating_point():
        pad = PAD if takes_lengths else 0.0
    place = next((weight.device for weight in module.parameters()), torch.device("cpu"))
    return Network(module, own, tuple(item.to(place) for item in items), pad, batch_first)


def _takes_lengths(module: nn.Module) -> bool:
    """Whether `forward` has a second argument that is required, or one with the name of lengths."""
    arguments = [
        p
        for p in inspect.signature(module.forward).parameters.values()
        if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]
    second = arguments[1:2]
    return any(p.default is p.empty or "len" in p.name for p in second)


def _given(x: Tensor, lengths: Lengths | None, rnn: nn.RNNBase | None) -> tuple[list[Tensor], float, bool]:
    """The sequences of a batch that was given, the value of its pads, and whether the batch is its first axis."""
    if lengths is None or x.dim() < 2:
        cause, remedy = "x needs lengths, and at least the axes batch and time", "pass both of one padded batch"
        raise ConfigError("READ_NETWORK", cause, place="x, lengths", remedy=remedy)
    count = len(lengths)
    first = rnn is None or rnn.batch_first if x.shape[0] == x.shape[1] else x.shape[0] == count
    whole = x if first else x.transpose(0, 1)
    steps = checked_lengths(lengths, *whole.shape[:2], batch_first=first).tolist()
    order = sorted(range(count), key=lambda row: -steps[row])
    if len(set(steps)) < 2:
        cause = f"expected at least two sequences of different lengths, got lengths {steps[:MOST_ROWS]}"
        raise ConfigError("READ_NETWORK", cause, place="lengths", remedy="pass another batch")
    shortest = order[-1]
    pad = float(whole[shortest, steps[shortest]].flatten()[0])
    spread = sorted({order[round(i * (count - 1) / (MOST_ROWS - 1))] for i in range(MOST_ROWS)}, key=order.index)
    return [whole[row, : steps[row]] for row in spread], pad, first


def _drawn(module: nn.Module, rnn: nn.RNNBase | None) -> tuple[list[Tensor], float]:
    """Random sequences for a network, and the value of pads: token ids for an embedding, else steps of a series."""
    draw = torch.Generator().manual_seed(0)
    table = next((part for part in module.modules() if isinstance(part, nn.Embedding)), None)
    if table is not None and table.num_embeddings > 2:
        pad = table.padding_idx or 0
        others = torch.tensor([i for i in range(min(table.num_embeddings, 1000)) if i != pad])
        return [others[torch.randint(len(others), (steps,), generator=draw)] for steps in LENGTHS], pad
    if table is None and rnn is not None:
        dtype = next(rnn.parameters()).dtype
        return [torch.randn(steps, rnn.input_size, generator=draw).to(dtype) for steps in LENGTHS], 0.0
    cause = "the inputs of the network cannot be guessed: it has neither an nn.Embedding nor an nn.RNN, GRU or LSTM"
    remedy = "pass a padded batch and its lengths: check_reading(module, x, lengths)"
    raise ConfigError("READ_NETWORK", cause, place=type(module).__name__, remedy=remedy)


@contextmanager
def undisturbed(module: nn.Module) -> Iterator[None]:
    """The module in eval mode. Afterwards its modes and the random generator are as before."""
    training = {part: part.training for part in module.modules()}
    module.eval()
    try:
        # CuDNN computes no gradient of a recurrent layer in eval mode
        with torch.random.fork_rng(devices=[]), torch.backends.cudnn.flags(enabled=False):
            yield
    finally:
        for part, mode in training.items():
            part.training = mode
