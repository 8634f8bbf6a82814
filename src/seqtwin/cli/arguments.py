"""Arguments that several commands share: their declarations, and checked values from what was typed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import wraps
from inspect import Parameter, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar, get_type_hints

import typer

from seqtwin.data.files.rows import Quoting as QuotingName
from seqtwin.data.label_words import check_labels
from seqtwin.data.reading.column_options import ColumnOptions
from seqtwin.data.reading.column_options import Gaps as GapsName
from seqtwin.errors import ConfigError

if TYPE_CHECKING:
    from seqtwin.inference.trained_encoder import TrainedEncoder

Config = Annotated[
    Path,
    typer.Argument(
        help="a YAML config, a data file, or a folder with train, dev and test files", metavar="CONFIG|DATA"
    ),
]
Data = Annotated[Path, typer.Argument(help="a data file, or a folder with train, dev and test files", metavar="DATA")]
Left = Annotated[
    str | None,
    typer.Option("--left", help="column with the left text, or several, for example title,brand", metavar="NAME"),
]
Right = Annotated[
    str | None,
    typer.Option("--right", help="column with the right text, or several, for example title,brand", metavar="NAME"),
]
Column = Annotated[
    str | None,
    typer.Option(
        "--column",
        "--text",
        help="column with the text, or several, for example title,brand",
        metavar="NAME",
    ),
]
Quoting = Annotated[
    str | None,
    typer.Option(
        "--quoting",
        help="how to treat quote characters in .csv and .tsv files: none (as ordinary characters) or csv (as "
        "marks that enclose fields)",
        metavar="MODE",
    ),
]
Gaps = Annotated[
    str,
    typer.Option(
        "--gaps",
        help="how to handle missing values or steps in series: error, interpolate or carry (repeat the last value)",
        metavar="MODE",
    ),
]
Overrides = Annotated[
    list[str] | None, typer.Argument(help="settings to change, for example encoder.hidden=256", metavar="key=value")
]
Out = Annotated[Path | None, typer.Option(help="output folder; must not exist yet", metavar="FOLDER")]
StudyOut = Annotated[
    Path | None, typer.Option(help="output folder; an existing study there is continued", metavar="FOLDER")
]
ReportOut = Annotated[
    Path | None,
    typer.Option(help="output folder; default: STUDY/report; an existing report there is replaced", metavar="FOLDER"),
]
Quick = Annotated[
    bool, typer.Option("--quick", help="at most 10 minutes; weak pairings are stopped early; makes no claims")
]
Minutes = Annotated[float | None, typer.Option(help="with --quick: minutes to spend; default: 10", metavar="M")]
NoTune = Annotated[bool, typer.Option("--no-tune", help="skip tuning; train every pairing with the given settings")]
Threshold = Annotated[
    float | None, typer.Option(help="minimum score of a match; default: the encoder's threshold", metavar="SCORE")
]
Nearest = Annotated[
    int | None,
    typer.Option(
        "-k",
        help="number of nearest texts to consider for each text; small values keep unrelated rows apart; default: 3, "
        "or more if a group of up to 16 close texts would otherwise be split",
        metavar="N",
    ),
]
Jobs = Annotated[int | None, typer.Option(min=1, help="number of worker processes; default: one per core", metavar="N")]
Json = Annotated[bool, typer.Option("--json", help="print the result as JSON")]
Encoder = Annotated[Path, typer.Argument(help="encoder folder, or the run folder that contains it", metavar="ENCODER")]

CONFIG_ENDINGS = {".yaml", ".yml"}
COLUMN_KEYS = frozenset(f"data.{key}" for key in ("left", "right", "label", "score", "text", "scale", "labels"))
FILE_KEYS = frozenset(f"data.{key}" for key in ("name", "file", "train", "dev", "test", "left_table", "right_table"))
QUOTINGS: Mapping[str, QuotingName] = {"none": "none", "csv": "csv"}
GAPS: Mapping[str, GapsName] = {"error": "error", "interpolate": "interpolate", "carry": "carry"}

Choice = TypeVar("Choice")


@dataclass(frozen=True)
class Columns:
    """The options that describe the columns of a data file, as typed. `with_columns` adds them to a command."""

    left: Left = None
    right: Right = None
    label: Annotated[str | None, typer.Option("--label", help="column with the label or score", metavar="NAME")] = None
    labels: Annotated[
        str | None,
        typer.Option(
            "--labels", help="meaning of each label word, for example duplicate=1,other=0", metavar="WORD=1,WORD=0"
        ),
    ] = None
    text: Annotated[
        str | None, typer.Option("--text", help="text column, for data with one class per text", metavar="NAME")
    ] = None
    scale: Annotated[
        tuple[float, float] | None, typer.Option(help="lowest and highest possible score", metavar="LOW HIGH")
    ] = None


NO_COLUMNS = Columns()


def with_columns(command: Callable[..., None]) -> Callable[..., None]:
    """The command with its parameter `columns: Columns` replaced by one option per field of `Columns`."""
    return with_options(command, Columns)


def with_options(command: Callable[..., None], group: type) -> Callable[..., None]:
    """The command with its parameter of the dataclass `group` replaced by one option per field."""
    hints = get_type_hints(group, include_extras=True)
    options = [
        Parameter(option.name, Parameter.POSITIONAL_OR_KEYWORD, default=option.default, annotation=hints[option.name])
        for option in fields(group)
    ]
    own = signature(command).parameters.values()
    [name] = [parameter.name for parameter in own if parameter.annotation is group]

    @wraps(command)
    def run(**values: object) -> None:
        command(**{name: group(**{option: values.pop(option) for option in hints})}, **values)

    expanded = [new for old in own for new in (options if old.name == name else [old])]
    run.__signature__ = signature(command).replace(parameters=expanded)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in expanded}
    return run


def is_data(path: Path) -> bool:
    """Whether a path names data: a folder, or a file that does not end in .yaml or .yml.

    Files with unknown endings count as data. The readers then report which formats they support.
    """
    return path.suffix.lower() not in CONFIG_ENDINGS or path.is_dir()


def column_options(
    columns: Columns, overrides: Sequence[str] = (), *, quoting: str | None = None, gaps: str = "error"
) -> ColumnOptions:
    """The checked options, completed by overrides such as `data.left=name`. An option wins over an override.

    Raises: ConfigError.
    """
    from seqtwin.config import data_overrides

    values = data_overrides(overrides)
    typed = {**vars(columns), "labels": None if columns.labels is None else label_words(columns.labels)}
    values |= {key: value for key, value in typed.items() if value is not None}
    scale, labels = values.get("scale"), values.get("labels")
    return ColumnOptions(
        left=_names(values.get("left"), "left"),
        right=_names(values.get("right"), "right"),
        label=_name(values.get("label") or values.get("score"), "label"),
        text=_name(values.get("text"), "text"),
        scale=None if scale is None else _check_scale(scale),
        labels=None if labels is None else check_labels(labels),
        quoting=check_quoting(quoting or values.get("quoting")),
        gaps=check_gaps(gaps),
    )


def other_overrides(overrides: Sequence[str]) -> list[str]:
    """The overrides that do not describe the columns of a data file; `column_options` handles those that do.

    Raises: ConfigError for an override that names another file than the command line.
    """
    elsewhere = [text for text in overrides if text.partition("=")[0] in FILE_KEYS]
    if elsewhere:
        cause = f"'{elsewhere[0]}' names other data than the file on the command line"
        raise ConfigError("CONFIG_OVERRIDE", cause, place="command line", remedy="write a config: seqtwin init")
    return [text for text in overrides if text.partition("=")[0] not in COLUMN_KEYS]


def label_words(text: str) -> dict[str, int]:
    """The value of each label word, from the text of --labels.

    Raises: ConfigError.

    >>> label_words("duplicate=1, other=0")
    {'duplicate': 1, 'other': 0}
    """
    parts = [part.strip().rpartition("=") for part in text.split(",") if part.strip()]
    values = {word.strip(): value for word, _, value in parts}
    if not parts or len(values) < len(parts) or "" in values or not set(values.values()) <= {"0", "1"}:
        cause = f"expected distinct words, each with 1 (same) or 0 (different), got '{text}'"
        raise ConfigError("LABEL_WORDS", cause, place="--labels", remedy="for example --labels duplicate=1,other=0")
    return {word: int(value) for word, value in values.items()}


def check_quoting(value: object) -> QuotingName | None:
    """The value of --quoting or data.quoting.

    Raises: ConfigError.
    """
    return None if value is None else _choose(value, QUOTINGS, "quoting")


def check_gaps(value: object) -> GapsName:
    """The value of --gaps.

    Raises: ConfigError.
    """
    return _choose(value, GAPS, "gaps")


def _choose(value: object, choices: Mapping[str, Choice], name: str) -> Choice:
    if isinstance(value, str) and value in choices:
        return choices[value]
    raise ConfigError("CONFIG_DATA", f"{name}: expected {' or '.join(choices)}, got {value!r}", place=f"--{name}")


def _names(value: object, key: str) -> tuple[str, ...] | None:
    if value is None:
        return None
    return tuple(_name(name, key) or "" for name in (value if isinstance(value, list) else [value]))


def _name(value: object, key: str) -> str | None:
    if value is None or isinstance(value, str):
        return value
    cause = f"expected a column name, got {value!r}"
    raise ConfigError("CONFIG_OVERRIDE", cause, place=f"data.{key}", remedy=f"use the option --{key} NAME, or quote it")


def _check_scale(value: object) -> tuple[float, float]:
    ends = value if isinstance(value, list | tuple) else []
    numbers = [float(end) for end in ends if isinstance(end, int | float)]
    if len(ends) != 2 or len(numbers) != 2 or not numbers[0] < numbers[1]:
        cause = f"scale: expected two numbers, the lower first, got {value!r}"
        raise ConfigError("CONFIG_DATA", cause, place="data.scale", remedy="for example --scale 1 5")
    return numbers[0], numbers[1]


def refuse_columns(columns: Columns, config: Path) -> None:
    """Check that no column option is combined with a config, which names its own columns.

    Raises: ConfigError.
    """
    if columns != NO_COLUMNS:
        cause = "--left, --right, --label, --text and --scale are for data files; a config names its own columns"
        remedy = "set data.left, data.right, data.label (or data.score), data.text and data.scale in the config"
        raise ConfigError("CONFIG_OPTIONS", cause, place=str(config), remedy=remedy)


def names_start(overrides: Sequence[str]) -> bool:
    """Whether an override names an encoder to start training from."""
    return any(text.startswith("encoder.from=") for text in overrides)


def require_texts(model: "TrainedEncoder", command: str) -> "TrainedEncoder":
    """The encoder, if it encodes texts.

    Raises: ConfigError for an encoder of series.
    """
    from seqtwin.errors import ConfigError

    if model.inputs != "tokens":
        remedy = "to find the nearest series: seqtwin index, then seqtwin search"
        raise ConfigError("ENCODE_INPUTS", "this command needs an encoder of texts", place=command, remedy=remedy)
    return model


def refuse_taken(*paths: Path | None) -> None:
    """Check that no output file exists yet, except those of an interrupted run of the command.

    Raises: ConfigError.
    """
    from seqtwin.cli.entry.output_groups import left_over
    from seqtwin.errors import ConfigError
    from seqtwin.files import refuse_existing

    named = [path for path in paths if path]
    if len(set(named)) < len(named):
        cause = "two output files have the same name"
        raise ConfigError("OUT_TWICE", cause, place=str(named[0]), remedy="choose two names")
    for path in set(named) - left_over(named):
        refuse_existing(path)
