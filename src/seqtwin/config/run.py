"""Frozen models of a run: data, tokens, encoder, parts, fit; and what changes one into another."""

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from seqtwin.errors import nearest
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
    "encoder.vectors",
    "encoder.from",
)
Columns = str | tuple[str, ...] | None
LARGEST_SEED = 2**63 - 2  # the parts above the encoder draw from the next one


def spelled_labels(labels: Mapping[Any, Any]) -> dict[str, Any]:
    """`data.labels` with its keys as the words they were written as: YAML makes one truth value of yes, on and true.

    >>> spelled_labels({True: 1, "maybe": 0})
    {'true': 1, 'yes': 1, 'on': 1, 'maybe': 0}
    """
    truth = {True: ("true", "yes", "on"), False: ("false", "no", "off")}
    words = {key: truth[key] if isinstance(key, bool) else (str(key),) for key in labels}
    return {word: target for key, target in labels.items() for word in words[key]}


class DataConfig(BaseModel):
    """A built-in set `{name: placenames, pairs: 6000}`, or your own files and the columns to read."""

    model_config = ConfigDict(extra="allow", frozen=True, allow_inf_nan=False)

    name: str | None = None
    train: str | None = None
    dev: str | None = None
    test: str | None = None
    file: str | None = None
    split: tuple[float, float, float] = (0.7, 0.15, 0.15)
    left: Columns = Field(None, description="column of the left texts; several are joined: [title, brand]")
    right: Columns = Field(None, description="column of the right texts; several are joined")
    left_table: str | None = Field(None, description="table that the left ids of the pairs point to")
    right_table: str | None = Field(None, description="table that the right ids of the pairs point to")
    score: str | None = None
    label: str | None = None
    labels: dict[str, Literal[0, 1]] | None = Field(
        None, description="what the words of the label mean: {duplicate: 1, other: 0}"
    )
    text: str | None = None
    texts: tuple[str, ...] = Field((), description="columns that each hold texts of their own, for an auto-encoder")
    series: str | None = None
    time: str | None = None
    sequence: str | None = Field(None, description="column that names the sequence a row (one token) belongs to")
    token: str | None = None
    judged_up_to: int | None = Field(None, ge=1, description="decode: only texts of so many words are judged")
    substituted: int = Field(
        0, ge=0, description="copies of each training text with words replaced, for an auto-encoder to learn to copy"
    )
    more: tuple[str, ...] = Field((), description="files of more training texts, for an auto-encoder")
    quoting: Literal["none", "csv"] | None = Field(
        None, description="quotes in .csv and .tsv: none (ordinary characters) or csv (they enclose fields)"
    )
    gaps: Literal["error", "interpolate", "carry"] = Field(
        "error", description="series: what happens to missing values and missing steps"
    )
    scale: tuple[float, float] | None = None
    cut: float = Field(0.5, gt=0, le=1)
    negatives: int = Field(0, ge=0, le=100, description="different pairs drawn at random for each same pair")
    pairs: int | None = Field(None, ge=1)
    seed: int = Field(0, ge=0)

    @model_validator(mode="before")
    @classmethod
    def _as_read(cls, raw: Any) -> Any:
        """A file under `pairs` is the file of pairs; label words are texts, also where YAML makes truth or numbers."""
        if not isinstance(raw, dict):
            return raw
        if isinstance(raw.get("pairs"), str) and raw.get("name") is None and "file" not in raw:
            raw = {**{key: value for key, value in raw.items() if key != "pairs"}, "file": raw["pairs"]}
        if isinstance(raw.get("labels"), dict):
            raw = {**raw, "labels": spelled_labels(raw["labels"])}
        return raw

    @model_validator(mode="after")
    def _both_tables(self) -> "DataConfig":
        if (self.left_table is None) != (self.right_table is None):
            raise ValueError(
                "expected both left_table and right_table (the same file twice for pairs within one table)"
            )
        return self

    @model_validator(mode="after")
    def _known_keys(self) -> "DataConfig":
        extra = self.model_extra or {}
        if self.name is None and extra:
            key = next(iter(extra))
            known = list(type(self).model_fields)
            raise ValueError(f"unknown key '{key}'; known: {', '.join(known)}{nearest(key, known)}")
        if self.name is None and not (self.file or (self.train and self.test)):
            raise ValueError("expected a name, or file, or train and test (and dev, which is else cut from train)")
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
    characters: bool = Field(False, description="unit word: each word is read with its letters beside it")

    @model_validator(mode="after")
    def _words_have_letters(self) -> "TokensConfig":
        if self.characters and self.unit != "word":
            raise ValueError(f"characters: true reads the letters of words, and unit is {self.unit}")
        return self


class EncoderConfig(Strict):
    """Embedding (or input projection of a series) and recurrent cell.

    `from`: a run or encoder folder to start from; its tokens and the shape of its encoder come with it.
    """

    model_config = ConfigDict(**Strict.model_config, serialize_by_alias=True)

    start: str | None = Field(None, alias="from", description="run or encoder folder to start from (pre-training)")
    frozen: bool = Field(False, description="with from: the encoder is not trained further")
    cell: Part = "lstm"
    embedding: int = Field(128, ge=1)
    hidden: int = Field(128, ge=1)
    layers: int = Field(1, ge=1)
    bidirectional: bool = True
    dropout: float = Field(0.0, ge=0, lt=1)
    padding: Literal["masked", "read"] = "masked"
    vectors: str | None = Field(None, description="text file of initial word vectors: word v1 v2 ...")
    spelling: int = Field(32, ge=1, description="with tokens.characters: width of what is read from a word's letters")
    embedding_std: float = Field(1.0, gt=0, description="deviation of the embeddings that a training starts from")
    word_dropout: float = Field(0.0, ge=0, lt=1, description="share of the tokens read as unknown in training")
    input_dropout: float = Field(0.0, ge=0, lt=1, description="share of the inputs' coordinates dropped in training")
    scaling: Literal["standard", "none"] = Field(
        "standard", description="series: each channel to mean 0 and deviation 1 of the training series"
    )

    @model_validator(mode="after")
    def _frozen_has_a_start(self) -> "EncoderConfig":
        if self.frozen and self.start is None:
            raise ValueError("frozen: true freezes what `from` names; without it nothing would be trained at all")
        return self

    @model_validator(mode="after")
    def _one_source_of_weights(self) -> "EncoderConfig":
        if self.start is not None and self.vectors is not None:
            raise ValueError("the encoder that `from` names brings its word vectors with it: leave vectors out")
        return self

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
    layer_decay: float = Field(
        1.0, gt=0, le=1, description="the rate of each layer below the head is this share of the one above it"
    )
    optimizer: Literal["adam", "adamw"] = "adam"
    weight_decay: float = Field(0.0, ge=0)
    schedule: Literal["constant", "linear", "cosine"] = "linear"
    warmup: float = Field(0.0, ge=0, lt=1, description="share of all steps in which the rate rises from 0")
    clip: float | None = Field(1.0, gt=0, description="largest gradient norm; null = none")
    patience: int | None = Field(5, ge=1, description="epochs without a better dev metric; null = never stop early")
    precision: Literal["fp32", "bf16"] = Field(
        "fp32", description="bf16 becomes fp32, with a warning, for an LSTM on a processor without bfloat16 kernels"
    )
    device: str = Field("auto", pattern=r"^(auto|cpu|cuda(:\d+)?|mps)$")
    threads: int | None = Field(None, ge=1)
    seed: int = Field(0, ge=0, le=LARGEST_SEED)


class RunConfig(Strict):
    """One training."""

    data: DataConfig
    objective: Part = "pairs"
    tokens: TokensConfig = TokensConfig()
    encoder: EncoderConfig = EncoderConfig()
    representation: Part = "max_output"
    projection: Part = "identity"
    similarity: Part = "cosine"
    loss: Part = "mse"
    fit: FitConfig = FitConfig()


def parse_run(raw: Mapping[str, Any], *, place: str = "") -> RunConfig:
    """A checked run.

    >>> parse_run({"data": {"name": "placenames"}}).encoder.cell
    'lstm'
    """
    return validated(RunConfig, raw, place)


def vary(config: RunConfig, changes: Mapping[str, Any]) -> RunConfig:
    """The same run with some dotted keys changed.

    >>> vary(parse_run({"data": {"name": "digits"}}), {"fit.seed": 3}).fit.seed
    3
    """
    raw = config.model_dump(exclude_unset=True)
    for key, value in changes.items():
        set_key(raw, key, value)
    return parse_run(raw)


def set_key(raw: dict[str, Any], key: str, value: Any) -> None:
    """Put a value under a dotted key of a raw config, in place."""
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
        if isinstance(part, dict) and part.get(key):
            raw = {**raw, section: {**part, key: each_path(part[key], lambda path: anchor(path, folder))}}
    return raw


def each_path(value: Any, turn: Callable[[str], str]) -> Any:
    """A path, or each of a list of paths, turned into another; anything else stays for the checks that follow.

    >>> each_path(["a", "b"], str.upper)
    ['A', 'B']
    """
    if isinstance(value, list | tuple):
        return [each_path(one, turn) for one in value]
    return turn(value) if isinstance(value, str) else value


def portable(config: RunConfig, folder: Path) -> RunConfig:
    """The run as a file in this folder describes it: the inverse of reading it from there."""
    raw = config.model_dump(exclude_unset=True)
    for section, key in (path.split(".") for path in PATHS):
        if raw.get(section, {}).get(key):
            raw[section][key] = each_path(raw[section][key], lambda path: counted_from(path, folder))
    return RunConfig.model_validate(raw)


def json_schema() -> dict[str, Any]:
    """The schema of a run's config, for editors."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **RunConfig.model_json_schema()}
