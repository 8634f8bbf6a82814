"""The encoders that peers.py measures beside SeqTwin: the same network in sentence-transformers, and as a plain loop.

All of them: words, embedding 128, bidirectional LSTM 128, maximum of the outputs, squared error of the cosine, Adam.
"""

import importlib.util
import math
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

from seqtwin.metrics import METRICS

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

WIDTH, BATCH, RATE = 128, 64, 0.002
Encode = Callable[[Sequence[str]], np.ndarray]


@dataclass(frozen=True)
class ScoredPairs:
    """The texts of some pairs, and their scores from 0 to 1: Float[pairs]."""

    left: list[str]
    right: list[str]
    target: np.ndarray


@dataclass(frozen=True)
class Trained:
    """A trained encoder, the CPU seconds of the whole call, and its Pearson correlation on dev."""

    encode: Encode
    seconds: float
    pearson: float


def sick(split: str) -> ScoredPairs:
    """The pairs of a split of SICK."""
    table = pd.read_csv(Path(os.environ["SEQTWIN_DATA"]) / "sick" / f"{split}.csv", keep_default_na=False)
    return ScoredPairs(list(table["left"]), list(table["right"]), (table["score"].to_numpy(np.float64) - 1) / 4)


def pearson(encode: Encode, pairs: ScoredPairs) -> float:
    """The Pearson correlation of the cosines with the scores."""
    left, right = encode(pairs.left), encode(pairs.right)
    cosines = (left * right).sum(1) / (np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1))
    return float(METRICS["pearson"].function(cosines, pairs.target))


def words_of(pairs: ScoredPairs) -> list[str]:
    """The lower-case words of some pairs, sorted."""
    return sorted({word for text in (*pairs.left, *pairs.right) for word in text.lower().split()})


def word_ids_of(words: Sequence[str]) -> dict[str, int]:
    """The id of each word, from 2; 0 is the pad and 1 the unknown word."""
    return {word: place for place, word in enumerate(words, start=2)}


def sentence_transformers_lstm(words: Sequence[str], width: int, seed: int) -> "SentenceTransformer":
    """Its WordEmbeddings, LSTM and Pooling, untrained. Raises: ImportError without the package."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import LSTM, Pooling, WordEmbeddings
    from sentence_transformers.sentence_transformer.modules.tokenizer import WhitespaceTokenizer

    torch.manual_seed(seed)
    weights = np.random.default_rng(seed).normal(size=(len(words), WIDTH)).astype(np.float32)
    tokenizer = WhitespaceTokenizer(words, stop_words=[], do_lower_case=True)
    modules = [
        WordEmbeddings(tokenizer, weights, update_embeddings=True),
        LSTM(WIDTH, width, bidirectional=True),
        Pooling(2 * width, pooling_mode="max"),
    ]
    return SentenceTransformer(modules=modules, device="cpu")


def untrained_sentence_transformers(words: Sequence[str], width: int, save_to: Path | None = None) -> Encode | None:
    """Its LSTM without training; None without the package. `save_to`: a folder for it."""
    if importlib.util.find_spec("sentence_transformers") is None:
        return None
    model = sentence_transformers_lstm(words, width, seed=0)
    if save_to is not None:
        model.save(str(save_to))
    return lambda texts: model.encode(list(texts), batch_size=128)


def train_sentence_transformers(train: ScoredPairs, dev: ScoredPairs, epochs: int, seed: int) -> Trained:
    """Its WordEmbeddings, LSTM and Pooling, trained by its own trainer.

    Raises: ImportError without `sentence-transformers`, `datasets` and `accelerate`.
    """
    from datasets import Dataset
    from sentence_transformers import SentenceTransformerTrainer
    from sentence_transformers import SentenceTransformerTrainingArguments as Arguments
    from sentence_transformers.sentence_transformer.losses import CosineSimilarityLoss

    model = sentence_transformers_lstm(words_of(train), WIDTH, seed)
    rows = Dataset.from_dict({"left": train.left, "right": train.right, "score": train.target.tolist()})
    with tempfile.TemporaryDirectory() as folder:
        arguments = Arguments(
            output_dir=folder,
            num_train_epochs=epochs,
            per_device_train_batch_size=BATCH,
            learning_rate=RATE,
            seed=seed,
            report_to="none",
            save_strategy="no",
            logging_strategy="no",
            disable_tqdm=True,
            use_cpu=True,
        )
        trainer = SentenceTransformerTrainer(model, arguments, train_dataset=rows, loss=CosineSimilarityLoss(model))
        start = time.process_time()
        trainer.train()
        seconds = time.process_time() - start

    def encode(texts: Sequence[str]) -> np.ndarray:
        return model.encode(list(texts), batch_size=128)

    return Trained(encode, seconds, pearson(encode, dev))


class PackedEncoder(nn.Module):
    """What a competent user writes: embed, pack, nn.LSTM, unpack, maximum."""

    def __init__(self, ids: dict[str, int], width: int = WIDTH) -> None:
        super().__init__()
        self.ids = ids
        self.embedding = nn.Embedding(len(ids) + 2, WIDTH, padding_idx=0)
        self.rnn = nn.LSTM(WIDTH, width, batch_first=True, bidirectional=True)

    def forward(self, texts: Sequence[Tensor]) -> Tensor:
        lengths = torch.tensor([len(text) for text in texts])
        vectors = self.embedding(pad_sequence(list(texts), batch_first=True))
        packed = pack_padded_sequence(vectors, lengths, batch_first=True, enforce_sorted=False)
        outputs, _ = pad_packed_sequence(self.rnn(packed)[0], batch_first=True, padding_value=-math.inf)
        return outputs.amax(1)

    def tokens(self, texts: Sequence[str]) -> list[Tensor]:
        """The ids of the words of each text."""
        return [torch.tensor([self.ids.get(word, 1) for word in text.lower().split()] or [1]) for text in texts]

    @torch.inference_mode()
    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """The vectors of texts, in batches of similar length."""
        tokens = self.tokens(texts)
        order = sorted(range(len(tokens)), key=lambda row: len(tokens[row]))
        vectors = np.empty((len(texts), 2 * self.rnn.hidden_size), np.float32)
        for start in range(0, len(order), 128):
            rows = order[start : start + 128]
            vectors[rows] = self([tokens[row] for row in rows]).numpy()
        return vectors


def train_packed(train: ScoredPairs, dev: ScoredPairs, epochs: int, seed: int) -> Trained:
    """A plain loop over packed sequences, with the learning rate falling to 0."""
    torch.manual_seed(seed)
    start = time.process_time()
    model = PackedEncoder(word_ids_of(words_of(train)))
    left, right = model.tokens(train.left), model.tokens(train.right)
    target = torch.tensor(train.target, dtype=torch.float32)
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE, fused=True)
    steps = epochs * math.ceil(len(left) / BATCH)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / steps)
    for _ in range(epochs):
        for rows in torch.randperm(len(left)).split(BATCH):
            a, b = model([left[row] for row in rows] + [right[row] for row in rows]).chunk(2)
            loss = nn.functional.mse_loss(nn.functional.cosine_similarity(a, b), target[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    seconds = time.process_time() - start
    return Trained(model.encode, seconds, pearson(model.encode, dev))
