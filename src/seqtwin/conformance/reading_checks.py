"""Whether the vector of a sequence depends on pads, on the other sequences or their order, and on every direction."""

from collections.abc import Sequence

import torch
from torch import Tensor

from seqtwin.conformance.battery import NotMetError, require
from seqtwin.conformance.layer_use import LayerUse, reached_weights, recurrent_layers, weights_of
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
    layers = recurrent_layers(net.module)
    weights = [weight for _, rnn in layers for weight in weights_of(rnn)]
    frozen = [weight for weight in weights if not weight.requires_grad]
    for weight in frozen:
        weight.requires_grad_(True)
    try:
        reached = iter(_reached(net, weights))
    finally:
        for weight in frozen:
            weight.requires_grad_(False)
    uses = [LayerUse.of(name, rnn, [next(reached) for _ in weights_of(rnn)]) for name, rnn in layers]
    if not any(use.is_used for use in uses):
        return "not checked: no gradient reaches a recurrent layer"
    for use in uses:
        for fault in (use.unused(), use.one_step()):
            if fault is not None:
                raise NotMetError(*fault)
    return "every direction of every layer is used"


def _reached(net: Network, weights: list[Tensor]) -> list[bool]:
    """Whether the vectors of some sequences depend on each of the weights."""
    reached = reached_weights(net.compute(net.items), weights)
    if all(reached):
        return reached
    # the largest outputs of all sequences can by chance be those of the first step: look at others, too
    exchanged = _exchanged(net.items)
    others = [-item for item in exchanged] if exchanged[0].is_floating_point() else exchanged
    return [one or other for one, other in zip(reached, reached_weights(net.compute(others), weights), strict=True)]


def _exchanged(items: Sequence[Tensor]) -> list[Tensor]:
    """The sequences with the contents of their neighbours and their own lengths."""
    return [_repeated(items[(i + 1) % len(items)], len(item)) for i, item in enumerate(items)]


def _refuse_moved_by_others(net: Network) -> None:
    """Raises: NotMetError if a vector moves when only the contents of other sequences change."""
    changed = _exchanged(net.items)
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
