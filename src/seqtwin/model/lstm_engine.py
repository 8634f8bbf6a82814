"""An LSTM's recurrence over ragged sequences without a padded step, for the CPU.

Steps of all sequences lie in packed order: step 0 of every sequence, then step 1 of those that are longer, and so on,
sequences sorted by falling length; each direction reads a sequence within its own length, so both take the same places
and run side by side. What makes it faster than `nn.LSTM` on a packed sequence: the input's share of the gates arrives
ready (for tokens, one small product over the *distinct* tokens of the batch), the gradient of the recurrent weights is
one product at the end, and every squashing is a sigmoid: tanh(x) = 2 sigmoid(2x) - 1, which the CPU computes several
times faster than tanh. The cell state at every true end comes with it.

Source: Hochreiter & Schmidhuber 1997 with the forget gate of Gers 2000; gates in PyTorch's order i, f, g, o.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable


@dataclass(frozen=True)
class Layout:
    """Where each step of each sequence lies in packed order; shared by all layers.

    rows [steps]: batch row of each packed step. times [steps directions]: the time each direction reads there.
    at [batch time directions]: the packed step that holds a time. ends [batch]: the packed step of a last one.
    before: the packed step before, for all steps but the first ones. sizes: sequences still running at each step.
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
        # a pad points to the first step; the caller's mask removes what it finds there
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
    """The input's share of the gates, both biases in it. A packed step finds its own at a row of a table.

    table [rows 4*hidden]: few rows for tokens (one a distinct token and direction). places [steps directions].
    """

    table: Tensor
    places: Tensor


def run_lstm(share: Share, weight: Tensor, layout: Layout) -> tuple[Tensor, Tensor]:
    """Hidden and *negated* cell state of every packed step: two [steps directions hidden].

    weight [directions 4*hidden hidden]. The rows of g in the share and in the weight are doubled (`doubled`), so that
    one sigmoid serves all four gates. (-c saves two passes over memory a step: -c = f (-c') + i - 2 i sigmoid(2g), and
    o tanh(c) = o - 2 o sigmoid(-2c).)
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
    """From [steps directions dim], each direction's entry at its own place: places [... directions], out [... dim]."""
    directions = packed.shape[1]
    flat = (places * directions + torch.arange(directions)).flatten()
    return packed.flatten(0, 1).index_select(0, flat).view(*places.shape, packed.shape[2])


def share_of_vectors(vectors: Tensor, layout: Layout, weight: Tensor, bias: Tensor) -> Share:
    """The share that comes from vectors [batch time dim]: a row of the table for every packed step."""
    read = vectors[layout.rows[:, None], layout.times]
    rows = [nn.functional.linear(read[:, d], w, b) for d, (w, b) in enumerate(zip(weight, bias, strict=True))]
    steps, directions = layout.times.shape
    return Share(torch.cat(rows), torch.arange(directions * steps).view(directions, steps).t())


def share_of_table(vectors: Tensor, rows: Tensor, layout: Layout, weight: Tensor, bias: Tensor) -> Share:
    """The same where the vector of a step is row `rows` [batch time] of a few `vectors` [distinct dim]."""
    table = nn.functional.linear(vectors, weight.flatten(0, 1), bias.flatten())
    directions = len(weight)
    places = rows[layout.rows[:, None], layout.times] * directions + torch.arange(directions)
    return Share(table.view(-1, bias.shape[1]), places)


@dataclass(frozen=True)
class _Kept:
    """What the way there leaves for the way back, of every packed step: activated gates and sigmoid(-2c)."""

    acts: Tensor
    squashed: Tensor


def _advance(share: Share, weight: Tensor, sizes: list[int], kept: _Kept | None) -> tuple[Tensor, Tensor]:
    """Run all steps; what the way back needs goes to `kept`, else to room for one step that is used again."""
    directions, width, hidden = weight.shape
    h, negated = (weight.new_empty(sum(sizes), directions, hidden) for _ in range(2))
    room = kept or _Kept(*(weight.new_empty(sizes[0], directions, dim) for dim in (width, hidden)))
    transposed = weight.transpose(1, 2)
    start = before = 0
    for time, size in enumerate(sizes):
        now, then = slice(start, start + size), slice(before, before + size)
        here = now if kept else slice(0, size)
        z = room.acts[here]
        torch.index_select(share.table, 0, share.places[now].flatten(), out=z.flatten(0, 1))
        if time:
            for d in range(directions):
                z[:, d].addmm_(h[then, d], transposed[d])
        _cell(z.sigmoid_(), negated[then] if time else None, negated[now], room.squashed[here], h[now])
        before, start = start, start + size
    return h, negated


def _cell(acts: Tensor, negated_before: Tensor | None, negated: Tensor, sigmoid: Tensor, hidden: Tensor) -> None:
    """-c = f (-c') + i - 2 i g; s = sigmoid(-2c); h = o - 2 o s, written in place."""
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
        kept = _Kept(*(weight.new_empty(steps, directions, dim) for dim in (width, hidden)))
        h, negated = _advance(Share(table, places), weight, layout.sizes, kept)
        ctx.save_for_backward(table, weight, places, kept.acts, kept.squashed, h, negated)
        ctx.layout = layout
        ctx.set_materialize_grads(False)
        return h, negated

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_h: Tensor | None, grad_negated: Tensor | None) -> tuple[Tensor | None, ...]:
        table, weight, places, acts, squashed, h, negated = ctx.saved_tensors
        sizes, before = ctx.layout.sizes, ctx.layout.before
        grad = _retreat(grad_h, grad_negated, _Kept(acts, squashed), negated, weight, sizes)
        grad_table = torch.zeros_like(table).index_add_(0, places.flatten(), grad.flatten(0, 1))
        earlier = h[before]
        grad_weight = torch.stack([grad[sizes[0] :, d].t() @ earlier[:, d] for d in range(len(weight))])
        return grad_table, grad_weight, None, None


def _retreat(
    grad_h: Tensor | None, grad_negated: Tensor | None, kept: _Kept, negated: Tensor, weight: Tensor, sizes: list[int]
) -> Tensor:
    """Gradient of the gates, from the last step to the first; one step at a time stays in the processor's cache."""
    grad = torch.empty_like(kept.acts)
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
        _cell_back(kept.acts[now], kept.squashed[now], then, dh, dc, grad[now])
        if time:
            for d in range(len(weight)):
                torch.mm(grad[now, d], weight[d], out=dh[:, d])
    return grad


def _cell_back(
    acts: Tensor, squashed: Tensor, negated_before: Tensor | None, dh: Tensor, dc: Tensor, grad: Tensor
) -> None:
    """Gradient of one step's gates, from those of its h and c; `dc` becomes that of the cell before.

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
