"""Where the time goes: a training step, encoding, one text, and the diagnostics of a whole training. Parts of peers.py.

Functions of SeqTwin are timed from outside while it does its usual work: CPU seconds, without those of timed functions
that they call. *only the products* runs the matrix products of the same batches alone, on numbers that are there
already: no implementation with these products can be faster.
"""

import functools
import statistics
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from cpu_clock import Clock
from peer_encoders import WIDTH, sick
from torch import Tensor, nn

import seqtwin
from seqtwin.config import parse_run
from seqtwin.data.batches import PairStore
from seqtwin.data.tokens.tokenizer import TextTokens
from seqtwin.inference import trained_encoder
from seqtwin.inference.trained_encoder import TrainedEncoder
from seqtwin.model import run_cell, siamese
from seqtwin.model.encoder import TableInput
from seqtwin.model.lstm import kept, recurrence
from seqtwin.model.lstm.products import granule, height, product, product_over_rows
from seqtwin.model.representations import MaxOutput
from seqtwin.run.begin import begin
from seqtwin.run.diagnose_run import Watcher
from seqtwin.run.objectives.pairs import PairObjective
from seqtwin.run.prepare import prepare
from seqtwin.run.pretrained import followed
from seqtwin.training import fit
from seqtwin.training.diagnostics import every_representation

Config = Callable[[str, int], dict[str, Any]]
STEPS, ROUNDS, ONE = 40, 5, 200
REST, PRODUCTS, KERNEL = "the rest", "only the products", "PyTorch's LSTM"


def measure_steps(config: Config) -> dict[str, Any]:
    """CPU milliseconds of each part of a training step, for each precision, and of the products alone."""
    return {precision: _step_parts(config, precision) for precision in ("fp32", "bf16")}


def _step_parts(config: Config, precision: str) -> dict[str, float]:
    run = followed(parse_run(config(precision, 0)))
    prepared = prepare(run)
    b = begin(run, prepared)
    store = prepared.stores["train"]
    assert isinstance(store, PairStore)
    state = fit.start_state(b.learner, b.loss, store, b.recipe)
    b.model.train()
    batches = fit.batches_of(b.model, store, b.recipe, 1)[:STEPS]
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    work = [Products.of_training(store, rows, dtype) for rows in batches]
    rounds = []
    for _ in range(ROUNDS + 1):
        clock = Clock()
        with clock.watching(*STEP_PARTS, (state.optimizer, "step", "optimizer")):
            for rows in batches:
                with clock.timed(REST):
                    fit._one_step(state, b.loss, store, rows, b.recipe)
        for own in work:
            with clock.timed(PRODUCTS):
                own.run()
        rounds.append(clock.seconds)
    return _medians(rounds[1:], 1000 / len(batches))


STEP_PARTS = (
    (PairStore, "batch", "rows to a batch"),
    (siamese, "distinct_sides", "rows to a batch"),
    (TableInput, "gates", "words to shares of the gates"),
    (run_cell, "run_lstm", "recurrence"),
    (MaxOutput, "forward", "maximum"),
    (recurrence._Recurrence, "backward", "gradient of the recurrence"),
    (Tensor, "backward", "other gradients: words, maximum, cosine"),
    (nn.utils, "clip_grad_norm_", "norm of the gradient, clipping"),
)


def _medians(rounds: list[dict[str, float]], factor: float) -> dict[str, float]:
    found = {label: factor * statistics.median(own[label] for own in rounds) for label in rounds[0]}
    return {label: round(value, 4) for label, value in found.items()}


class Products:
    """The matrix products of one batch, with numbers that are there already.

    `sizes`: the sequences at each step; `words`: the distinct words, 0 where their shares are kept.
    """

    def __init__(self, sizes: list[int], words: int, dtype: torch.dtype, *, gradients: bool) -> None:
        draw = torch.Generator().manual_seed(0)
        self.sizes, self.gradients = sizes, gradients

        def made(*shape: int) -> Tensor:
            return torch.randn(*shape, generator=draw).to(dtype)

        steps, known = sum(sizes) + granule(sum(sizes)), height(words)
        self.h, self.gates = made(2, steps, WIDTH), made(2, steps, 4 * WIDTH)
        self.recurrent, self.weight = made(2, 4 * WIDTH, WIDTH), made(8 * WIDTH, WIDTH)
        self.words, self.shares = made(known, WIDTH), made(known, 8 * WIDTH)

    @classmethod
    def of_training(cls, store: PairStore, rows: np.ndarray, dtype: torch.dtype) -> "Products":
        """Those of a training step: forward, and backward to the words and to the weights."""
        texts, _ = siamese.distinct_sides(store.batch(rows))
        return cls(_sizes(texts.lengths.numpy()), len(torch.unique(texts.values)), dtype, gradients=True)

    @torch.no_grad()
    def run(self) -> None:
        """Compute all of them once, as the recurrence does."""
        if len(self.words):
            product(self.words, self.weight)
        first, late = self.sizes[0], sum(self.sizes[1:])
        starts = np.cumsum(self.sizes)[:-1]  # the first step has no state before it
        for own, gates, weight in zip(self.h, self.gates, self.recurrent, strict=True):
            for start, size in zip(starts, self.sizes[1:], strict=True):
                product(own[: height(size)], weight)
                if self.gradients:
                    product(gates[start : start + height(size)], weight.t())
            if self.gradients:
                rows = slice(first, first + height(late))
                product_over_rows(gates[rows], own[rows])
        if self.gradients:
            product(self.shares, self.weight.t())
            product_over_rows(self.shares, self.words)


def _sizes(lengths: np.ndarray) -> list[int]:
    return [int((lengths > time).sum()) for time in range(lengths.max())]


def measure_encode(config: Config) -> dict[str, Any]:
    """CPU microseconds per text of each part of `encode`, for each precision and for one text per call."""
    with tempfile.TemporaryDirectory() as folder:
        raw = config("fp32", 0)
        raw["fit"]["epochs"] = 1
        seqtwin.train(raw, Path(folder) / "run", baselines=False)
        encoder = seqtwin.load(Path(folder) / "run")
    texts = sorted(
        {text for split in ("train", "dev") for side in (sick(split).left, sick(split).right) for text in side}
    )
    parts = {name: _encode_parts(encoder, texts, name) for name in ("fp32", "bf16")}
    return {**parts, "one text, fp32": _one_text_parts(encoder, texts[:ONE])}


def _encode_parts(encoder: TrainedEncoder, texts: list[str], precision: str) -> dict[str, float]:
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    lengths = np.array([len(sequence) for sequence in encoder.sequences(texts)])
    work = [Products(_sizes(lengths[rows]), 0, dtype, gradients=False) for rows in encoder.batching.batches(lengths)]
    rounds = []
    for _ in range(ROUNDS + 1):
        clock = Clock()
        with clock.watching(*ENCODE_PARTS), clock.timed(REST):
            encoder.encode(texts, precision=precision)
        for own in work:
            with clock.timed(PRODUCTS):
                own.run()
        rounds.append(clock.seconds)
    return _medians(rounds[1:], 1e6 / len(texts))


def _one_text_parts(encoder: TrainedEncoder, texts: list[str]) -> dict[str, float]:
    rounds = []
    for _ in range(ROUNDS + 1):
        clock = Clock()
        kernel = SimpleNamespace(lstm=clock.wrapped(torch._VF.lstm, KERNEL))
        with clock.watching(*ENCODE_PARTS):
            run_cell._VF, before = kernel, run_cell._VF
            for text in texts:
                with clock.timed(REST):
                    encoder.encode([text])
            run_cell._VF = before
        rounds.append(clock.seconds)
    return _medians(rounds[1:], 1e6 / len(texts))


ENCODE_PARTS = (
    (TextTokens, "encode", "texts to ids"),
    (trained_encoder, "batch_of", "ids to a batch"),
    (run_cell.Layout, "of", "places of the steps"),
    (kept._KeptGates, "__call__", "places of the steps"),
    (run_cell, "run_lstm", "recurrence"),
    (MaxOutput, "forward", "maximum"),
)


def measure_diagnostics(config: Config) -> dict[str, Any]:
    """CPU seconds of whole trainings of ten epochs, and of their diagnostics, of each round."""
    rounds = []
    for seed in range(3):
        clock = Clock()
        with tempfile.TemporaryDirectory() as folder, clock.watching(*DIAGNOSTICS), clock.timed(REST):
            seqtwin.train(config("fp32", seed), Path(folder) / "run", baselines=False)
        rounds.append({label: round(seconds, 4) for label, seconds in clock.seconds.items()})
    return {"rounds": rounds}


DIAGNOSTICS = (
    (Watcher, "__call__", "watching, after each epoch"),
    (PairObjective, "diagnose", "diagnosis at the end"),
    (PairObjective, "read_all", "every representation on dev and test"),
    (every_representation, "read_states", "every representation on dev and test"),
)


def _steps_page(found: Mapping[str, Any]) -> str:
    return f"""
## Where a training step spends its time, CPU milliseconds

Of SeqTwin, {STEPS} steps of 64 pairs. *{PRODUCTS}*: the matrix products of the same batches alone.

""" + _parts_table(found)


def _encode_page(found: Mapping[str, Any]) -> str:
    return f"""
## Where `encode` spends its time, CPU microseconds per text

*{PRODUCTS}*: those of the recurrence; the products of the words are kept.

""" + _parts_table(found)


def _parts_table(found: Mapping[str, Any]) -> str:
    labels = [label for own in found.values() for label in own if label not in (REST, PRODUCTS)]
    rows = [*dict.fromkeys(labels), REST]
    head = f"| | {' | '.join(found)} |\n| --- |{' ---: |' * len(found)}\n"
    table = "".join(f"| {label} | {' | '.join(_cell(own, label) for own in found.values())} |\n" for label in rows)
    sums = [sum(value for label, value in own.items() if label != PRODUCTS) for own in found.values()]
    total = f"| **all** | {' | '.join(f'{value:.2f}' for value in sums)} |\n"
    least = f"| {PRODUCTS} | {' | '.join(_cell(own, PRODUCTS) for own in found.values())} |\n"
    return head + table + total + least


def _cell(own: Mapping[str, float], label: str) -> str:
    return f"{own[label]:.2f}" if label in own else ""


def _diagnostics_page(found: Mapping[str, Any]) -> str:
    rounds = found["rounds"]
    totals = [sum(own.values()) for own in rounds]
    rows = ""
    for label in dict.fromkeys(label for _, _, label in DIAGNOSTICS):
        shares = [own[label] / total for own, total in zip(rounds, totals, strict=True)]
        rows += (
            f"| {label} | {statistics.median(own[label] for own in rounds):.2f} | {statistics.median(shares):.1%} |\n"
        )
    return f"""
## Diagnostics: their share of a training of ten epochs

The whole call takes {statistics.median(totals):.1f} CPU seconds. Only watching grows with the number of epochs.

| | CPU seconds | share |
| --- | ---: | ---: |
{rows}"""


PAGES: Mapping[str, Callable[[Any], str]] = {
    "steps": _steps_page,
    "encode_parts": _encode_page,
    "diagnostics": _diagnostics_page,
}


def measures(config: Config) -> Mapping[str, Callable[[], Any]]:
    """The measurements by name, with the config of the network that all have."""
    own = {"steps": measure_steps, "encode_parts": measure_encode, "diagnostics": measure_diagnostics}
    return {name: functools.partial(measure, config) for name, measure in own.items()}
