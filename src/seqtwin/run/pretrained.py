"""Pre-training: the encoder that a config starts from (`encoder: {from: runs/...}`)."""

from functools import lru_cache
from pathlib import Path
from typing import Any

from seqtwin.config import RunConfig, vary
from seqtwin.errors import ConfigError
from seqtwin.paths import expand
from seqtwin.store import CARD, WEIGHTS, Stored, encoder_folder, load_encoder

# what the started-from encoder decides, because its weights have that shape
SHAPE = ("cell", "embedding", "hidden", "layers", "bidirectional", "spelling", "scaling")


def start_folder(config: RunConfig) -> Path | None:
    """The encoder folder that the config starts from; None where it starts afresh.

    Raises: ConfigError when no encoder is there.
    """
    if config.encoder.start is None:
        return None
    return encoder_folder(expand(config.encoder.start), "encoder.from")


def start_stamp(config: RunConfig) -> tuple[tuple[str, int, int], ...]:
    """Folder, time and size of the card and the weights of the encoder that the config starts from."""
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
    """The config with the shape of the encoder that it starts from; itself where it starts afresh.

    Raises: ConfigError where it asks for another shape.
    """
    stored = load_start(config)
    if stored is None:
        return config
    known = stored.blueprint.encoder
    asked = config.encoder.model_fields_set
    for key in SHAPE:
        found, wanted = getattr(known, key), getattr(config.encoder, key)
        if key in asked and wanted != found:
            cause = f"{key} is {_shown(wanted)}, but that of {config.encoder.start} is {_shown(found)}"
            raise ConfigError("START_SHAPE", cause, place=f"encoder.{key}", remedy=f"leave encoder.{key} out")
    return vary(config, {f"encoder.{key}": getattr(known, key) for key in SHAPE})


def refuse_other_inputs(config: RunConfig, inputs: str, size: int) -> None:
    """Raises: ConfigError where the encoder that the config starts from cannot read these data."""
    stored = load_start(config)
    if stored is None or (stored.blueprint.inputs, stored.blueprint.size) == (inputs, size):
        return
    known = f"{stored.blueprint.inputs} ({stored.blueprint.size})"
    cause = f"the encoder to start from reads {known}, but the data are {inputs} ({size})"
    raise ConfigError("START_INPUTS", cause, place=f"encoder.from: {config.encoder.start}", remedy="name another one")


def start_notes(config: RunConfig) -> tuple[str, ...]:
    """What a report says of the tokens where they come with an encoder."""
    said = "the tokens are those of the encoder that training starts from, whatever the config says of tokens"
    return () if config.encoder.start is None else (said,)


def _shown(value: Any) -> str:
    return str(value.get("name", value)) if isinstance(value, dict) else str(value)
