"""The cost of safety: CPU seconds of a training with checkpoints, seals and flushes against one without them.

    OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 python benchmarks/safety_cost.py [ROUNDS]

Each round is one training of each kind, in turn first, in this process. Without: no checkpoint is written, no file is
hashed or flushed. All else is the same, and so are the weights. The result is the median ratio of the rounds; asked:
below 1.02.
"""

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch

import torch

from seqtwin import files
from seqtwin.config import parse_run
from seqtwin.run.prepare import prepare
from seqtwin.run.train import train
from seqtwin.training.checkpoint import Checkpoints

ROUNDS, ASKED = 5, 1.02
RUN: dict[str, Any] = {
    "data": {"name": "placenames", "pairs": 4000},
    "encoder": {"embedding": 32, "hidden": 64},
    "fit": {"epochs": 6, "batch": 64, "device": "cpu", "threads": 1, "patience": None},
}


@contextmanager
def unsafe() -> Iterator[None]:
    """Without checkpoints, hashes and flushes."""
    with (
        patch.object(Checkpoints, "after_step", lambda _: None),
        patch.object(Checkpoints, "after_epoch", lambda _: None),
        patch.object(files, "sha256", lambda _: "0" * 64),
        patch.object(os, "fsync", lambda _: None),
    ):
        yield


def cpu_seconds(folder: Path, prepared: Any) -> float:
    """CPU seconds of one training, from its config to its published folder."""
    start = time.process_time()
    train(parse_run(RUN), folder, prepared=prepared)
    return time.process_time() - start


def main() -> None:
    """Print the CPU seconds of each round, and their ratio."""
    torch.set_num_threads(1)
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    prepared = prepare(parse_run(RUN))
    spent: dict[str, list[float]] = {"safe": [], "unsafe": []}
    with tempfile.TemporaryDirectory() as home:
        cpu_seconds(Path(home) / "first", prepared)  # loads code
        for number in range(rounds):
            for kind in ("safe", "unsafe") if number % 2 else ("unsafe", "safe"):
                place = Path(home) / f"{kind}-{number}"
                if kind == "safe":
                    spent[kind].append(cpu_seconds(place, prepared))
                else:
                    with unsafe():
                        spent[kind].append(cpu_seconds(place, prepared))
            sys.stdout.write(
                f"round {number + 1}: safe {spent['safe'][-1]:.2f} s, without {spent['unsafe'][-1]:.2f} s\n"
            )
    paired = [safe / without for safe, without in zip(spent["safe"], spent["unsafe"], strict=True)]
    ratio = median(paired)
    sys.stdout.write(
        f"safety costs {100 * (ratio - 1):.1f} % of the CPU time (asked: below {100 * (ASKED - 1):.0f} %); "
    )
    sys.stdout.write(f"ratios of the rounds: {', '.join(f'{own:.3f}' for own in sorted(paired))}\n")


if __name__ == "__main__":
    main()
