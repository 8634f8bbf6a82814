"""Whether the vector of a sequence depends on pads, on the other sequences or their order, and on every direction."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from seqtwin.conformance.battery import NotMetError, require
from seqtwin.conformance.own_network import Network
from seqtwin.conformance.usual_causes import PADS, cause_of_pads, cause_of_rows

TOLERANCE = 1e-5
MORE_PADS = 5


def repeatable(net: Network) -> str:
    """Whether there is one vector per sequence, and the same one in a second call."""
    again = net.vectors(net.items)
    change = float((again - net.together).abs().max())
    remedy = "use nn.Dropout, or functional.dropout with training=self.training"
    require(change == 0, f"two calls in eval mode differ by {change:.2g}", remedy)
    return f"one vector of {net.together.shape[1]} coordinates per sequence"


def alone(net: Network) -> str:
    """Whether a sequence has the same vector in a batch with longer ones as alone without pads."""
    row, change = _most_moved(net.together, net.alone)
    if change > TOLERANCE:
        _refuse_moved_by_others(net)
        cause, fix = cause_of_pads(net, row)
        raise NotMetError(f"{net.who(row)} moved by {change:.2g} of the largest coordinate in a batch: {cause}", fix)
    return f"in a batch, no vector moved by more than {change:.1g} of the largest coordinate"


def more_pads(net: Network) -> str:
    """Whether vectors stay when the batch gets more pads."""
    row, change = _most_moved(net.vectors(net.items, len(net.items[0]) + MORE_PADS), net.together)
    found = f"{net.who(row)} moved by {change:.2g} of the largest coordinate when {MORE_PADS} pads were added to all"
    require(change <= TOLERANCE, found, PADS)
    return f"with {MORE_PADS} more pads, no vector moved by more than {change:.1g}"


def other_rows(net: Network) -> str:
    """Whether a vector stays when the contents of the other sequences change, and not their lengths."""
    _refuse_moved_by_others(net)
    return "no vector moved when the other sequences changed"


def order(net: Network) -> str:
    """Whether the vectors come back in the order of the sequences."""
    _refuse_moved_by_others(net)
    rows = [*range(1, len(net.items)), 0]
    row, change = _most_moved(net.vectors([net.items[i] for i in rows]), net.together[rows])
    found = f"{net.who(rows[row])} got another vector, {change:.2g} of the largest coordinate away, in another order"
    require(change <= TOLERANCE, found)
    return "in another order, the same vectors"


def directions(net: Network) -> str:
    """Whether every direction of every layer takes part in the vectors, with more than one step."""
    weights = {f"{name} {place}": pair for name, rnn in _layers(net.module) for place, *pair in _weights_of(rnn)}
    flat = [weight for pair in weights.values() for weight in pair]
    frozen = [weight for weight in flat if not weight.requires_grad]
    for weight in frozen:
        weight.requires_grad_(True)
    try:
        vectors = net.compute(net.items)
        reached = _reached(vectors, flat)
    finally:
        for weight in frozen:
            weight.requires_grad_(False)
    if not any(reached):
        return "not checked: no gradient reaches a recurrent layer"
    for (place, _), inputs, recurrent in zip(weights.items(), reached[::2], reached[1::2], strict=True):
        require(inputs, f"{place} is not used: h_n[-1] is the backward direction only", BOTH_ENDS)
        require(
            recurrent,
            f"{place} made one step only: output at one end of the sequence has read a single token there",
            BOTH_ENDS,
        )
    return "every direction of every layer is used"


BOTH_ENDS = (
    "torch.cat([h_n[-2], h_n[-1]], 1) has the end of both directions, as does "
    "seqtwin.read(rnn, output, state, lengths, 'final_hidden')"
)


def _layers(module: nn.Module) -> Iterator[tuple[str, nn.RNNBase]]:
    """The recurrent layers that were given to the network, with their names."""
    for name, part in module.named_modules():
        if isinstance(part, nn.RNNBase):
            yield name or type(part).__name__, part


def _weights_of(rnn: nn.RNNBase) -> Iterator[tuple[str, Tensor, Tensor]]:
    """Each direction of each layer, with its weights of the inputs and of the last state."""
    for layer in range(rnn.num_layers):
        for suffix, words in (("", "forward"), ("_reverse", "backward"))[: 1 + rnn.bidirectional]:
            pair = (getattr(rnn, f"weight_{kind}_l{layer}{suffix}") for kind in ("ih", "hh"))
            yield (f"layer {layer + 1}, {words} direction", *pair)


def _reached(vectors: Tensor, weights: list[Tensor]) -> list[bool]:
    """Whether the vectors depend on each of the weights."""
    if not vectors.requires_grad or not weights:
        return [False] * len(weights)
    draw = torch.randn(vectors.shape, generator=torch.Generator().manual_seed(0)).to(vectors)
    found = torch.autograd.grad((vectors * draw).sum(), weights, allow_unused=True)
    return [gradient is not None and bool(gradient.any()) for gradient in found]


def _refuse_moved_by_others(net: Network) -> None:
    """Raises: NotMetError if a vector moves when only the contents of other sequences change."""
    changed = [_repeated(net.items[(i + 1) % len(net.items)], len(item)) for i, item in enumerate(net.items)]
    for row, item in enumerate(net.items):
        found = net.vectors([*changed[:row], item, *changed[row + 1 :]])
        _, change = _most_moved(found[row : row + 1], net.together[row : row + 1])
        if change > TOLERANCE:
            cause, fix = cause_of_rows(net)
            moved = f"{net.who(row)} moved by {change:.2g} of the largest coordinate when only the others changed"
            raise NotMetError(f"{moved}: {cause}", fix)


def _repeated(item: Tensor, steps: int) -> Tensor:
    return item[torch.arange(steps, device=item.device) % len(item)]


def _most_moved(found: Tensor, expected: Tensor) -> tuple[int, float]:
    """The row that differs most, and by how much, as a share of the largest coordinate expected."""
    largest = expected.abs().max().clamp(min=1e-30)
    moved = ((found - expected).abs() / largest).nan_to_num(nan=torch.inf).amax(1)
    return int(moved.argmax()), float(moved.max())
