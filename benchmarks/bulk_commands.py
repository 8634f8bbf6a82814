"""Memory of `index`, `dedupe` and `link` with `--dask local:2`, by rows: of each worker, and of the command itself.

    benchmarks/bulk_commands.py COMMAND ROWS [COMMAND ROWS ...]

Each figure is that of a new process, which runs the command as a user does. The corpus is made of random names of six
to eight syllables, nearly all of them different, in Parquet files. The encoder is untrained. `link` looks for LEFT
names in a list of ROWS names.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import typer
from measured_page import read_results
from typer.testing import CliRunner

from bulk import HOME, LEFT, MIB, SIZES, keep, write_corpus, write_encoder
from seqtwin.bulk.worker_encoder import peak_memory
from seqtwin.cluster.client import connect

SYLLABLES_OF_NAME = 8
ONE = "--one"
THRESHOLD = ["--threshold", "0.999999"]


def arguments(command: str, home: Path) -> list[str]:
    """What follows the name of the command."""
    corpus, out, column = str(home / "corpus"), ["-o", str(home / f"{command}.csv")], ["--column", "name"]
    if command == "index":
        return [str(home / "encoder"), corpus, *column, "-o", str(home / "index")]
    if command == "dedupe":
        return [str(home / "encoder"), corpus, *column, *THRESHOLD, *out]
    sides = ["--left-column", "name", "--right-column", "name"]
    return [str(home / "encoder"), str(home / "left"), corpus, *sides, *THRESHOLD, *out]


def run_here(command: str, home: Path) -> dict[str, Any]:
    """Run a command in this process, on two new workers: their peak MiB, that of this process, and CPU seconds."""
    with connect("local:2") as client:
        from seqtwin.cli.dedupe_link import dedupe, link
        from seqtwin.cli.index_search import index

        app = typer.Typer()
        app.command()({"index": index, "dedupe": dedupe, "link": link}[command])
        before, began = client.run(time.process_time), time.monotonic()
        done = CliRunner().invoke(app, [*arguments(command, home), "--dask", client.scheduler.address])
        if done.exit_code:
            raise SystemExit(f"{done.output}\n{done.exception!r}")
        wall, after = time.monotonic() - began, client.run(time.process_time)
        peaks = client.run(peak_memory)
    own = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "peak": sorted(round(peak / MIB) for peak in peaks.values()),
        "own_peak": round(peak_memory() / MIB),
        "cpu": round(sum(after[worker] - before[worker] for worker in after), 1),
        "own_cpu": round(own.ru_utime + own.ru_stime, 1),
        "wall": round(wall, 1),
    }


def measure(command: str, rows: int) -> dict[str, Any]:
    """The figures of a command, from a process of its own: its peak is not that of what came before."""
    with tempfile.TemporaryDirectory() as folder:
        home, files = Path(folder), SIZES["memory"][2]
        write_encoder(home / "encoder", **SIZES["memory"][0])
        write_corpus(home / "corpus", rows, files, SYLLABLES_OF_NAME)
        if command == "link":
            write_corpus(home / "left", LEFT, files, SYLLABLES_OF_NAME)
        called = [sys.executable, __file__, ONE, command, folder]
        done = subprocess.run(called, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main() -> None:
    """Measure what the command line names."""
    if sys.argv[1:2] == [ONE]:
        print(json.dumps(run_here(sys.argv[2], Path(sys.argv[3]))))
        return
    for command, rows in zip(sys.argv[1::2], map(int, sys.argv[2::2]), strict=True):
        found, results = measure(command, rows), read_results(HOME)
        commands = results.get("commands", {})
        results["commands"] = {**commands, command: {**commands.get(command, {}), str(rows): found}}
        keep(results)
        print(command, rows, found)


if __name__ == "__main__":
    main()
