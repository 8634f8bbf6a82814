"""Figures that were asked for: printed, and written to reports/validation for the page of evidence."""

import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from figures import show

from seqtwin.files import dump_json, publish_text

FOLDER = Path(__file__).parent.parent / "reports" / "validation"


@dataclass(frozen=True)
class Figure:
    """One line of evidence: what was asked, what was measured, whether it holds."""

    name: str
    asked: str
    measured: float
    holds: bool
    command: str
    seconds: float


class Validation:
    """Collects the figures of one benchmark; `close` writes them and says by the exit code whether all hold."""

    def __init__(self, name: str) -> None:
        self._name, self._start = name, time.perf_counter()
        self._figures: list[Figure] = []

    def add(self, name: str, measured: float, asked: str, holds: bool) -> None:
        """Print and keep one figure; seconds count from the start of the benchmark."""
        show(name, measured, asked, holds)
        seconds, command = round(time.perf_counter() - self._start, 1), f"python benchmarks/{self._name}.py"
        self._figures.append(Figure(name, asked, float(f"{measured:.6g}"), bool(holds), command, seconds))

    def close(self) -> None:
        """Write reports/validation/<name>.json; exit code 1 when a figure does not hold."""
        publish_text(FOLDER / f"{self._name}.json", dump_json([asdict(figure) for figure in self._figures]))
        sys.exit(not all(figure.holds for figure in self._figures))
