"""Which view of an RNN's states, with which loss? Twelve data sets, eight representations, four losses, ten seeds.

    python benchmarks/answer.py pilot                   the pilots, with a seed of their own (then answer_pilot.py)
    python benchmarks/answer.py run two|one [SET ...]   the studies of experiments/answer, seed after seed

A run that ends early has all pairings of all data sets for the first seeds. Running it again continues. Data sets can
be named, to train the others in another process. The pairings of a seed train as stacks where they can.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from seqtwin.config import StudyConfig, parse_study, read_study
from seqtwin.config.read import study_of
from seqtwin.files import driver_lock
from seqtwin.run.prepare import DataSets
from seqtwin.study.compare import CELLS, check_cells, compare
from seqtwin.study.grid import StudyCell, expand_grid
from seqtwin.study.stacks import run_stacks
from seqtwin.study.study_json import declare
from seqtwin.study.tiers import seeds_of
from seqtwin.study.worker_pool import run_all

ROOT = Path(__file__).parent.parent
HOME, RUNS = ROOT / "experiments" / "answer", ROOT / "runs" / "answer"
SETS = tuple(sorted(path.stem for path in (HOME / "sets").glob("*.yaml")))
SYNTHETIC = ("bag", "middle")
DIRECTIONS = ("two", "one")
RATES = [0.001, 0.003, 0.01]
PILOT_SEED = 10_000  # the seed of tuning; no study uses it
LOSSES: list[object] = ["mse", {"name": "contrastive", "distance": "cosine", "margin": "auto"}, "cosent", "in_batch"]


def pilot_study(name: str) -> StudyConfig:
    """Every loss with every learning rate, for a final state and a pooled output, with one seed."""
    grid = {"fit.lr": RATES, "representation": ["final_hidden", "max_output"], "loss": LOSSES}
    raw = {"base": str(HOME / "sets" / f"{name}.yaml"), "tier": "quick", "tune": False, "seeds": [PILOT_SEED]}
    return read_study_of({**raw, "grid": grid, "allow_leakage": "official splits; dev alone decides"})


def read_study_of(raw: dict[str, object]) -> StudyConfig:
    """The study of a raw config whose base is a file."""
    return parse_study(study_of(raw, HOME))


def pilot() -> None:
    """Train the pilots of all data sets."""
    for name in SETS:
        done = compare(pilot_study(name), RUNS / "pilot" / name, jobs=1)
        print(f"{name}: {len(done.trained)} trained, {len(done.failed)} failed", flush=True)


def turns(direction: str, names: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Seed after seed, and within each seed one data set after the other."""
    seeds = seeds_of(read_study(HOME / direction / f"{SETS[0]}.yaml"))
    order = sorted(names or SETS, key=lambda name: name in SYNTHETIC)
    return ((seed, name) for seed in seeds for name in order)


def run(direction: str, names: Sequence[str]) -> None:
    """Train what is missing."""
    data = {name: DataSets() for name in SETS}
    for seed, name in turns(direction, names):
        out = RUNS / direction / name
        study = read_study(HOME / direction / f"{name}.yaml")
        grid = expand_grid(study)
        left = [cell for cell in grid.cells if cell.factors["seed"] == seed and not _published(cell, out)]
        if not left:
            continue
        with driver_lock(out):
            check_cells(replace(grid, cells=left), data[name])
            declare(study, grid, out, data[name])
            run_stacks(left, out / "cells", data[name], lambda _: None)
            alone = [cell for cell in left if not _published(cell, out)]
            run_all(replace(CELLS, data=data[name]), alone, out / "cells", 1, lambda _: None)
        print(f"{direction} seed {seed} {name}: {len(left)} trained", flush=True)


def _published(cell: StudyCell, out: Path) -> bool:
    return (out / "cells" / cell.id).exists()


def main() -> None:
    """Run the part that the command line names."""
    match sys.argv[1:]:
        case ["pilot"]:
            pilot()
        case ["run", ("two" | "one") as direction, *names] if set(names) <= set(SETS):
            run(direction, names)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
