"""Options of a config that cannot have an effect, because another option rules it out."""

from collections.abc import Mapping

from seqtwin.config.encoder_section import EncoderConfig
from seqtwin.config.run import RunConfig
from seqtwin.errors import ConfigError
from seqtwin.lookup import split_spec

OF_CELLS = ("hidden", "layers", "dropout", "padding")


def refuse_idle_options(config: RunConfig) -> None:
    """Check that every option that a user wrote can have an effect.

    A study may vary the option that rules another one out, so this is for the config of a single run.

    Raises: ConfigError that names the options.
    """
    for options, cause in _idle(config).items():
        named = ", ".join(options)
        raise ConfigError("CONFIG_IDLE", f"{named}: no effect {cause}", place=options[0], remedy=f"remove {named}")


def refuse_late_negatives(config: RunConfig) -> None:
    """Check that hard negatives begin within the training. Raises: ConfigError."""
    mined, epochs = config.fit.hard_negatives, config.fit.epochs
    if mined is not None and mined.from_epoch > epochs:
        cause = f"from_epoch: {mined.from_epoch} is beyond the last epoch ({epochs}), so no hard negatives are added"
        remedy = "lower fit.hard_negatives.from_epoch, or raise fit.epochs"
        raise ConfigError("CONFIG_IDLE", cause, place="fit.hard_negatives", remedy=remedy)


def _idle(config: RunConfig) -> Mapping[tuple[str, ...], str]:
    """The groups of options without an effect, and why."""
    changed = _changed(config.encoder)
    without_cell = tuple(f"encoder.{name}" for name in OF_CELLS if name in changed)
    found = {without_cell: "with encoder.cell: none, which has no states"} if _has_no_cell(config) else {}
    if "spelling" in changed and not config.tokens.characters and config.encoder.start is None:
        found[("encoder.spelling",)] = "without tokens.characters: true"
    return {options: cause for options, cause in found.items() if options}


def _has_no_cell(config: RunConfig) -> bool:
    return split_spec(config.encoder.cell)[0] == "none"


def _changed(encoder: EncoderConfig) -> set[str]:
    """The options with another value than the default."""
    fields = type(encoder).model_fields
    return {name for name in encoder.model_fields_set if getattr(encoder, name) != fields[name].default}
