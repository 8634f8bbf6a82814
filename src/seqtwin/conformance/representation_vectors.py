"""The vectors of a representation: alone, in a batch, with pads, on odd states."""

from dataclasses import replace

import torch
from torch import Tensor, nn

from seqtwin.conformance.battery import require
from seqtwin.conformance.drawn_states import (
    CHANNELS,
    LENGTHS,
    Case,
    Fitted,
    encoder_of,
    largest,
    mapped,
    rows_of,
    texts,
    widened,
)
from seqtwin.records import Sequences, States

TOLERANCE = 1e-6


def shape(case: Case) -> str:
    """Whether there is one vector of `out_dim` per sequence."""
    for fitted in case.fitted:
        for lengths in ((1,), (5,), (1, 1, 1), LENGTHS):
            found, expected = _vectors(fitted, texts(lengths)), (len(lengths), fitted.part.out_dim)
            require(isinstance(found, Tensor), f"returned {type(found).__name__}, expected a tensor")
            require(
                found.shape == expected,
                f"the vectors of {len(lengths)} sequences have shape {tuple(found.shape)}, expected {expected}",
            )
    return "one vector of out_dim per sequence"


def one_row(case: Case) -> str:
    """Whether a batch of one, and a last batch of one, have the vectors of the whole batch (N2)."""
    whole = texts()
    return _same_in(case, whole, [[row] for row in range(len(LENGTHS))], "alone and in a batch")


def batch_mates(case: Case) -> str:
    """Whether vectors are the same in batches of other sequences and sizes (N12)."""
    return _same_in(case, texts(), [[4, 0], [1, 5, 2], [3]], "in other batches")


def in_training(case: Case) -> str:
    """Whether other rows change nothing while it is trained, without its dropout (N2)."""
    whole, worst = texts((5, 5, 5, 5)), 0.0
    for fitted in case.fitted:
        part = _without_dropout(case.built(fitted.encoder.shape))
        with torch.no_grad():
            found = [part(_states(fitted, rows_of(whole, rows)))[0] for rows in ([0, 1, 2], [0, 3], [0])]
        worst = max(worst, *(largest(vector, found[0]) for vector in found))
    require(worst <= TOLERANCE, f"while it is trained, vectors differ with other rows in the batch by {worst:.2g}")
    return f"equal to {worst:.1g} in other batches while it is trained"


def _without_dropout(part: nn.Module) -> nn.Module:
    """The part as it is trained, but without the randomness of its dropout."""
    part.train()
    for module in part.modules():
        if isinstance(module, nn.modules.dropout._DropoutNd | nn.RNNBase):
            module.eval()
    return part


def order(case: Case) -> str:
    """Whether the vectors of a permuted batch are permuted (N12)."""
    return _same_in(case, texts(), [[5, 3, 0, 4, 2, 1]], "in another order")


def padding(case: Case) -> str:
    """Whether more pads change nothing (N12)."""
    return _same_with_pads(case, texts(), 5, "with five more pads")


def mostly_pads(case: Case) -> str:
    """Whether a batch of which 99 % are pads has the same vectors (N9)."""
    return _same_with_pads(case, texts((1, 2)), 198, "in a batch of which 99 % are pads")


def one_step(case: Case) -> str:
    """Whether sequences of the least length, one step, have finite vectors (N1, N9)."""
    for fitted in case.fitted:
        require(bool(_vectors(fitted, texts((1, 1))).isfinite().all()), "the vector of a single step is not finite")
    return "finite for a single step"


def long(case: Case) -> str:
    """Whether a sequence of 2,000 steps beside one of a single step has a finite vector (N9)."""
    for fitted in case.fitted:
        found = _vectors(fitted, texts((1, 2000)))
        require(bool(found.isfinite().all()), "the vector of 2,000 steps is not finite")
    return "finite for 2,000 steps"


def zero_step(case: Case) -> str:
    """Whether a real step whose output is zero counts as a step: pads are known by the length alone (N11)."""
    for fitted in case.fitted:
        states = _states(fitted, texts((3, 5)))
        zero, nearly = states.outputs.clone(), states.outputs.clone()
        zero[:, 1], nearly[:, 1] = 0.0, 1e-7
        with torch.no_grad():
            change = largest(*(fitted.part(replace(states, outputs=outputs)) for outputs in (zero, nearly)))
        require(
            change <= 1e-5,
            f"a step of zeros is taken for a pad: vectors change by {change:.2g} when it is 1e-7 instead",
        )
    return "a step of zeros is a step"


def bound(case: Case) -> str:
    """Whether no coordinate is larger than the declared bound, with weights thirty times as large."""
    for fitted in case.fitted:
        limit = fitted.part.bound
        if limit is None:
            continue
        states = mapped(_states(fitted, texts()), lambda values: (30 * values).clamp(-1, 1))
        with torch.no_grad():
            most = float(fitted.part(states).abs().max())
        require(most <= limit + 1e-5, f"a coordinate is {most:.3g}, but the declared bound is {limit:g}")
    return "within the declared bound"


def zero_states(case: Case) -> str:
    """Whether states that are all zero have a finite vector and a finite gradient (N13)."""
    for fitted in case.fitted:
        states = mapped(_states(fitted, texts()), lambda values: torch.zeros_like(values).requires_grad_())
        found = fitted.part(states)
        require(bool(found.isfinite().all()), "the vector of states that are zero is not finite")
        found.sum().backward()
        for name in fitted.part.needs:
            gradient = getattr(states, name).grad
            finite = gradient is None or bool(gradient.isfinite().all())
            require(finite, f"the gradient of {name} is not finite where the states are zero")
    return "finite vector and gradient"


def denormals(case: Case) -> str:
    """Whether denormal states, and series with values of 1e30, have finite vectors (N15)."""
    for fitted in case.fitted:
        with torch.no_grad():
            tiny = fitted.part(mapped(_states(fitted, texts()), lambda values: values * 1e-40))
            shape = fitted.encoder.shape
            huge = encoder_of(shape.cell, shape.layers, shape.directions == 2, series=True)
            series = Sequences(torch.full((2, 4, CHANNELS), 1e30), torch.tensor([4, 4]))
            large = fitted.part(huge(series))
        require(bool(tiny.isfinite().all()), "the vector of denormal states is not finite")
        require(bool(large.isfinite().all()), "the vector of a series of values 1e30 is not finite")
    return "finite for denormal states and for values of 1e30"


def half(case: Case) -> str:
    """Whether vectors are finite under bfloat16 autocast, as in a training with `fit.precision: bf16` (N10)."""
    for fitted in case.fitted:
        states = _states(fitted, texts())
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            found = fitted.part(states)
        require(bool(found.isfinite().all()), "a vector is not finite under bfloat16 autocast")
    return "finite in bfloat16"


def dtype(case: Case) -> str:
    """Whether vectors have the type of the states: float32, and float64 after `.double()`."""
    for fitted in case.fitted:
        part = case.built(fitted.encoder.shape).double()
        states = _states(fitted, texts())
        with torch.no_grad():
            types = (fitted.part(states).dtype, part(mapped(states, Tensor.double)).dtype)
        require(
            types == (torch.float32, torch.float64),
            f"states of float32 and float64 give vectors of {types[0]} and {types[1]}",
        )
    return "vectors have the type of the states"


@torch.no_grad()
def _vectors(fitted: Fitted, sequences: Sequences) -> Tensor:
    return fitted.vectors(sequences)


@torch.no_grad()
def _states(fitted: Fitted, sequences: Sequences) -> States:
    found: States = fitted.encoder(sequences)
    return found


def _same_in(case: Case, whole: Sequences, batches: list[list[int]], where: str) -> str:
    """Compare the vectors of a batch with those of its rows in other batches."""
    worst = 0.0
    for fitted in case.fitted:
        expected = _vectors(fitted, whole)
        for rows in batches:
            worst = max(worst, largest(_vectors(fitted, rows_of(whole, rows)), expected[rows]))
    require(worst <= TOLERANCE, f"vectors differ {where} by {worst:.2g}, expected at most {TOLERANCE:g}")
    return f"equal to {worst:.1g} {where}"


def _same_with_pads(case: Case, sequences: Sequences, pads: int, where: str) -> str:
    worst = 0.0
    for fitted in case.fitted:
        with_pads = _vectors(fitted, widened(sequences, pads))
        worst = max(worst, largest(with_pads, _vectors(fitted, sequences)))
    require(worst <= TOLERANCE, f"vectors differ {where} by {worst:.2g}, expected at most {TOLERANCE:g}")
    return f"equal to {worst:.1g} {where}"
