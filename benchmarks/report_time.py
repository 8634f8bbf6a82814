"""CPU seconds of `seqtwin report` in a fresh process, and the share of its imports: the best of several runs.

    benchmarks/report_time.py [STUDY ...]

Without STUDY: the pages of the committed study output-or-hidden/placenames. A STUDY is the folder of a study with its
study cells, of which the whole report is written. Ten pairings by five seeds, five minutes of training:

    seqtwin compare experiments/output-or-hidden/placenames/study.yaml tier=quick tune=false --out runs/report-time
    benchmarks/report_time.py runs/report-time
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from figures import show, show_plain

RUNS = 5
MOST = 3.0
COMMITTED = Path(__file__).parent.parent / "experiments" / "output-or-hidden" / "placenames"
IMPORTS = "import seqtwin.cli.compare_report_check, seqtwin.reporting.page.write_report"


def cpu_seconds(command: list[str]) -> float:
    """User and system seconds of one process with its threads, from start to exit."""
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, command)
    return used.ru_utime + used.ru_stime


def least(command: list[str]) -> float:
    """The least of several runs, since other work on the machine only adds; a first run fills the file cache."""
    return min(cpu_seconds(command) for _ in range(RUNS + 1))


def measure(name: str, arguments: list[str], imports: float) -> None:
    """Print the seconds of one report, and the share of the imports."""
    figure = least([sys.executable, "-m", "seqtwin", "report", *arguments])
    show(f"seqtwin report {name}", figure, f"< {MOST:g} s", figure < MOST, " s")
    show_plain("  share of its imports", imports / figure)


def main() -> None:
    """Print the figures."""
    imports = least([sys.executable, "-c", IMPORTS])
    show_plain("imports of seqtwin report", imports, " s")
    with tempfile.TemporaryDirectory() as folder:
        for study in map(Path, sys.argv[1:]):
            measure(study.name, [str(study), "--out", folder], imports)
        if not sys.argv[1:]:
            measure(
                "output-or-hidden/placenames --pages-only", [str(COMMITTED), "--pages-only", "--out", folder], imports
            )


if __name__ == "__main__":
    main()
