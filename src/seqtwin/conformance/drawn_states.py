"""The states of small random encoders, for the checks of a representation."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from seqtwin.conformance.battery import require
from seqtwin.errors import ConfigError
from seqtwin.lookup import pick
from seqtwin.model.cells import CELLS
from seqtwin.model.encoder import Encoder, EncoderShape, SeriesInput, TokenInput
from seqtwin.records import Sequences, States

VOCABULARY, DIM, HIDDEN, CHANNELS = 9, 5, 6, 3
LENGTHS = (1, 3, 7, 2, 12, 4)
ENCODERS = (("lstm", 1, False), ("lstm", 2, True), ("gru", 1, True), ("rnn", 1, False))

Build = Callable[[EncoderShape], nn.Module]


@dataclass(frozen=True)
class Fitted:
    """A representation, built for an encoder, in eval mode. `part` is checked, so nothing is known of it."""

    encoder: Encoder
    part: Any

    def vectors(self, sequences: Sequences) -> Tensor:
        """The vectors of some sequences: [batch dim]."""
        found: Tensor = self.part(self.encoder(sequences))
        return found


@dataclass(frozen=True)
class Case:
    """A part and how it is built. Shapes that it refuses with a ValueError are left out."""

    build: Build

    @cached_property
    def fitted(self) -> list[Fitted]:
        """The part for each encoder that it accepts. Raises: NotMetError if it refuses all of them."""
        found, refusals = [], []
        for cell, layers, both in ENCODERS:
            encoder = encoder_of(cell, layers, both)
            try:
                found.append(Fitted(encoder, self.built(encoder.shape)))
            except (ValueError, ConfigError) as error:
                refusals.append(str(error))
        require(bool(found), f"it refuses every encoder: {refusals[:1]}")
        return found

    def built(self, shape: EncoderShape, seed: int = 1) -> nn.Module:
        """The part for a shape, with the weights of a seed."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return self.build(shape).eval()


def encoder_of(cell: str, layers: int, both: bool, *, series: bool = False) -> Encoder:
    """A small random encoder, in eval mode."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        inputs = SeriesInput(CHANNELS, DIM) if series else TokenInput(VOCABULARY, DIM)
        rnn = pick(CELLS, cell, "cell", DIM, HIDDEN, layers, both, 0.0)
        return Encoder(inputs, cell, rnn).eval()


def texts(lengths: tuple[int, ...] = LENGTHS, seed: int = 0) -> Sequences:
    """Random token ids, the id of the pad among them."""
    draw = torch.Generator().manual_seed(seed)
    held = torch.tensor(lengths)
    values = torch.randint(0, VOCABULARY, (len(lengths), max(lengths)), generator=draw)
    return Sequences(values * (torch.arange(max(lengths)) < held[:, None]), held)


def rows_of(sequences: Sequences, rows: list[int]) -> Sequences:
    """Some rows of a batch, without columns of pads only."""
    lengths = sequences.lengths[rows]
    return Sequences(sequences.values[rows][:, : int(lengths.max())], lengths)


def widened(sequences: Sequences, pads: int) -> Sequences:
    """The same batch with more pads."""
    return Sequences(nn.functional.pad(sequences.values, [0, pads]), sequences.lengths)


def mapped(states: States, function: Callable[[Tensor], Tensor]) -> States:
    """The states with a function applied to their outputs, hidden and cell states."""
    cell = None if states.cell is None else function(states.cell)
    return replace(states, outputs=function(states.outputs), hidden=function(states.hidden), cell=cell)


def largest(a: Tensor, b: Tensor) -> float:
    """The largest difference of two tensors; infinite for different shapes, or a value that is not a number."""
    if a.shape != b.shape:
        return float("inf")
    difference = float((a - b).abs().max()) if a.numel() else 0.0
    return float("inf") if math.isnan(difference) else difference
