"""Fits the re-ranker of an encoder to labelled pairs of texts."""

import numpy as np

from seqtwin.data.pairs import PairData
from seqtwin.errors import ConfigError
from seqtwin.inference.reranking import Encoder, encode_pairs
from seqtwin.reranker.fit_reranker import JudgedPairs, fit_reranker
from seqtwin.reranker.reranker import Reranker


def fit_encoder_reranker(encoder: Encoder, data: PairData, *, seed: int = 0) -> Reranker:
    """A re-ranker of an encoder, fitted to the train and dev pairs of some data.

    Raises: ConfigError for series; DataError for too few pairs of either label, or texts that cannot be encoded.
    """
    if encoder.inputs != "tokens" or data.series is not None:
        cause = "a re-ranker compares the spelling of texts, and series have none"
        raise ConfigError("RERANKER_INPUTS", cause, place="reranker", remedy="use an encoder and pairs of texts")
    train, dev = (_judged(encoder, data, split) for split in ("train", "dev"))
    return fit_reranker(train, dev, encoder.fingerprint, seed)


def _judged(encoder: Encoder, data: PairData, split: str) -> JudgedPairs:
    part = data.part(split)
    pairs = encode_pairs(encoder, part["left"].tolist(), part["right"].tolist())
    return JudgedPairs(pairs, part["target"].to_numpy(dtype=np.float64), data.cut)
