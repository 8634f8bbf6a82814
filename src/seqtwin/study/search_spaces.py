"""The search space of tuning: the settings that apply to a config, each with the values that are searched.

Common settings are searched even where the config sets them (the first trial is the config as written). Options of a
part are searched only where the config does not set them: a pairing called contrastive-cosine keeps the cosine
distance, a margin given as a number keeps that number. Whatever the grid varies is never searched.
"""

from collections.abc import Collection, Mapping

from seqtwin.config import RunConfig
from seqtwin.lookup import split_spec
from seqtwin.model.distances import DISTANCES
from seqtwin.training.losses import LOSSES, Loss
from seqtwin.training.losses.base import Choice, Dimension, Range

__all__ = ["COMMON", "Choice", "Dimension", "Range", "Space", "space_of", "written_value"]

Space = dict[str, Dimension]

COMMON: Mapping[str, Dimension] = {
    "fit.lr": Range(1e-4, 1e-2),
    "fit.weight_decay": Range(1e-6, 1e-2),
    "encoder.dropout": Range(0.0, 0.5, log=False),
}


def space_of(config: RunConfig, varied: Collection[str]) -> Space:
    """The search space for the pairing of a config. `varied`: the keys that the grid of the study varies."""
    space = {**_common(config), **_loss_options(config), **_similarity(config)}
    return {key: dimension for key, dimension in space.items() if not _is_varied(key, varied)}


def _is_varied(key: str, varied: Collection[str]) -> bool:
    """Whether the grid varies this key or its section. A grid over `loss` does not vary the options of a loss."""
    return any(key == factor or (key in COMMON and key.startswith(f"{factor}.")) for factor in varied)


def _common(config: RunConfig) -> Space:
    # dropout applies between layers only
    return {key: values for key, values in COMMON.items() if key != "encoder.dropout" or config.encoder.layers > 1}


def _loss_class(config: RunConfig) -> type[Loss] | None:
    return LOSSES.get(split_spec(config.loss)[0])


def _loss_options(config: RunConfig) -> Space:
    loss, options = _loss_class(config), split_spec(config.loss)[1]
    space = {} if loss is None else {key: values for key, values in loss.tuning.items() if key not in options}
    if options.get("margin", "auto") != "auto":
        space.pop("k", None)
    if "distance" in space:
        space["distance"] = _ranking_distances(config)
    return {f"loss.{key}": one for key, one in space.items() if not isinstance(one, Choice) or len(one.names) > 1}


def _ranking_distances(config: RunConfig) -> Choice:
    """The distances that order pairs as the similarity does. Any other would train something that is not measured."""
    similarity = split_spec(config.similarity)[0]
    return Choice(tuple(name for name, distance in DISTANCES.items() if similarity in distance.orders))


def _similarity(config: RunConfig) -> Space:
    loss = _loss_class(config)
    if loss is None or not loss.tuned_similarities or "similarity" in config.model_fields_set:
        return {}
    return {"similarity": Choice(loss.tuned_similarities)}


def written_value(config: RunConfig, key: str) -> object:
    """The value of a dotted key in a config. None where the option of a part has its default.

    >>> from seqtwin.config import parse_run
    >>> config = parse_run({"data": {"name": "digits"}, "loss": {"name": "contrastive", "k": 2}})
    >>> written_value(config, "fit.lr"), written_value(config, "loss.k"), written_value(config, "loss.distance")
    (0.002, 2, None)
    """
    value: object = config
    for name in key.split("."):
        value = value.get(name) if isinstance(value, dict) else getattr(value, name, None)
    return value
