"""Power loss at any moment of a command: what was published before it is whole, and nothing else looks published.

    PYTHONPATH=src:tests python tests/faults/power_loss.py SCENARIO LOSSES [FIRST]

Prints one JSON line: the number of changes of the disk, of losses simulated, and what was wrong.
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path

import torch
from at_every_point import forked
from lost_writes import record, states_after_loss
from scenarios import SCENARIOS, Scenario, refuse_halves


def lose_power(name: str, losses: range) -> dict[str, object]:
    """Simulate so many losses during one run of a scenario."""
    scenario = SCENARIOS[name]
    with tempfile.TemporaryDirectory() as folder:
        found, log = Path(folder) / "found.json", Path(folder) / "log"
        if forked(lambda: found.write_text(json.dumps(_in_process(scenario, Path(folder), losses))), log):
            raise RuntimeError(f"{name}:\n{log.read_text()}")
        counts: dict[str, object] = json.loads(found.read_text())
    return counts


def _in_process(scenario: Scenario, folder: Path, losses: range) -> dict[str, object]:
    home, before, after = (folder / name for name in ("home", "before", "after"))
    home.mkdir()
    scenario.prepare(home)
    shutil.copytree(home, before)
    trace = record(home, lambda: scenario.run(home), lambda: scenario.published(home))
    wrong, survived = [], 0
    for seed, (at, published) in zip(losses, states_after_loss(before, home, trace, after, losses), strict=True):
        lost = [path.name for path in published if not _is_there(path, home / path.relative_to(after))]
        survived += len(published) - len(lost)
        wrong += [f"loss {seed} after change {at}: {name} is lost" for name in lost]
        wrong += [f"loss {seed} after change {at}: {line}" for line in refuse_halves(scenario, after)]
    return {"points": len(trace.events), "tried": len(losses), "survived": survived, "wrong": wrong}


def _is_there(path: Path, whole: Path) -> bool:
    """Whether a name is on the disk; a file with its content, as folders are verified."""
    return path.is_dir() or (path.is_file() and path.read_bytes() == whole.read_bytes())


def main() -> None:
    """Simulate losses in one scenario, and print the counts."""
    torch.set_num_threads(1)
    name, count, *first = sys.argv[1:]
    start = int(first[0]) if first else 0
    sys.stdout.write(json.dumps(lose_power(name, range(start, start + int(count)))) + "\n")


if __name__ == "__main__":
    main()
