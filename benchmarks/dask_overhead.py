"""What `compare --dask` costs beside `--jobs`: CPU seconds of the same study, and of clusters with 1, 2 and 4 workers.

The study has cells of about five seconds: place names, two representations, two seeds, without tuning. All CPU seconds
of the driver and of the workers count, from the first line to the end of the report. They hardly depend on other work
on the machine; wall seconds do, so efficiency needs idle cores. What is missing in experiments/dask_overhead/
results.json is measured, and experiments/dask_overhead/README.md is written from it:

    python benchmarks/dask_overhead.py ["--jobs 1" | "--dask local:N" ...] ["N workers" ...]

`N workers` is the same study with eight seeds, so that no worker waits for the others for long. Its seconds count from
the first training that begins to the last one that is published: starting the cluster and the report are left out.
"""

import os
import platform
import statistics
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from measured_page import measure_missing

import seqtwin
from seqtwin.config import read_study
from seqtwin.files import read_json

ROOT = Path(__file__).parent.parent
HOME = ROOT / "experiments" / "dask_overhead"
STUDY = ROOT / "experiments" / "output-or-hidden" / "placenames" / "study.yaml"
SMALL = ["tier=quick", "tune=false", "seeds=2", "grid.representation=[mean_output, max_output]", "grid.loss=[mse]"]
POOL = "--jobs 1"
NAMES = (POOL, "--dask local:1", "--dask local:2", "--dask local:4")
WORKERS = (1, 2, 4)
SEEDS = 8
ASKED, ASKED_EFFICIENCY = 0.10, 0.90

INTRODUCTION = """# What a study costs on Dask

The same study with worker processes (`--jobs`) and on a Dask cluster (`--dask`): place names, two representations, two
seeds, without tuning. CPU seconds are those of the driver and all workers together, from the start to the end of the
report, so they include starting the cluster. All options are measured in one process, in the order of the table: the
first row also has its imports, some seconds. Written by `python benchmarks/dask_overhead.py`.

| option | study cells | CPU s per cell (median) | CPU s in all | more than `--jobs 1` | wall s | load before |
| --- | ---: | ---: | ---: | ---: | ---: | ---: |"""


def measure(name: str) -> dict[str, float | str]:
    """Wall and CPU seconds of the study with these options, and the median CPU seconds of its cells."""
    option, value = name.split()
    study = read_study(STUDY, SMALL)
    options: dict[str, Any] = {"jobs": int(value)} if option == "--jobs" else {"client": value}
    with tempfile.TemporaryDirectory() as folder:
        load, start, before = os.getloadavg()[0], time.monotonic(), os.times()
        done = seqtwin.compare(study, Path(folder) / "study", progress=False, **options)
        wall, after = time.monotonic() - start, os.times()
        manifests = [read_json(done.path / "cells" / id_ / "manifest.json") for id_ in done.planned]
    cells = [sum(manifest["cpu_seconds"].values()) for manifest in manifests]
    return {
        "cells": len(cells), "cell": round(statistics.median(cells), 2), "wall": round(wall, 1),
        "cpu": round(sum(after[:4]) - sum(before[:4]), 1), "load": round(load, 1), "cores": os.cpu_count() or 0,
        "python": platform.python_version(),
    }  # fmt: skip


def measure_workers(count: int, seeds: int = SEEDS) -> dict[str, float]:
    """Seconds in which this many local workers train the study cells of all seeds, and CPU seconds of a cell."""
    study, events = read_study(STUDY, [*SMALL, f"seeds={seeds}"]), list[float]()
    with tempfile.TemporaryDirectory() as folder:
        load = os.getloadavg()[0]
        done = seqtwin.compare(
            study, Path(folder) / "study", client=f"local:{count}", progress=False,
            on_progress=lambda _: events.append(time.monotonic()),
        )  # fmt: skip
        cells = [read_json(done.path / "cells" / id_ / "manifest.json")["cpu_seconds"] for id_ in done.planned]
    seconds = [sum(cell.values()) for cell in cells]
    return {
        "cells": len(cells), "cell": round(statistics.median(seconds), 2), "wall": round(events[-1] - events[0], 1),
        "load": round(load, 1), "cores": os.cpu_count() or 0,
    }  # fmt: skip


def measure_named(name: str) -> dict[str, Any]:
    """The figures of an option of `compare`, or of a number of workers."""
    return dict(measure(name) if name.startswith("--") else measure_workers(int(name.split(maxsplit=1)[0])))


def of_workers(count: int) -> str:
    """The name of the figures of a number of workers."""
    return f"{count} worker{'s' * (count > 1)}"


def page(results: Mapping[str, Any]) -> str:
    """The page."""
    rows = [_row(name, results[name], results) for name in NAMES if name in results]
    return "\n".join([INTRODUCTION, *rows, "", *_verdict(results), "", *_efficiency(results)])


def _efficiency(results: Mapping[str, Any]) -> list[str]:
    """The section about 1, 2 and 4 workers; empty until that with one is measured."""
    one = results.get(of_workers(1))
    if one is None:
        return []
    lines = [
        "## One, two and four workers", "",
        f"The same study with {SEEDS} seeds: seconds from the first training that begins to the last one that is",
        "published. Efficiency is the speed-up by the number of workers, or of cores where there are fewer.", "",
        "| workers | study cells | CPU s per cell (median) | wall s | speed-up | efficiency | load before |",
        "| ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]  # fmt: skip
    verdicts = []
    for count in WORKERS:
        if (found := results.get(of_workers(count))) is not None:
            faster = one["wall"] / found["wall"]
            efficiency = faster / min(count, found["cores"])
            costs = f"{found['cells']} | {found['cell']:.1f} | {found['wall']:.0f}"
            lines.append(f"| {count} | {costs} | {faster:.2f} | {efficiency:.2f} | {found['load']:.1f} |")
            if 1 < count <= found["cores"]:
                verdicts.append(_efficiency_line(count, efficiency, max(one["load"], found["load"])))
    return [*lines, "", *verdicts, ""]


def _efficiency_line(count: int, efficiency: float, load: float) -> str:
    if load > 1:
        return (
            f"Other work ran (load {load:.1f} before the start), so the efficiency of {count} workers is not measured."
        )
    kept = "kept" if efficiency >= ASKED_EFFICIENCY else "not kept"
    return f"Asked of {count} workers: an efficiency of {ASKED_EFFICIENCY:g}. Measured: {efficiency:.2f}; {kept}."


def _row(name: str, found: Mapping[str, Any], results: Mapping[str, Any]) -> str:
    more = f"{_overhead(found, results):+.1%}".replace("%", " %") if POOL in results and name != POOL else ""
    costs = f"{found['cell']:.1f} | {found['cpu']:.1f} | {more} | {found['wall']:.0f} | {found['load']:.1f}"
    return f"| `{name}` | {found['cells']} | {costs} |"


def _overhead(found: Mapping[str, Any], results: Mapping[str, Any]) -> float:
    return float(found["cpu"] / results[POOL]["cpu"]) - 1


def _verdict(results: Mapping[str, Any]) -> list[str]:
    """What the figures say, and what they cannot say."""
    one = results.get("--dask local:1")
    if one is None or POOL not in results:
        return []
    overhead = _overhead(one, results)
    kept = "kept" if overhead <= ASKED else "not kept"
    asked = f"Asked: `--dask local:1` costs at most {ASKED:.0%} more than `--jobs 1`."
    lines = [f"{asked} Measured: {overhead:+.1%}, imports included; {kept}."]
    busy = max(found["load"] for found in results.values())
    if busy > one["cores"] / 2:
        lines += [
            "",
            f"Other work ran on the {one['cores']} cores (load to {busy:.0f}), and wall seconds do not measure",
        ]
        lines += ["efficiency. On an idle machine, `--dask local:2` should take half as long as `local:1`."]
    return [line.replace("%", " %") for line in lines]


if __name__ == "__main__":
    measure_missing(HOME, (*NAMES[:3], *map(of_workers, WORKERS)), measure_named, page)
