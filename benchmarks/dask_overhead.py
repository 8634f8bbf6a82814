"""What `compare --dask` costs beside `--jobs`: CPU seconds of the same study, and of clusters with 1, 2 and 4 workers.

The study has cells of about five seconds: place names, two representations, two seeds, without tuning. All CPU seconds
of the driver and of the workers count, from the first line to the end of the report. They hardly depend on other work
on the machine; wall seconds do, so efficiency needs idle cores. What is missing in experiments/dask_overhead/
results.json is measured, and experiments/dask_overhead/README.md is written from it:

    python benchmarks/dask_overhead.py ["--jobs 1" | "--dask local:N" ...]
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
ASKED = 0.10

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


def page(results: Mapping[str, Any]) -> str:
    """The page."""
    rows = [_row(name, results[name], results) for name in NAMES if name in results]
    return "\n".join([INTRODUCTION, *rows, "", *_verdict(results), ""])


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
    measure_missing(HOME, NAMES[:3], measure, page)
