"""What tuning may change: tables of ranges, and which of them apply to a config.

Common keys are searched even where the config gives a value (the first trial is the config as written). Options of a
part are searched only where its spec does not name them: a pairing called contrastive-cosine stays cosine, a margin
given as a number stays that number. What the grid varies is never searched.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from seqtwin.config import RunConfig
from seqtwin.lookup import split_spec
from seqtwin.model.distances import DISTANCES

EDGE = 0.05


@dataclass(frozen=True)
class Range:
    """Numbers between two ends, on a log scale or not."""

    low: float
    high: float
    log: bool = True

    def edge(self, value: float) -> bool:
        """Whether a value lies within 5 % of the range from one of its ends, so that a better one may lie beyond.

        >>> Range(1e-4, 1e-2).edge(9e-3), Range(1e-4, 1e-2).edge(1e-3)
        (True, False)
        """
        low, high, at = (math.log(x) if self.log else x for x in (self.low, self.high, value))
        return not EDGE < (at - low) / (high - low) < 1 - EDGE

    def holds(self, value: Any) -> bool:
        """Whether a written value can be a point of this range."""
        return isinstance(value, (int, float)) and not isinstance(value, bool) and self.low <= value <= self.high


@dataclass(frozen=True)
class Choice:
    """One of some names."""

    names: tuple[str, ...]

    def edge(self, value: str) -> bool:
        """Names have no edge."""
        return False

    def holds(self, value: Any) -> bool:
        """Whether a written value is one of the names."""
        return value in self.names


Dimension = Range | Choice
Space = dict[str, Dimension]

COMMON: Mapping[str, Dimension] = {
    "fit.lr": Range(1e-4, 1e-2),
    "fit.weight_decay": Range(1e-6, 1e-2),
    "encoder.dropout": Range(0.0, 0.5, log=False),
}
# k: the margin as a multiple of the median distance of the untrained negatives
OF_LOSS: Mapping[str, Mapping[str, Dimension]] = {
    "contrastive": {"k": Range(0.3, 3.0), "distance": Choice(("cosine", "normalized_euclidean", "euclidean"))},
    "triplet": {"k": Range(0.3, 3.0), "distance": Choice(("cosine", "normalized_euclidean", "euclidean"))},
    "in_batch": {"temperature": Range(0.01, 0.5)},
    "cosent": {"scale": Range(2.0, 100.0)},
    "bce": {"scale": Range(1.0, 50.0)},
}
# heads of a loss on scores, where the config names none
OF_SIMILARITY: Mapping[str, Choice] = {"mse": Choice(("cosine", "exp_manhattan"))}


def space_of(config: RunConfig, varied: Collection[str]) -> Space:
    """What is searched for the pairing of a config, in a grid that varies these keys."""
    found = {**_common(config), **_of_loss(config), **_of_similarity(config)}
    return {key: dimension for key, dimension in found.items() if not _varied(key, varied)}


def _varied(key: str, varied: Collection[str]) -> bool:
    """Whether the grid varies this key, or all of its section; `loss: [...]` leaves what its specs do not name."""
    return any(key == factor or (key in COMMON and key.startswith(f"{factor}.")) for factor in varied)


def _common(config: RunConfig) -> Space:
    # between the layers is the only place for dropout
    return {key: one for key, one in COMMON.items() if key != "encoder.dropout" or config.encoder.layers > 1}


def _of_loss(config: RunConfig) -> Space:
    name, written = split_spec(config.loss)
    found = {key: one for key, one in OF_LOSS.get(name, {}).items() if key not in written}
    if written.get("margin", "auto") != "auto":
        found.pop("k", None)
    if "distance" in found:
        found["distance"] = _ranked_alike(config)
    return {f"loss.{key}": one for key, one in found.items() if not isinstance(one, Choice) or len(one.names) > 1}


def _ranked_alike(config: RunConfig) -> Choice:
    """The distances that order pairs as the similarity does: the others would train what is not measured."""
    similarity = split_spec(config.similarity)[0]
    return Choice(tuple(name for name, distance in DISTANCES.items() if similarity in distance.orders))


def _of_similarity(config: RunConfig) -> Space:
    heads = OF_SIMILARITY.get(split_spec(config.loss)[0])
    return {} if heads is None or "similarity" in config.model_fields_set else {"similarity": heads}


def written_value(config: RunConfig, key: str) -> Any:
    """What a config says under a dotted key; None where a part's option is left to its default.

    >>> from seqtwin.config import parse_run
    >>> config = parse_run({"data": {"name": "digits"}, "loss": {"name": "contrastive", "k": 2}})
    >>> written_value(config, "fit.lr"), written_value(config, "loss.k"), written_value(config, "loss.distance")
    (0.002, 2, None)
    """
    found: Any = config
    for name in key.split("."):
        found = found.get(name) if isinstance(found, dict) else getattr(found, name, None)
    return found
