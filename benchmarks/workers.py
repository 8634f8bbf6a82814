"""Wall seconds of a study with one worker and with two, in turn, on a machine with two idle cores.

    benchmarks/workers.py [ROUNDS]

The study of `make compare`: ten pairings by five seeds of place names, without tuning. Preparing the data, starting
workers and writing the report are in both times. Other work on the machine makes the ratio smaller.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

from figures import show, show_plain

import seqtwin
from seqtwin.config import read_study

STUDY = Path(__file__).parent.parent / "experiments" / "output-or-hidden" / "placenames" / "study.yaml"
ASKED = 1.9


def seconds(jobs: int) -> tuple[float, float]:
    """Wall seconds and CPU seconds of the study."""
    study = read_study(STUDY, ["tier=quick", "tune=false"])
    with tempfile.TemporaryDirectory() as folder:
        start, before = time.monotonic(), os.times()
        seqtwin.compare(study, Path(folder) / "study", jobs=jobs, progress=False)
        wall, after = time.monotonic() - start, os.times()
    return wall, sum(after[:4]) - sum(before[:4])


def main() -> None:
    """Print the figures."""
    rounds = int(sys.argv[1]) if sys.argv[1:] else 1
    ratios = []
    for _ in range(rounds):
        (alone, cpu_alone), (both, cpu_both) = seconds(1), seconds(2)
        ratios.append(alone / both)
        show_plain("one worker, wall seconds", alone)
        show_plain("  CPU seconds", cpu_alone)
        show_plain("two workers, wall seconds", both)
        show_plain("  CPU seconds", cpu_both)
    ratio = sorted(ratios)[len(ratios) // 2]
    show("two workers are faster by this factor", ratio, f">= {ASKED:g}", ratio >= ASKED)


if __name__ == "__main__":
    main()
