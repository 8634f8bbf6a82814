"""The effect of padding and packing, and the shapes of the tensors that PyTorch returns."""

from collections.abc import Callable, Iterator
from typing import cast

import torch
from torch import Tensor

from seqtwin.anatomy.pytorch_runs import TorchRun, run_plain, run_sequence_first
from seqtwin.anatomy.records import Body, Companion, Part, Shape
from seqtwin.anatomy.statements import KINDS, Evidence, largest, near
from seqtwin.model.encoder import Encoder
from seqtwin.records import Sequences


def companions(encoder: Encoder, both: Sequences, e: Evidence) -> tuple[Companion, ...]:
    """The text in a batch with a longer one, run three ways: in this encoder, packed, and over the pads."""
    states = encoder(both)
    own = TorchRun(states.outputs, _rows(states.hidden), None if states.cell is None else _rows(states.cell))
    masked = "masks the pads" if encoder.padding == "masked" else "reads the pads (padding: read)"
    x = encoder.inputs(both)
    final = "(h_n, c_n)" if e.body.memory else "h_n"
    pack = "packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)"
    ways = (
        ("own", f"this encoder, which {masked}", own, ("states = encoder(sequences)", "states.outputs, states.hidden")),
        ("packed", "packed", e.pair, (pack, f"output, {final} = rnn(packed)")),
        ("over_pads", f"not packed: {KINDS.get(e.body.cell, 'the cell')} over the pads", run_plain(e.rnn, x),
         (f"output, {final} = rnn(x)   # x is padded", "last = output[:, -1]   # for a shorter text: a pad")),
    )  # fmt: skip
    return tuple(_companion(key, name, run, code, e) for key, name, run, code in ways)


def _rows(state: Tensor) -> Tensor:
    """[batch layers directions hidden] as PyTorch's [layers*directions batch hidden]."""
    return state.flatten(1, 2).transpose(0, 1)


def _companion(key: str, name: str, run: TorchRun, code: tuple[str, str], e: Evidence) -> Companion:
    output = run.output[0].unflatten(-1, (e.body.directions, -1))
    parts = tuple(_part(what, changed, alone) for what, changed, alone in _compared(run, output, e))
    return Companion(key, name, output.detach().cpu().numpy(), parts, code)


def _compared(run: TorchRun, output: Tensor, e: Evidence) -> Iterator[tuple[str, Tensor, Tensor]]:
    ways = ("forward", "backward")[: e.body.directions]
    for way, name in enumerate(ways):
        yield f"outputs, {name}", output[: len(e.outputs), way], e.outputs[:, way]
    hidden = run.h_n[:, 0].unflatten(0, (e.body.layers, -1))
    for way, name in enumerate(ways):
        yield f"h_n, {name}", hidden[:, way], e.hidden[:, way]
    if run.c_n is not None and e.alone.c_n is not None:
        yield "c_n", run.c_n[:, 0], e.alone.c_n[:, 0]
    yield "output[:, -1]", output[-1], e.outputs[-1]


def _part(name: str, state: Tensor, alone: Tensor) -> Part:
    change = largest(state, alone)
    return Part(name, change, not near(change, alone))


def shapes(e: Evidence, x: Tensor) -> tuple[Shape, ...]:
    """The shapes PyTorch returns for a batch of two texts, with `batch_first=True` and without."""
    first, second = run_plain(e.rnn, x), run_sequence_first(e.rnn, x)
    return tuple(
        Shape(name, axes, tuple(take(first).shape), tuple(take(second).shape), note)
        for name, axes, take, note in _taken(e.body)
    )


def _taken(body: Body) -> Iterator[tuple[str, str, Callable[[TorchRun], Tensor], str]]:
    """The name of a tensor, its axes with `batch_first=True`, how to take it from a run, a note."""
    two = body.directions == 2
    halves = ", forward half then backward half." if two else "."
    yield "output", "batch, time, D·H", lambda run: run.output, f"Every step of the top layer{halves}"
    yield "h_n", "L·D, batch, H", lambda run: run.h_n, "The final state of every layer and direction."
    if body.memory:
        yield "c_n", "L·D, batch, memory", lambda run: cast("Tensor", run.c_n), "The cell state, of width hidden_size."
    last = "With batch_first=True: the last text of the batch, not the last step. Use output[:, -1]."
    yield "output[-1]", "time, D·H", lambda run: run.output[-1], last
    column = "With batch_first=True: the last column, a pad for every shorter text. Without: the last text."
    yield "output[:, -1]", "batch, D·H", lambda run: run.output[:, -1], column
    top = "Only the backward direction of the top layer." if two else "The top layer."
    yield "h_n[-1]", "batch, H", lambda run: run.h_n[-1], top
    top_layer = "[-1, 0] is the top layer, forward" + ("; [-1, 1] backward." if two else ".")
    sizes = (body.layers, body.directions)
    yield "h_n.view(L, D, batch, H)", "L, D, batch, H", lambda run: run.h_n.view(*sizes, *run.h_n.shape[1:]), top_layer
    if two:
        both = "The final hidden state, both directions."
        yield "torch.cat([h_n[-2], h_n[-1]], 1)", "batch, D·H", lambda run: torch.cat([*run.h_n[-2:]], 1), both
