"""Startup time: seconds of a whole fresh process, median of seven runs."""

import statistics
import subprocess
import sys
import time

from figures import show, show_plain

RUNS = 7


def seconds(command: list[str]) -> float:
    """Wall-clock seconds of one process, from start to exit."""
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


def median(command: list[str]) -> float:
    """The median of several runs, after a first run that fills the file cache."""
    seconds(command)
    return statistics.median(seconds(command) for _ in range(RUNS))


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
    for statement in ("import seqtwin", "import seqtwin.cli", "import seqtwin.reporting.page.write_report"):
        loaded = loads_torch(statement)
        show(f"{statement}: torch loaded", float(loaded), "0", not loaded)


if __name__ == "__main__":
    main()
