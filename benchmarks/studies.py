"""Runs a study and reads its published results. Each call trains again, because a benchmark must measure."""

import datetime
import json
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

import seqtwin

HERE = Path(__file__).parent
RUNS = HERE.parent / "runs" / "bench"


@dataclass(frozen=True)
class Cell:
    """The published results of one study cell: its factors, its seed and its test scores."""

    factors: dict[str, Any]
    test: dict[str, float]

    @property
    def pairing(self) -> str:
        """`mean_output x mse`"""
        return f"{self.factors['representation']} x {self.factors['loss']}"


def run(name: str) -> Path:
    """Run the study `benchmarks/<name>.yaml` in a new folder, with one process per core."""
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%S")
    folder = RUNS / f"{name}-{now}"
    seqtwin.compare(HERE / f"{name}.yaml", folder)
    print(f"       report: {folder.relative_to(HERE.parent) / 'report' / 'index.html'}")
    return folder


def read(path: Path) -> Any:
    """The content of a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


def cells(folder: Path) -> list[Cell]:
    """Every finished cell of a study, by id."""
    found = []
    for path in sorted(folder.glob("cells/*")):
        manifest = read(path / "manifest.json")
        if manifest["status"] == "finished":
            found.append(Cell(manifest["factors"], read(path / "scores.json")["test"]))
    return found


def means(found: list[Cell], metric: str) -> dict[str, float]:
    """The mean of a test metric over the seeds of each pairing."""
    pairings = dict.fromkeys(cell.pairing for cell in found)
    return {p: mean(cell.test[metric] for cell in found if cell.pairing == p) for p in pairings}


def floors(folder: Path, metric: str) -> dict[str, float]:
    """The test metric of each simple method that does not train."""
    by_data = read(folder / "study.json")["floors"]
    tests = {name: floor["test"] for floor_of in by_data.values() for name, floor in floor_of.items()}
    return {name: test[metric] for name, test in tests.items() if metric in test}
