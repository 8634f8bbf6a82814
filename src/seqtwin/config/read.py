"""From YAML files and `key=value` overrides to checked runs and studies; paths count from the file they stand in."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from seqtwin.config.run import PATHS, RunConfig, anchored, each_path, parse_run, set_key, spelled_labels
from seqtwin.config.study import StudyConfig, parse_study, usual_grid
from seqtwin.errors import ConfigError
from seqtwin.paths import anchor, expand
from seqtwin.strict_yaml import parse_value, read_yaml


def read_run(path: Path, overrides: Sequence[str] = ()) -> RunConfig:
    """The run a YAML file describes, with `key.sub=value` overrides.

    Raises: ConfigError.
    """
    raw = anchored(read_yaml(path), path.parent)
    return parse_run(overridden(raw, overrides), place=str(path))


def read_study(path: Path, overrides: Sequence[str] = ()) -> StudyConfig:
    """The study a YAML file describes; a run's file becomes a study of the usual representations and losses.

    `set: {fit.epochs: 6}` changes keys of a base that lies in a file of its own. Overrides name a key of the study
    (`seeds=3`) or of its base (`fit.epochs=2`).

    Raises: ConfigError.
    """
    raw = study_of(read_yaml(path), path.parent, overrides)
    return parse_study(override_study(raw, overrides), place=str(path))


def objective_of(raw: Mapping[str, Any], overrides: Sequence[str] = ()) -> Any:
    """The objective of a run's raw config, or the last that an override names."""
    named = [text for text in overrides if text.startswith("objective=")]
    return parse_value(named[-1].partition("=")[2], place=named[-1]) if named else raw.get("objective", "pairs")


def study_of(raw: Mapping[str, Any], folder: Path, overrides: Sequence[str] = ()) -> dict[str, Any]:
    """The raw study that a study's (or a run's) raw config describes, its paths counted from a folder.

    A run gets the usual grid of its objective, which `overrides` may name.
    """
    found = dict(raw)
    if "grid" not in found and "base" not in found:
        found = {"base": found, "grid": usual_grid(objective_of(found, overrides))}
    base, grid = found.get("base"), found.get("grid")
    if isinstance(base, str):
        file = folder / expand(base)
        found["base"] = anchored(read_yaml(file), file.parent)
    elif isinstance(base, dict):
        found["base"] = anchored(base, folder)
    changes = found.pop("set", None) or {}
    if not isinstance(changes, dict) or (changes and not isinstance(base, (str, dict))):
        raise ConfigError("CONFIG_INVALID", "set: expected {key.sub: value} for the keys of a base", place="set")
    if changes:
        found["base"] = dict(found["base"])
    for key, value in changes.items():
        set_key(found["base"], str(key), _anchored_value(str(key), value, folder))
    if isinstance(grid, dict):
        found["grid"] = {key: _anchored_values(key, values, folder) for key, values in grid.items()}
    return found


def overridden(raw: dict[str, Any], overrides: Sequence[str]) -> dict[str, Any]:
    """The raw config with `key.sub=value` texts applied; relative data paths are taken from here, not from the file."""
    for text in overrides:
        key, equals, value = text.partition("=")
        if not equals:
            cause, example = f"expected key=value, got '{text}'", "for example: encoder.hidden=256"
            raise ConfigError("CONFIG_OVERRIDE", cause, place="command line", remedy=example)
        set_key(raw, key, _anchored_value(key, parse_value(value, place=text), Path.cwd()))
    return raw


def override_study(raw: dict[str, Any], overrides: Sequence[str]) -> dict[str, Any]:
    """The raw study with `key=value` texts applied: keys of the study itself, of its grid, or of its base."""
    own = [o for o in overrides if re.split(r"[.=]", o, maxsplit=1)[0] in StudyConfig.model_fields]
    grid = dict(raw["grid"]) if isinstance(raw.get("grid"), dict) else {}
    for text in own:
        key, _, value = text.partition("=")
        if key.startswith("grid."):  # the factor's own name has dots
            grid[key[5:]] = _anchored_values(key[5:], parse_value(value, place=text), Path.cwd())
            raw["grid"] = grid
        else:
            overridden(raw, [text])
    rest = [o for o in overrides if o not in own]
    _refuse_factors(rest, raw.get("grid"))
    if isinstance(raw.get("base"), dict):
        raw["base"] = overridden(raw["base"], rest)
    return raw


def _refuse_factors(overrides: Sequence[str], grid: Any) -> None:
    """Raises: ConfigError for an override of what the grid varies: it would change nothing."""
    for text in overrides:
        key = text.partition("=")[0]
        factor = next((f for f in grid or () if f"{key}.".startswith(f"{f}.")), None)
        if factor is not None:
            cause = f"the grid varies {factor}, so '{text}' would change nothing"
            remedy = f"name its values: grid.{factor}=[...]"
            raise ConfigError("CONFIG_FACTOR", cause, place="command line", remedy=remedy)


def _anchored_value(key: str, value: Any, folder: Path) -> Any:
    if key in PATHS:
        return each_path(value, lambda path: anchor(path, folder))
    return anchored({key: value}, folder)[key]


def _anchored_values(key: str, values: Any, folder: Path) -> Any:
    return [_anchored_value(key, value, folder) for value in values] if isinstance(values, list) else values


def data_overrides(overrides: Sequence[str]) -> dict[str, Any]:
    """What overrides say of the data section: values by key, label words as a config has them.

    >>> data_overrides(["data.left=name", "fit.epochs=3"])
    {'left': 'name'}
    """
    named = [text.partition("=") for text in overrides if text.startswith("data.")]
    found = {key.removeprefix("data."): parse_value(value, place=key) for key, _, value in named}
    if isinstance(found.get("labels"), dict):
        found["labels"] = spelled_labels(found["labels"])
    return found
