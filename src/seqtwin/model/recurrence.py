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


def run_lstm(gates: Tensor, weight: Tensor, layout: Layout) -> tuple[Tensor, Tensor]:
    """Hidden and *negated* cell state of every packed step: two [steps directions hidden].

    gates [steps directions 4*hidden]: the input's share with both biases; weight [directions 4*hidden hidden]. The rows
    of g in both are doubled (`doubled`), so that one sigmoid serves all four gates. (-c saves two passes over memory
    a step: -c = f (-c') + i - 2 i sigmoid(2g), and o tanh(c) = o - 2 o sigmoid(-2c).)
    """
    if torch.is_grad_enabled() and (gates.requires_grad or weight.requires_grad):
        hidden, negated = _Recurrence.apply(gates, weight, layout.sizes, layout.before)  # type: ignore[no-untyped-call]
        return hidden, negated
    return _advance(gates, weight, layout.sizes, gates, None)


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


def share_of_vectors(vectors: Tensor, layout: Layout, weight: Tensor, bias: Tensor) -> Tensor:
    """The share of the gates that comes from vectors [batch time dim], in packed order."""
    read = vectors[layout.rows[:, None], layout.times]
    return torch.stack(
        [nn.functional.linear(read[:, d], w, b) for d, (w, b) in enumerate(zip(weight, bias, strict=True))], 1
    )


def share_of_table(vectors: Tensor, places: Tensor, layout: Layout, weight: Tensor, bias: Tensor) -> Tensor:
    """The same where the vector of a step is row `places` [batch time] of a small table of `vectors` [distinct dim]."""
    table = nn.functional.linear(vectors, weight.flatten(0, 1), bias.flatten()).view(len(vectors), *bias.shape)
    return taken(table, places[layout.rows[:, None], layout.times])


def _advance(
    gates: Tensor, weight: Tensor, sizes: list[int], acts: Tensor, squashed: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Run all steps; activated gates go to `acts` (which may be `gates`), sigmoid(-2c) to `squashed`."""
    steps, directions, width = gates.shape
    hidden = width // 4
    h, negated = gates.new_empty(steps, directions, hidden), gates.new_empty(steps, directions, hidden)
    scratch = gates.new_empty(sizes[0], directions, hidden)
    transposed = weight.transpose(1, 2)
    start = before = 0
    for time, size in enumerate(sizes):
        now, then = slice(start, start + size), slice(before, before + size)
        z = acts[now]
        if time:
            for d in range(directions):
                torch.addmm(gates[now, d], h[then, d], transposed[d], out=z[:, d])
        elif acts is not gates:
            z.copy_(gates[now])
        sigmoid = scratch[:size] if squashed is None else squashed[now]
        _cell(z.sigmoid_(), negated[then] if time else None, negated[now], sigmoid, h[now])
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
    def forward(ctx: Any, gates: Tensor, weight: Tensor, sizes: list[int], before: Tensor) -> tuple[Tensor, Tensor]:
        acts = torch.empty_like(gates)
        squashed = gates.new_empty(*gates.shape[:2], gates.shape[2] // 4)
        h, negated = _advance(gates, weight, sizes, acts, squashed)
        ctx.save_for_backward(weight, before, acts, squashed, h, negated)
        ctx.sizes = sizes
        ctx.set_materialize_grads(False)
        return h, negated

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_h: Tensor | None, grad_negated: Tensor | None) -> tuple[Tensor | None, ...]:
        weight, before, acts, squashed, h, negated = ctx.saved_tensors
        first = ctx.sizes[0]
        slopes, keep = _slopes(acts, squashed, negated, before, first)
        forget = acts.chunk(4, 2)[1]
        grad = _retreat(grad_h, grad_negated, slopes, keep, forget, weight, ctx.sizes)
        earlier = h[before]
        grad_weight = torch.stack([grad[first:, d].t() @ earlier[:, d] for d in range(len(weight))])
        return grad, grad_weight, None, None


def _slopes(acts: Tensor, squashed: Tensor, negated: Tensor, before: Tensor, first: int) -> tuple[Tensor, Tensor]:
    """d c / d z for i, f, g and d h / d z for o, side by side; and d h / d c."""
    i, _, g, o = acts.chunk(4, 2)
    slopes = torch.addcmul(acts, acts, acts, value=-1)
    at_i, at_f, at_g, at_o = slopes.chunk(4, 2)
    at_i.mul_(2 * g - 1)
    at_f[:first] = 0
    at_f[first:].mul_(negated[before]).neg_()
    at_g.mul_(i).mul_(2)
    at_o.mul_(1 - 2 * squashed)
    return slopes, torch.addcmul(squashed, squashed, squashed, value=-1).mul_(o).mul_(4)


def _retreat(
    grad_h: Tensor | None,
    grad_negated: Tensor | None,
    slopes: Tensor,
    keep: Tensor,
    forget: Tensor,
    weight: Tensor,
    sizes: list[int],
) -> Tensor:
    """Gradient of the gates, made in place of `slopes`, from the last step to the first."""
    directions, hidden = keep.shape[1:]
    carry_h, carry_c = (keep.new_zeros(sizes[0], directions, hidden) for _ in range(2))
    end = len(slopes)
    for size in reversed(sizes):
        now = slice(end - size, end)
        dh, dc = carry_h[:size], carry_c[:size]
        if grad_h is not None:
            dh.add_(grad_h[now])
        if grad_negated is not None:
            dc.sub_(grad_negated[now])
        dc.addcmul_(dh, keep[now])
        parts = slopes[now].view(size, directions, 4, hidden)
        parts[:, :, :3].mul_(dc[:, :, None])
        parts[:, :, 3].mul_(dh)
        if end > size:
            for d in range(directions):
                torch.mm(slopes[now, d], weight[d], out=dh[:, d])
            dc.mul_(forget[now])
        end -= size
    return slopes
