"""What a dissection found: plain arrays and checked statements. Axes: time directions layers hidden; T = time."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

SHOWN = 24  # steps drawn of a long text, half of them from each end


@dataclass(frozen=True)
class Body:
    """The recurrent part of an encoder. `width`: of a state h; `memory`: of a cell state, 0 without one."""

    cell: str
    layers: int
    directions: int
    width: int
    memory: int
    padding: str

    @property
    def words(self) -> str:
        """The same as running text.

        >>> Body("lstm", 2, 2, 64, 64, "masked").words
        'bidirectional LSTM, 2 layers, 64 wide'
        """
        many = "bidirectional" if self.directions == 2 else "one-directional"
        layers = f"{self.layers} layer" + ("s" if self.layers > 1 else "")
        return f"{many} {self.cell.upper()}, {layers}, {self.width} wide"


@dataclass(frozen=True)
class Statement:
    """A claim about two tensors, held against them. `difference`: the largest found, None where shapes differ.

    `by_construction`: whether it must hold for every text of this length; `code`: two lines that check it, with the
    names of `PREAMBLE`; `of_batch`: they need a batch of two texts to say anything.
    """

    key: str
    claim: str
    equal: bool
    by_construction: bool
    difference: float | None
    why: str
    code: tuple[str, str]
    of_batch: bool = False


@dataclass(frozen=True)
class Part:
    """Something that one way of running the encoder gives. `change`: largest difference to the text read alone."""

    name: str
    change: float
    changed: bool


@dataclass(frozen=True)
class Companion:
    """The same text run beside a longer one. `outputs`: Float[time+pads directions width]; `code`: how it is run."""

    key: str
    name: str
    outputs: np.ndarray
    parts: tuple[Part, ...]
    code: tuple[str, str]

    @property
    def changed(self) -> bool:
        """Whether anything changes but the last column, which for a shorter text is a pad in every padded batch."""
        return any(part.changed for part in self.parts[:-1])


@dataclass(frozen=True)
class Shape:
    """A tensor of PyTorch's, its axes by name, its sizes with and without `batch_first`, and what it holds."""

    name: str
    axes: str
    first: tuple[int, ...]
    second: tuple[int, ...]
    note: str


@dataclass(frozen=True)
class Reading:
    """A representation on this text. What it reads is measured: the share of its gradient that falls on each state.

    `outputs`: Float[time directions]; `hidden`, `cell`: Float[layers directions]; together 1. `own`: the encoder's.
    `difference`: to final_hidden, None for another width. `drawn`: it has weights that were drawn for this page.
    """

    name: str
    formula: str
    words: str
    outputs: np.ndarray
    hidden: np.ndarray
    cell: np.ndarray
    width: int
    first: tuple[float, ...]
    difference: float | None
    equal: bool
    own: bool
    drawn: bool


@dataclass(frozen=True)
class Anatomy:
    """One text in one encoder. `steps`: its tokens; `unknown`: which of them the vocabulary lacks.

    `outputs`: Float[time directions width] of the top layer; `hidden`: Float[layers directions width]; `cell`:
    Float[layers directions memory] or None. `read`: Int[shown directions], the tokens a state has read, at the steps
    `shown`. `companions`: what padding and packing change.
    """

    source: str
    text: str
    unit: str
    body: Body
    steps: tuple[str, ...]
    unknown: tuple[int, ...]
    outputs: np.ndarray
    hidden: np.ndarray
    cell: np.ndarray | None
    shown: tuple[int, ...]
    read: np.ndarray
    statements: tuple[Statement, ...]
    companions: tuple[Companion, ...]
    shapes: tuple[Shape, ...]
    readings: tuple[Reading, ...]

    def __post_init__(self) -> None:
        time, directions, width = self.outputs.shape
        sizes = (self.body.layers, directions, width)
        if len(self.steps) != time or self.hidden.shape != sizes or self.read.shape != (len(self.shown), directions):
            raise ValueError(f"an anatomy of {len(self.steps)} steps does not fit outputs {self.outputs.shape}")

    @property
    def time(self) -> int:
        """The number of steps, T."""
        return len(self.steps)

    @property
    def scale(self) -> float:
        """The end of the scale that outputs are drawn on: few lie beyond it, so that the others can be told apart."""
        return float(np.quantile(np.abs(self.outputs[list(self.shown)]), 0.96)) or 1.0

    def statement(self, key: str) -> Statement:
        """The statement of a key. Raises: KeyError."""
        found = {one.key: one for one in self.statements}
        return found[key]

    def companion(self, key: str) -> Companion:
        """The companion of a key. Raises: KeyError."""
        found = {one.key: one for one in self.companions}
        return found[key]

    def read_at(self, step: int, direction: int) -> int:
        """How many tokens the state of a direction at a shown step has read."""
        return int(self.read[self.shown.index(step), direction])

    def as_dict(self) -> dict[str, Any]:
        """The same for machines; of a long text the steps in `shown` alone, counted from 0."""
        rows = list(self.shown)
        plain: dict[str, Any] = _plain(asdict(self))
        steps = {"outputs": _plain(self.outputs[rows]), "steps": [self.steps[row] for row in rows], "time": self.time}
        for reading, found in zip(plain["readings"], self.readings, strict=True):
            reading["outputs"] = _plain(found.outputs[rows])
        for companion in plain["companions"]:
            del companion["outputs"]
        return {**plain, **steps}


def ends(time: int, most: int) -> tuple[int, ...]:
    """The steps that are drawn, counted from 0: all, or half from each end.

    >>> ends(3, 6), ends(9, 4)
    ((0, 1, 2), (0, 1, 7, 8))
    """
    if time <= most:
        return tuple(range(time))
    head = most // 2
    return (*range(head), *range(time - most + head, time))


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(one) for one in value]
    return value
