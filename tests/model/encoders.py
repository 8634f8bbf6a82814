"""What the model tests share: every encoder and every representation the families know, built from a seed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from seqtwin.lookup import pick
from seqtwin.model.cells import CELLS
from seqtwin.model.encoder import Encoder, SeriesInput, SpelledInput, TokenInput
from seqtwin.model.representations import REPRESENTATIONS
from seqtwin.records import Sequences

HIDDEN, EMBEDDING, VOCABULARY, CHANNELS = 6, 5, 9, 3
LETTER_IDS, PLACES, SPELLING = 7, 4, 3
ODD_SHAPES = [(1,), (5,), (1, 1, 1), (4, 4, 4), (1, 3, 7, 2), (1, 64)]

# a member that is not named here is tested as it stands, from the moment it is in its dict
CELL_OPTIONS: dict[str, list[dict[str, Any]]] = {
    "rnn": [{"nonlinearity": "tanh"}, {"nonlinearity": "relu"}],
    "lstm": [{}, {"proj_size": 4}],
}
REPRESENTATION_OPTIONS: dict[str, list[dict[str, Any]]] = {
    "attention_output": [{}, {"heads": 3}, {"heads": 2, "dim": 4}],
    "join": [{"parts": ["mean_output", "final_hidden", {"name": "attention_output", "heads": 2}]}],
}


@dataclass(frozen=True)
class Case:
    """An encoder to be built."""

    cell: str
    options: tuple[tuple[str, Any], ...]
    layers: int
    directions: int

    def __str__(self) -> str:
        options = "".join(f"-{value}" for _, value in self.options)
        return f"{self.cell}{options}-{self.layers}x{self.directions}"

    def build(self, *, seed: int = 0, padding: str = "masked", series: bool = False, spelled: bool = False) -> Encoder:
        """The encoder, in eval mode."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            inputs = INPUTS["series" if series else "spelled" if spelled else "tokens"](0.0)
            spec = {"name": self.cell, **dict(self.options)}
            rnn = pick(CELLS, spec, "cell", inputs.dim, HIDDEN, self.layers, self.directions == 2, 0.0)
            return Encoder(inputs, self.cell, rnn, padding).eval()


# each kind of input, with this share dropped out
INPUTS: dict[str, Callable[[float], TokenInput | SpelledInput | SeriesInput]] = {
    "tokens": lambda dropout: TokenInput(VOCABULARY, EMBEDDING, dropout),
    "spelled": lambda dropout: SpelledInput(VOCABULARY, EMBEDDING, LETTER_IDS, SPELLING, dropout),
    "series": lambda dropout: SeriesInput(CHANNELS, EMBEDDING, dropout=dropout),
}
CASES = [
    Case(cell, tuple(options.items()), layers, directions)
    for cell in CELLS
    if cell != "none"  # it has neither layers nor directions: test_cell_none.py
    for options in CELL_OPTIONS.get(cell, [{}])
    for layers in (1, 2)
    for directions in (1, 2)
]
SPECS = [{"name": name, **options} for name in REPRESENTATIONS for options in REPRESENTATION_OPTIONS.get(name, [{}])]


FITTING = [(case, spec) for case in CASES for spec in SPECS if case.cell == "lstm" or spec["name"] != "final_cell"]


def label(spec: dict[str, Any]) -> str:
    """A readable test id."""
    return "-".join(str(v) for v in spec.values() if not isinstance(v, list))


def representation_of(spec: dict[str, Any], encoder: Encoder, *, seed: int = 1) -> Any:
    """A representation for an encoder, in eval mode."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return pick(REPRESENTATIONS, spec, "representation", encoder.shape).eval()


def texts(lengths: tuple[int, ...], seed: int = 0) -> Sequences:
    """Random token ids, the pad's id 0 among them."""
    draw = torch.Generator().manual_seed(seed)
    values = torch.randint(0, VOCABULARY, (len(lengths), max(lengths)), generator=draw)
    held = torch.tensor(lengths)
    return Sequences(values * (torch.arange(max(lengths)) < held[:, None]), held)


def spelled(lengths: tuple[int, ...], seed: int = 0) -> Sequences:
    """Random token ids, each with none to four letters."""
    draw = torch.Generator().manual_seed(seed)
    words = texts(lengths, seed)
    letters = torch.randint(1, LETTER_IDS, (*words.values.shape, PLACES), generator=draw)
    counts = torch.randint(0, PLACES + 1, words.values.shape, generator=draw)
    real = (torch.arange(PLACES) < counts[..., None]) & words.mask[..., None]
    return Sequences(torch.cat([words.values[..., None], letters * real], 2), words.lengths)


def series(lengths: tuple[int, ...], seed: int = 0) -> Sequences:
    """Random vectors of three channels, in float64."""
    draw = torch.Generator().manual_seed(seed)
    values = torch.randn(len(lengths), max(lengths), CHANNELS, generator=draw, dtype=torch.float64)
    held = torch.tensor(lengths)
    return Sequences(values * (torch.arange(max(lengths)) < held[:, None])[..., None], held)


def rows(sequences: Sequences, wanted: Tensor) -> Sequences:
    """Some rows, no wider than the longest of them."""
    lengths = sequences.lengths[wanted]
    return Sequences(sequences.values[wanted, : int(lengths.max())], lengths)


def widened(sequences: Sequences, pads: int) -> Sequences:
    """The same texts with more pads behind them."""
    beside = [0, 0] * (sequences.values.dim() - 2)
    return Sequences(torch.nn.functional.pad(sequences.values, [*beside, 0, pads]), sequences.lengths)
