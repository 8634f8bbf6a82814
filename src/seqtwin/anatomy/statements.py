"""Statements about output, h_n and c_n, each checked on the tensors; some are true by construction."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from seqtwin.anatomy.pytorch_runs import TorchRun, run_sequence_first
from seqtwin.anatomy.records import Body, Statement

TOLERANCE = 1e-5
PREAMBLE = (
    "x: [batch time dim]; lengths: [batch]; rnn: {kind}(batch_first=True, ...)",
    "output, {final} = rnn(x)   # one text; a padded batch is packed first",
    "L, D, B, H = {layers}, {directions}, len(x), {width}; rows = torch.arange(B)",
)
KINDS = {"lstm": "nn.LSTM", "gru": "nn.GRU", "rnn": "nn.RNN"}


def preamble(body: Body) -> list[str]:
    """The definitions of the names in the code of the statements."""
    final = "(h_n, c_n)" if body.memory else "h_n"
    values = {"kind": KINDS.get(body.cell, body.cell), "final": final, "layers": body.layers}
    return [line.format(directions=body.directions, width=body.width, **values) for line in PREAMBLE]


def largest(a: Tensor, b: Tensor) -> float:
    """The largest absolute difference between two tensors of the same shape."""
    return float((a - b).abs().max())


def near(difference: float, scale: Tensor) -> bool:
    """Whether a difference is rounding error for numbers as large as those of `scale`."""
    return difference <= TOLERANCE * max(1.0, float(scale.abs().max()))


@dataclass(frozen=True)
class Evidence:
    """The tensors that statements are checked on. `pair`: the text in a packed batch with a longer one.

    outputs: [time directions width]; hidden: [layers directions width]; cell: [layers directions memory] or None.
    """

    body: Body
    rnn: nn.RNNBase
    x: Tensor
    alone: TorchRun
    pair: TorchRun

    @property
    def outputs(self) -> Tensor:
        return self.alone.output[0].unflatten(-1, (self.body.directions, -1))

    @property
    def hidden(self) -> Tensor:
        return self.alone.h_n[:, 0].unflatten(0, (self.body.layers, -1))

    @property
    def cell(self) -> Tensor | None:
        return None if self.alone.c_n is None else self.alone.c_n[:, 0].unflatten(0, (self.body.layers, -1))


def statements(evidence: Evidence) -> tuple[Statement, ...]:
    """Every statement that applies to this encoder, checked on its tensors."""
    ends = _both(evidence) if evidence.body.directions == 2 else _one(evidence)
    hidden = (*_in_no_output(evidence), _view(evidence), _reshaped(evidence), _batch_first(evidence))
    return (*ends, _layers(evidence), *hidden)


def _held(
    key: str, claim: str, by_construction: bool, sides: tuple[Tensor, Tensor], why: str, code: tuple[str, str]
) -> Statement:
    difference = largest(*sides)
    return Statement(key, claim, near(difference, sides[1]), by_construction, difference, why, code)


def _one(e: Evidence) -> Iterator[Statement]:
    yield _held(
        "last_is_final", "`output[-1]` = `h_n` of the top layer", True, (e.outputs[-1], e.hidden[-1]),
        "The only direction ends at the last real step. Its state there is the output there.",
        ("last = output[rows, lengths - 1]", "torch.allclose(last, h_n[-1])"),
    )  # fmt: skip


def _both(e: Evidence) -> Iterator[Statement]:
    outputs, top, single = e.outputs, e.hidden[-1], len(e.outputs) == 1
    yield _held(
        "last_is_final", "`output[-1]` = `h_n` of the top layer, both directions", single, (outputs[-1], top),
        "With one step, both directions begin and end there." if single else
        "Only the forward half is equal: the two directions end at opposite ends of the text.",
        ("final = torch.cat([h_n[-2], h_n[-1]], dim=1)", "torch.allclose(output[rows, lengths - 1], final)"),
    )  # fmt: skip
    yield _held(
        "last_forward", "`output[-1]`, forward half = `h_n`, forward", True, (outputs[-1, 0], top[0]),
        "The forward direction ends at the last real step.",
        ("last = output[rows, lengths - 1, :H]", "torch.allclose(last, h_n[-2])"),
    )  # fmt: skip
    yield _held(
        "last_backward", "`output[-1]`, backward half = `h_n`, backward", single, (outputs[-1, 1], top[1]),
        "With one step, the first step is also the last." if single else
        "The backward direction starts there. It has made one step, with all others still to come.",
        ("last = output[rows, lengths - 1, H:]", "torch.allclose(last, h_n[-1])"),
    )  # fmt: skip
    yield _held(
        "first_backward", "`output[0]`, backward half = `h_n`, backward", True, (outputs[0, 1], top[1]),
        "The backward direction ends at the first step.",
        ("first = output[:, 0, H:]", "torch.allclose(first, h_n[-1])"),
    )  # fmt: skip
    yield _held(
        "last_row", "`h_n[-1]` = the state where the forward direction ends", False, (top[1], outputs[-1, 0]),
        "`h_n[-1]` is the backward direction of the top layer. The forward direction is `h_n[-2]`.",
        ("forward_end = output[rows, lengths - 1, :H]", "torch.allclose(h_n[-1], forward_end)"),
    )  # fmt: skip


def _layers(e: Evidence) -> Statement:
    single = e.body.layers == 1
    why = (
        "There is only one layer."
        if single
        else f"`h_n` contains all {e.body.layers} layers; `output` contains only the top layer."
    )
    code = ("by_layer = h_n.view(L, D, B, H)", "torch.allclose(by_layer, by_layer[-1:].expand_as(by_layer))")
    sides = (e.hidden, e.hidden[-1:].expand_as(e.hidden))
    return _held("layers", "`h_n` of all layers = `h_n` of the top layer", single, sides, why, code)


def _in_no_output(e: Evidence) -> Iterator[Statement]:
    somewhere = "any(torch.allclose({}, step[:, :H]) for step in output.unbind(1))"
    if e.body.layers > 1:
        why = "A lower layer feeds the layer above it; `output` contains only the top layer."
        code = ("low = h_n.view(L, D, B, H)[0, 0]", somewhere.format("low"))
        yield _found_nowhere("lower", "`h_n` of layer 1 = `output` at some step", e.hidden[0, 0], e.outputs, why, code)
    if e.cell is not None:
        claim, state = "`c_n` = `output` at some step", e.cell[-1, 0]
        why = "`c_n` is the internal memory of the LSTM. The output is h = o · tanh(c), never c itself."
        code = ("c = c_n.view(L, D, B, -1)[-1, 0]", somewhere.format("c"))
        if e.body.memory != e.body.width:
            why = f"`c_n` is {e.body.memory} wide, `h_n` is {e.body.width} wide: `proj_size` narrows the output, not c."
            code = (code[0], "c.shape == output[:, 0, :H].shape")
        yield _found_nowhere("cell", claim, state, e.outputs, why, code)


def _found_nowhere(key: str, claim: str, state: Tensor, outputs: Tensor, why: str, code: tuple[str, str]) -> Statement:
    """The statement that a state is in some output; its difference is that to the nearest step."""
    if state.shape != outputs[0, 0].shape:
        return Statement(key, claim, False, False, None, why, code)
    nearest = min(largest(step, state) for step in outputs[:, 0])
    return Statement(key, claim, near(nearest, state), False, nearest, why, code)


def _view(e: Evidence) -> Statement:
    states = e.pair.h_n.view(e.body.layers, e.body.directions, *e.pair.h_n.shape[1:])
    rows = torch.stack([e.pair.h_n[place] for place in range(len(e.pair.h_n))])
    return _held(
        "view", "`h_n.view(L, D, B, H)[l, d]` = `h_n[l * D + d]`", True, (states.flatten(0, 1), rows),
        "Layers come first, then directions within each layer, then the texts of the batch.",
        ("by_layer = h_n.view(L, D, B, H)", "torch.equal(by_layer[-1, 0], h_n[(L - 1) * D + 0])"),
    )  # fmt: skip


def _reshaped(e: Evidence) -> Statement:
    h_n = e.pair.h_n
    one = len(h_n) == 1
    right = h_n.transpose(0, 1).flatten(1)
    difference = largest(h_n.reshape(len(right), -1), right)
    why = (
        "One layer, one direction: the first axis has size 1."
        if one
        else "The first axis is layers × directions, not the batch. This silently mixes the states of different texts."
    )
    code = ("right = h_n.transpose(0, 1).flatten(1)", "torch.allclose(h_n.reshape(B, -1), right)")
    claim = "`h_n.reshape(B, -1)` = the states of each text (two texts)"
    return Statement("reshape", claim, near(difference, right), one, difference, why, code, of_batch=True)


def _batch_first(e: Evidence) -> Statement:
    other = run_sequence_first(e.rnn, e.x)
    final = "[1][0]" if e.body.memory else "[1]"
    return _held(
        "batch_first", "`h_n` with `batch_first=True` = `h_n` without", True, (other.h_n, e.alone.h_n),
        "`batch_first` transposes `x` and `output`. `h_n` and `c_n` stay [layers × directions, batch, width].",
        ("rnn.batch_first = False", f"torch.allclose(rnn(x.transpose(0, 1)){final}, h_n, atol=1e-6)"),
    )  # fmt: skip
