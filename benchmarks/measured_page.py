"""What benchmarks with a page of their own share: missing figures are measured and kept, and the page is written."""

import os
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from seqtwin.files import dump_json, publish_text, read_json

Results = dict[str, Any]


def summarize(mean: float, replicates: np.ndarray) -> dict[str, float]:
    """A mean and its 95 % interval from replicates, rounded."""
    low, high = np.percentile(replicates, [2.5, 97.5])
    return {"mean": round(mean, 4), "low": round(float(low), 4), "high": round(float(high), 4)}


def short(value: float) -> str:
    """Three digits, without the zero before the point."""
    return f"{value:.3f}".removeprefix("0")


def mean_and_range(values: Sequence[float]) -> str:
    """The mean over seeds, with the lowest and the highest value where there are several."""
    mean = short(float(np.mean(values)))
    return mean if len(values) == 1 else f"{mean} ({short(min(values))} to {short(max(values))})"


def read_results(home: Path) -> Results:
    """The figures measured so far."""
    path = home / "results.json"
    return read_json(path) if path.exists() else {}


def measure_missing(
    home: Path, names: Collection[str], measure: Callable[[str], Any], page: Callable[[Mapping[str, Any]], str]
) -> None:
    """Measure the names of the command line (default: all) that have no figures yet, and write the page."""
    if not os.environ.get("SEQTWIN_DATA"):
        print("not measured, because SEQTWIN_DATA names no folder", file=sys.stderr)
    else:
        for name in sys.argv[1:] or names:
            if name not in read_results(home):
                measured = measure(name)
                home.mkdir(parents=True, exist_ok=True)
                # another process may have measured another name meanwhile
                publish_text(home / "results.json", dump_json({**read_results(home), name: measured}))
    text = page(read_results(home))
    publish_text(home / "README.md", text)
    print(text)
