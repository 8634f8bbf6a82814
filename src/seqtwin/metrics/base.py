"""The better end of the scale of a metric and its chance level, and the error of a metric without a value."""

from dataclasses import dataclass
from typing import Literal


class Undefined(ValueError):  # noqa: N818 - not a fault: the honest value of a metric
    """A metric has no value for these numbers. `reason`: why."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True)
class Direction:
    """`better`: the better end of the scale; `neither` where only the middle is good.

    `chance`: the value for scores without information; None where it depends on the data (the share of the largest
    class, or of same pairs). `meaning`: a value in everyday words, with {share} in per cent and {judged}.
    """

    better: Literal["higher", "lower", "neither"]
    chance: float | None = None
    meaning: str = ""


HIGHER, LOWER, NEITHER = Direction("higher"), Direction("lower"), Direction("neither")
CORRELATION = Direction("higher", chance=0.0)
CORRECT = Direction("higher", meaning="of 100 {judged}, {share} get the right class")
