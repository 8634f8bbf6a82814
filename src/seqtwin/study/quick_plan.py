"""The plan of a quick study: which trainings a number of seconds allows. Pure arithmetic on measured costs.

Every pairing is trained in rounds of successive halving, the survivors with several seeds. Whatever fits is decided in
this order: everything in full; fewer pairings with the steps of the config; fewer rows; fewer epochs.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from seqtwin.data.sample_rows import FEWEST_JUDGED, JUDGED_SHARE
from seqtwin.data.starter_choices import FEWEST_STEPS, MOST_EPOCHS

FEWEST_SEEDS, WANTED_SEEDS = 2, 3  # one says nothing about the spread, two say little
WANTED_PAIRINGS = 3
WORTH = 0.8  # fewer rows are only worth it if they save a fifth of the steps
SAFETY = 1.15  # a training takes longer next to another one than the steps measured before


@dataclass(frozen=True)
class Cost:
    """The seconds of a training: for one step, for measuring dev after an epoch, and for all else in a study cell.

    `start`: seconds in which a process starts; `rows`, `batch`, `epochs`: of the config.
    """

    step: float
    dev: float
    rest: float
    start: float
    rows: int
    batch: int
    epochs: int

    @property
    def steps(self) -> int:
        """The steps of one training in full."""
        return self.epochs * math.ceil(self.rows / self.batch)

    def training(self, share: float = 1.0) -> float:
        """Seconds of a training with this share of the epochs, without the evaluation of a study cell."""
        epochs = epochs_of(self.epochs, share)
        return SAFETY * (epochs * math.ceil(self.rows / self.batch) * self.step + (epochs + 1) * self.dev)

    def cell(self) -> float:
        """Seconds of a study cell."""
        return self.training() + SAFETY * self.rest


def epochs_of(epochs: int, share: float) -> int:
    """The epochs of a round: at least one.

    >>> epochs_of(30, 0.25), epochs_of(2, 0.25)
    (8, 1)
    """
    return max(1, math.ceil(epochs * share))


@dataclass(frozen=True)
class Round:
    """A round: this many pairings are trained with a share of their epochs."""

    pairings: int
    share: float


@dataclass(frozen=True)
class Plan:
    """The trainings of a quick study. `rows`: training rows of the sample, None for all; `epochs`: of the config or
    fewer; `rounds`: empty where every pairing is trained in full; `pairings`, `seeds`: of the study cells."""

    rows: int | None
    epochs: int
    rounds: tuple[Round, ...]
    pairings: int
    seeds: int

    @property
    def trainings(self) -> int:
        """The number of trainings in all."""
        return sum(one.pairings for one in self.rounds) + self.pairings * self.seeds


def make_plan(cost: Cost, pairings: int, seeds: int, seconds: float, processes: int = 1) -> Plan:
    """The best plan that fits into these seconds of all processes together, or the smallest one if none fits.

    All rows and epochs come first, then three seeds or more of three pairings or more, then more seeds.

    `pairings`, `seeds`: of the whole study.

    >>> make_plan(Cost(0.1, 0, 0, 0, rows=640, batch=64, epochs=10), pairings=4, seeds=5, seconds=1000).trainings
    20
    """
    smallest = Plan(None, cost.epochs, (), min(pairings, 2), min(seeds, 2))
    for rows, size in _sizes(cost):
        if pairings * seeds * size.cell() + size.start * processes <= seconds:
            return Plan(rows, size.epochs, (), pairings, seeds)
        plans = [_halving(rows, size, pairings, kept, count) for kept, count in _ends(pairings, seeds)]
        fitting = [plan for plan in plans if seconds_of(plan, size, processes) <= seconds]
        if fitting:
            return max(fitting, key=_worth)
        smallest = _halving(rows, size, pairings, min(pairings, 2), min(seeds, 2))
    return smallest


def _worth(plan: Plan) -> tuple[int, int, int, int]:
    return min(plan.seeds, WANTED_SEEDS), min(plan.pairings, WANTED_PAIRINGS), plan.seeds, plan.pairings


def _ends(pairings: int, seeds: int) -> list[tuple[int, int]]:
    """How many pairings may be left, and with how many seeds."""
    fewest = min(2, pairings)
    kept = range(fewest, max(fewest, -(-pairings // 2)) + 1)
    return [(pairing, count) for pairing in kept for count in range(min(FEWEST_SEEDS, seeds), seeds + 1)]


def _sizes(cost: Cost) -> Iterator[tuple[int | None, Cost]]:
    """The sizes of a training, largest first: all rows, half of them while that saves steps, then fewer epochs."""
    rows, size = None, cost
    yield rows, size
    while (smaller := _half(size, cost)).steps < WORTH * size.steps:
        rows, size = smaller.rows, smaller
        yield rows, size
    while size.epochs > 1:
        size = replace(size, epochs=size.epochs * 2 // 3)
        yield rows, size


def _half(size: Cost, cost: Cost) -> Cost:
    """Half of the rows, with the epochs of the config or more: about 1,000 steps at least."""
    rows = max(1, size.rows // 2)
    epochs = math.ceil(FEWEST_STEPS / math.ceil(rows / cost.batch))
    dev = size.dev if cost.rows < 2 * FEWEST_JUDGED * JUDGED_SHARE else size.dev / 2
    return replace(size, rows=rows, epochs=max(cost.epochs, min(epochs, MOST_EPOCHS)), dev=dev)


def _halving(rows: int | None, size: Cost, pairings: int, kept: int, seeds: int) -> Plan:
    return Plan(rows, size.epochs, tuple(_longer(rounds_to(pairings, kept), size.epochs)), kept, seeds)


def _longer(rounds: list[Round], epochs: int) -> list[Round]:
    """The rounds without those that have no more epochs than the one before: they would train the same again."""
    counts = [0, *(epochs_of(epochs, one.share) for one in rounds)]
    return [one for place, one in enumerate(rounds) if counts[place + 1] > counts[place]]


def rounds_to(pairings: int, kept: int) -> list[Round]:
    """The rounds that halve the pairings until few enough are left. The last one has half of the epochs.

    >>> rounds_to(10, 3)
    [Round(pairings=10, share=0.25), Round(pairings=5, share=0.5)]
    """
    sizes = []
    while pairings > kept:
        sizes.append(pairings)
        pairings = max(kept, -(-pairings // 2))
    return [Round(size, 0.5 ** (len(sizes) - place)) for place, size in enumerate(sizes)]


def seconds_of(plan: Plan, size: Cost, processes: int) -> float:
    """Seconds of all processes together that a plan takes, with the start of the processes for each round."""
    start = size.start * processes * (len(plan.rounds) + 1)
    rounds = sum(one.pairings * size.training(one.share) for one in plan.rounds)
    return start + rounds + plan.pairings * plan.seeds * size.cell()


def last_stage(plan: Plan, epoch: float, rest: float, seconds: float, processes: int) -> Plan:
    """The plan with the pairings, seeds and epochs of its study cells that fit into the seconds that are left.

    Seeds and pairings are reduced first, to two of each; then the epochs; a single seed is the last resort. `epoch`:
    measured seconds of an epoch; `rest`: of a study cell without its epochs; `seconds`: of each process.

    >>> plan = Plan(None, 10, (Round(4, 0.5),), pairings=2, seeds=5)
    >>> after = last_stage(plan, epoch=1.0, rest=0, seconds=30, processes=2)
    >>> (after.pairings, after.seeds, after.epochs)
    (2, 3, 10)
    >>> last_stage(plan, epoch=1.0, rest=0, seconds=10, processes=2).epochs
    5
    """
    cell = plan.epochs * epoch + rest
    fewest = min(FEWEST_SEEDS, plan.seeds)
    ends = [
        replace(plan, pairings=pairings, seeds=seeds)
        for pairings in range(min(2, plan.pairings), plan.pairings + 1)
        for seeds in range(fewest, plan.seeds + 1)
        if _turns(pairings * seeds, processes) * cell <= seconds
    ]
    if ends:
        return max(ends, key=_worth)
    pairings = min(2, plan.pairings)
    two, one = (int((seconds / _turns(pairings * seeds, processes) - rest) / epoch) for seeds in (fewest, 1))
    seeds, epochs = (fewest, two) if two >= 1 else (1, one)
    return replace(plan, pairings=pairings, seeds=seeds, epochs=max(1, min(plan.epochs, epochs)))


def _turns(cells: int, processes: int) -> int:
    """How many study cells each process trains, one after the other."""
    return math.ceil(cells / processes)


def plan_line(plan: Plan, cost: Cost, minutes: float, processes: int) -> str:
    """A plan in one line, as it is stated before training."""
    parts = [f"{one.pairings} pairings for {_epochs(epochs_of(plan.epochs, one.share))}" for one in plan.rounds]
    last = f"{plan.pairings} pairings x {plan.seeds} seeds of {_epochs(plan.epochs)}"
    parts.append(f"then {last}" if parts else f"all {last}")
    rows = "" if plan.rows is None else f" on {plan.rows:,} of {cost.rows:,} training rows"
    workers = f"{processes} process{'es' if processes > 1 else ''}"
    allowed = f"{minutes:g} minute{'s' if minutes != 1 else ''}"
    return f"budget: {allowed} on {workers}, at most {plan.trainings} trainings{rows}: {', '.join(parts)}"


def _epochs(count: int) -> str:
    return f"{count} epoch{'s' if count > 1 else ''}"
