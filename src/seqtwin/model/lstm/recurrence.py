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
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from seqtwin.model.lstm.layout import Layout
from seqtwin.model.lstm.products import granule, height, product, product_and, product_over_rows, suits_onednn
from seqtwin.model.lstm.shares import Share


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


def _read(h: Tensor, negated: Tensor, layout: Layout) -> tuple[Tensor, Tensor, Tensor]:
    """Outputs, and the states at the ends, of packed states. `h` has further steps, of which the first is 0."""
    places = layout.at + h.shape[1] * torch.arange(len(h))
    outputs = h.flatten(0, 1).index_select(0, places.flatten())
    hidden, memory = (states.index_select(1, layout.ends).transpose(0, 1).contiguous() for states in (h, negated))
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
    table, places = share.table.to(exact), nn.functional.pad(share.places, (0, granule(sizes[0])))
    room_of_shares = table.new_empty(directions * height(sizes[0]), width)
    start = before = 0
    for time, size in enumerate(sizes):
        now, then, tall = slice(start, start + size), slice(before, before + size), height(size)
        acts, squashed = room.at(start if saved else 0, size)
        # further rows, whose states are not known yet, make the product one of few shapes
        shares = room_of_shares[: directions * tall]
        torch.index_select(table, 0, places[:, start : start + tall].flatten(), out=shares)
        earlier = h[:, before : before + tall].to(weight.dtype) if time else None
        _activate(shares.view(directions, tall, width), earlier, weight, acts)
        _cell(acts, negated[:, then] if time else None, negated[:, now], squashed, h[:, now])
        before, start = start, start + size
    return h, negated


def _activate(shares: Tensor, earlier: Tensor | None, weight: Tensor, acts: Tensor) -> None:
    """acts [directions 4 size hidden] = sigmoid(shares + earlier times weight), by gate, without further rows."""
    size = acts.shape[2]
    if earlier is not None and _one_by_one(weight):
        for own, share, row, w in zip(acts, shares, earlier, weight, strict=True):
            torch.sigmoid(_by_gate(product_and(row, w, share)[None, :size])[0], out=own)
    else:
        sums = shares if earlier is None else shares + torch.bmm(earlier, weight.mT)
        torch.sigmoid(_by_gate(sums[:, :size]), out=acts)


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
        rows = _retreat(grad_h, grad_c, saved, h, negated, weight, layout.sizes)
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
    before = nn.functional.pad(layout.before, (0, height(count) - count), value=first + count)
    earlier = h.index_select(1, before).to(rows.dtype)
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
    grad_h: Tensor, grad_c: Tensor | None, saved: _Saved, h: Tensor, negated: Tensor, weight: Tensor, sizes: list[int]
) -> Tensor:
    """The gradient of the gates [directions steps 4*hidden], followed by rows of 0 for products. `grad_h` is changed.

    One step at a time fits the processor's cache.
    """
    directions, width, hidden = weight.shape
    steps = grad_h.shape[1]
    rows = weight.new_empty(directions, steps + granule(steps), width)
    rows[:, steps:] = 0
    room = negated.new_empty(directions, 4, sizes[0], hidden)
    carried = torch.zeros_like(negated[:, : sizes[0]])
    end = steps
    for time in range(len(sizes) - 1, -1, -1):
        size = sizes[time]
        now = slice(end - size, end)
        end -= size
        grad_n = carried[:, :size]
        if grad_c is not None:
            grad_n.sub_(grad_c[:, now])
        before = end - sizes[time - 1]
        then = negated[:, before : before + size] if time else None
        step = _Step(*saved.at(end, size), negated[:, now], h[:, now], then)
        _cell_back(step, grad_h[:, now], grad_n, room[:, :, :size], _by_gate(rows[:, now]))
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


@dataclass(frozen=True)
class _Step:
    """Of one step: gates [directions 4 size hidden], sigmoid(-2c), -c, h, and the -c of the step before, if any."""

    gates: Tensor
    sigmoid: Tensor
    negated: Tensor
    hidden: Tensor
    before: Tensor | None


def _cell_back(step: _Step, dh: Tensor, dn: Tensor, room: Tensor, rows: Tensor) -> None:
    """Write the gradient of the gates of one step to `rows`, from those of h and of n = -c.

    `dn` gets the share of h, and becomes that of the step before: dn -= 2 dh (o - h) (1 - s), with s = sigmoid(-2c) and
    so h = o - 2 o s. di = dn (n - f n') (1 - i); df = dn f n' (1 - f); dg = dn (n - f n' - i) (1 - g);
    do = dh h (1 - o).
    """
    i, f, _, o = step.gates.unbind(1)
    to_i, to_f, to_g, to_o = room.unbind(1)
    slope = torch.sub(o, step.hidden)
    dn.addcmul_(slope.addcmul_(slope, step.sigmoid, value=-1), dh, value=-2)
    torch.mul(dh, step.hidden, out=to_o)
    if step.before is None:
        to_f.zero_()
        torch.mul(dn, step.negated, out=to_i)
    else:
        forgotten = torch.mul(f, step.before)
        torch.mul(dn, forgotten, out=to_f)
        torch.mul(dn, torch.sub(step.negated, forgotten), out=to_i)
    torch.addcmul(to_i, dn, i, value=-1, out=to_g)
    torch.addcmul(room, room, step.gates, value=-1, out=rows)
    dn.mul_(f)
