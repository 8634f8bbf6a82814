"""Texts per second of a seqtwin model, and of the same weights on packed sequences, in turn in one run, on one thread.

Both get the same batches: pairs of SICK if SEQTWIN_DATA has it, else random tokens with the same lengths and
frequencies. Bidirectional LSTM 128, embedding 128, mean of the outputs, cosine, squared error, Adam. Both sides of a
pair are encoded in one call. Only the code from the batch to the vectors differs.
"""

import copy
import csv
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from figures import show, show_plain
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from seqtwin.build import Blueprint, build_siamese
from seqtwin.config import EncoderConfig
from seqtwin.data.batches import epoch_batches
from seqtwin.model.lstm import products
from seqtwin.model.siamese import Siamese, joined
from seqtwin.records import PairBatch, Sequences

PAIRS_A_BATCH = 64
TEXTS_A_BATCH = 512
TEXTS = 5120
BATCHES = 20
ROUNDS = 9
WIDTH = 128


class Packed(nn.Module):
    """The plain implementation (embed, pack, nn.LSTM, unpack, mean, cosine) with the weights of a Siamese."""

    def __init__(self, siamese: Siamese) -> None:
        super().__init__()
        self.embedding = copy.deepcopy(siamese.encoder.inputs.embedding)
        self.rnn = copy.deepcopy(siamese.encoder.rnn)

    def encode(self, sequences: Sequences) -> Tensor:
        """One vector per text."""
        vectors = self.embedding(sequences.values)
        packed = pack_padded_sequence(vectors, sequences.lengths, batch_first=True, enforce_sorted=False)
        outputs, _ = pad_packed_sequence(self.rnn(packed)[0], batch_first=True)
        return outputs.sum(1) / sequences.lengths[:, None]  # outputs past a length are 0

    def forward(self, pairs: PairBatch) -> Tensor:
        left, right = self.encode(joined(pairs.left, pairs.right)).chunk(2)
        return nn.functional.cosine_similarity(left, right)


def built(vocabulary: int) -> Siamese:
    """The model of seqtwin."""
    encoder = EncoderConfig(cell="lstm", embedding=WIDTH, hidden=WIDTH, bidirectional=True)
    parts = {"representation": "mean_output", "projection": "identity", "similarity": "cosine"}
    return build_siamese(Blueprint(inputs="tokens", size=vocabulary, encoder=encoder, **parts), seed=0)


def sick_texts(folder: Path) -> list[list[int]]:
    """Word ids of both sides of the training pairs, left and right in turn."""
    with (folder / "sick" / "train.csv").open(encoding="utf-8", newline="") as file:
        texts = [text.lower().split() for row in csv.DictReader(file) for text in (row["left"], row["right"])]
    ids = {word: number for number, word in enumerate(sorted({w for t in texts for w in t}), start=2)}
    return [[ids[word] for word in text] for text in texts]


def random_texts(draw: torch.Generator) -> list[list[int]]:
    """9,000 texts with the lengths of SICK (10 on average, 3 to 28), 2,300 tokens as frequent as words are (Zipf)."""
    lengths = (torch.randn(9000, generator=draw) * 3.2 + 9.6).round().clamp(3, 28).int().tolist()
    frequency = 1 / torch.arange(1, 2301)
    tokens = torch.multinomial(frequency, sum(lengths), replacement=True, generator=draw) + 2
    return [text.tolist() for text in tokens.split(lengths)]


def batch_of(texts: list[list[int]]) -> Sequences:
    """A right-padded batch."""
    lengths = torch.tensor([len(text) for text in texts])
    rows = [torch.tensor(text) for text in texts]
    return Sequences(nn.utils.rnn.pad_sequence(rows, batch_first=True), lengths)


def training_batches(texts: list[list[int]]) -> list[PairBatch]:
    """The batches that seqtwin trains on: pairs of similar length. Every other pair is labelled the same."""
    longer = np.array([max(len(texts[i]), len(texts[i + 1])) for i in range(0, len(texts), 2)])
    chosen = [torch.from_numpy(rows) for rows in epoch_batches(longer, PAIRS_A_BATCH, seed=0, epoch=1)[:BATCHES]]
    target = torch.arange(PAIRS_A_BATCH).remainder(2).float()
    sides = [(batch_of([texts[2 * i] for i in rows]), batch_of([texts[2 * i + 1] for i in rows])) for rows in chosen]
    return [PairBatch(left, right, target, rows) for (left, right), rows in zip(sides, chosen, strict=True)]


def encoding_batches(texts: list[list[int]]) -> list[Sequences]:
    """Batches of texts of similar length."""
    ordered = sorted(texts[:TEXTS], key=len)
    return [batch_of(ordered[start : start + TEXTS_A_BATCH]) for start in range(0, len(ordered), TEXTS_A_BATCH)]


def trainer(model: nn.Module, scores: Callable[[PairBatch], Tensor], batches: list[PairBatch]) -> Callable[[], None]:
    """A call that trains on every batch once."""
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)

    def run() -> None:
        for batch in batches:
            loss = nn.functional.mse_loss(scores(batch), batch.target)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    return run


def reader(encode: Callable[[Sequences], Tensor], batches: list[Sequences]) -> Callable[[], None]:
    """A call that encodes every batch once."""

    def run() -> None:
        with torch.inference_mode():
            for batch in batches:
                encode(batch)

    return run


def seconds(call: Callable[[], None]) -> float:
    """Wall-clock seconds of one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def compare(name: str, ours: Callable[[], None], packed: Callable[[], None], texts: int, required: float) -> None:
    """Run both in turn; print their rates and the median ratio of consecutive runs."""
    ours(), packed()  # the first call of each sets up its kernels
    times = [(seconds(ours), seconds(packed)) for _ in range(ROUNDS)]
    mine, plain = (statistics.median(column) for column in zip(*times, strict=True))
    show_plain(f"{name}, seqtwin", texts / mine, " texts/s")
    show_plain(f"{name}, packed sequences", texts / plain, " texts/s")
    ratio = statistics.median(b / a for a, b in times)
    show(f"{name}, seqtwin : packed", ratio, f">= {required} x", ratio >= required, " x")


def compare_libraries(rows: int = 128) -> None:
    """Products of one step of the LSTM by MKL and by oneDNN: billions of operations per CPU second."""
    if not products._has_onednn():
        print("this processor has no AVX-512, or this PyTorch no oneDNN: all products are made by PyTorch's default")
        return
    h, weight = torch.randn(rows, WIDTH), torch.randn(4 * WIDTH, WIDTH)
    calls = {"MKL": lambda: h @ weight.t(), "oneDNN": lambda: products._by_onednn(h, weight, None)}
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            start = time.process_time()
            for _ in range(200):
                call()
            times[name].append(time.process_time() - start)
    for name, own in times.items():
        show_plain(f"products in float32, {name}", 200 * 2e-9 * h.numel() * len(weight) / statistics.median(own))


def main() -> None:
    """Print the figures."""
    torch.set_num_threads(1)
    compare_libraries()
    draw = torch.Generator().manual_seed(0)
    folder = Path(os.environ.get("SEQTWIN_DATA", ""))
    real = (folder / "sick").is_dir()
    texts = sick_texts(folder) if real else random_texts(draw)
    print(f"training and encoding {'SICK' if real else 'random tokens'}, one thread")
    ours = built(1 + max(map(max, texts)))
    packed = Packed(ours)
    pairs, single = training_batches(texts), encoding_batches(texts)
    with torch.no_grad():
        difference = max(float((ours.encode(b) - packed.encode(b)).abs().max()) for b in single)
    show("largest difference of a coordinate, in millionths", 1e6 * difference, "<= 1", difference <= 1e-6)

    calls = trainer(ours, lambda batch: ours(batch).score, pairs), trainer(packed, packed, pairs)
    compare("training", *calls, 2 * sum(map(len, pairs)), required=1.8)
    compare("encoding", reader(ours.encode, single), reader(packed.encode, single), sum(map(len, single)), required=1.4)


if __name__ == "__main__":
    main()
