"""What a user writes: frozen models of a run and of a study, their reading, overrides and JSON schema.

Only `build.py`, `study/run.py` and the command line know these names; every part below takes plain arguments.
"""

import re
from collections.abc import Mapping, Sequence
from functools import reduce
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from seqtwin.errors import ConfigError, nearest
from seqtwin.paths import anchor, counted_from, expand
from seqtwin.strict_yaml import parse_value, read_yaml
from seqtwin.validation import Part, Strict, validated

PATHS = ("data.train", "data.dev", "data.test", "data.file", "encoder.vectors")
LARGEST_SEED = 2**63 - 2  # the parts above the encoder draw from the next one


class DataConfig(BaseModel):
    """A built-in set `{name: placenames, pairs: 6000}`, or your own files and the columns to read."""

    model_config = ConfigDict(extra="allow", frozen=True, allow_inf_nan=False)

    name: str | None = None
    train: str | None = None
    dev: str | None = None
    test: str | None = None
    file: str | None = None
    split: tuple[float, float, float] = (0.7, 0.15, 0.15)
    left: str | None = None
    right: str | None = None
    score: str | None = None
    label: str | None = None
    text: str | None = None
    series: str | None = None
    time: str | None = None
    scale: tuple[float, float] | None = None
    cut: float = Field(0.5, ge=0, le=1)
    pairs: int | None = Field(None, ge=1)
    seed: int = Field(0, ge=0)

    @model_validator(mode="after")
    def _known_keys(self) -> "DataConfig":
        extra = self.model_extra or {}
        if self.name is None and extra:
            key = next(iter(extra))
            known = list(type(self).model_fields)
            raise ValueError(f"unknown key '{key}'; known: {', '.join(known)}{nearest(key, known)}")
        if self.name is None and not (self.file or (self.train and self.dev and self.test)):
            raise ValueError("expected a name, or file, or all of train, dev and test")
        return self

    def options(self) -> dict[str, Any]:
        """The options of a built-in set, as they were written."""
        return {k: v for k, v in self.model_dump(exclude_unset=True).items() if k != "name"}


class TokensConfig(Strict):
    """How a text becomes token ids."""

    unit: Literal["char", "word", "bpe"] = "char"
    size: int | None = Field(None, ge=3, description="largest vocabulary; the rarest are left out")
    lower: bool | None = Field(None, description="null: words are lower-cased, characters and bpe are not")
    normalize: Literal["nfc", "nfkc", "fold", "none"] = "nfc"
    max_length: int = Field(4096, ge=1, le=4096)
    empty: Literal["error", "unk", "drop"] = "error"


class EncoderConfig(Strict):
    """Embedding (or input projection of a series) and recurrent cell."""

    cell: Part = "lstm"
    embedding: int = Field(128, ge=1)
    hidden: int = Field(128, ge=1)
    layers: int = Field(1, ge=1)
    bidirectional: bool = True
    dropout: float = Field(0.0, ge=0, lt=1)
    padding: Literal["masked", "read"] = "masked"
    vectors: str | None = Field(None, description="text file of initial word vectors: word v1 v2 ...")

    @model_validator(mode="after")
    def _dropout_has_a_place(self) -> "EncoderConfig":
        if self.dropout and self.layers == 1:
            raise ValueError("dropout stands between layers: with layers: 1 it would do nothing")
        return self


class FitConfig(Strict):
    """How the encoder is trained."""

    epochs: int = Field(10, ge=1)
    batch: int = Field(64, ge=1)
    lr: float = Field(0.002, gt=0)
    optimizer: Literal["adam", "adamw"] = "adam"
    weight_decay: float = Field(0.0, ge=0)
    schedule: Literal["constant", "linear", "cosine"] = "linear"
    warmup: float = Field(0.0, ge=0, lt=1, description="share of all steps in which the rate rises from 0")
    clip: float | None = Field(1.0, gt=0, description="largest gradient norm; null = none")
    patience: int | None = Field(5, ge=1, description="epochs without a better dev metric; null = never stop early")
    precision: Literal["fp32", "bf16"] = "fp32"
    device: str = Field("auto", pattern=r"^(auto|cpu|cuda(:\d+)?|mps)$")
    threads: int | None = Field(None, ge=1)
    seed: int = Field(0, ge=0, le=LARGEST_SEED)


class RunConfig(Strict):
    """One training."""

    data: DataConfig
    tokens: TokensConfig = TokensConfig()
    encoder: EncoderConfig = EncoderConfig()
    representation: Part = "max_output"
    projection: Part = "identity"
    similarity: Part = "cosine"
    loss: Part = "mse"
    fit: FitConfig = FitConfig()


class StudyConfig(Strict):
    """A run whose keys vary: every combination of the factors under `grid`, times `seeds`."""

    base: RunConfig
    grid: dict[str, list[Any]] = Field(default_factory=dict)
    seeds: int | list[int] = 5
    question: str = ""

    def seed_list(self) -> list[int]:
        """The seeds, counted out."""
        return list(range(self.seeds)) if isinstance(self.seeds, int) else list(self.seeds)


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
    raw = study_of(read_yaml(path), path.parent)
    return parse_study(override_study(raw, overrides), place=str(path))


def study_of(raw: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The raw study that a study's (or a run's) raw config describes, its paths counted from a folder."""
    found = dict(raw)
    if "grid" not in found and "base" not in found:
        found = {"base": found, "grid": dict(USUAL_GRID)}
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
        _set(found["base"], str(key), _anchored_value(str(key), value, folder))
    if isinstance(grid, dict):
        found["grid"] = {key: _anchored_values(key, values, folder) for key, values in grid.items()}
    return found


USUAL_GRID: dict[str, list[Any]] = {
    "representation": ["final_hidden", "last_output", "mean_output", "max_output", "attention_output"],
    "loss": ["mse", {"name": "contrastive", "distance": "cosine", "margin": "auto"}],
}


def parse_run(raw: Mapping[str, Any], *, place: str = "") -> RunConfig:
    """A checked run.

    >>> parse_run({"data": {"name": "placenames"}}).encoder.cell
    'lstm'
    """
    return validated(RunConfig, raw, place)


def parse_study(raw: Mapping[str, Any], *, place: str = "") -> StudyConfig:
    """A checked study."""
    return validated(StudyConfig, raw, place)


def vary(config: RunConfig, changes: Mapping[str, Any]) -> RunConfig:
    """The same run with some dotted keys changed.

    >>> vary(parse_run({"data": {"name": "digits"}}), {"fit.seed": 3}).fit.seed
    3
    """
    raw = config.model_dump(exclude_unset=True)
    for key, value in changes.items():
        _set(raw, key, value)
    return parse_run(raw)


def overridden(raw: dict[str, Any], overrides: Sequence[str]) -> dict[str, Any]:
    """The raw config with `key.sub=value` texts applied; relative data paths are taken from here, not from the file."""
    for text in overrides:
        key, equals, value = text.partition("=")
        if not equals:
            cause, example = f"expected key=value, got '{text}'", "for example: encoder.hidden=256"
            raise ConfigError("CONFIG_OVERRIDE", cause, place="command line", remedy=example)
        _set(raw, key, _anchored_value(key, parse_value(value, place=text), Path.cwd()))
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


def _set(raw: dict[str, Any], key: str, value: Any) -> None:
    *path, last = key.split(".")
    inner = raw
    for depth, name in enumerate(path, 1):
        found = inner.get(name, _default(path[:depth]))
        if isinstance(found, str):  # a part written as a bare name takes options too: loss.margin=0.4
            found = {"name": found}
        inner[name] = found = dict(found) if isinstance(found, dict) else {}
        inner = found
    inner[last] = value


def _default(path: Sequence[str]) -> Any:
    """What a run has at these keys when it does not name them."""
    model: Any = RunConfig
    return reduce(lambda part, name: getattr(part, name, None), path, model.model_construct())


def anchored(raw: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The raw config with relative paths counted from the folder of the file they stand in."""
    for section, key in (path.split(".") for path in PATHS):
        part = raw.get(section)
        if isinstance(part, dict) and isinstance(part.get(key), str):
            raw = {**raw, section: {**part, key: anchor(part[key], folder)}}
    return raw


def portable(config: RunConfig, folder: Path) -> RunConfig:
    """The run as a file in this folder describes it: the inverse of reading it from there."""
    raw = config.model_dump(exclude_unset=True)
    for section, key in (path.split(".") for path in PATHS):
        if isinstance(raw.get(section, {}).get(key), str):
            raw[section][key] = counted_from(raw[section][key], folder)
    return RunConfig.model_validate(raw)


def _anchored_value(key: str, value: Any, folder: Path) -> Any:
    if key in PATHS:
        return anchor(value, folder) if isinstance(value, str) else value
    return anchored({key: value}, folder)[key]


def _anchored_values(key: str, values: Any, folder: Path) -> Any:
    return [_anchored_value(key, value, folder) for value in values] if isinstance(values, list) else values


def json_schema() -> dict[str, Any]:
    """The schema of a run's config, for editors."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **RunConfig.model_json_schema()}
