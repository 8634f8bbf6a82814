"""The budget of a quick study as study.json has it: what was allowed, what it was spent on, what was stopped early."""

from typing_extensions import TypedDict


class StoppedPairing(TypedDict):
    """A pairing that a quick study stopped early. `labels`: its factors; `dev`: its best metric on dev, None where it
    failed; `round`: the number of the round after which it was stopped; `epochs`: those of that round."""

    labels: dict[str, str]
    dev: float | None
    round: int
    epochs: int


class QuickBudget(TypedDict):
    """The entry `quick` of study.json: the minutes allowed and spent, and what they were spent on.

    `minutes`, `spent`: of all calls, where a study was continued. `trainings`, `steps`: of the rounds and of the study
    cells together; `rows`: training rows used, `of_rows` in all; `metric`: that of the rounds; `stopped`: the pairings
    that were stopped early, with 0 epochs where no training finished; `time_up`: study cells are missing.
    """

    minutes: float
    spent: float
    processes: int
    trainings: int
    steps: int
    epochs: int
    rows: int
    of_rows: int
    metric: str
    stopped: list[StoppedPairing]
    time_up: bool
