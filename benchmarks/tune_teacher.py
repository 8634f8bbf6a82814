"""A sentence encoder tuned on labelled pairs, as a folder that sentence-transformers loads.

    SEQTWIN_TEACHER=all-MiniLM-L6-v2 python benchmarks/tune_teacher.py

It learns from the train pairs of SICK, STS-B and QQP, in batches of one data set, with one seed. Scores are learned
with the mean squared error of the cosine, labels with the cross-entropy of a x cos + b, where a and b are trained. The
number of epochs is fixed, dev is only printed, and test is never read. A folder that exists is taken as it is. It takes
about 25 CPU minutes.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn import functional

from seqtwin.files import publish_folder
from seqtwin.metrics import METRICS

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "runs" / "distil-teacher"
SEED, BATCH, POOL, TOKENS = 0, 64, 20, 64  # POOL: batches of similar length are made of 20 x 64 pairs
RATE, RATE_OF_LINE, WARMUP, DECAY = 5e-5, 0.02, 0.1, 0.01
LINE = (10.0, -7.5)  # a and b at first: a cosine of .75 is undecided


@dataclass(frozen=True)
class Task:
    """A data set: `scale` of its scores (None: labels 0 and 1), epochs, and the weight of its loss."""

    scale: tuple[float, float] | None
    epochs: int
    weight: float


TASKS: Mapping[str, Task] = {
    "sick": Task((1, 5), 3, 3.0),
    "stsb": Task((0, 5), 3, 3.0),
    "qqp": Task(None, 2, 0.3),
}


@dataclass(frozen=True)
class TaskPairs:
    """The texts of some pairs, and their targets from 0 to 1: Float[pairs]."""

    left: list[str]
    right: list[str]
    target: np.ndarray


def tuned_teacher() -> Path:
    """The folder of the tuned teacher, which is trained unless it exists."""
    if not FOLDER.exists():
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(SEED)  # dropout has no other generator
            model = _load(os.environ["SEQTWIN_TEACHER"])
            _tune(model)
        with publish_folder(FOLDER) as building:
            model.save(str(building.folder))
            building.manifest.update({"dev": _judge(model), "tuned_from": os.environ["SEQTWIN_TEACHER"]})
    return FOLDER


def read_pairs(data: str, split: str) -> TaskPairs:
    """The pairs of a split of a data set."""
    table = pd.read_csv(Path(os.environ["SEQTWIN_DATA"]) / data / f"{split}.csv", keep_default_na=False)
    scale = TASKS[data].scale
    low, high = scale or (0, 1)
    target = (table["label" if scale is None else "score"].to_numpy(np.float64) - low) / (high - low)
    return TaskPairs(list(table["left"]), list(table["right"]), target)


def texts_of(data: str, split: str) -> list[str]:
    """The distinct texts of a split of a data set, in alphabetical order."""
    pairs = read_pairs(data, split)
    return sorted({*pairs.left, *pairs.right})


def _load(place: str) -> "SentenceTransformer":
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(place, device="cpu")
    model.max_seq_length = TOKENS
    return model


def _tune(model: "SentenceTransformer") -> None:
    line = nn.Parameter(torch.tensor(LINE))
    pairs = {data: read_pairs(data, "train") for data in TASKS}
    steps = _steps(pairs, np.random.default_rng(SEED))
    groups = [
        {"params": list(model.parameters()), "lr": RATE, "weight_decay": DECAY},
        {"params": [line], "lr": RATE_OF_LINE, "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups)
    rise = WARMUP * len(steps)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / rise, (len(steps) - step) / (len(steps) - rise))
    )
    model.train()
    for step, (data, rows) in enumerate(steps):
        optimizer.zero_grad()
        loss = TASKS[data].weight * _loss(model, line, TASKS[data], pairs[data], rows)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if step % 50 == 0:
            print(f"teacher: step {step} of {len(steps)}, {data}, loss {float(loss.detach()):.3f}", flush=True)
    model.eval()


def _steps(pairs: Mapping[str, TaskPairs], rng: np.random.Generator) -> list[tuple[str, np.ndarray]]:
    """The batches of all epochs of all data sets, in random order."""
    steps = [
        (data, rows)
        for data, task in TASKS.items()
        for _ in range(task.epochs)
        for rows in batches_of(pairs[data], rng)
    ]
    return [steps[place] for place in rng.permutation(len(steps))]


def batches_of(pairs: TaskPairs, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Every row once, in batches of pairs of similar length."""
    order = rng.permutation(len(pairs.target))
    size = np.array([len(left) + len(right) for left, right in zip(pairs.left, pairs.right, strict=True)])
    for start in range(0, len(order), BATCH * POOL):
        pool = order[start : start + BATCH * POOL]
        pool = pool[np.argsort(size[pool], kind="stable")]
        yield from (pool[first : first + BATCH] for first in range(0, len(pool), BATCH))


def _loss(model: "SentenceTransformer", line: Tensor, task: Task, pairs: TaskPairs, rows: np.ndarray) -> Tensor:
    texts = [pairs.left[row] for row in rows] + [pairs.right[row] for row in rows]
    with torch.autocast("cpu", torch.bfloat16):
        vectors = model(model.preprocess(texts))["sentence_embedding"].float()
    cosine = functional.cosine_similarity(vectors[: len(rows)], vectors[len(rows) :])
    target = torch.tensor(pairs.target[rows], dtype=torch.float32)
    if task.scale is None:
        return functional.binary_cross_entropy_with_logits(line[0] * cosine + line[1], target)
    return functional.mse_loss(cosine, target)


def _judge(model: "SentenceTransformer") -> dict[str, float]:
    """Pearson for scores, ROC-AUC for labels, on dev."""
    found = {}
    for data, task in TASKS.items():
        pairs = read_pairs(data, "dev")
        left, right = (model.encode(side, normalize_embeddings=True) for side in (pairs.left, pairs.right))
        metric = METRICS["roc_auc" if task.scale is None else "pearson"]
        found[data] = round(float(metric.function((left * right).sum(1), pairs.target)), 4)
    return found


if __name__ == "__main__":
    print(tuned_teacher())
