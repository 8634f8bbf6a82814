"""`quick.json`: the plan of a quick study, what was measured for it, and how far its rounds came."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from typing_extensions import NotRequired, TypedDict

from seqtwin.cards import read_sealed
from seqtwin.guards.shapes import check_shape
from seqtwin.quick_budget import StoppedPairing
from seqtwin.study.quick_plan import Cost, Plan

PLAN = "quick.json"


@dataclass(frozen=True)
class Raced:
    """The outcome of the rounds: the pairings that are left, best first, those that were stopped, and what it took.

    `epoch_seconds`: mean seconds of an epoch in the last round; None without rounds. `latest`: the last round of those
    that are left, as if they had been stopped after it.
    """

    left: list[str]
    stopped: list[StoppedPairing] = field(default_factory=list)
    trainings: int = 0
    steps: int = 0
    epoch_seconds: float | None = None
    latest: dict[str, StoppedPairing] = field(default_factory=dict)


class QuickFile(TypedDict):
    """The content of `quick.json`. `last`: pairings, seeds and epochs of the study cells."""

    key: str
    tune: bool
    cost: Cost
    plan: Plan
    raced: NotRequired[Raced]
    last: NotRequired[tuple[int, int, int]]


def read_quick_file(path: Path) -> dict[str, Any]:
    """The content of `quick.json` as plain values. Raises: DamagedError."""
    saved = read_sealed(path)
    check_shape(saved, QuickFile, path, QuickFile.__required_keys__)
    return saved
