"""The settings of dedupe, link and mine, checked: the threshold, and counts such as k."""

import math

import numpy as np

from seqtwin.errors import ConfigError
from seqtwin.inference.reranking import reranker_of
from seqtwin.matching.nearest_texts import Encoder


def own_threshold(encoder: Encoder, *, rerank: bool) -> float | None:
    """The threshold of an encoder, or with `rerank` that of its re-ranker, a probability.

    Raises: ConfigError without a re-ranker; DamagedError.
    """
    return reranker_of(encoder).threshold if rerank else encoder.threshold


def choose_threshold(own: float | None, threshold: float | None, *, rerank: bool = False) -> float:
    """The threshold of the user, or else the encoder's own, fitted on its dev split.

    `rerank`: scores are probabilities. Raises: ConfigError if there is none, if it is not a finite number, or for one
    that no probability can be.
    """
    chosen = own if threshold is None else threshold
    if chosen is None:
        cause = "no threshold: the encoder has none, because it could not be estimated from its dev pairs"
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
