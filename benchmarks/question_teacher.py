"""The teacher of benchmarks/taught_classes.py: sentence encoders tuned on the train questions of TREC, averaged.

Each of them learns the classes and the finer classes that divide these, with one linear layer for either. The numbers
of epochs and teachers are fixed, and test is never read. Tuning one takes about 4 CPU minutes.
"""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

RUNS = Path(__file__).parent.parent / "runs" / "taught-classes"
EPOCHS, BATCH, TOKENS, AT_ONCE = 4, 32, 64, 128
RATE, HEAD_RATE, WARMUP, DECAY, SCALE = 1e-4, 1e-3, 0.1, 0.01, 10.0  # SCALE: of unit vectors, for the linear layers


class Classifier(nn.Module):
    """A sentence encoder with a linear layer for the classes, and one for the classes that divide these."""

    def __init__(self, classes: Sequence[str], fine: Sequence[str]) -> None:
        from sentence_transformers import SentenceTransformer

        super().__init__()
        self.classes, self.fine = list(classes), list(fine)
        self.body = SentenceTransformer(os.environ["SEQTWIN_TEACHER"], device="cpu")
        self.body.max_seq_length = TOKENS
        width = self.body.get_embedding_dimension() or 0
        self.heads = nn.ModuleList([nn.Linear(width, len(self.classes)), nn.Linear(width, len(self.fine))])

    def forward(self, texts: Sequence[str]) -> list[Tensor]:
        with torch.autocast("cpu", torch.bfloat16):
            vectors: Tensor = self.body(self.body.preprocess(list(texts)))["sentence_embedding"]
        scaled = SCALE * vectors.float()
        return [head(scaled) for head in self.heads]

    @torch.inference_mode()
    def label(self, texts: Sequence[str]) -> list[str]:
        """The most probable class of each text."""
        self.eval()
        found = [""] * len(texts)
        order = np.argsort([len(text) for text in texts], kind="stable")
        for start in range(0, len(order), AT_ONCE):
            rows = order[start : start + AT_ONCE].tolist()
            for row, place in zip(rows, self([texts[row] for row in rows])[0].argmax(1).tolist(), strict=True):
                found[row] = self.classes[place]
        return found


def questions(split: str) -> pd.DataFrame:
    """The questions of a split of TREC (column `text`), with their classes (`label`, `fine_label`)."""
    return pd.read_csv(Path(os.environ["SEQTWIN_DATA"]) / "trec" / f"{split}.csv", keep_default_na=False)


def averaged_teacher(count: int) -> Classifier:
    """The teacher that has the mean weights of some, tuned with different seeds.

    Source: Wortsman et al. 2022 (model soups).
    """
    states = [tuned_weights(seed) for seed in range(count)]
    model = new_teacher()
    mean = {
        name: sum(state[name] for state in states) / count if value.is_floating_point() else value
        for name, value in states[0].items()
    }
    model.load_state_dict(mean)
    return model


def new_teacher() -> Classifier:
    """The teacher before it is tuned."""
    train = questions("train")
    return Classifier(sorted({*train["label"]}), sorted({*train["fine_label"]}))


def tuned_weights(seed: int) -> dict[str, Tensor]:
    """The weights of a teacher tuned on the train questions, which is done unless their file exists."""
    path = RUNS / f"teacher-{seed}.pt"
    if not path.exists():
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)  # dropout has no other generator
            model = new_teacher()
            _tune(model, questions("train"), seed)
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save(model.state_dict(), path)
    weights: dict[str, Tensor] = torch.load(path)
    return weights


def _tune(model: Classifier, train: pd.DataFrame, seed: int) -> None:
    texts = list(train["text"])
    columns = (("label", model.classes), ("fine_label", model.fine))
    targets = [torch.tensor([names.index(label) for label in train[column]]) for column, names in columns]
    rng = np.random.default_rng(seed)
    batches = [rows for _ in range(EPOCHS) for rows in np.array_split(rng.permutation(len(texts)), len(texts) // BATCH)]
    groups = [{"params": model.body.parameters(), "lr": RATE}, {"params": model.heads.parameters(), "lr": HEAD_RATE}]
    optimizer = torch.optim.AdamW(groups, weight_decay=DECAY)
    rise, total = WARMUP * len(batches), len(batches)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / rise, (total - step) / (total - rise))
    )
    model.train()
    for rows in batches:
        optimizer.zero_grad()
        pairs = zip(model([texts[row] for row in rows]), targets, strict=True)
        torch.stack([nn.functional.cross_entropy(found, own[rows]) for found, own in pairs]).sum().backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
