"""Startup: seconds of a fresh process, and CPU seconds until a missing file is reported. Medians of seven runs."""

import os
import statistics
import subprocess
import sys
import time

from figures import show, show_plain

RUNS = 7
MISSING = (
    "train none.csv",
    "compare none.yaml",
    "check none.csv",
    "encode none none.txt -o v.npy",
    "score none none.csv -o s.csv",
    "search none text",
    "dedupe none none.csv",
    "report none",
    "verify none",
)


def seconds(command: list[str]) -> float:
    """Wall-clock seconds of one process, from start to exit."""
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


def median(command: list[str]) -> float:
    """The median of several runs, after a first run that fills the file cache."""
    seconds(command)
    return statistics.median(seconds(command) for _ in range(RUNS))


def cpu_seconds(command: list[str]) -> float:
    """The median of the CPU seconds of a command that ends with code 2, in user and system mode."""
    used = []
    for _ in range(RUNS):
        before = os.times()
        ended = subprocess.run(command, check=False, capture_output=True)
        after = os.times()
        if ended.returncode != 2:
            raise RuntimeError(f"expected exit code 2, got {ended.returncode}: {ended.stderr.decode()}")
        used.append(after.children_user - before.children_user + after.children_system - before.children_system)
    return statistics.median(used)


def loads_torch(statement: str) -> bool:
    """Whether a statement loads torch in a fresh interpreter."""
    code = f"{statement}\nimport sys\nsys.exit('torch' in sys.modules)"
    return subprocess.run([sys.executable, "-c", code], check=False).returncode == 1


def main() -> None:
    """Print the figures."""
    python = sys.executable
    show_plain("python -c pass", median([python, "-c", "pass"]), " s")
    figure = median([python, "-c", "import seqtwin"])
    show("import seqtwin", figure, "< 0.2 s", figure < 0.2, " s")
    figure = median([python, "-m", "seqtwin", "--help"])
    show("seqtwin --help", figure, "< 0.5 s", figure < 0.5, " s")
    for command in MISSING:
        figure = cpu_seconds([python, "-m", "seqtwin", *command.split()])
        show(f"seqtwin {command}: CPU until the missing file is reported", figure, "< 0.5 s", figure < 0.5, " s")
    for statement in ("import seqtwin", "import seqtwin.cli", "import seqtwin.reporting.page.write_report"):
        loaded = loads_torch(statement)
        show(f"{statement}: torch loaded", float(loaded), "0", not loaded)


if __name__ == "__main__":
    main()
