"""The plain reference: gate equations as a loop over steps, one sequence at a time. Not ours: PyTorch's documents."""

from typing import Any

import torch
from torch import Tensor, nn

from seqtwin.model.encoder import Encoder
from seqtwin.model.letters import Spelling
from seqtwin.records import Sequences, States

Weights = dict[str, Tensor]


def plain_states(encoder: Encoder, sequences: Sequences) -> States:
    """What the encoder should say, sequence by sequence and step by step."""
    width = sequences.values.shape[1]
    found = [
        _one(encoder.rnn, _inputs(encoder, values[:length]))
        for values, length in zip(sequences.values, sequences.lengths.tolist(), strict=True)
    ]
    outputs = torch.stack([torch.cat([o, o.new_zeros(width - len(o), o.shape[1])]) for o, _, _ in found])
    hidden = torch.stack([h for _, h, _ in found])
    cell = torch.stack([c for _, _, c in found]) if isinstance(encoder.rnn, nn.LSTM) else None
    return States(outputs, hidden, cell, sequences.lengths)


def _inputs(encoder: Encoder, values: Tensor) -> list[Tensor]:
    if values.is_floating_point():
        linear = encoder.inputs.projection
        return [linear.weight @ step + linear.bias for step in values]
    if values.dim() == 2:
        return [
            torch.cat([encoder.inputs.embedding.weight[int(token[0])], _spelling(encoder, token[1:])])
            for token in values
        ]
    return [encoder.inputs.embedding.weight[int(token)] for token in values]


def _spelling(encoder: Encoder, letters: Tensor) -> Tensor:
    return plain_spelling(encoder.inputs.spelling, [int(letter) for letter in letters if letter])


def plain_spelling(spelling: Spelling, letters: list[int]) -> Tensor:
    """The largest value of each filter over the places of a word's letters; zeros without letters."""
    weight, bias = spelling.convolution.weight, spelling.convolution.bias
    vectors = [spelling.embedding.weight[letter] for letter in letters]
    nothing = bias.new_zeros(weight.shape[1])
    around = [nothing, *vectors, nothing]
    found = [bias + sum(weight[:, :, j] @ around[place + j] for j in range(3)) for place in range(len(vectors))]
    return torch.stack(found).max(0).values if found else torch.zeros_like(bias)


def _one(rnn: nn.RNNBase, steps: list[Tensor]) -> tuple[Tensor, Tensor, Any]:
    """Outputs [time width], hidden and cell [layers directions ...] of one sequence."""
    hidden, cell = [], []
    for layer in range(rnn.num_layers):
        forth, h, c = _read(rnn, f"l{layer}", steps)
        ends, memories = [h], [c]
        if rnn.bidirectional:
            back, h, c = _read(rnn, f"l{layer}_reverse", steps[::-1])
            forth = [torch.cat(pair) for pair in zip(forth, back[::-1], strict=True)]
            ends, memories = [*ends, h], [*memories, c]
        steps = forth
        hidden.append(torch.stack(ends))
        cell.append(torch.stack(memories))
    return torch.stack(steps), torch.stack(hidden), torch.stack(cell)


def _read(rnn: nn.RNNBase, suffix: str, steps: list[Tensor]) -> tuple[list[Tensor], Tensor, Tensor]:
    w = {name.removesuffix(f"_{suffix}"): p for name, p in rnn.named_parameters() if name.endswith(f"_{suffix}")}
    h = steps[0].new_zeros(rnn.proj_size or rnn.hidden_size)
    c = steps[0].new_zeros(rnn.hidden_size)
    found = []
    for x in steps:
        h, c = STEPS[rnn.mode](w, x, h, c)
        found.append(h)
    return found, h, c


def _tanh(w: Weights, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    return torch.tanh(w["weight_ih"] @ x + w["bias_ih"] + w["weight_hh"] @ h + w["bias_hh"]), c


def _relu(w: Weights, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    return torch.relu(w["weight_ih"] @ x + w["bias_ih"] + w["weight_hh"] @ h + w["bias_hh"]), c


def _gru(w: Weights, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    r_x, z_x, n_x = (w["weight_ih"] @ x + w["bias_ih"]).chunk(3)
    r_h, z_h, n_h = (w["weight_hh"] @ h + w["bias_hh"]).chunk(3)
    r, z = torch.sigmoid(r_x + r_h), torch.sigmoid(z_x + z_h)
    return (1 - z) * torch.tanh(n_x + r * n_h) + z * h, c


def _lstm(w: Weights, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    i, f, g, o = (w["weight_ih"] @ x + w["bias_ih"] + w["weight_hh"] @ h + w["bias_hh"]).chunk(4)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    h = torch.sigmoid(o) * torch.tanh(c)
    return (w["weight_hr"] @ h if "weight_hr" in w else h), c


STEPS = {"RNN_TANH": _tanh, "RNN_RELU": _relu, "GRU": _gru, "LSTM": _lstm}
