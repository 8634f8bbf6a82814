"""The record of a dissection: plain arrays and checked statements. Axes: time, directions, layers, hidden units."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

SHOWN = 24  # steps drawn of a long text, half from each end


@dataclass(frozen=True)
class Body:
    """The recurrent part of an encoder. `width`: width of a state h; `memory`: width of a cell state, or 0."""

    cell: str
    layers: int
    directions: int
    width: int
    memory: int
    padding: str

    @property
    def words(self) -> str:
        """The recurrent part in words.

        >>> Body("lstm", 2, 2, 64, 64, "masked").words
        'bidirectional LSTM, 2 layers, 64 wide'
        """
        many = "bidirectional" if self.directions == 2 else "one-directional"
        layers = f"{self.layers} layer" + ("s" if self.layers > 1 else "")
        return f"{many} {self.cell.upper()}, {layers}, {self.width} wide"


@dataclass(frozen=True)
class Statement:
    """A claim that two tensors are equal, checked on them.

    `difference`: the largest one, None if the shapes differ. `by_construction`: the claim is true for every text of
    this length. `code`: two lines that check it, with the names of `PREAMBLE`. `of_batch`: the check needs a batch of
    two texts.
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
    """A part of the result of one way to run the encoder. `change`: largest difference to the text run alone."""

    name: str
    change: float
    changed: bool


@dataclass(frozen=True)
class Companion:
    """The same text in a batch with a longer one. `outputs`: Float[time+pads directions width]; `code`: the call."""

    key: str
    name: str
    outputs: np.ndarray
    parts: tuple[Part, ...]
    code: tuple[str, str]

    @property
    def changed(self) -> bool:
        """Whether anything but the last column changes; in a padded batch that column is a pad for a shorter text."""
        return any(part.changed for part in self.parts[:-1])


@dataclass(frozen=True)
class Shape:
    """A tensor of PyTorch: names of its axes, sizes with and without `batch_first`, and what it contains."""

    name: str
    axes: str
    first: tuple[int, ...]
    second: tuple[int, ...]
    note: str


@dataclass(frozen=True)
class Reading:
    """A representation of this text, and the share of its gradient that falls on each state.

    `outputs`: Float[time directions]; `hidden`, `cell`: Float[layers directions]; all shares sum to 1. `own`: it is the
    representation of the encoder. `difference`: to final_hidden, None if the widths differ. `drawn`: it has random
    weights, drawn for this page.
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
    """One text in one encoder. `steps`: its tokens; `unknown`: the steps whose token is not in the vocabulary.

    `outputs`: Float[time directions width] of the top layer; `hidden`: Float[layers directions width]; `cell`:
    Float[layers directions memory] or None. `read`: Int[shown directions], the number of tokens a state has read, at
    the steps `shown`. `companions`: the effect of padding and packing.
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
        """The end of the colour scale: the 96 % quantile, since a scale to the maximum would hide small differences."""
        return float(np.quantile(np.abs(self.outputs[list(self.shown)]), 0.96)) or 1.0

    def statement(self, key: str) -> Statement:
        """The statement with a key. Raises: KeyError."""
        return {statement.key: statement for statement in self.statements}[key]

    def companion(self, key: str) -> Companion:
        """The companion with a key. Raises: KeyError."""
        return {companion.key: companion for companion in self.companions}[key]

    def read_at(self, step: int, direction: int) -> int:
        """The number of tokens that the state of a direction has read at a shown step."""
        return int(self.read[self.shown.index(step), direction])

    def as_dict(self) -> dict[str, object]:
        """The anatomy as JSON values; of a long text only the steps in `shown`, counted from 0."""
        rows = list(self.shown)
        companions = [asdict(companion) for companion in self.companions]
        for companion in companions:
            del companion["outputs"]
        fields = asdict(self) | {
            "readings": [asdict(reading) | {"outputs": reading.outputs[rows]} for reading in self.readings],
            "companions": companions,
            "outputs": self.outputs[rows],
            "steps": [self.steps[row] for row in rows],
            "time": self.time,
        }
        return {name: _plain(value) for name, value in fields.items()}


def ends(time: int, most: int) -> tuple[int, ...]:
    """The steps that are drawn, counted from 0: all of them, or half from each end.

    >>> ends(3, 6), ends(9, 4)
    ((0, 1, 2), (0, 1, 7, 8))
    """
    if time <= most:
        return tuple(range(time))
    head = most // 2
    return (*range(head), *range(time - most + head, time))


def _plain(value: object) -> object:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(one) for one in value]
    return value
