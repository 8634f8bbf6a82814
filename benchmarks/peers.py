"""Speed and quality next to sentence-transformers' LSTM, a plain loop over packed sequences, and the bare kernel.

    python benchmarks/peers.py [training | encoding | rounding | units | length | width | vocabulary | rows | start |
                                steps | encode_parts | diagnostics ...]

All run in turn in one process on one thread, and CPU seconds are counted. Data: SICK and `placenames`; test is never
read. sentence-transformers needs the packages `datasets` and `accelerate` for its trainer and is left out without them;
the page says so. What is missing in experiments/peers/results.json is measured, and experiments/peers/README.md is
written from it.
"""

import importlib.metadata
import importlib.util
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import peer_growth
import peer_profile
import torch
from measured_page import measure_missing, short
from peer_encoders import (
    BATCH,
    RATE,
    WIDTH,
    Encode,
    Trained,
    pearson,
    sick,
    train_packed,
    train_sentence_transformers,
)
from peer_targets import targets_page
from scipy.stats import t as student_t
from torch import nn

import seqtwin
from seqtwin.config import parse_run, read_run, vary

ROOT = Path(__file__).parent.parent
HOME = ROOT / "experiments" / "peers"
EPOCHS, ROUNDS, SEEDS = 10, 3, 5
KERNEL_TEXTS, KERNEL_STEPS = 512, 10
ST = "sentence-transformers"


def config(precision: str, seed: int) -> dict[str, Any]:
    """The config of the network that all of them have."""
    files = {split: f"{os.environ['SEQTWIN_DATA']}/sick/{split}.csv" for split in ("train", "dev", "test")}
    fit = {"epochs": EPOCHS, "batch": BATCH, "lr": RATE, "seed": seed, "threads": 1, "precision": precision}
    return {
        "data": {**files, "left": "left", "right": "right", "score": "score", "scale": [1, 5]},
        "tokens": {"unit": "word"},
        "encoder": {"cell": "lstm", "embedding": WIDTH, "hidden": WIDTH, "bidirectional": True},
        "representation": "max_output",
        "loss": "mse",
        "fit": {**fit, "patience": None},
    }


def train_seqtwin(precision: str, seed: int) -> Trained:
    """The whole call of `seqtwin.train`: reading, training, judging dev after each epoch and test once, and writing."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.process_time()
        seqtwin.train(config(precision, seed), Path(folder) / "run", baselines=False)
        seconds = time.process_time() - start
        encoder = seqtwin.load(Path(folder) / "run")

    def encode(texts: Any) -> np.ndarray:
        return encoder.encode(texts, precision=precision)

    return Trained(encode, seconds, pearson(encode, sick("dev")))


def trainers() -> dict[str, Callable[[int], Trained]]:
    """The trainings to compare, by name: from a seed to an encoder."""
    train, dev = sick("train"), sick("dev")
    found: dict[str, Callable[[int], Trained]] = {
        "SeqTwin, fp32": lambda seed: train_seqtwin("fp32", seed),
        "SeqTwin, bf16": lambda seed: train_seqtwin("bf16", seed),
        "packed loop": lambda seed: train_packed(train, dev, EPOCHS, seed),
    }
    if all(importlib.util.find_spec(name) for name in ("datasets", "accelerate", "sentence_transformers")):
        found[ST] = lambda seed: train_sentence_transformers(train, dev, EPOCHS, seed)
    return found


def measure_training() -> dict[str, Any]:
    """Pairs per CPU second of whole trainings, and Pearson on dev, of each round."""
    own = trainers()
    train_seqtwin("fp32", 0)  # imports count once only
    found: dict[str, Any] = {name: {"rate": [], "pearson": []} for name in own}
    for seed in range(ROUNDS):
        for name, train in own.items():
            trained = train(seed)
            found[name]["rate"].append(round(EPOCHS * len(sick("train").left) / trained.seconds, 1))
            found[name]["pearson"].append(round(trained.pearson, 4))
            print(name, seed, found[name]["rate"][-1], found[name]["pearson"][-1], flush=True)
    return found


def measure_encoding() -> dict[str, Any]:
    """Texts per CPU second of each encoder and of the bare kernel, and CPU milliseconds of one text, of each round."""
    encoders = {name: train(0).encode for name, train in trainers().items()}
    texts = sorted({text for split in ("train", "dev") for side in _sides(split) for text in side})
    many: dict[str, list[float]] = {name: [] for name in (*encoders, *KERNELS)}
    one: dict[str, list[float]] = {name: [] for name in encoders}
    for _ in range(2 * ROUNDS + 1):
        for name, encode in encoders.items():
            many[name].append(round(len(texts) / _seconds(lambda encode=encode: encode(texts)), 1))
            one[name].append(round(1000 * _seconds(lambda encode=encode: _one_by_one(encode, texts[:200])) / 200, 3))
        for name, dtype in KERNELS.items():
            many[name].append(round(_kernel_rate(dtype), 1))
    return {"texts": len(texts), "many": many, "one": one}


KERNELS: Mapping[str, torch.dtype] = {"nn.LSTM alone, fp32": torch.float32, "nn.LSTM alone, bf16": torch.bfloat16}


@torch.inference_mode()
def _kernel_rate(dtype: torch.dtype) -> float:
    """Texts per CPU second of PyTorch's LSTM, unpacked, on random vectors of texts of equal length."""
    lstm = nn.LSTM(WIDTH, WIDTH, batch_first=True, bidirectional=True).to(dtype)
    vectors = torch.randn(KERNEL_TEXTS, KERNEL_STEPS, WIDTH, generator=torch.Generator().manual_seed(0)).to(dtype)
    lstm(vectors)
    return KERNEL_TEXTS * 10 / _seconds(lambda: [lstm(vectors) for _ in range(10)])


def _sides(split: str) -> tuple[list[str], list[str]]:
    pairs = sick(split)
    return pairs.left, pairs.right


def _one_by_one(encode: Encode, texts: list[str]) -> None:
    for text in texts:
        encode([text])


def _seconds(call: Callable[[], object]) -> float:
    start = time.process_time()
    call()
    return time.process_time() - start


def measure_rounding() -> dict[str, Any]:
    """The dev metric with fp32 and bf16 for each seed, and the largest difference of a coordinate of a dev vector."""
    place_names = read_run(ROOT / "configs" / "placenames.yaml").model_dump(exclude_unset=True, by_alias=True)
    tasks: dict[str, tuple[Callable[[str, int], Any], str]] = {
        "SICK, Pearson": (config, "pearson"),
        "place names, ROC-AUC": (lambda precision, seed: _changed(place_names, precision, seed), "roc_auc"),
    }
    return {name: _rounded(make, metric) for name, (make, metric) in tasks.items()}


def _changed(raw: Any, precision: str, seed: int) -> Any:
    changes = {"data.pairs": 5000, "fit.precision": precision, "fit.seed": seed, "fit.threads": 1}
    return vary(parse_run(raw), changes).model_dump(exclude_unset=True, by_alias=True)


def _rounded(make: Callable[[str, int], Any], metric: str) -> dict[str, Any]:
    found: dict[str, Any] = {"fp32": [], "bf16": [], "difference": [], "seconds": {"fp32": 0.0, "bf16": 0.0}}
    for seed in range(SEEDS):
        for precision in ("fp32", "bf16"):
            with tempfile.TemporaryDirectory() as folder:
                start = time.process_time()
                run = seqtwin.train(make(precision, seed), Path(folder) / "run", baselines=False)
                found["seconds"][precision] += round(time.process_time() - start, 1)
                found[precision].append(round(run.scores["dev"][metric], 4))
                encoder = seqtwin.load(Path(folder) / "run")
        texts = sorted({*_sides("dev")[0]})
        exact, near = (encoder.encode(texts, precision=precision) for precision in ("fp32", "bf16"))
        found["difference"].append(round(float(np.abs(exact - near).max()), 5))
        print(metric, seed, found["fp32"][-1], found["bf16"][-1], found["difference"][-1], flush=True)
    return found


MEASURES: Mapping[str, Callable[[], Any]] = {
    "training": measure_training,
    "encoding": measure_encoding,
    "rounding": measure_rounding,
    **peer_growth.MEASURES,
    **peer_profile.measures(config),
}


def measure(name: str) -> dict[str, Any]:
    """The figures of one part, with the processor and the versions they belong to."""
    torch.set_num_threads(1)
    flags = [flag for flag in ("avx2", "avx512_f", "avx512_bf16", "amx_bf16") if torch.cpu.get_capabilities().get(flag)]
    versions = {"torch": torch.__version__, "python": platform.python_version()}
    if importlib.util.find_spec("sentence_transformers"):
        versions[ST] = importlib.metadata.version("sentence-transformers")
    return {"figures": MEASURES[name](), "flags": flags, "versions": versions}


HEAD = f"""# Next to sentence-transformers, a packed loop and the bare kernel

Written by `python benchmarks/peers.py` from [results.json](results.json). One process, one thread, CPU seconds, taken
in turn; medians. All have the same network: words of SICK, embedding {WIDTH}, bidirectional LSTM {WIDTH}, maximum of
the outputs, squared error of the cosine, batches of {BATCH} pairs. *ratio*: the median over rounds of the rate divided
by that of sentence-transformers in the same round. sentence-transformers has its WordEmbeddings, LSTM and Pooling, and
its own trainer. *packed loop*: what a competent user writes.
"""


def page(results: Mapping[str, Any]) -> str:
    """The page as Markdown."""
    own = {name: results[name] for name in PAGES if name in results}
    parts = [PAGES[name](found["figures"]) for name, found in own.items()]
    places = [_place(name, found) for name, found in own.items()]
    return "".join([HEAD, targets_page(results, ST), *parts, "\n", *places])


def _place(name: str, found: Mapping[str, Any]) -> str:
    versions = ", ".join(f"{key} {value}" for key, value in found["versions"].items())
    return f"- {name}: a processor with {', '.join(found['flags'])}; {versions}\n"


def _training_page(found: Mapping[str, Any]) -> str:
    head = f"""
## Training: the whole call, {EPOCHS} epochs

| | pairs per CPU second | ratio | Pearson on dev |
| --- | ---: | ---: | ---: |
"""
    return head + "".join(
        f"| {name} | {statistics.median(own['rate']):,.0f} | {_ratio(own['rate'], found.get(ST, {}).get('rate'))} "
        f"| {short(float(np.mean(own['pearson'])))} |\n"
        for name, own in found.items()
    )


def _encoding_page(found: Mapping[str, Any]) -> str:
    head = f"""
## Encoding: {found["texts"]:,} distinct texts, tokenising included, and one text per call

The kernel gets random vectors of {KERNEL_TEXTS} texts of {KERNEL_STEPS} words, without words, pads or maximum.

| | texts per CPU second | ratio | CPU milliseconds of one text |
| --- | ---: | ---: | ---: |
"""
    rows = ""
    for name, rates in found["many"].items():
        one = f"{statistics.median(found['one'][name]):.2f}" if name in found["one"] else ""
        rows += f"| {name} | {statistics.median(rates):,.0f} | {_ratio(rates, found['many'].get(ST))} | {one} |\n"
    return head + rows


def _rounding_page(found: Mapping[str, Any]) -> str:
    head = f"""
## bfloat16 instead of float32: dev, {SEEDS} seeds

*difference*: bf16 − fp32, the mean over seeds paired, with its 95 % interval (Student's t). *coordinate*: the largest
difference of one coordinate when the same encoder encodes the texts of dev of SICK in both. *training*: CPU seconds
with fp32, as a multiple of those with bf16.

| | fp32 | bf16 | difference | coordinate | training |
| --- | ---: | ---: | ---: | ---: | ---: |
"""
    return head + "".join(_rounding_row(name, own) for name, own in found.items())


def _rounding_row(name: str, own: Mapping[str, Any]) -> str:
    gaps = np.array(own["bf16"]) - np.array(own["fp32"])
    half = float(student_t.ppf(0.975, len(gaps) - 1) * gaps.std(ddof=1) / len(gaps) ** 0.5)
    interval = f"{gaps.mean():+.4f} ({gaps.mean() - half:+.4f} to {gaps.mean() + half:+.4f})"
    means = [short(float(np.mean(own[key]))) for key in ("fp32", "bf16")]
    speed = own["seconds"]["fp32"] / own["seconds"]["bf16"]
    return f"| {name} | {means[0]} | {means[1]} | {interval} | {max(own['difference']):.4f} | {speed:.2f} x |\n"


def _ratio(rates: list[float], reference: list[float] | None) -> str:
    if not reference:
        return "not measured"
    return f"{statistics.median(a / b for a, b in zip(rates, reference, strict=True)):.2f} x"


PAGES: Mapping[str, Callable[[Any], str]] = {
    "training": _training_page,
    "encoding": _encoding_page,
    "rounding": _rounding_page,
    **peer_growth.PAGES,
    **peer_profile.PAGES,
}


def main() -> None:
    """Measure what is missing, and write the page."""
    measure_missing(HOME, MEASURES, measure, page)


if __name__ == "__main__":
    main()
