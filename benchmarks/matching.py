"""Time, peak memory and quality of dedupe on 100,000 generated names, and of link on their halves.

The names are of about 40,000 things. A thing is two place names ("Lisboa Graz"). Its rows are that name with up to
three typos: one row for half of the things, up to five rows for the others. The encoder is trained here on pairs of
other things, and its threshold is fitted on its own dev split. A second argument names another encoder.
"""

import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from seqtwin.api import train
from seqtwin.data.sets.placenames import read_places
from seqtwin.inference.trained_encoder import TrainedEncoder, load
from seqtwin.matching.clusters import components
from seqtwin.matching.dedupe import Deduped, dedupe
from seqtwin.matching.link import link

ROWS = 100_000
LETTERS = list("abcdefghijklmnoprstuvyz")
PAIRS = 6_000
OTHERS = (0.98, 0.96, 0.94, 0.92, 0.9, 0.85, 0.8)


def bases(count: int, rng: np.random.Generator) -> list[str]:
    """Distinct things: two place names each."""
    names = sorted({name for place in read_places(latin_only=True) for name in place.names if len(name) < 20})
    drawn: dict[str, None] = {}
    while len(drawn) < count:
        a, b = rng.integers(len(names), size=2)
        drawn[f"{names[a]} {names[b]}"] = None
    return list(drawn)


def misspelt(text: str, typos: int, rng: np.random.Generator) -> str:
    """The text with some letters replaced, deleted, doubled or swapped with the next."""
    signs = list(text)
    for _ in range(typos):
        at, kind = int(rng.integers(len(signs) - 1)), int(rng.integers(4))
        letter = LETTERS[int(rng.integers(len(LETTERS)))]
        new = ([letter, signs[at + 1]], [signs[at + 1]], [signs[at]] * 2 + [signs[at + 1]], [signs[at + 1], signs[at]])
        signs[at : at + 2] = new[kind]
    return "".join(signs)


def generated(rows: int, rng: np.random.Generator) -> tuple[list[str], np.ndarray]:
    """Names in random order, and the thing of each."""
    things = bases(rows // 2, rng)
    counts = np.where(rng.random(len(things)) < 0.5, 1, rng.integers(2, 6, size=len(things)))
    owner = np.repeat(np.arange(len(things)), counts)[:rows]
    owner = rng.permutation(owner)
    return [misspelt(things[i], int(rng.integers(4)), rng) for i in owner], owner


def write_pairs(path: Path, rng: np.random.Generator) -> None:
    """Training pairs: two spellings of one thing, or of two different things, some of which share a place name."""
    things = bases(PAIRS, rng)
    lines = ["left,right,label"]
    for row, thing in enumerate(things):
        other = f"{thing.split(' ')[0]} {things[row - 1].split(' ')[-1]}" if row % 4 == 1 else things[row - 1]
        right = thing if row % 2 == 0 else other
        pair = [misspelt(text, int(rng.integers(4)), rng).replace('"', "") for text in (thing, right)]
        lines.append(",".join([*(f'"{text}"' for text in pair), str(1 - row % 2)]))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def trained(folder: Path) -> TrainedEncoder:
    """A small encoder trained on such names."""
    write_pairs(folder / "pairs.csv", np.random.default_rng(1))
    config = {
        "data": {"file": str(folder / "pairs.csv"), "label": "label"},
        "tokens": {"unit": "char", "normalize": "fold"},
        "encoder": {"cell": "lstm", "embedding": 48, "hidden": 48},
        "representation": "max_output",
        "similarity": "cosine",
        "loss": "mse",
        "fit": {"epochs": 5, "batch": 64, "lr": 0.003, "schedule": "linear", "seed": 0, "device": "cpu"},
    }
    return load(train(config, folder / "run").path / "encoder")


def pair_quality(cluster: np.ndarray, owner: np.ndarray) -> tuple[float, float, float]:
    """Precision, recall and F1 of the pairs of rows in the same cluster."""
    both = np.unique(np.stack([cluster, owner]), axis=1, return_counts=True)[1]
    right, linked, true = (float((n * (n - 1) // 2).sum()) for n in (both, np.bincount(cluster), np.bincount(owner)))
    precision, recall = right / max(linked, 1.0), right / max(true, 1.0)
    return precision, recall, 2 * right / max(linked + true, 1.0)


def show(found: Deduped, owner: np.ndarray) -> None:
    """The quality at the encoder's threshold, and at others."""
    print(f"{'threshold':>9}  {'clusters':>8}  {'largest':>7}  precision  recall     F1")
    for threshold in sorted({found.threshold, *found.other_thresholds(), *OTHERS}, reverse=True):
        links = found.joining.take(found.joining.scores >= threshold)
        cluster = components(len(owner), links)
        clusters, _, largest = found.at(threshold)
        quality = "  ".join(f"{value:.4f}" for value in pair_quality(cluster, owner))
        mark = "  <- the encoder's own" if threshold == found.threshold else ""
        print(f"{threshold:9.4f}  {clusters:8d}  {largest:7d}     {quality}{mark}")


def show_link(encoder: TrainedEncoder, texts: list[str], owner: np.ndarray) -> None:
    """The time to link one half of the rows to the other, and how often the best match is the right thing."""
    half = len(texts) // 2
    started, worked = time.perf_counter(), time.process_time()
    found = link(encoder, texts[:half], texts[half:], threshold=-1.0)
    seconds, worked = time.perf_counter() - started, time.process_time() - worked
    print(f"link {half} x {len(texts) - half} rows: {seconds:.0f} s, {worked:.0f} s of CPU time")
    there = np.isin(owner[:half], owner[half:])
    right = owner[half:][found.rows[:, 0]] == owner[:half]
    print(f"the best match is right for {right[there].mean():.3f} of the {there.sum()} rows that have a match")


def main() -> None:
    """Print the figures."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    texts, owner = generated(rows, np.random.default_rng(0))
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        encoder = load(sys.argv[2]) if len(sys.argv) > 2 else trained(Path(folder))
        print(f"encoder ready after {time.perf_counter() - started:.0f} s, dev {encoder.facts['scores']}")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        started, worked = time.perf_counter(), time.process_time()
        found = dedupe(encoder, texts)
        seconds, worked = time.perf_counter() - started, time.process_time() - worked
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    size = f"{len(texts)} rows, {len(set(texts))} distinct texts, {encoder.dim} dimensions"
    print(f"{size}: {seconds:.0f} s, {worked:.0f} s of CPU time")
    print(f"peak memory {peak / 2**20:.2f} GiB ({before / 2**20:.2f} GiB before)")
    show(found, owner)
    print(f"lowest threshold without a suspiciously large cluster: {found.lowest_without_lump()}")
    show_link(encoder, texts, owner)


if __name__ == "__main__":
    main()
