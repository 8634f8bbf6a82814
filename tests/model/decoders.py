"""What the tests of the decoder share: a Siamese built as a run builds it, a decoder on it, texts to write."""

from typing import Any

import torch
from torch import Tensor

from seqtwin.build import Blueprint, build_siamese
from seqtwin.config import EncoderConfig
from seqtwin.lookup import pick
from seqtwin.model.decoder import Decoder
from seqtwin.model.siamese import Siamese
from seqtwin.records import DecodeBatch, Sequences

READ, WRITTEN = 9, 7
END = WRITTEN


def siamese_of(representation: Any = "final_hidden", *, projection: Any = "identity", **encoder: Any) -> Siamese:
    """An untrained Siamese in float64 and eval mode: five wide, with four hidden units a direction."""
    settings = EncoderConfig(**{"cell": "gru", "embedding": 5, "hidden": 4, "bidirectional": False, **encoder})
    parts = {"representation": representation, "projection": projection, "similarity": "cosine"}
    return build_siamese(Blueprint(inputs="tokens", size=READ, encoder=settings, **parts), seed=0).double().eval()


def decoder_of(model: Siamese, *, seed: int = 0, size: int = WRITTEN, sure: float = 1.0, **options: Any) -> Decoder:
    """A decoder as a config names it, in float64 and eval mode. `sure`: how far its logits are apart."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        decoder = pick({"decode": Decoder}, {"name": "decode", **options}, "objective", model, size).double().eval()
        with torch.no_grad():
            decoder.bias.normal_().mul_(sure)
            if decoder.weight is not None:
                decoder.weight.weight.mul_(sure)
    return decoder


def padded(rows: list[list[int]]) -> Sequences:
    """These rows, right-padded."""
    width = max(map(len, rows))
    values = torch.tensor([row + [0] * (width - len(row)) for row in rows])
    return Sequences(values, torch.tensor([len(row) for row in rows]))


def drawn(lengths: tuple[int, ...], size: int, seed: int = 0) -> list[list[int]]:
    """Random ids from 2 on."""
    draw = torch.Generator().manual_seed(seed)
    return [torch.randint(2, size, (length,), generator=draw).tolist() for length in lengths]


def batch_of(read: tuple[int, ...], written: tuple[int, ...]) -> DecodeBatch:
    """Random texts of these lengths; `end` follows what is to be written."""
    told = padded([[*row, END] for row in drawn(written, WRITTEN, 1)])
    return DecodeBatch(padded(drawn(read, READ)), told, torch.arange(len(read)))


def alone(sequences: Sequences, row: int) -> Sequences:
    """One row of a batch without its pads."""
    length = sequences.lengths[row : row + 1]
    return Sequences(sequences.values[row : row + 1, : int(length)], length)


def mean_log_p(decoder: Decoder, model: Siamese, sequences: Sequences, text: list[int]) -> float:
    """The mean log-probability of a text and its end, by the forward pass."""
    batch = DecodeBatch(sequences, padded([[*text, decoder.end]]), torch.arange(1))
    log_p: Tensor = decoder(model, batch).detach().log_softmax(1)
    return float(log_p[torch.arange(len(log_p)), batch.target].mean())
