"""The starter config of few series, next to alternatives: cross-validated on the training series, test is not read.

    SEQTWIN_ARCHIVE=FOLDER python benchmarks/series_choices.py DATA [VARIANT ...]

The training series of a data set of the archive (see small_series.py) are divided into five parts with the same shares
of the classes. Each part is held out once: the config is trained on the others, from which it splits its own dev, and
then predicts that part. What is missing in experiments/small_series/choices.json is measured. The page is written by
small_series.py.
"""

import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import seqtwin
from seqtwin.api import config_for_data
from seqtwin.config import RunConfig, parse_run, vary
from seqtwin.data.inspect_file import inspect_data
from seqtwin.files import dump_json, publish_text, read_json
from seqtwin.run.prepare import DataSets
from seqtwin.run.train import measured_baselines

CHOICES = Path(__file__).parent.parent / "experiments" / "small_series" / "choices.json"
FOLDS, SEEDS_OF_CHOICES = 5, 2
MEASURES = ("accuracy", "log_loss")
RECURRENT: Mapping[str, object] = {"encoder.kernels": None}
DROPPED = {"objective": {"name": "classify", "dropout": 0.5}, "encoder.input_dropout": 0.2}
JOINED = {"representation": {"join": ["mean_output", "max_output"]}}
WARPING = "time warping"
VARIANTS: Mapping[str, Mapping[str, object]] = {
    WARPING: {},
    "kernels": {"encoder.kernels": {"share": 1.0}},
    "kernels and recurrent": {"encoder.kernels": {}},
    "recurrent": RECURRENT,
    "recurrent, averaged weights": {**RECURRENT, "fit.average": {"name": "ema"}},
    "recurrent, dropout": {**RECURRENT, **DROPPED},
    "recurrent, mean and max, dropout": {**RECURRENT, **JOINED, **DROPPED},
}


def write_fold(name: str, fold: int, folder: Path) -> None:
    """Write train.ts and test.ts: the training series of a data set without a part, and this part."""
    path = Path(os.environ["SEQTWIN_ARCHIVE"]) / name / f"{name}_TRAIN.ts"
    lines = path.read_text(encoding="utf-8").splitlines()
    start = next(row for row, line in enumerate(lines) if line.strip().lower() == "@data") + 1
    series = [line for line in lines[start:] if line.strip()]
    held_out = parts([line.rsplit(":", 1)[1] for line in series]) == fold
    for split, chosen in (("train", ~held_out), ("test", held_out)):
        own = [line for line, taken in zip(series, chosen, strict=True) if taken]
        (folder / f"{split}.ts").write_text("\n".join([*lines[:start], *own]) + "\n", encoding="utf-8")


def parts(labels: Sequence[str]) -> np.ndarray:
    """The part of each series: those of a class are dealt out in random order.

    >>> sorted(parts(["a"] * 5 + ["b"] * 5).tolist())
    [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    """
    order = np.random.default_rng(0).permutation(len(labels))
    order = order[np.argsort(np.array(labels)[order], kind="stable")]
    found = np.empty(len(labels), dtype=np.int64)
    found[order] = np.arange(len(labels)) % FOLDS
    return found


def fold_config(name: str, fold: int, folder: Path) -> RunConfig:
    """The starter config of a data set without a part of its training series. The part is its test split."""
    data = folder / "data"
    data.mkdir()
    write_fold(name, fold, data)
    raw = config_for_data(inspect_data(data), folder / "run.yaml", "classify")[0]
    return vary(parse_run(raw), {"fit.threads": 1})


def measure(name: str, variant: str) -> dict[str, Any]:
    """The measures of each held-out part, with every seed, and the CPU minutes of a training."""
    found: dict[str, Any] = {key: [] for key in MEASURES}
    start = time.process_time()
    for fold in range(FOLDS):
        with tempfile.TemporaryDirectory() as folder:
            config = fold_config(name, fold, Path(folder))
            for scores in scores_of(config, variant, Path(folder)):
                for key in MEASURES:
                    found[key] += [round(scores[key], 4)] if key in scores else []
    return found | {"minutes": round((time.process_time() - start) / 60 / FOLDS / SEEDS_OF_CHOICES, 2)}


def scores_of(config: RunConfig, variant: str, folder: Path) -> Iterator[Mapping[str, float]]:
    """The scores on the held-out part: with each seed, or once for time warping."""
    if variant == WARPING:
        yield measured_baselines(config, DataSets().prepare(config)).floors["dtw_1nn"]["test"]
        return
    for seed in range(SEEDS_OF_CHOICES):
        own = vary(config, {**VARIANTS[variant], "fit.seed": seed}).model_dump(exclude_unset=True)
        yield seqtwin.train(own, folder / f"seed-{seed}", baselines=False).scores["test"]


def main() -> None:
    """Measure what is missing."""
    if "SEQTWIN_ARCHIVE" not in os.environ or len(sys.argv) < 2:
        sys.exit(f"series_choices: set SEQTWIN_ARCHIVE to the folder of the archive, and name a data set\n{__doc__}")
    name = sys.argv[1]
    for variant in sys.argv[2:] or VARIANTS:
        known = read_json(CHOICES) if CHOICES.exists() else {}
        if variant not in known.get(name, {}):
            known.setdefault(name, {})[variant] = measure(name, variant)
            publish_text(CHOICES, dump_json(known))
        own = known[name][variant]
        print(name, variant, *(f"{key} {np.mean(own[key]):.4f}" for key in MEASURES if own[key]), flush=True)


if __name__ == "__main__":
    main()
