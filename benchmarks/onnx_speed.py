"""The same encoder with ONNX and with PyTorch: texts per second one at a time and in batches, and the cold start.

Both run through `encode`, in turn in one run, on one thread, on names of places. The weights are untrained, because
speed does not depend on them. Encoders: bidirectional, one layer, 128 wide, mean of the outputs.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from figures import show, show_plain

from seqtwin.build import Blueprint, build_siamese
from seqtwin.config import EncoderConfig
from seqtwin.data.sets.pair_sets import DATASETS
from seqtwin.data.tokens.tokenizer import train_tokenizer
from seqtwin.inference.load import load
from seqtwin.interop.onnx_folder import export_onnx
from seqtwin.store import Stored, save_encoder

ALONE, TOGETHER, ROUNDS, WIDTH = 300, 4096, 9, 128


def names() -> list[str]:
    """Distinct names of places in many languages."""
    frame = DATASETS["placenames"](pairs=6000).frame
    return sorted({*frame["left"], *frame["right"]})


def saved(folder: Path, cell: str, texts: list[str]) -> Path:
    """An encoder of this cell in a folder."""
    tokens = train_tokenizer(texts, unit="char")
    encoder = EncoderConfig(cell=cell, embedding=WIDTH, hidden=WIDTH, bidirectional=True)
    parts = {"representation": "mean_output", "projection": "identity", "similarity": "cosine"}
    blueprint = Blueprint(inputs="tokens", size=tokens.size, encoder=encoder, **parts)
    save_encoder(folder, Stored(build_siamese(blueprint, seed=0).eval(), blueprint, tokens, {}), "# benchmark\n")
    return folder


def seconds(call: Callable[[], object]) -> float:
    """Wall-clock seconds of one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def compare(name: str, exported: Callable[[], object], plain: Callable[[], object], texts: int) -> float:
    """Run both in turn and print their rates. Returns the median ratio of consecutive runs."""
    exported(), plain()  # the first call of each sets up its kernels
    times = [(seconds(exported), seconds(plain)) for _ in range(ROUNDS)]
    onnx, in_torch = (statistics.median(column) for column in zip(*times, strict=True))
    show_plain(f"{name}, onnx", texts / onnx, " texts/s")
    show_plain(f"{name}, torch", texts / in_torch, " texts/s")
    return statistics.median(b / a for a, b in times)


def cold(folder: Path, backend: str) -> float:
    """Seconds from a fresh interpreter to the first vector."""
    code = f"from seqtwin.inference.load import load; load({str(folder)!r}, backend={backend!r}).encode('Wien')"
    return seconds(lambda: subprocess.run([sys.executable, "-c", code], check=True))


def measure(cell: str, texts: list[str], folder: Path) -> None:
    """The figures of one cell."""
    plain = load(saved(folder / "encoder", cell, texts))
    exported = load(export_onnx(plain, folder / "onnx"), backend="onnx")
    difference = float(np.abs(exported.encode(texts) - plain.encode(texts)).max())
    show(f"{cell}: largest difference of a coordinate, in millionths", 1e6 * difference, "<= 10", difference <= 1e-5)
    some, many = texts[:: max(1, len(texts) // ALONE)][:ALONE], texts[:TOGETHER]
    ratio = compare(
        f"{cell}: one text at a time",
        lambda: [exported.encode(text) for text in some],
        lambda: [plain.encode(text) for text in some],
        len(some),
    )
    show(f"{cell}: one text at a time, onnx : torch", ratio, ">= 1 x", ratio >= 1, " x")
    ratio = compare(f"{cell}: many texts", lambda: exported.encode(many), lambda: plain.encode(many), len(many))
    show_plain(f"{cell}: many texts, onnx : torch", ratio, " x")
    if cell == "lstm":
        starts = [(cold(folder / "onnx", "onnx"), cold(folder / "encoder", "torch")) for _ in range(5)]
        ratio = statistics.median(b / a for a, b in starts)
        show_plain("fresh process to the first vector, onnx", statistics.median(a for a, _ in starts), " s")
        show("fresh process to the first vector, torch : onnx", ratio, ">= 2 x", ratio >= 2, " x")


def main() -> None:
    """Print the figures."""
    torch.set_num_threads(1)
    os.environ["OMP_NUM_THREADS"] = "1"
    texts = names()
    print(f"{len(texts)} names of places, one thread")
    for cell in ("lstm", "gru", "rnn"):
        with tempfile.TemporaryDirectory() as folder:
            measure(cell, texts, Path(folder))


if __name__ == "__main__":
    main()
