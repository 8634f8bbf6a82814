"""The encoder that training starts from (`encoder: {from: runs/...}`)."""

from functools import lru_cache
from pathlib import Path

from seqtwin.config import RunConfig, vary
from seqtwin.errors import ConfigError
from seqtwin.paths import expand
from seqtwin.store import CARD, WEIGHTS, Stored, encoder_folder, load_encoder

# settings that the weights of that encoder fix
SHAPE = ("cell", "embedding", "hidden", "layers", "bidirectional", "spelling", "scaling")


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
    return vary(config, {f"encoder.{key}": getattr(shape, key) for key in SHAPE})


def refuse_other_inputs(config: RunConfig, inputs: str, size: int) -> None:
    """Raises: ConfigError where the encoder that the config starts from cannot encode these data."""
    stored = load_start(config)
    if stored is None or (stored.blueprint.inputs, stored.blueprint.size) == (inputs, size):
        return
    expected = f"{stored.blueprint.inputs} ({stored.blueprint.size})"
    cause = f"the encoder to start from expects {expected}, but the data are {inputs} ({size})"
    place = f"encoder.from: {config.encoder.start}"
    raise ConfigError("START_INPUTS", cause, place=place, remedy="choose another encoder")


def start_notes(config: RunConfig) -> tuple[str, ...]:
    """A note on the tokens where the encoder that training starts from provides them."""
    note = "the tokens are those of the encoder that training starts from; the section tokens is ignored"
    return () if config.encoder.start is None else (note,)


def _shown(value: object) -> str:
    return str(value.get("name", value)) if isinstance(value, dict) else str(value)
