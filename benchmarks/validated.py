"""Figures with a requirement: printed, saved in experiments/validation, listed on the page reports/validation.

`python benchmarks/validated.py` writes the page again from the saved figures.
"""

import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from figures import show

from seqtwin.files import dump_json, publish_text

ROOT = Path(__file__).parent.parent
KEPT, PAGE = ROOT / "experiments" / "validation", ROOT / "reports" / "validation" / "README.md"


@dataclass(frozen=True)
class Figure:
    """One figure: its requirement (`asked`), the measured value, and whether it meets the requirement."""

    name: str
    asked: str
    measured: float
    holds: bool
    command: str
    seconds: float


class Validation:
    """Collects the figures of one benchmark. `close` writes them and exits with 0 if all meet their requirements."""

    def __init__(self, name: str) -> None:
        self._name, self._start = name, time.perf_counter()
        self._figures: list[Figure] = []

    def add(self, name: str, measured: float, asked: str, holds: bool) -> None:
        """Print and collect one figure. Seconds count from the start of the benchmark."""
        show(name, measured, asked, holds)
        seconds, command = round(time.perf_counter() - self._start, 1), f"python benchmarks/{self._name}.py"
        self._figures.append(Figure(name, asked, float(f"{measured:.6g}"), bool(holds), command, seconds))

    def close(self) -> None:
        """Write experiments/validation/<name>.json and the page. Exits with 1 if a figure misses its requirement."""
        publish_text(KEPT / f"{self._name}.json", dump_json([asdict(figure) for figure in self._figures]))
        publish_text(PAGE, overview(KEPT))
        sys.exit(not all(figure.holds for figure in self._figures))


HEAD = """# Does the protocol keep what it promises?

Checks on data whose truth is known, each made by a command of this repository (`make validation` runs all of them, on
one thread) and written by it ([figures](../../experiments/validation)), this page too. Asked is what was set down
before anything was built.

| figure | asked | measured | holds | command |
| --- | --- | ---: | --- | --- |
"""


def overview(folder: Path) -> str:
    """The page of all figures measured so far."""
    rows = [row for path in sorted(folder.glob("*.json")) for row in json.loads(path.read_text(encoding="utf-8"))]
    return HEAD + "".join(
        f"| {row['name']} | {row['asked']} | {row['measured']:.4g} | {'yes' if row['holds'] else '**no**'} "
        f"| `{row['command']}` |\n"
        for row in rows
    )


if __name__ == "__main__":
    publish_text(PAGE, overview(KEPT))
