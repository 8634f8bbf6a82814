"""Runs and studies from YAML files and `key=value` overrides. Paths are relative to the config file."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from seqtwin.config.augment_section import spelled_labels
from seqtwin.config.run import PATHS, RunConfig, anchored, each_path, parse_run, set_key
from seqtwin.config.study import StudyConfig, parse_study, usual_grid
from seqtwin.errors import ConfigError
from seqtwin.paths import anchor, expand
from seqtwin.strict_yaml import parse_value, read_yaml


def read_run(path: Path, overrides: Sequence[str] = ()) -> RunConfig:
    """The run of a YAML file, with `key.sub=value` overrides applied.

    Raises: ConfigError.
    """
    file = expand(str(path))
    raw = anchored(read_yaml(file), file.parent)
    return parse_run(overridden(raw, overrides), place=str(file))


def read_study(path: Path, overrides: Sequence[str] = ()) -> StudyConfig:
    """The study of a YAML file. The file of a run becomes a study with the default grid.

    `set: {fit.epochs: 6}` changes settings of a base that is in another file. An override names a key of the study
    (`seeds=3`) or of its base (`fit.epochs=2`).

    Raises: ConfigError.
    """
    file = expand(str(path))
    raw = study_of(read_yaml(file), file.parent, overrides)
    return parse_study(override_study(raw, overrides), place=str(file))


def objective_of(raw: Mapping[str, object], overrides: Sequence[str] = ()) -> object:
    """The objective of the last override that sets one, otherwise that of the raw run config."""
    named = [text for text in overrides if text.startswith("objective=")]
    return parse_value(named[-1].partition("=")[2], place=named[-1]) if named else raw.get("objective", "pairs")


def study_of(raw: Mapping[str, object], folder: Path, overrides: Sequence[str] = ()) -> dict[str, object]:
    """The raw study config from that of a study or a run, with its paths resolved against a folder.

    A run gets the default grid of its objective, which an override may set.
    """
    study = dict(raw)
    if "grid" not in study and "base" not in study:
        study = {"base": study, "grid": usual_grid(objective_of(study, overrides))}
    base, grid, changes = study.get("base"), study.get("grid"), study.pop("set", None) or {}
    if not isinstance(changes, dict) or (changes and not isinstance(base, (str, dict))):
        raise ConfigError("CONFIG_INVALID", "set: expected {key.sub: value} for the keys of a base", place="set")
    if isinstance(base, (str, dict)):
        study["base"] = _with_changes(_read_base(base, folder), changes, folder)
    if isinstance(grid, dict):
        study["grid"] = {key: _anchored_values(key, values, folder) for key, values in grid.items()}
    return study


def _read_base(base: str | dict[str, object], folder: Path) -> dict[str, object]:
    if isinstance(base, dict):
        return anchored(base, folder)
    file = folder / expand(base)
    return anchored(read_yaml(file), file.parent)


def _with_changes(base: dict[str, object], changes: Mapping[object, object], folder: Path) -> dict[str, object]:
    changed = dict(base)
    for key, value in changes.items():
        set_key(changed, str(key), _anchored_value(str(key), value, folder))
    return changed


def overridden(raw: dict[str, object], overrides: Sequence[str]) -> dict[str, object]:
    """The raw config with `key.sub=value` overrides applied. Their paths are relative to the working folder."""
    for text in overrides:
        key, equals, value = text.partition("=")
        if not equals:
            cause, example = f"expected key=value, got '{text}'", "for example encoder.hidden=256"
            raise ConfigError("CONFIG_OVERRIDE", cause, place="command line", remedy=example)
        set_key(raw, key, _anchored_value(key, parse_value(value, place=text), Path.cwd()))
    return raw


def override_study(raw: dict[str, object], overrides: Sequence[str]) -> dict[str, object]:
    """The raw study config with `key=value` overrides applied to the study itself, its grid or its base."""
    own = [text for text in overrides if re.split(r"[.=]", text, maxsplit=1)[0] in StudyConfig.model_fields]
    grid = raw.get("grid")
    factors = dict(grid) if isinstance(grid, dict) else {}
    for text in own:
        key, _, value = text.partition("=")
        if key.startswith("grid."):  # the name of a factor can have dots
            factors[key[5:]] = _anchored_values(key[5:], parse_value(value, place=text), Path.cwd())
            raw["grid"] = factors
        else:
            overridden(raw, [text])
    rest, base = [text for text in overrides if text not in own], raw.get("base")
    _refuse_factors(rest, raw.get("grid"))
    if isinstance(base, dict):
        raw["base"] = overridden(base, rest)
    return raw


def _refuse_factors(overrides: Sequence[str], grid: object) -> None:
    """Check that no override sets a key that the grid varies, because it would have no effect.

    Raises: ConfigError.
    """
    for text in overrides:
        key = text.partition("=")[0]
        factors = grid if isinstance(grid, dict | list) else ()
        factor = next((name for name in factors if f"{key}.".startswith(f"{name}.")), None)
        if factor is not None:
            cause = f"'{text}' has no effect because the grid varies {factor}"
            remedy = f"set the values of the factor: grid.{factor}=[...]"
            raise ConfigError("CONFIG_FACTOR", cause, place="command line", remedy=remedy)


def _anchored_value(key: str, value: object, folder: Path) -> object:
    if key in PATHS:
        return each_path(value, lambda path: anchor(path, folder))
    return anchored({key: value}, folder)[key]


def _anchored_values(key: str, values: object, folder: Path) -> object:
    return [_anchored_value(key, value, folder) for value in values] if isinstance(values, list) else values


def data_overrides(overrides: Sequence[str]) -> dict[str, object]:
    """The values that overrides set in the data section, by key.

    >>> data_overrides(["data.left=name", "fit.epochs=3"])
    {'left': 'name'}
    """
    named = [text.partition("=") for text in overrides if text.startswith("data.")]
    values: dict[str, object] = {key.removeprefix("data."): parse_value(value, place=key) for key, _, value in named}
    labels = values.get("labels")
    return {**values, "labels": spelled_labels(labels)} if isinstance(labels, dict) else values
