"""Encoders of few series: the classes of test, next to the nearest neighbour by time warping.

    SEQTWIN_ARCHIVE=FOLDER python benchmarks/small_series.py [NAME ...]

FOLDER is a part of the UCR and UEA archives, with NAME/NAME_TRAIN.ts and NAME/NAME_TEST.ts; the package aeon contains
the five data sets. Each gets the config that `seqtwin init` writes, with the objective `classify`, and is trained with
three seeds. Dev is split off train. What is missing in experiments/small_series/results.json is measured, one config
of one data set after the other, and experiments/small_series/README.md is written from it.
"""

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from measured_page import mean_and_range, read_results, short
from series_choices import CHOICES, FOLDS, RECURRENT, SEEDS_OF_CHOICES, VARIANTS

import seqtwin
from seqtwin.api import config_for_data
from seqtwin.config import RunConfig, parse_run, vary
from seqtwin.data.inspect_file import inspect_data
from seqtwin.files import dump_json, publish_text, read_json
from seqtwin.floors import Baselines
from seqtwin.run.prepare import DataSets
from seqtwin.run.train import measured_baselines

HOME = Path(__file__).parent.parent / "experiments" / "small_series"
RESULTS, CHANNELS = HOME / "results.json", HOME / "channels.json"
SEEDS = 3
SETS = ("ItalyPowerDemand", "BasicMotions", "GunPoint", "PickupGestureWiimoteZ", "ArrowHead")
METRIC = "accuracy"
CONFIGS: Mapping[str, Mapping[str, object]] = {"starter": {}, "recurrent": RECURRENT}


def starter(name: str, folder: Path) -> RunConfig:
    """The config that `seqtwin init` writes for a data set of the archive, on one thread."""
    data = folder / name
    data.mkdir()
    for split in ("train", "test"):
        source = Path(os.environ["SEQTWIN_ARCHIVE"]) / name / f"{name}_{split.upper()}.ts"
        shutil.copy(source, data / f"{split}.ts")
    config = config_for_data(inspect_data(data), folder / "run.yaml", "classify")[0]
    return vary(parse_run(config), {"fit.threads": 1})


def measure_missing(name: str, known: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The figures of a data set: those known, and each time one part more, until none is missing.

    The parts are the baselines (`rows`, `warping`), and the scores of every config with each seed.
    """
    found = dict(known)
    with tempfile.TemporaryDirectory() as folder:
        config = starter(name, Path(folder))
        if "warping" not in found:
            baselines = measured_baselines(config, DataSets().prepare(config))
            found |= {"rows": dict(baselines.rows), "warping": warping_of(baselines)}
            yield found
        for key in [key for key in CONFIGS if key not in found]:
            found[key] = measure_config(vary(config, CONFIGS[key]), Path(folder) / key)
            print(name, key, found[key], flush=True)
            yield found


def measure_config(config: RunConfig, folder: Path) -> dict[str, Any]:
    """Accuracy on dev and test with each seed, and the CPU minutes of a training."""
    start, scores = time.process_time(), []
    for seed in range(SEEDS):
        own = vary(config, {"fit.seed": seed}).model_dump(exclude_unset=True)
        run = seqtwin.train(own, folder / f"seed-{seed}", baselines=False)
        scores.append({split: round(run.scores[split][METRIC], 4) for split in ("dev", "test")})
    return {"scores": scores, "minutes": round((time.process_time() - start) / 60 / SEEDS, 3)}


def warping_of(baselines: Baselines) -> dict[str, float]:
    """The accuracy on test of the nearest neighbour by time warping, raw and with scaled channels."""
    names = {"raw": "dtw_1nn", "scaled": "dtw_1nn_scaled"}
    return {key: round(baselines.floors[name]["test"][METRIC], 4) for key, name in names.items()}


HEAD = f"""# Few series: the starter config and time warping

Written by `python benchmarks/small_series.py` from [results.json](results.json). Accuracy on test of small data sets of
the UCR and UEA archives. *starter*: the config that `seqtwin init` writes, with the objective `classify`: the mean of
{SEEDS} seeds (lowest to highest). For so few series it has convolution kernels and no recurrent network
(`encoder.kernels: {{share: 1}}`). *recurrent*: the same config with `encoder.kernels: null`, a bidirectional GRU. *time
warping*: the nearest training series (with scaled channels).

| data | series: train, dev, test | starter | time warping | starter − time warping | recurrent | CPU minutes |
| --- | --- | --- | --- | ---: | --- | ---: |
"""
NOT_MEASURED = "not measured"
CHOICES_HEAD = f"""
## Alternatives to the starter config

Measured by `python benchmarks/series_choices.py` on the training series alone, with {FOLDS}-fold cross-validation: each
part is held out once, and dev is split off the others. Accuracy and log loss are means over the parts and
{SEEDS_OF_CHOICES} seeds.

| data | config | accuracy | log loss |
| --- | --- | ---: | ---: |
"""


CHANNELS_HEAD = f"""
## Recurrent network, kernels, and both

Measured by `python benchmarks/series_channels.py`: accuracy on test, the mean of {SEEDS} seeds with a 95 % interval
over seeds and test series, and the difference to the recurrent network, seed by seed and series by series.

| data | recurrent | kernels and recurrent | kernels | both − recurrent | kernels − recurrent |
| --- | --- | --- | --- | --- | --- |
"""


def channels_section() -> str:
    """The ablation as Markdown; empty where nothing was measured."""
    measured: Mapping[str, Any] = read_json(CHANNELS) if CHANNELS.exists() else {}
    both, alone = "kernels and recurrent", "kernels"
    rows = [
        f"| {name} | {' | '.join(_interval(own['accuracy'][v]) for v in ('recurrent', both, alone))} | "
        f"{' | '.join(_difference(own['gain'][v]) for v in (both, alone))} |\n"
        for name, own in measured.items()
    ]
    left = ", ".join(name for name in SETS if name not in measured)
    note = f"\nNot measured, because of the time that it takes: {left}.\n" if left else ""
    return CHANNELS_HEAD + "".join(rows) + note if rows else ""


def _interval(own: Mapping[str, float]) -> str:
    return f"{short(own['mean'])} ({short(own['low'])} to {short(own['high'])})"


def _difference(own: Mapping[str, float]) -> str:
    return f"{own['mean']:+.3f} ({own['low']:+.3f} to {own['high']:+.3f})"


def choices_section() -> str:
    """The cross-validated alternatives as Markdown; empty where none was measured."""
    measured: Mapping[str, Any] = read_json(CHOICES) if CHOICES.exists() else {}
    rows = [
        f"| {name} | {variant} | {_mean(own[variant]['accuracy'])} | {_mean(own[variant]['log_loss'])} |\n"
        for name, own in measured.items()
        for variant in VARIANTS
        if variant in own
    ]
    return CHOICES_HEAD + "".join(rows) if rows else ""


def _mean(values: list[float]) -> str:
    return short(float(np.mean(values))) if values else ""


def page(results: Mapping[str, Any]) -> str:
    """The page as Markdown."""
    own = {name: results[name] for name in SETS if "starter" in results.get(name, {})}
    below = [name for name, found in own.items() if _gain(found) < 0]
    rows = "".join(_row(name, found) for name, found in own.items())
    above = f"The starter config is at least as good as time warping on {len(own) - len(below)} of {len(own)} data sets"
    short_of = [f"on {name} it has {_series(own[name])} of {own[name]['rows']['test']} fewer right" for name in below]
    return f"{HEAD}{rows}\n{'; '.join([above, *short_of])}.\n{channels_section()}{choices_section()}"


def _series(found: Mapping[str, Any]) -> str:
    """How many test series fewer the starter config has right, on average over the seeds."""
    return f"{-_gain(found) * found['rows']['test']:.1f}"


def _row(name: str, found: Mapping[str, Any]) -> str:
    rows, warping = found["rows"], found["warping"]
    free = f"{short(warping['raw'])} ({short(warping['scaled'])})"
    counts = ", ".join(str(rows[split]) for split in ("train", "dev", "test"))
    minutes = ", ".join(f"{found[key]['minutes']:.1f}" for key in CONFIGS if key in found)
    scores = {key: _scores(found[key]) if key in found else NOT_MEASURED for key in CONFIGS}
    cells = (name, counts, scores["starter"], free, f"{_gain(found):+.3f}", scores["recurrent"], minutes)
    return f"| {' | '.join(cells)} |\n"


def _scores(measured: Mapping[str, Any]) -> str:
    return mean_and_range([scores["test"] for scores in measured["scores"]])


def _gain(found: Mapping[str, Any]) -> float:
    """How far the starter config is above time warping, the better of its two forms."""
    return float(np.mean([scores["test"] for scores in found["starter"]["scores"]]) - max(found["warping"].values()))


def main() -> None:
    """Measure what is missing, and write the page."""
    if "SEQTWIN_ARCHIVE" not in os.environ and len(sys.argv) > 1:
        sys.exit("small_series: set SEQTWIN_ARCHIVE to the folder of the archive")
    for name in sys.argv[1:] or (SETS if "SEQTWIN_ARCHIVE" in os.environ else ()):
        for found in measure_missing(name, read_results(HOME).get(name, {})):
            publish_text(RESULTS, dump_json({**read_results(HOME), name: found}))
    text = page(read_results(HOME))
    publish_text(HOME / "README.md", text)
    print(text)


if __name__ == "__main__":
    main()
