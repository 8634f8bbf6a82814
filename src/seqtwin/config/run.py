"""The models of a run config (data, tokens, encoder, parts, fit), and functions that change a run."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from seqtwin.config.augment_section import MixConfig, spelled_labels
from seqtwin.config.encoder_section import EncoderConfig
from seqtwin.config.fit_section import LARGEST_SEED, FitConfig
from seqtwin.errors import nearest
from seqtwin.guards import largest
from seqtwin.paths import anchor, counted_from
from seqtwin.validation import Part, Strict, validated

PATHS = (
    "data.train",
    "data.dev",
    "data.test",
    "data.file",
    "data.pairs",
    "data.left_table",
    "data.right_table",
    "data.more",
    "data.mix",
    "encoder.vectors",
    "encoder.from",
    "objective.teacher",
    "objective.texts",
    "objective.cache",
)
SMALLEST_BPE = 258
Columns = str | tuple[str, ...] | None


class DataConfig(BaseModel):
    """A built-in data set `{name: placenames, pairs: 6000}`, or your own files and their columns."""

    model_config = ConfigDict(extra="allow", frozen=True, allow_inf_nan=False)

    name: str | None = None
    train: str | None = None
    dev: str | None = None
    test: str | None = None
    file: str | None = None
    split: tuple[float, float, float] = (0.7, 0.15, 0.15)
    left: Columns = Field(None, description="column of the left texts, or several that are joined: [title, brand]")
    right: Columns = Field(None, description="column of the right texts, or several that are joined")
    left_table: str | None = Field(None, description="table with the rows that the left ids refer to")
    right_table: str | None = Field(None, description="table with the rows that the right ids refer to")
    score: str | None = None
    label: str | None = None
    labels: dict[str, Literal[0, 1]] | None = Field(
        None, description="meaning of the label words, 1 = same: {duplicate: 1, other: 0}"
    )
    text: str | None = None
    texts: tuple[str, ...] = Field((), description="auto-encoder, distil: columns of texts; each text is an example")
    series: str | None = None
    time: str | None = None
    sequence: str | None = Field(None, description="column that names the sequence of each row (one token per row)")
    token: str | None = None
    judged_up_to: int | None = Field(
        None, ge=1, le=largest.ROWS, description="decode: evaluate only texts with at most this many words"
    )
    substituted: int = Field(
        0,
        ge=0,
        le=largest.COPIES,
        description="auto-encoder: additional copies of each training text with some words replaced",
    )
    more: tuple[str, ...] = Field((), description="auto-encoder, distil: files of additional training texts")
    mix: tuple[MixConfig, ...] = Field((), description="pairs: further files of labelled training pairs")
    quoting: Literal["none", "csv"] | None = Field(
        None, description="quotes in .csv and .tsv files: none (ordinary characters) or csv (they enclose fields)"
    )
    gaps: Literal["error", "interpolate", "carry"] = Field(
        "error", description="series: how missing values and steps are handled"
    )
    scale: tuple[float, float] | None = None
    cut: float = Field(0.5, gt=0, le=1)
    negatives: int = Field(0, ge=0, le=100, description="random different pairs added per same pair")
    pairs: int | None = Field(None, ge=1, le=largest.ROWS)
    seed: int = Field(0, ge=0, le=LARGEST_SEED)
    rows: int | None = Field(
        None,
        ge=1,
        le=largest.ROWS,
        description="train on a random sample of this many rows; dev and test: at most a quarter, or 1,000",
    )

    @model_validator(mode="before")
    @classmethod
    def _normalize(cls, raw: object) -> object:
        """Move a path under `pairs` to `file`, and spell out label words that YAML reads as other types."""
        if not isinstance(raw, dict):
            return raw
        if isinstance(raw.get("pairs"), str) and raw.get("name") is None and "file" not in raw:
            raw = {**{key: value for key, value in raw.items() if key != "pairs"}, "file": raw["pairs"]}
        if isinstance(raw.get("labels"), dict):
            raw = {**raw, "labels": spelled_labels(raw["labels"])}
        return raw

    @field_validator("left", "right", mode="after")
    @classmethod
    def _check_columns(cls, columns: Columns) -> Columns:
        if columns == ():
            raise ValueError("expected the name of a column")
        return columns

    @model_validator(mode="after")
    def _check_tables(self) -> "DataConfig":
        if (self.left_table is None) != (self.right_table is None):
            raise ValueError(
                "expected both left_table and right_table (use the same file for both if pairs are within one table)"
            )
        return self

    @model_validator(mode="after")
    def _check_keys(self) -> "DataConfig":
        extra = self.model_extra or {}
        if self.name is None and extra:
            key = next(iter(extra))
            known = list(type(self).model_fields)
            raise ValueError(f"unknown key '{key}'; known: {', '.join(known)}{nearest(key, known)}")
        if self.name is not None and (self.pairs or 0) > largest.DRAWN_PAIRS:
            raise ValueError(f"pairs: expected at most {largest.DRAWN_PAIRS:,} of a built-in data set")
        if self.name is None and not (self.file or (self.train and self.test)):
            raise ValueError("expected name, or file, or train and test (without dev, a part of train is used)")
        return self

    @model_validator(mode="after")
    def _check_shares(self) -> "DataConfig":
        shares = sum(further.share or 0 for further in self.mix)
        if shares > 0.99:
            raise ValueError(
                f"mix: the shares add up to {shares:g}; expected at most 0.99, since data.train has the rest"
            )
        return self

    def options(self) -> dict[str, object]:
        """The options that the config sets for a built-in data set."""
        own = ("name", "mix", "rows")  # not options of the data set itself
        return {k: v for k, v in self.model_dump(exclude_unset=True).items() if k not in own}


class TokensConfig(Strict):
    """How texts are converted to token ids."""

    unit: Literal["char", "word", "bpe"] = "char"
    size: int | None = Field(
        None, ge=3, le=largest.VOCABULARY, description="largest vocabulary; rarer tokens are unknown"
    )
    lower: bool | None = Field(None, description="lower-case the text; null: only for unit word")
    normalize: Literal["nfc", "nfkc", "fold", "none"] = "nfc"
    max_length: int = Field(4096, ge=1, le=4096)
    empty: Literal["error", "unk", "drop"] = "error"
    characters: bool = Field(False, description="unit word: also give the encoder the letters of each word")

    @model_validator(mode="after")
    def _check_characters(self) -> "TokensConfig":
        if self.unit == "bpe" and self.size is not None and self.size < SMALLEST_BPE:
            raise ValueError(f"size: expected at least {SMALLEST_BPE} for unit bpe: all 256 bytes and two reserved ids")
        if self.characters and self.unit != "word":
            raise ValueError(f"characters: true requires unit: word, got unit: {self.unit}")
        return self


class RunConfig(Strict):
    """The config of one training."""

    data: DataConfig
    objective: Part = "pairs"
    tokens: TokensConfig = TokensConfig()
    encoder: EncoderConfig = EncoderConfig()
    representation: Part = "max_output"
    projection: Part = "identity"
    similarity: Part = "cosine"
    loss: Part = "mse"
    fit: FitConfig = FitConfig()

    @model_validator(mode="after")
    def _check_lexical(self) -> "RunConfig":
        if self.encoder.lexical is not None and self.tokens.unit == "bpe":
            raise ValueError("encoder.lexical requires tokens.unit: char or word, because byte pairs have no letters")
        return self

    @property
    def has_letters(self) -> bool:
        """Whether the words are given with their letters, which the encoder or its lexical channel reads."""
        return self.tokens.characters or (self.encoder.lexical is not None and self.tokens.unit == "word")


def parse_run(raw: Mapping[str, object], *, place: str = "") -> RunConfig:
    """The checked config of a run. `place`: the file that errors name.

    Raises: ConfigError.

    >>> parse_run({"data": {"name": "placenames"}}).encoder.cell
    'lstm'
    """
    return validated(RunConfig, raw, place)


def vary(config: RunConfig, changes: Mapping[str, object]) -> RunConfig:
    """The same run with some settings changed, by dotted key.

    >>> vary(parse_run({"data": {"name": "digits"}}), {"fit.seed": 3}).fit.seed
    3
    """
    raw = config.model_dump(exclude_unset=True)
    for key, value in changes.items():
        set_key(raw, key, value)
    return parse_run(raw)


def set_key(raw: dict[str, object], key: str, value: object) -> None:
    """Set the value of a dotted key in a raw config, in place."""
    *path, last = key.split(".")
    section = raw
    for depth, name in enumerate(path, 1):
        inner = section.get(name, _default(path[:depth]))
        if isinstance(inner, str):  # a part given by its name only can have options too: loss.margin=0.4
            inner = {"name": inner}
        section[name] = copy = dict(inner) if isinstance(inner, dict) else {}
        section = copy
    section[last] = value


def _default(path: Sequence[str]) -> object:
    """The default value of a key of a run."""
    model: type[BaseModel] = RunConfig  # the data section has no default
    value: object = model.model_construct()
    for name in path:
        value = getattr(value, name, None)
    return value


def anchored(raw: dict[str, object], folder: Path) -> dict[str, object]:
    """The raw config with its relative paths resolved against a folder, usually that of the config file."""
    for section, key in (path.split(".") for path in PATHS):
        part = raw.get(section)
        if isinstance(part, dict) and part.get(key):
            raw = {**raw, section: {**part, key: each_path(part[key], lambda path: anchor(path, folder))}}
    return raw


def each_path(value: object, turn: Callable[[str], str]) -> object:
    """A path, or each path of a list, converted with `turn`. Other values are returned unchanged.

    In a mapping, `train` is the path.

    >>> each_path(["a", "b"], str.upper), each_path([{"train": "c", "score": "s"}], str.upper)
    (['A', 'B'], [{'train': 'C', 'score': 's'}])
    """
    if isinstance(value, dict):
        return {key: each_path(own, turn) if key == "train" else own for key, own in value.items()}
    if isinstance(value, list | tuple):
        return [each_path(path, turn) for path in value]
    return turn(value) if isinstance(value, str) else value


def paths_of(config: RunConfig) -> list[str]:
    """Every path that a run names, as it is written; not its cache, which it writes itself.

    >>> paths_of(RunConfig.model_validate({"data": {"file": "a.csv", "more": ["b.csv"]}}))
    ['a.csv', 'b.csv']
    """
    raw, found = config.model_dump(exclude_unset=True), list[str]()

    def add(path: str) -> str:
        found.append(path)
        return path

    for section, key in (path.split(".") for path in PATHS if path != "objective.cache"):
        part = raw.get(section)
        if isinstance(part, dict):
            each_path(part.get(key), add)
    return found


def portable(config: RunConfig, folder: Path) -> RunConfig:
    """The run with paths relative to a folder, as a config file in it would have them. The inverse of `anchored`."""
    raw = config.model_dump(exclude_unset=True)
    for section, key in (path.split(".") for path in PATHS):
        part = raw.get(section)
        if isinstance(part, dict) and part.get(key):
            raw[section][key] = each_path(raw[section][key], lambda path: counted_from(path, folder))
    return RunConfig.model_validate(raw)


def json_schema() -> dict[str, object]:
    """The JSON schema of a run config, for editors."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **RunConfig.model_json_schema()}
