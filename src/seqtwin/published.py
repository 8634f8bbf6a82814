"""The files of a published study cell: their names, the keys of the JSON files and the columns of the tables.

`run/` and `study/` write these files; `reporting/`, `explain/` and the command line read them. Both sides take every
name from here, so a renamed key or column is a type error on both sides. `manifest.json` lists and seals the files.

Cells that an older version published may lack keys: read those that came later with `.get`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple, cast

from typing_extensions import NotRequired, TypedDict

from seqtwin.errors import ErrorFacts
from seqtwin.files import MANIFEST, read_json
from seqtwin.files import read_manifest as read_any_manifest
from seqtwin.guards.shapes import check_shape
from seqtwin.json_values import Json

CONFIG, ENCODER = "config.yaml", "encoder"
SCORES, FACTS, DIAGNOSTICS, FLOORS = "scores.json", "facts.json", "diagnostics.json", "floors.json"
"""FLOORS: the baselines of a single training; a study has those of its data sets in study.json."""
HISTORY, TRACE, READS, PREDICTIONS = "history.csv", "trace.csv", "reads.csv", "predictions.csv"
LAST_GOOD = "last_good.safetensors"  # of a training that diverged: the weights of its best epoch
TEXTS = "pairs.csv"  # both texts of each test pair; only where the data may be shown
MEASURED = (SCORES, FACTS, DIAGNOSTICS, HISTORY, TRACE, READS, PREDICTIONS)
"""The files of every study cell that was trained to the end."""


class FileSeal(TypedDict):
    """Hex digest and size of a file."""

    sha256: str
    bytes: int


class TuningFacts(TypedDict):
    """The outcome of tuning a pairing.

    `changes`: settings of the best trial by dotted key; `edge`: those at an end of their range; `value`, `untuned`:
    the primary metric on dev of the best trial and of the config as written.
    """

    pairing: str
    trials: int
    changes: dict[str, Json]
    edge: list[str]
    value: float | None
    untuned: float | None
    seed: NotRequired[int]
    failed: NotRequired[int]
    notes: NotRequired[list[str]]


class RunManifest(TypedDict):
    """The part of the manifest that a run writes.

    `key`: identity of the result; `factors`: labels of the pairing and the seed; `seconds`, `cpu_seconds`: by phase.
    """

    kind: str
    key: str
    status: str
    error: ErrorFacts | None
    factors: dict[str, str | int]
    versions: dict[str, str]
    host: str
    device: str
    threads: int
    kernels: dict[str, str]
    seconds: dict[str, float]
    cpu_seconds: dict[str, float]
    tuning: TuningFacts | None


class CellManifest(RunManifest):
    """`manifest.json` as published."""

    format: int
    id: str
    files: dict[str, FileSeal]
    sha256: str


class Scores(TypedDict):
    """`scores.json`: metrics by name on dev and test, and on test before training.

    `primary`: the metric that decides; `undefined`: why a metric has no value; `threshold`: fitted on dev.
    """

    dev: dict[str, float]
    test: dict[str, float]
    untrained: dict[str, float]
    primary: str
    threshold: float | None
    undefined: dict[str, str]
    threshold_optimism: NotRequired[float | None]  # of pairs
    retrieval: NotRequired[dict[str, float]]


class Leakage(TypedDict):
    """Test rows with an item that also occurs in training: number and share."""

    pairs: int
    share: float


class LossFormula(TypedDict):
    """The loss as computed."""

    name: str
    formula: str
    settings: Mapping[str, object]
    margin: float | None


class LossFacts(LossFormula):
    """The loss, and its value for an encoder that cannot distinguish its inputs (`plateau`)."""

    plateau: float | None


class JudgedFacts(TypedDict, total=False):
    """The noun for one row of the test, for objectives with a head."""

    judged: str


class TrainingOptions(TypedDict, total=False):
    """Options of a training, where set. `rates`: factors by part; `averaged_steps`: 0 if none are in the weights."""

    average: str
    averaged_steps: int
    rates: dict[str, float]
    balance: float


class _DataFacts(JudgedFacts, total=False):
    epoch_pairs: dict[str, Json]  # changed and added pairs of all epochs
    objective: str
    classes: list[str]
    counts: dict[str, dict[str, int]]
    training: TrainingOptions


class DataFacts(_DataFacts):
    """The data of a run. `pairs`: rows per split; `counts`: rows per class on dev and test; `source`: facts that the
    data set itself states."""

    dataset: str
    pairs: dict[str, int]
    shareable: bool
    unknown_share: float
    data_hash: str
    split_hash: str
    clusters: str
    leakage: Leakage
    notes: list[str]
    source: dict[str, Json]
    start: str
    cut: float
    graded: bool


class Facts(DataFacts):
    """`facts.json`: the data, the loss and the encoder of a run, and its speed. `dim`: width of the vectors."""

    representation: str
    similarity: str
    loss: LossFacts
    silent_batches: int
    padding: str
    encoder: dict[str, Json]
    tokens: dict[str, Json] | None
    parameters: int
    dim: int
    best_epoch: int
    epochs: int
    precision: str
    train_pairs_per_second: float
    encode_texts_per_second: float
    batch_deviation: float


Diagnostic = Literal[
    "plateau_ratio", "left_plateau_step", "left_plateau_share", "stuck", "steps", "step_budget",
    "beyond_margin_start", "beyond_margin_end", "distance_start", "distance_end", "margin_reach", "head_median_start",
    "norm_mean", "norm_mean_start", "norm_spread", "norm_length_correlation", "random_cosine", "random_cosine_start",
    "saturated", "effective_rank", "effective_rank_share", "top_singular_share", "alignment", "uniformity",
    "train_auc", "test_score_auc", "gradient_first", "gradient_middle", "gradient_last", "gradient_ratio",
    "third_first", "third_middle", "third_last", "rank_minus_pearson", "isotonic_gain", "probe_metric",
    "native_metric", "batch_deviation", "permutation_deviation", "padding_deviation", "score_length_correlation",
    "length_auc", "leakage_share",
]  # fmt: skip
"""The names in `diagnostics.json`: one number each, None where it does not apply."""

Diagnostics = Mapping[str, float | None]


class EpochColumns(NamedTuple):
    """`history.csv`: one row per epoch, the untrained encoder first. The rest is watched on a sample of training rows.
    The column of the primary metric on dev is named by `dev_column`.
    """

    epoch: str = "epoch"
    step: str = "step"
    loss: str = "loss"
    dev: str = "dev"
    lr: str = "lr"
    seconds: str = "seconds"
    gradient_norm: str = "gradient_norm"
    pair_distance: str = "pair_distance"
    effective_rank: str = "effective_rank"
    active_positives: str = "active_positives"
    active_negatives: str = "active_negatives"


class WindowColumns(NamedTuple):
    """`trace.csv`: the mean training loss of equal windows of steps."""

    step: str = "step"
    loss: str = "loss"


class ReadingColumns(NamedTuple):
    """`reads.csv`: the primary metric of the trained encoder with every representation."""

    representation: str = "representation"
    dev: str = "dev"
    test: str = "test"


class PredictionColumns(NamedTuple):
    """`predictions.csv`: one row per judged row of dev and test (a pair, a text or a step).

    `cluster`: rows that depend on each other; the rest describes the row and is known before training.
    """

    split: str = "split"
    row: str = "row"
    cluster: str = "cluster"
    target: str = "target"
    score: str = "score"
    length: str = "length"
    pad_share: str = "pad_share"
    overlap: str = "overlap"
    seen: str = "seen"


class TextPairColumns(NamedTuple):
    """`pairs.csv`: both texts of each test pair."""

    row: str = "row"
    left: str = "left"
    right: str = "right"


EPOCH = EpochColumns()
WINDOW = WindowColumns()
READING = ReadingColumns()
PREDICTION = PredictionColumns()
TEXT_PAIR = TextPairColumns()


def dev_column(primary: str) -> str:
    """The column of `history.csv` with the primary metric on dev.

    >>> dev_column("roc_auc")
    'dev_roc_auc'
    """
    return f"{EPOCH.dev}_{primary}"


def read_manifest(folder: Path) -> CellManifest:
    """The manifest of a study cell; its files are not checked. Raises: DamagedError."""
    manifest = read_any_manifest(folder)
    check_shape(manifest, CellManifest, folder / MANIFEST, {"status"})
    return cast("CellManifest", manifest)


def _read(path: Path, shape: object, *needed: str) -> Any:
    content = read_json(path)
    check_shape(content, shape, path, {*needed})
    return content


def read_scores(folder: Path) -> Scores:
    """The scores of a study cell. Raises: DamagedError."""
    return cast("Scores", _read(folder / SCORES, Scores, "dev", "test", "untrained", "primary"))


def read_facts(folder: Path) -> Facts:
    """The facts of a study cell. Raises: DamagedError."""
    return cast("Facts", _read(folder / FACTS, Facts, "loss"))


def read_diagnostics(folder: Path) -> Diagnostics:
    """The diagnostics of a study cell. Raises: DamagedError."""
    return cast("Diagnostics", _read(folder / DIAGNOSTICS, Diagnostics))
