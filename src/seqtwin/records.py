"""The records that data, model and training exchange. Axes: batch time dim layers directions hidden channels.

Each is frozen and checked when it is made. The checks are cheap; tests also check all shapes and types (jaxtyping and
beartype, enabled by `tests/conftest.py`).
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor


def real_steps(lengths: Tensor, width: int) -> Tensor:
    """Whether each step is real and not a pad: Bool[batch time]."""
    return torch.arange(width, device=lengths.device) < lengths[:, None]


@dataclass(frozen=True)
class Sequences:
    """A right-padded batch of token ids, or of series of vectors. Lengths are >= 1. Steps beyond a length are 0.

    With the axis `parts`, a token consists of its id and the ids of its letters.

    >>> Sequences(torch.tensor([[5, 6], [7, 0]]), torch.tensor([2, 1])).mask
    tensor([[ True,  True],
            [ True, False]])
    """

    values: Int[Tensor, "batch time"] | Int[Tensor, "batch time parts"] | Float[Tensor, "batch time channels"]
    lengths: Int[Tensor, " batch"]

    def __post_init__(self) -> None:
        batch, time = self.values.shape[:2]
        if self.lengths.shape != (batch,):
            raise ValueError(f"lengths: expected shape ({batch},), got {tuple(self.lengths.shape)}")
        low, high = map(int, self.lengths.aminmax()) if batch else (1, time)
        if not (low >= 1 and high <= time):
            raise ValueError(f"lengths: expected 1 to {time} (the width), got {low} to {high}")

    def __len__(self) -> int:
        return self.values.shape[0]

    @property
    def mask(self) -> Tensor:
        """Whether each step belongs to its sequence: Bool[batch time]."""
        return real_steps(self.lengths, self.values.shape[1])

    def to(self, device: torch.device) -> "Sequences":
        """The same batch on another device."""
        return Sequences(self.values.to(device), self.lengths.to(device))


@dataclass(frozen=True)
class PairBatch:
    """Two batches of sequences, one pair per row. `target`: in [0, 1], 1 = same. `rows`: of each pair in its data."""

    left: Sequences
    right: Sequences
    target: Float[Tensor, " batch"]
    rows: Int[Tensor, " batch"]

    def __post_init__(self) -> None:
        sizes = {len(self.left), len(self.right), len(self.target), len(self.rows)}
        if len(sizes) > 1:
            raise ValueError(
                f"a pair batch needs equal numbers of lefts, rights, targets and rows; got {sorted(sizes)}"
            )
        if len(self.target) and not (float(self.target.min()) >= 0 and float(self.target.max()) <= 1):
            low, high = float(self.target.min()), float(self.target.max())
            raise ValueError(f"target: expected values in [0, 1], got {low:g} to {high:g}")

    def __len__(self) -> int:
        return len(self.target)

    def to(self, device: torch.device) -> "PairBatch":
        """The same batch on another device."""
        left, right = self.left.to(device), self.right.to(device)
        return PairBatch(left, right, self.target.to(device), self.rows.to(device))


@dataclass(frozen=True)
class LabelledBatch:
    """Sequences with their classes: one per sequence, or one per step (those of row 0, then those of row 1, ...)."""

    sequences: Sequences
    target: Int[Tensor, " labels"]
    rows: Int[Tensor, " batch"]

    def __post_init__(self) -> None:
        batch, steps = len(self.sequences), int(self.sequences.lengths.sum())
        if len(self.rows) != batch or len(self.target) not in (batch, steps):
            raise ValueError(f"expected {batch} labels, or {steps} with one per step; got {len(self.target)}")

    def __len__(self) -> int:
        return len(self.sequences)

    def to(self, device: torch.device) -> "LabelledBatch":
        """The same batch on another device."""
        return LabelledBatch(self.sequences.to(device), self.target.to(device), self.rows.to(device))


@dataclass(frozen=True)
class DecodeBatch:
    """Sequences and the expected text of each (`written`): token ids that end with the end token."""

    sequences: Sequences
    written: Sequences
    rows: Int[Tensor, " batch"]

    def __post_init__(self) -> None:
        sizes = {len(self.sequences), len(self.written), len(self.rows)}
        if len(sizes) > 1:
            raise ValueError(f"a decode batch needs equal numbers of sequences, texts and rows; got {sorted(sizes)}")

    def __len__(self) -> int:
        return len(self.sequences)

    @property
    def target(self) -> Int[Tensor, " steps"]:
        """The tokens of the expected texts, row by row: Int[steps]."""
        return self.written.values[self.written.mask]

    def to(self, device: torch.device) -> "DecodeBatch":
        """The same batch on another device."""
        return DecodeBatch(self.sequences.to(device), self.written.to(device), self.rows.to(device))


@dataclass(frozen=True)
class TaughtBatch:
    """Sequences with the vector of a teacher for each: `target`."""

    sequences: Sequences
    target: Float[Tensor, "batch width"]
    rows: Int[Tensor, " batch"]

    def __post_init__(self) -> None:
        sizes = {len(self.sequences), len(self.target), len(self.rows)}
        if len(sizes) > 1 or self.target.dim() != 2:
            shape = tuple(self.target.shape)
            raise ValueError(f"a taught batch needs one vector and one row per sequence; got {sorted(sizes)}, {shape}")

    def __len__(self) -> int:
        return len(self.sequences)

    def to(self, device: torch.device) -> "TaughtBatch":
        """The same batch on another device."""
        return TaughtBatch(self.sequences.to(device), self.target.to(device), self.rows.to(device))


@dataclass(frozen=True)
class Imitated:
    """The vectors of a batch, and the same vectors mapped to the space of a teacher."""

    vectors: Float[Tensor, "batch dim"]
    mapped: Float[Tensor, "batch width"]

    def __post_init__(self) -> None:
        if self.vectors.dim() != 2 or self.mapped.dim() != 2 or len(self.vectors) != len(self.mapped):
            shapes = f"vectors {tuple(self.vectors.shape)}, mapped {tuple(self.mapped.shape)}"
            raise ValueError(f"imitated: expected [batch dim] and [batch width]; got {shapes}")


@dataclass(frozen=True)
class States:
    """The states of an encoder. Outputs beyond a length are 0.

    The backward half of `outputs[:, t]` is the backward state at step t. `cell` is None unless the recurrent cell has
    a memory. With an LSTM with a projection, `hidden` and the outputs have the width of the projection.
    """

    outputs: Float[Tensor, "batch time width"]
    hidden: Float[Tensor, "batch layers directions hidden"]
    cell: Float[Tensor, "batch layers directions memory"] | None
    lengths: Int[Tensor, " batch"]

    def __post_init__(self) -> None:
        batch, _, width = self.outputs.shape
        directions, hidden = self.hidden.shape[2:]
        if self.hidden.shape[0] != batch or width != directions * hidden or self.lengths.shape != (batch,):
            shapes = f"outputs {tuple(self.outputs.shape)}, hidden {tuple(self.hidden.shape)}"
            raise ValueError(
                f"states: expected [batch time D*H] with [batch layers D H] and batch lengths; got {shapes}"
            )

    @property
    def mask(self) -> Tensor:
        """Whether each step is real and not a pad: Bool[batch time]."""
        return real_steps(self.lengths, self.outputs.shape[1])


@dataclass(frozen=True)
class Compared:
    """The two vectors of each pair and their similarity. score = similarity(left, right)."""

    left: Float[Tensor, "batch dim"]
    right: Float[Tensor, "batch dim"]
    score: Float[Tensor, " batch"]

    def __post_init__(self) -> None:
        if self.left.shape != self.right.shape or self.score.shape != self.left.shape[:1]:
            shapes = f"left {tuple(self.left.shape)}, right {tuple(self.right.shape)}, score {tuple(self.score.shape)}"
            raise ValueError(f"compared: expected two [batch dim] and one [batch]; got {shapes}")
