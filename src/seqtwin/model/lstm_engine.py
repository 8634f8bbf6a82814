"""An LSTM over ragged sequences on the CPU, without padded steps.

Steps are in packed order: step 0 of every sequence, then step 1 of those that are longer, and so on, with sequences
sorted by decreasing length. The backward direction starts at the true end of each sequence, so both directions use the
same places and run together. It is faster than `nn.LSTM` on a packed sequence for three reasons. The share of the
gates that comes from the input is computed before (for tokens, by one small product over the *distinct* tokens of the
batch). The gradient of the recurrent weights is one product at the end. Every activation is a sigmoid: tanh(x) =
2 sigmoid(2x) - 1, which a CPU computes several times faster than tanh. It also returns the cell state at every end.

Source: Hochreiter & Schmidhuber 1997 with the forget gate of Gers 2000; gates in PyTorch's order i, f, g, o.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable


@dataclass(frozen=True)
class Layout:
    """The place of each step of each sequence in packed order. All layers share it.

    `sizes`: the number of sequences with this step. `rows` [steps]: the batch row of each packed step. `times` [steps
    directions]: its time in each direction. `at` [batch time directions]: the packed step of each time. `ends` [batch]:
    the packed step of each last time. `before`: the preceding packed step of each step, without the first ones.
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
        # a pad points to the first step; the mask of the caller removes its value
        forward, backward = (torch.where(times <= last, t, 0) for t in (times, last - times))
        return Layout(
            sizes=sizes.tolist(),
            rows=rows,
            times=torch.stack([steps, lengths[rows] - 1 - steps][:directions], 1),
            at=starts[torch.stack([forward, backward][:directions], 2)] + rank[:, None, None],
            ends=starts[last[:, 0]] + rank,
            before=places[sizes[0] :] - sizes[steps[sizes[0] :] - 1],
        )


@dataclass(frozen=True)
class Share:
    """The share of the gates that comes from the input, including both biases, as rows of a table.

    `table` [rows 4*hidden]: for tokens it has few rows, one per distinct token and direction. `places` [steps
    directions]: the row of each packed step.
    """

    table: Tensor
    places: Tensor


def run_lstm(share: Share, weight: Tensor, layout: Layout) -> tuple[Tensor, Tensor]:
    """The hidden and the *negated* cell state of every packed step: [steps directions hidden] each.

    `weight`: [directions 4*hidden hidden]. The rows of g in the share and in the weight are doubled (`doubled`): one
    sigmoid then serves all four gates. (Using -c saves two passes over memory per step: -c = f (-c') + i -
    2 i sigmoid(2g), and o tanh(c) = o - 2 o sigmoid(-2c).)
    """
    if torch.is_grad_enabled() and (share.table.requires_grad or weight.requires_grad):
        hidden, negated = _Recurrence.apply(share.table, weight, share.places, layout)  # type: ignore[no-untyped-call]
        return hidden, negated
    return _advance(share, weight, layout.sizes, None)


def doubled(parameter: Tensor) -> Tensor:
    """Gate parameters [directions 4*hidden ...] with the rows of g times two."""
    hidden = parameter.shape[1] // 4
    factors = parameter.new_ones(4 * hidden)
    factors[2 * hidden : 3 * hidden] = 2
    return parameter * factors.view(-1, *[1] * (parameter.dim() - 2))


def taken(packed: Tensor, places: Tensor) -> Tensor:
    """The entry of each direction at its place: [steps directions dim] and [... directions] to [... directions dim]."""
    directions = packed.shape[1]
    flat = (places * directions + torch.arange(directions)).flatten()
    return packed.flatten(0, 1).index_select(0, flat).view(*places.shape, packed.shape[2])


def share_of_vectors(vectors: Tensor, layout: Layout, weight: Tensor, bias: Tensor) -> Share:
    """The share that comes from vectors [batch time dim]: one row of the table per packed step."""
    inputs = vectors[layout.rows[:, None], layout.times]
    rows = [nn.functional.linear(inputs[:, d], w, b) for d, (w, b) in enumerate(zip(weight, bias, strict=True))]
    steps, directions = layout.times.shape
    return Share(torch.cat(rows), torch.arange(directions * steps).view(directions, steps).t())


def share_of_table(vectors: Tensor, rows: Tensor, layout: Layout, weight: Tensor, bias: Tensor) -> Share:
    """The share that comes from a few `vectors` [distinct dim]; `rows` [batch time]: the vector of each step."""
    table = nn.functional.linear(vectors, weight.flatten(0, 1), bias.flatten())
    directions = len(weight)
    places = rows[layout.rows[:, None], layout.times] * directions + torch.arange(directions)
    return Share(table.view(-1, bias.shape[1]), places)


@dataclass(frozen=True)
class _Saved:
    """The activated gates and sigmoid(-2c) of every packed step, which the forward pass saves for the gradient."""

    acts: Tensor
    squashed: Tensor


def _advance(share: Share, weight: Tensor, sizes: list[int], saved: _Saved | None) -> tuple[Tensor, Tensor]:
    """Run all steps. `saved`: where to keep what the gradient needs; None: memory for one step is reused."""
    directions, width, hidden = weight.shape
    h, negated = (weight.new_empty(sum(sizes), directions, hidden) for _ in range(2))
    room = saved or _Saved(*(weight.new_empty(sizes[0], directions, dim) for dim in (width, hidden)))
    transposed = weight.transpose(1, 2)
    start = before = 0
    for time, size in enumerate(sizes):
        now, then = slice(start, start + size), slice(before, before + size)
        here = now if saved else slice(0, size)
        z = room.acts[here]
        torch.index_select(share.table, 0, share.places[now].flatten(), out=z.flatten(0, 1))
        if time:
            for d in range(directions):
                z[:, d].addmm_(h[then, d], transposed[d])
        _cell(z.sigmoid_(), negated[then] if time else None, negated[now], room.squashed[here], h[now])
        before, start = start, start + size
    return h, negated


def _cell(acts: Tensor, negated_before: Tensor | None, negated: Tensor, sigmoid: Tensor, hidden: Tensor) -> None:
    """One step in place: -c = f (-c') + i - 2 i g; s = sigmoid(-2c); h = o - 2 o s."""
    i, f, g, o = acts.chunk(4, 2)
    torch.addcmul(i, i, g, value=-2, out=negated)
    if negated_before is not None:
        negated.addcmul_(f, negated_before)
    torch.mul(negated, 2, out=sigmoid).sigmoid_()
    torch.addcmul(o, o, sigmoid, value=-2, out=hidden)


class _Recurrence(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, table: Tensor, weight: Tensor, places: Tensor, layout: Layout) -> tuple[Tensor, Tensor]:
        steps, (directions, width, hidden) = len(places), weight.shape
        saved = _Saved(*(weight.new_empty(steps, directions, dim) for dim in (width, hidden)))
        h, negated = _advance(Share(table, places), weight, layout.sizes, saved)
        ctx.save_for_backward(table, weight, places, saved.acts, saved.squashed, h, negated)
        ctx.layout = layout
        ctx.set_materialize_grads(False)
        return h, negated

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_h: Tensor | None, grad_negated: Tensor | None) -> tuple[Tensor | None, ...]:
        table, weight, places, acts, squashed, h, negated = ctx.saved_tensors
        sizes, before = ctx.layout.sizes, ctx.layout.before
        grad = _retreat(grad_h, grad_negated, _Saved(acts, squashed), negated, weight, sizes)
        grad_table = torch.zeros_like(table).index_add_(0, places.flatten(), grad.flatten(0, 1))
        earlier = h[before]
        grad_weight = torch.stack([grad[sizes[0] :, d].t() @ earlier[:, d] for d in range(len(weight))])
        return grad_table, grad_weight, None, None


def _retreat(
    grad_h: Tensor | None, grad_negated: Tensor | None, saved: _Saved, negated: Tensor, weight: Tensor, sizes: list[int]
) -> Tensor:
    """The gradient of the gates, from the last step to the first. One step at a time fits the processor's cache."""
    grad = torch.empty_like(saved.acts)
    carry_h, carry_c = (torch.zeros_like(negated[: sizes[0]]) for _ in range(2))
    end = len(grad)
    for time in range(len(sizes) - 1, -1, -1):
        size = sizes[time]
        now = slice(end - size, end)
        end -= size
        dh, dc = carry_h[:size], carry_c[:size]
        if grad_h is not None:
            dh.add_(grad_h[now])
        if grad_negated is not None:
            dc.sub_(grad_negated[now])
        then = negated[end - sizes[time - 1] :][:size] if time else None
        _cell_back(saved.acts[now], saved.squashed[now], then, dh, dc, grad[now])
        if time:
            for d in range(len(weight)):
                torch.mm(grad[now, d], weight[d], out=dh[:, d])
    return grad


def _cell_back(
    acts: Tensor, squashed: Tensor, negated_before: Tensor | None, dh: Tensor, dc: Tensor, grad: Tensor
) -> None:
    """The gradient of the gates of one step, from those of its h and c. `dc` becomes that of the cell state before.

    dc += dh o (1 - tanh(c)^2), with tanh(c) = 1 - 2 s; di = dc (2 g - 1) i (1 - i); df = dc c' f (1 - f);
    dg = 2 dc i g (1 - g); do = dh tanh(c) o (1 - o).
    """
    i, f, g, o = acts.chunk(4, 2)
    torch.addcmul(acts, acts, acts, value=-1, out=grad)
    to_i, to_f, to_g, to_o = grad.chunk(4, 2)
    to_o.mul_(dh).mul_(torch.mul(squashed, -2).add_(1))
    dc.addcmul_(torch.addcmul(squashed, squashed, squashed, value=-1).mul_(o), dh, value=4)
    grad.unflatten(2, (4, -1))[:, :, :3].mul_(dc[:, :, None])
    to_i.mul_(torch.mul(g, 2).sub_(1))
    to_g.mul_(i).mul_(2)
    if negated_before is None:
        to_f.zero_()
    else:
        to_f.mul_(negated_before).neg_()
        dc.mul_(f)
