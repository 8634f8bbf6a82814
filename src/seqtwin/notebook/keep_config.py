"""The starter config of a training, kept next to its folder."""

from pathlib import Path

from seqtwin.config import PATHS, RunConfig, anchored, each_path, parse_run, portable, read_run
from seqtwin.errors import ConfigError
from seqtwin.files import publish_text
from seqtwin.guards.launched import launched
from seqtwin.guards.replaced import move_replaced
from seqtwin.paths import expand
from seqtwin.run.manifest import config_text
from seqtwin.run.pretrained import followed
from seqtwin.strict_yaml import parse_yaml
from seqtwin.training.checkpoint import differences


def keep_config(text: str, out: Path, config: RunConfig) -> Path:
    """Write the config that is used to a file next to `out`; its path.

    `text`: the commented config. It is kept where no override changes it; otherwise every key is written. A file with
    the same settings in other words stays as it is.

    Raises: ConfigError when a config with other settings exists there.
    """
    used = out.with_name(f"{out.name}.yaml")
    launch = launched()
    if launch is not None and launch.rank:
        return used  # process 0 of torchrun writes it
    folder = used.absolute().parent
    plain = parse_run(anchored(parse_yaml(text, place=str(used)), folder))
    content = text if plain == config else config_text(portable(followed(config), folder))
    is_other = used.exists() and used.read_text(encoding="utf-8") != content
    if is_other:
        move_replaced(used)
    if not used.exists():
        publish_text(used, content)
    elif is_other:
        _refuse_other(used, config)
    return used


def _refuse_other(used: Path, config: RunConfig) -> None:
    """Raises: ConfigError for a config that is kept already and has other settings."""
    changed = differences(_settings(read_run(used)), _settings(config))
    if not changed:
        return
    cause = "".join(["the config that is kept here differs from this one", *(f"\n  {line}" for line in changed)])
    remedy = "give the settings that it began with, or move this file away, or choose another --out"
    raise ConfigError("CONFIG_KEPT", cause, place=str(used), remedy=remedy)


def _settings(config: RunConfig) -> dict[str, object]:
    """Every key of a config, with the paths of the files that it means: two spellings of one path are equal."""
    raw: dict[str, object] = followed(config).model_dump(mode="json")
    for section, key in (path.split(".") for path in PATHS):
        part = raw.get(section)
        if isinstance(part, dict) and part.get(key):
            part[key] = each_path(part[key], lambda path: str(expand(path).resolve()))
    return raw
