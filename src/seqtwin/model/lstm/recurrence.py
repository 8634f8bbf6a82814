"""An LSTM over ragged sequences on the CPU, without padded steps.

Steps are in packed order (`layout`). It is faster than `nn.LSTM` on a packed sequence for four reasons. The share of
the gates that comes from the input is computed before (for tokens, by one small product over the *distinct* tokens of
the batch). The gradient of the recurrent weights is one product at the end. Products are made by the faster library
(`products`). Every activation is a sigmoid: tanh(x) = 2 sigmoid(2x) - 1, which a CPU computes several times faster than
tanh. It also returns the cell state at every end.

Products have the number format of the weights, everything else at least float32.

Source: Hochreiter & Schmidhuber 1997 with the forget gate of Gers 2000; gates in PyTorch's order i, f, g, o.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from seqtwin.model.lstm.layout import Layout
from seqtwin.model.lstm.products import granule, height, linear, product, product_over_rows, suits_onednn


@dataclass(frozen=True)
class Share:
    """The share of the gates that comes from the input, including both biases, as rows of a table.

    `table` [rows 4*hidden]: for tokens it has few rows, one per distinct token and direction. `places` [directions
    steps]: the row of each packed step.
    """

    table: Tensor
    places: Tensor


@dataclass(frozen=True)
class LstmStates:
    """The outputs [batch time directions*hidden], 0 at pads, and h and c at the true ends [batch directions hidden]."""

    outputs: Tensor
    hidden: Tensor
    cell: Tensor


def run_lstm(share: Share, weight: Tensor, layout: Layout) -> LstmStates:
    """The states of an LSTM with these recurrent weights [directions 4*hidden hidden].

    The rows of g in the share and in the weight are doubled (`run_cell.doubled`): one sigmoid serves all four gates.
    """
    if torch.is_grad_enabled() and (share.table.requires_grad or weight.requires_grad):
        return LstmStates(*_Recurrence.apply(share.table, weight, share.places, layout))  # type: ignore[no-untyped-call]
    return LstmStates(*_read(*_advance(share, weight, layout.sizes, None), layout))


def share_of_vectors(vectors: Tensor, layout: Layout, weight: Tensor, bias: Tensor) -> Share:
    """The share that comes from vectors [batch time dim]: one row of the table per packed step."""
    inputs = vectors.to(weight.dtype)[layout.rows, layout.times]
    rows = [linear(x, w, b) for x, w, b in zip(inputs, weight, bias, strict=True)]
    return Share(torch.cat(rows), torch.arange(layout.times.numel()).view(layout.times.shape))


def share_of_table(vectors: Tensor, rows: Tensor, layout: Layout, weight: Tensor, bias: Tensor) -> Share:
    """The share that comes from a few `vectors` [distinct dim]; `rows` [batch time]: the vector of each step."""
    table = linear(vectors.to(weight.dtype), weight.flatten(0, 1), bias.flatten())
    return Share(table.view(-1, bias.shape[1]), places_of(rows, layout))


def places_of(rows: Tensor, layout: Layout) -> Tensor:
    """The rows of a table of shares, which has one per vector and direction: [directions steps]."""
    directions = len(layout.times)
    return rows[layout.rows, layout.times] * directions + torch.arange(directions)[:, None]


def _read(h: Tensor, negated: Tensor, layout: Layout) -> tuple[Tensor, Tensor, Tensor]:
    """Outputs, and the states at the ends, of packed states. `h` has further steps, of which the first is 0."""
    places = layout.at + h.shape[1] * torch.arange(len(h))
    outputs = h.flatten(0, 1).index_select(0, places.flatten())
    hidden, memory = (states[:, layout.ends].transpose(0, 1).contiguous() for states in (h, negated))
    return outputs.view(*layout.at.shape[:2], -1), hidden, memory.neg_()


@dataclass(frozen=True)
class _Saved:
    """Activated gates and sigmoid(-2c) of packed steps, one time after the other: each is a block without holes.

    `steps` [5 steps*directions*hidden]; `directions` and `hidden` are the axes of a block.
    """

    steps: Tensor
    directions: int
    hidden: int

    @staticmethod
    def of(steps: int, directions: int, hidden: int, dtype: torch.dtype) -> "_Saved":
        """Memory for so many steps."""
        return _Saved(torch.empty(5 * steps * directions * hidden, dtype=dtype), directions, hidden)

    def at(self, start: int, size: int) -> tuple[Tensor, Tensor]:
        """The gates [directions 4 size hidden] and sigmoids [directions size hidden] of these steps."""
        width = 5 * self.directions * self.hidden
        block = self.steps[start * width : (start + size) * width].view(5, self.directions, size, self.hidden)
        return block[:4].transpose(0, 1), block[4]


def _advance(share: Share, weight: Tensor, sizes: list[int], saved: _Saved | None) -> tuple[Tensor, Tensor]:
    """The hidden state of every packed step, followed by rows of 0 for products, and the *negated* cell state.

    `saved`: where to keep what the gradient needs; None: memory for one step is reused. Using -c saves two passes over
    memory per step: -c = f (-c') + i - 2 i sigmoid(2g), and o tanh(c) = o - 2 o sigmoid(-2c).
    """
    directions, width, hidden = weight.shape
    exact = torch.promote_types(weight.dtype, torch.float32)
    steps = sum(sizes)
    h = torch.empty(directions, steps + granule(sizes[0]), hidden, dtype=exact)
    h[:, steps:] = 0
    negated = torch.empty(directions, steps, hidden, dtype=exact)
    room = saved or _Saved.of(sizes[0], directions, hidden, exact)
    table = share.table.to(exact)
    gates = table.new_empty(directions * sizes[0], width)
    start = before = 0
    for time, size in enumerate(sizes):
        now, then = slice(start, start + size), slice(before, before + size)
        acts, squashed = room.at(start if saved else 0, size)
        z = gates[: directions * size]
        torch.index_select(table, 0, share.places[:, now].flatten(), out=z)
        z = _by_gate(z.view(directions, size, width))
        if time:
            # rows of later steps, which are not known yet, make the product one of few shapes
            _add_products(z, h[:, before : before + height(size)].to(weight.dtype), weight, acts)
        else:
            acts.copy_(z)
        _cell(acts.sigmoid_(), negated[:, then] if time else None, negated[:, now], squashed, h[:, now])
        before, start = start, start + size
    return h, negated


def _add_products(shares: Tensor, rows: Tensor, weight: Tensor, gates: Tensor) -> None:
    """gates [directions 4 size hidden] = shares + rows [directions height hidden] times weight, by gate."""
    size = gates.shape[2]
    if _one_by_one(weight):
        for own, share, row, w in zip(gates, shares, rows, weight, strict=True):
            torch.add(share, _by_gate(product(row, w)[None, :size])[0], out=own)
    else:
        torch.add(shares, _by_gate(torch.bmm(rows, weight.mT)[:, :size]), out=gates)


def _one_by_one(weight: Tensor) -> bool:
    """Whether the product of each direction is made by itself. In bfloat16, those of `bmm` depend on their size."""
    return weight.dtype == torch.bfloat16 or suits_onednn(weight[0].numel(), weight.dtype)


def _by_gate(gates: Tensor) -> Tensor:
    """[directions steps 4*hidden] as [directions 4 steps hidden]."""
    return gates.unflatten(2, (4, -1)).transpose(1, 2)


def _cell(acts: Tensor, negated_before: Tensor | None, negated: Tensor, sigmoid: Tensor, hidden: Tensor) -> None:
    """One step in place: -c = f (-c') + i - 2 i g; s = sigmoid(-2c); h = o - 2 o s."""
    i, f, g, o = acts.unbind(1)
    torch.addcmul(i, i, g, value=-2, out=negated)
    if negated_before is not None:
        negated.addcmul_(f, negated_before)
    torch.mul(negated, 2, out=sigmoid).sigmoid_()
    torch.addcmul(o, o, sigmoid, value=-2, out=hidden)


class _Recurrence(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, table: Tensor, weight: Tensor, places: Tensor, layout: Layout
    ) -> tuple[Tensor, Tensor, Tensor]:
        directions, _, hidden = weight.shape
        exact = torch.promote_types(weight.dtype, torch.float32)
        saved = _Saved.of(places.shape[1], directions, hidden, exact)
        h, negated = _advance(Share(table, places), weight, layout.sizes, saved)
        ctx.save_for_backward(table, weight, places, saved.steps, h, negated)
        ctx.layout = layout
        ctx.set_materialize_grads(False)
        return _read(h, negated, layout)

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any, outputs: Tensor | None, hidden: Tensor | None, cell: Tensor | None
    ) -> tuple[Tensor | None, ...]:
        table, weight, places, steps, h, negated = ctx.saved_tensors
        layout, saved = ctx.layout, _Saved(steps, len(weight), weight.shape[2])
        grad_h = _spread(outputs, hidden, layout, negated)
        grad_c = None if cell is None else _at_ends(torch.zeros_like(negated), cell, layout)
        rows = _retreat(grad_h, grad_c, saved, negated, weight, layout.sizes)
        # the sum over many steps needs more digits than one step
        grad_table = torch.zeros_like(table, dtype=h.dtype)
        for own, place in zip(rows[:, : places.shape[1]], places, strict=True):
            grad_table.index_add_(0, place, own.to(h.dtype))
        return grad_table.to(table.dtype), _of_weight(rows, h, layout), None, None


def _of_weight(rows: Tensor, h: Tensor, layout: Layout) -> Tensor:
    """The gradient of the recurrent weights: one product over all steps that have one before. Rows of 0 fill it up."""
    count, first = len(layout.before), layout.sizes[0]
    if not count:
        return rows.new_zeros(len(rows), rows.shape[2], h.shape[2])
    before = torch.nn.functional.pad(layout.before, (0, height(count) - count), value=first + count)
    earlier = h[:, before].to(rows.dtype)
    late = rows[:, first : first + height(count)]
    return torch.stack([product_over_rows(now, then) for now, then in zip(late, earlier, strict=True)])


def _spread(outputs: Tensor | None, hidden: Tensor | None, layout: Layout, like: Tensor) -> Tensor:
    """The gradient of every packed hidden state, from those of the outputs and of the states at the ends.

    `like`: packed states.
    """
    directions, steps, dim = like.shape
    if outputs is None:
        grad = torch.zeros_like(like)
    else:
        width = layout.at.shape[1]
        places = (layout.rows * width + layout.times) * directions + torch.arange(directions)[:, None]
        grad = outputs.reshape(-1, dim).index_select(0, places.flatten()).view(directions, steps, dim)
    return grad if hidden is None else _at_ends(grad, hidden, layout)


def _at_ends(grad: Tensor, ends: Tensor, layout: Layout) -> Tensor:
    """Add the gradients of the states at the ends [batch directions hidden] in place."""
    return grad.index_add_(1, layout.ends, ends.transpose(0, 1))


def _retreat(
    grad_h: Tensor, grad_c: Tensor | None, saved: _Saved, negated: Tensor, weight: Tensor, sizes: list[int]
) -> Tensor:
    """The gradient of the gates [directions steps 4*hidden], followed by rows of 0 for products. `grad_h` is changed.

    One step at a time fits the processor's cache.
    """
    directions, width, hidden = weight.shape
    steps = grad_h.shape[1]
    rows = weight.new_empty(directions, steps + granule(steps), width)
    rows[:, steps:] = 0
    room = negated.new_empty(directions, 4, sizes[0], hidden)
    carry_c = torch.zeros_like(negated[:, : sizes[0]])
    end = steps
    for time in range(len(sizes) - 1, -1, -1):
        size = sizes[time]
        now = slice(end - size, end)
        end -= size
        dh, dc = grad_h[:, now], carry_c[:, :size]
        if grad_c is not None:
            dc.add_(grad_c[:, now])
        before = end - sizes[time - 1]
        then = negated[:, before : before + size] if time else None
        grad = room[:, :, :size]
        _cell_back(*saved.at(end, size), then, dh, dc, grad)
        _by_gate(rows[:, now]).copy_(grad)
        if time:
            _add_gradients(grad_h[:, before : before + size], rows[:, end : end + height(size)], weight)
    return rows


def _add_gradients(earlier: Tensor, rows: Tensor, weight: Tensor) -> None:
    """Add the gradients of the gates [directions height 4*hidden] to those of the hidden states before."""
    size = earlier.shape[1]
    if _one_by_one(weight):
        for own, row, w in zip(earlier, rows, weight, strict=True):
            own.add_(product(row, w.t())[:size])
    else:
        earlier.add_(torch.bmm(rows, weight)[:, :size])


def _cell_back(
    acts: Tensor, squashed: Tensor, negated_before: Tensor | None, dh: Tensor, dc: Tensor, grad: Tensor
) -> None:
    """The gradient of the gates of one step, from those of its h and c. `dc` becomes that of the cell state before.

    dc += dh o (1 - tanh(c)^2), with tanh(c) = 1 - 2 s; di = dc (2 g - 1) i (1 - i); df = dc c' f (1 - f);
    dg = 2 dc i g (1 - g); do = dh tanh(c) o (1 - o).
    """
    i, f, g, o = acts.unbind(1)
    torch.addcmul(acts, acts, acts, value=-1, out=grad)
    to_i, to_f, to_g, to_o = grad.unbind(1)
    to_o.mul_(dh).mul_(torch.mul(squashed, -2).add_(1))
    dc.addcmul_(torch.addcmul(squashed, squashed, squashed, value=-1).mul_(o), dh, value=4)
    grad[:, :3].mul_(dc[:, None])
    to_i.mul_(torch.mul(g, 2).sub_(1))
    to_g.mul_(i).mul_(2)
    if negated_before is None:
        to_f.zero_()
    else:
        to_f.mul_(negated_before).neg_()
        dc.mul_(f)
