"""The settings of dedupe, link and mine, checked: the threshold, and counts such as k."""

import math

import numpy as np

from seqtwin.errors import ConfigError
from seqtwin.inference.base_encoder import BaseEncoder, no_threshold
from seqtwin.inference.reranking import reranker_of
from seqtwin.matching.nearest_texts import Encoder


def choose_threshold(encoder: Encoder, threshold: float | None, *, rerank: bool = False) -> float:
    """The threshold of the user, or else the encoder's own, fitted on its dev split.

    `rerank`: scores are probabilities, and the default is the threshold of the encoder's re-ranker.

    Raises: ConfigError if there is none, if it is not a finite number, for one that no probability can be, or without a
    re-ranker; DamagedError.
    """
    own = reranker_of(encoder).threshold if rerank else encoder.threshold
    chosen = own if threshold is None else threshold
    if chosen is None:
        cause = no_threshold(encoder) if isinstance(encoder, BaseEncoder) else "the encoder has no threshold"
        raise ConfigError("NO_THRESHOLD", cause, place="threshold", remedy="set one with --threshold")
    if isinstance(chosen, bool) or not isinstance(chosen, int | float | np.floating) or not math.isfinite(chosen):
        raise ConfigError("BAD_THRESHOLD", f"expected a finite number, got {chosen}", place="threshold")
    if rerank and not 0 <= chosen <= 1:
        cause = f"with the re-ranker it is a probability: expected 0 to 1, got {chosen:g}"
        raise ConfigError("BAD_THRESHOLD", cause, place="threshold")
    return float(chosen)


def check_count(name: str, value: int, least: int) -> int:
    """The value, if it is an integer of at least `least`. `name`: of the setting, for errors.

    Raises: ConfigError.
    """
    if not isinstance(value, int | np.integer) or isinstance(value, bool):
        raise ConfigError("BAD_COUNT", f"expected an integer, got {value!r}", place=name)
    if value < least:
        raise ConfigError("BAD_COUNT", f"expected {least} or more, got {value}", place=name)
    return value
