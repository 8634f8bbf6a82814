"""The encoder that training starts from (`encoder: {from: runs/...}`)."""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import torch
from torch import nn

from seqtwin.config import RunConfig, vary
from seqtwin.errors import ConfigError
from seqtwin.model.siamese import Siamese
from seqtwin.paths import expand
from seqtwin.store import CARD, WEIGHTS, Stored, encoder_folder, load_encoder

# settings that the weights of that encoder fix
SHAPE = ("cell", "embedding", "hidden", "layers", "bidirectional", "spelling", "scaling")
CHANNELS = ("lexical", "kernels")
ABOVE = ("representation", "projection", *CHANNELS)


class Trainable(Protocol):
    """A part of a model, or a loss."""

    def parameters(self) -> Iterator[nn.Parameter]: ...


def start_folder(config: RunConfig) -> Path | None:
    """The folder of the encoder that the config starts from; None where it starts afresh.

    Raises: ConfigError when it has no encoder.
    """
    if config.encoder.start is None:
        return None
    return encoder_folder(expand(config.encoder.start), "encoder.from")


def start_stamp(config: RunConfig) -> tuple[tuple[str, int, int], ...]:
    """Folder, modification time and size of the card and the weights of the encoder that the config starts from."""
    folder = start_folder(config)
    if folder is None:
        return ()
    stats = [(folder / name).stat() for name in (CARD, WEIGHTS) if (folder / name).exists()]
    return tuple((str(folder), stat.st_mtime_ns, stat.st_size) for stat in stats)


def load_start(config: RunConfig) -> Stored | None:
    """The encoder that the config starts from; None where it starts afresh.

    Raises: ConfigError, DamagedError.
    """
    stamp = start_stamp(config)
    return _load(stamp) if stamp else None


@lru_cache(maxsize=2)
def _load(stamp: tuple[tuple[str, int, int], ...]) -> Stored:
    return load_encoder(Path(stamp[0][0]))


def followed(config: RunConfig) -> RunConfig:
    """The config with the shape of the encoder that it starts from; unchanged where it starts afresh.

    Raises: ConfigError where it specifies another shape.
    """
    stored = load_start(config)
    if stored is None:
        return config
    shape = stored.blueprint.encoder
    for key in SHAPE:
        actual, wanted = getattr(shape, key), getattr(config.encoder, key)
        if key in config.encoder.model_fields_set and wanted != actual:
            cause = f"{key} is {_shown(wanted)}, but {config.encoder.start} has {_shown(actual)}"
            raise ConfigError("START_SHAPE", cause, place=f"encoder.{key}", remedy=f"remove encoder.{key}")
    changes: dict[str, object] = {f"encoder.{key}": getattr(shape, key) for key in SHAPE}
    for key in CHANNELS:
        channel = getattr(shape, key)
        if channel is not None and key not in config.encoder.model_fields_set:
            changes[f"encoder.{key}"] = channel.model_dump()
    return vary(config, changes)


def refuse_other_inputs(config: RunConfig, inputs: str, size: int) -> None:
    """Raises: ConfigError where the encoder that the config starts from cannot encode these data."""
    stored = load_start(config)
    if stored is None or (stored.blueprint.inputs, stored.blueprint.size) == (inputs, size):
        return
    expected = f"{stored.blueprint.inputs} ({stored.blueprint.size})"
    cause = f"the encoder to start from expects {expected}, but the data are {inputs} ({size})"
    place = f"encoder.from: {config.encoder.start}"
    raise ConfigError("START_INPUTS", cause, place=place, remedy="choose another encoder")


def refuse_all_frozen(config: RunConfig, above: Sequence[Trainable]) -> None:
    """Raises: ConfigError where the encoder is frozen and no part above it has parameters."""
    if config.encoder.frozen and not any(list(part.parameters()) for part in above):
        cause, remedy = "the encoder is frozen, and nothing above it can be trained", "set projection: linear"
        raise ConfigError("FROZEN_ALL", cause, place="encoder.frozen", remedy=remedy)


def start_weights(config: RunConfig, model: Siamese) -> None:
    """Give a new model the weights of the encoder that the config starts from; unchanged where it starts afresh.

    The representation, the projection and the side channel keep their trained weights, too, where they are the same
    parts with the same shapes. `encoder.frozen` fixes the weights of the encoder alone.
    """
    stored = load_start(config)
    if stored is None:
        return
    model.encoder.load_state_dict(stored.model.encoder.state_dict())
    model.encoder.requires_grad_(not config.encoder.frozen)
    for name in ABOVE:
        own, trained = getattr(model, name), getattr(stored.model, name)
        if own is not None and trained is not None and _shapes(own) == _shapes(trained):
            own.load_state_dict(trained.state_dict())


def _shapes(part: nn.Module) -> Mapping[tuple[type, str], torch.Size]:
    """The shape of each weight of a part by the class of the part and the name of the weight."""
    return {(type(part), name): weight.shape for name, weight in part.state_dict().items()}


def start_notes(config: RunConfig) -> tuple[str, ...]:
    """A note on the tokens where the encoder that training starts from provides them."""
    note = "the tokens are those of the encoder that training starts from; the section tokens is ignored"
    return () if config.encoder.start is None else (note,)


def _shown(value: object) -> str:
    return str(value.get("name", value)) if isinstance(value, dict) else str(value)
