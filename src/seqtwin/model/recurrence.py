"""An LSTM's recurrence over ragged sequences without a padded step, for the CPU.

Steps of all sequences lie in packed order: step 0 of every sequence, then step 1 of those that are longer, and so on,
sequences sorted by falling length. Three things make it faster than `nn.LSTM` on a packed sequence: the input's share
of the gates arrives ready (for tokens, one small product over the *distinct* tokens of the batch), the gradient of the
recurrent weights is one product at the end, and every squashing is a sigmoid: tanh(x) = 2 sigmoid(2x) - 1, which the
CPU computes several times faster than tanh. The cell state at every true end comes with it.

Source: Hochreiter & Schmidhuber 1997 with the forget gate of Gers 2000; gates in PyTorch's order i, f, g, o.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


@dataclass(frozen=True)
class Layout:
    """Where each step of each sequence lies in packed order; shared by all layers and directions.

    rows, forward, backward: batch row and time of each packed step, read forwards or backwards within its own length.
    at_forward, at_backward [batch time]: packed place of a time. ends [batch]: packed place of a last step.
    before: packed place of the step before, for all steps but the first ones.
    """

    sizes: list[int]
    rows: Tensor
    forward: Tensor
    backward: Tensor
    at_forward: Tensor
    at_backward: Tensor
    ends: Tensor
    before: Tensor

    @staticmethod
    def of(lengths: Tensor, width: int) -> "Layout":
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
        real = times <= last
        forward = torch.where(real, times, 0)  # a pad points to some real step; the caller's mask removes it
        backward = torch.where(real, last - times, 0)
        return Layout(
            sizes=sizes.tolist(),
            rows=rows,
            forward=steps,
            backward=lengths[rows] - 1 - steps,
            at_forward=starts[forward] + rank[:, None],
            at_backward=starts[backward] + rank[:, None],
            ends=starts[last[:, 0]] + rank,
            before=places[sizes[0] :] - sizes[steps[sizes[0] :] - 1],
        )


def run_lstm(gates: Tensor, weight: Tensor, layout: Layout) -> tuple[Tensor, Tensor]:
    """Hidden and cell state of every packed step: two [steps hidden].

    gates [steps 4*hidden]: input's share with both biases; weight [4*hidden hidden]. The rows of g in both are doubled
    (`doubled`), so that one sigmoid serves all four gates.
    """
    if torch.is_grad_enabled() and (gates.requires_grad or weight.requires_grad):
        hidden, cell = _Recurrence.apply(gates, weight, layout.sizes, layout.before)  # type: ignore[no-untyped-call]
        return hidden, cell
    return _advance(gates, weight, layout.sizes, gates, None)


def doubled(parameter: Tensor) -> Tensor:
    """A gate parameter [4*hidden ...] with the rows of g times two."""
    hidden = parameter.shape[0] // 4
    factors = parameter.new_ones(4 * hidden)
    factors[2 * hidden : 3 * hidden] = 2
    return parameter * factors.view(-1, *[1] * (parameter.dim() - 1))


def _advance(
    gates: Tensor, weight: Tensor, sizes: list[int], acts: Tensor, squashed: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Run all steps; activated gates go to `acts` (which may be `gates`), tanh of the cells to `squashed`."""
    steps, width = gates.shape
    hidden = width // 4
    h, c = gates.new_empty(steps, hidden), gates.new_empty(steps, hidden)
    scratch = gates.new_empty(sizes[0], hidden)
    transposed = weight.t()
    start = before = 0
    for time, size in enumerate(sizes):
        now = slice(start, start + size)
        z = acts[now]
        if time:
            torch.addmm(gates[now], h[before : before + size], transposed, out=z)
        elif acts is not gates:
            z.copy_(gates[now])
        tanh = scratch[:size] if squashed is None else squashed[now]
        _cell(z.sigmoid_(), c[before : before + size] if time else None, c[now], tanh, h[now])
        before, start = start, start + size
    return h, c


def _cell(acts: Tensor, cell_before: Tensor | None, cell: Tensor, tanh: Tensor, hidden: Tensor) -> None:
    """c = f c' + i (2 g - 1); h = o tanh(c), written in place."""
    i, f, g, o = acts.chunk(4, 1)
    torch.mul(i, g, out=cell).mul_(2).sub_(i)
    if cell_before is not None:
        cell.addcmul_(f, cell_before)
    torch.mul(cell, 2, out=tanh).sigmoid_().mul_(2).sub_(1)
    torch.mul(o, tanh, out=hidden)


class _Recurrence(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, gates: Tensor, weight: Tensor, sizes: list[int], before: Tensor) -> tuple[Tensor, Tensor]:
        acts = torch.empty_like(gates)
        squashed = gates.new_empty(gates.shape[0], gates.shape[1] // 4)
        h, c = _advance(gates, weight, sizes, acts, squashed)
        ctx.save_for_backward(weight, before, acts, squashed, h, c)
        ctx.sizes = sizes
        ctx.set_materialize_grads(False)
        return h, c

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_h: Tensor | None, grad_c: Tensor | None) -> tuple[Tensor | None, ...]:
        weight, before, acts, squashed, h, c = ctx.saved_tensors
        slopes, keep = _slopes(acts, squashed, c, before, ctx.sizes[0])
        forget = acts[:, h.shape[1] : 2 * h.shape[1]]
        grad = _retreat(grad_h, grad_c, slopes, keep, forget, weight, ctx.sizes)
        first = ctx.sizes[0]
        grad_weight = grad[first:].t() @ h[before]
        return grad, grad_weight, None, None


def _slopes(acts: Tensor, tanh: Tensor, cell: Tensor, before: Tensor, first: int) -> tuple[Tensor, Tensor]:
    """d c / d z for i, f, g and d h / d z for o, side by side [steps 4*hidden]; and d h / d c [steps hidden]."""
    i, _, g, o = acts.chunk(4, 1)
    slopes = torch.addcmul(acts, acts, acts, value=-1)
    at_i, at_f, at_g, at_o = slopes.chunk(4, 1)
    at_i.mul_(2 * g - 1)
    at_f[:first] = 0
    at_f[first:].mul_(cell[before])
    at_g.mul_(i).mul_(2)
    at_o.mul_(tanh)
    return slopes, torch.addcmul(o, o * tanh, tanh, value=-1)


def _retreat(
    grad_h: Tensor | None,
    grad_c: Tensor | None,
    slopes: Tensor,
    keep: Tensor,
    forget: Tensor,
    weight: Tensor,
    sizes: list[int],
) -> Tensor:
    """Gradient of the gates, made in place of `slopes`, from the last step to the first."""
    hidden = keep.shape[1]
    carry_h, carry_c = keep.new_zeros(sizes[0], hidden), keep.new_zeros(sizes[0], hidden)
    end = slopes.shape[0]
    for size in reversed(sizes):
        now = slice(end - size, end)
        dh, dc = carry_h[:size], carry_c[:size]
        if grad_h is not None:
            dh.add_(grad_h[now])
        if grad_c is not None:
            dc.add_(grad_c[now])
        dc.addcmul_(dh, keep[now])
        parts = slopes[now].view(size, 4, hidden)
        parts[:, :3].mul_(dc[:, None])
        parts[:, 3].mul_(dh)
        if end > size:
            torch.mm(slopes[now], weight, out=dh)
            dc.mul_(forget[now])
        end -= size
    return slopes
