"""A cell that is not one of PyTorch's, from a config to encoded texts: the contract `Cell` is enough."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

import own_parts
import seqtwin
from seqtwin.config import parse_run
from seqtwin.model.cells import CELLS, Cell
from seqtwin.model.encoder import Encoder, TokenInput
from seqtwin.model.run_cell import read_pads, run_packed
from seqtwin.records import Sequences


class Leaky(nn.Module):
    """h_t = h_(t-1) + r (tanh(W x_t + U h_(t-1) + b) - h_(t-1)), with a learned rate r per unit."""

    memory, bound = 0, 1.0

    def __init__(self, inputs: int, hidden: int, layers: int, bidirectional: bool, dropout: float) -> None:
        super().__init__()
        self.input_size, self.width, self.num_layers = inputs, hidden, layers
        self.bidirectional, self.dropout = bidirectional, dropout
        self.directions = 1 + bidirectional
        widths = [inputs, *[hidden * self.directions] * (layers - 1)]
        ways = [(layer, way) for layer in range(layers) for way in range(self.directions)]
        self.from_input = nn.ModuleList(nn.Linear(widths[layer], hidden) for layer, _ in ways)
        self.from_state = nn.ModuleList(nn.Linear(hidden, hidden, bias=False) for _ in ways)
        self.rate = nn.Parameter(torch.zeros(len(ways), hidden))

    def forward(self, x: PackedSequence | Tensor, start: Tensor | None = None) -> Any:
        packed = isinstance(x, PackedSequence)
        if packed:
            padded, lengths = pad_packed_sequence(x, batch_first=True)
        else:
            padded, lengths = x, torch.full((len(x),), x.shape[1])
        ends = []
        for layer in range(self.num_layers):
            if layer:
                padded = nn.functional.dropout(padded, self.dropout, self.training)
            outputs, last = zip(*(self._read(layer, way, padded, lengths, start) for way in self._ways()), strict=True)
            padded = torch.cat(outputs, 2)
            ends += last
        if packed:
            padded = pack_padded_sequence(padded, lengths, batch_first=True, enforce_sorted=False)
        return padded, torch.stack(ends)

    def _ways(self) -> range:
        return range(self.directions)

    def _read(self, layer: int, way: int, x: Tensor, lengths: Tensor, start: Tensor | None) -> tuple[Tensor, Tensor]:
        part = layer * self.directions + way
        h = x.new_zeros(len(x), self.width) if start is None else start[part]
        inputs, rate, found = self.from_input[part](x), self.rate[part].sigmoid(), []
        times = range(x.shape[1])
        for time in reversed(times) if way else times:
            step = h + rate * ((inputs[:, time] + self.from_state[part](h)).tanh() - h)
            h = torch.where((time < lengths)[:, None], step, h)  # a pad changes nothing
            found.append(h)
        return torch.stack(found[::-1] if way else found, 1), h


@pytest.fixture
def leaky() -> Iterator[str]:
    with own_parts.removed():
        CELLS["leaky"] = Leaky
        yield "leaky"


def encoder_with(layers: int, bidirectional: bool) -> Encoder:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        inputs = TokenInput(9, 5)
        return Encoder(inputs, "leaky", Leaky(5, 6, layers, bidirectional, 0.0)).double().eval()


def test_it_meets_the_contract_without_being_one_of_pytorchs() -> None:
    cell = Leaky(5, 6, 1, False, 0.0)
    assert isinstance(cell, Cell)
    assert not isinstance(cell, nn.RNNBase)


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_batch_gives_the_states_of_each_sequence_alone(layers: int, bidirectional: bool) -> None:
    encoder, lengths = encoder_with(layers, bidirectional), torch.tensor([1, 3, 7, 2])
    values = torch.randint(0, 9, (4, 7), generator=torch.Generator().manual_seed(0)) * (
        torch.arange(7) < lengths[:, None]
    )
    shape, packed = encoder.shape, run_packed(encoder.inputs, encoder.rnn, Sequences(values, lengths))
    assert (shape.layers, shape.directions, shape.width, shape.memory, shape.bound) == (
        layers,
        1 + bidirectional,
        6,
        0,
        1,
    )
    for row, length in enumerate(lengths.tolist()):
        outputs, final = encoder.rnn(encoder.inputs.embedding(values[row : row + 1, :length]))
        torch.testing.assert_close(packed.outputs[row, :length], outputs[0], rtol=0, atol=1e-12)
        torch.testing.assert_close(packed.hidden[row].flatten(0, 1), final[:, 0], rtol=0, atol=1e-12)
    over_pads = read_pads(encoder.inputs, encoder.rnn, Sequences(values, lengths))
    torch.testing.assert_close(over_pads.outputs, encoder.rnn(encoder.inputs.embedding(values))[0], rtol=0, atol=1e-12)


PAIRS = [(a, b, y) for a, b, y in zip("abcdefgh" * 4, "abcdhgfe" * 4, [1, 1, 1, 1, 0, 0, 0, 0] * 4, strict=True)]


def write_pairs(folder: Path) -> Path:
    for split in ("train", "dev", "test"):
        rows = "".join(f"{a * 3},{b * 2},{y}\n" for a, b, y in PAIRS)
        (folder / f"{split}.csv").write_text(f"left,right,target\n{rows}")
    return folder


@pytest.mark.parametrize("decay", [1.0, 0.5])
def test_it_is_trained_saved_loaded_and_encodes_alike_alone_and_in_a_batch(
    tmp_path: Path, leaky: str, decay: float
) -> None:
    data = write_pairs(tmp_path)
    raw = {
        "data": {"label": "target", **{split: str(data / f"{split}.csv") for split in ("train", "dev", "test")}},
        "encoder": {"cell": leaky, "hidden": 6, "embedding": 5, "layers": 2, "bidirectional": True},
        "fit": {"epochs": 2, "layer_decay": decay},
    }
    run = seqtwin.train(parse_run(raw), tmp_path / "out")
    assert run.scores["test"]
    encoder = seqtwin.load(tmp_path / "out")
    texts = ["aaa", "bc", "hgfedcba", "d"]
    together, alone = encoder.encode(texts), torch.cat([torch.from_numpy(encoder.encode([text])) for text in texts])
    torch.testing.assert_close(torch.from_numpy(together), alone, rtol=0, atol=1e-6)
